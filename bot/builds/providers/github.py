"""Builds by a workflow of GitHub Actions.

The secret is a token that may start workflows: a fine-grained one with `actions: write` on the repository of the
workflow. That repository need not be the one that is built: a small workflow of one's own can check out and build
what belongs to somebody else::

    on:
      workflow_dispatch:
        inputs:
          tag: {description: The tag of the image, default: latest}
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - uses: docker/login-action@v3
            with: {username: "${{ vars.DOCKERHUB_USERNAME }}", password: "${{ secrets.DOCKERHUB_TOKEN }}"}
          - uses: docker/build-push-action@v6
            with:
              context: https://github.com/somebody/else.git#main
              push: true
              tags: "acme/else:${{ inputs.tag }}"

A branch or a Git tag is the `ref` that the workflow runs on. A Docker tag is its input `tag`, which the workflow must
have, on the branch of the set-up; everything is that branch without the input.

Source: https://docs.github.com/en/rest/actions/workflows and https://docs.github.com/en/rest/actions/workflow-runs;
that it can tell which run it started from
https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from pydantic import JsonValue, SecretStr

from bot.builds.model import Accepted, Build, BuildState, Order, Prepared, Ref, Setup
from bot.builds.providers.calling import (
    JSON,
    MASK,
    Caller,
    Party,
    base_url,
    check_unchanged,
    checked_token,
    encoded,
    is_page,
    own_link,
    page_error,
)
from bot.builds.providers.claims import LEEWAY, is_ours
from bot.builds.providers.provider import Asked, BuildError, Refusal, SetupError
from bot.egress.client import EgressRequest
from bot.hub.decoding import HubModel, OptionalInt, OptionalText, OptionalTime, decode, decode_many, read_int
from bot.hub.failures import clean
from bot.hub.protocol import path_of

API = "https://api.github.com"
API_VERSION = "2022-11-28"
TAG_INPUT = "tag"

_SITE = "github.com"
_ENTERPRISE_SERVER = "/api/v3"
_MOST_LISTED = 100
_PROJECT = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_WORKFLOW = re.compile(r"[0-9]{1,18}|[A-Za-z0-9_.-]+\.ya?ml")
_ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
_STATES = {
    "queued": BuildState.QUEUED,
    "requested": BuildState.QUEUED,
    "waiting": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "in_progress": BuildState.BUILDING,
    # Conclusions of those that are `completed`.
    "success": BuildState.SUCCESS,
    "neutral": BuildState.SUCCESS,
    "failure": BuildState.FAILED,
    "timed_out": BuildState.FAILED,
    "startup_failure": BuildState.FAILED,
    "stale": BuildState.FAILED,
    "cancelled": BuildState.CANCELED,
    "skipped": BuildState.CANCELED,
    "action_required": BuildState.QUEUED,  # Somebody has to let it run.
}


class Run(HubModel):
    """A run of a workflow, as far as it concerns us."""

    id: OptionalInt = None
    status: OptionalText = None
    conclusion: OptionalText = None
    head_branch: OptionalText = None
    head_sha: OptionalText = None
    html_url: OptionalText = None
    created_at: OptionalTime = None
    run_started_at: OptionalTime = None
    updated_at: OptionalTime = None


class Workflow(HubModel):
    """A workflow."""

    name: OptionalText = None
    state: OptionalText = None


class GitHub:
    """Implements `bot.builds.providers.provider.Provider`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def check(self, setup: Setup, secret: SecretStr) -> None:
        """Check that a workflow, a branch and a token are named.

        Raises:
            SetupError: One of them is not, or the API may not be called.
        """
        _workflow_path(setup)
        if not setup.branch:
            raise SetupError("branch", "A branch is expected: the one that the workflow runs on, like `main`.")
        checked_token(secret, "A token of GitHub")
        base_url(self._caller, setup, API)

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make.

        Raises:
            SetupError: The set-up or the secret cannot be used.
        """
        self.check(setup, secret)
        inputs = dict(setup.inputs)
        if order.ref is Ref.DOCKER_TAG:
            inputs[TAG_INPUT] = order.name
        body: dict[str, JsonValue] = {"ref": _ref(setup, order)}
        if inputs:
            body["inputs"] = {**inputs}
        if not _base(setup).endswith(_ENTERPRISE_SERVER):
            # A server of one's own may be older than this, and refuses what it does not know.
            body["return_run_details"] = True
        headers = {**_ACCEPT, "Content-Type": JSON, "Authorization": f"Bearer {MASK}"}
        return Prepared(method="POST", address=_dispatch_url(setup), headers=headers, body=body)

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Ask for a run, once.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
            SetupError: The set-up or the secret cannot be used; nothing was sent.
        """
        self.check(setup, secret)
        check_unchanged(prepared, _dispatch_url(setup))
        headers = {**prepared.headers, **_authorization(secret)}
        request = EgressRequest(
            prepared.method,
            SecretStr(prepared.address),
            headers,
            encoded(prepared.body),
            timeout_seconds=setup.timeout_seconds,
        )
        party = _party(setup, secret)
        answer = self._caller.trigger(request, party)
        if is_page(answer):
            raise page_error(answer, party)
        data = answer.data if isinstance(answer.data, dict) else {}
        run_id = read_int(data.get("workflow_run_id"))
        url = _link(setup, data.get("html_url"), party.secrets)
        return Accepted(build_id=None if run_id is None else str(run_id), url=url, status=answer.status)

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Look the workflow up.

        Raises:
            BuildError: GitHub does not show it, or it is disabled.
            SetupError: The set-up or the secret cannot be used.
        """
        self.check(setup, secret)
        data = self._get(setup, secret, _workflow_path(setup))
        workflow = decode(Workflow, data) or Workflow()
        name = clean(workflow.name or setup.workflow or "")
        if workflow.state and workflow.state != "active":
            sentence = f"The workflow “{name}” is switched off ({clean(workflow.state)}): enable it at GitHub."
            raise BuildError(Refusal.WRONG, sentence)
        return f"GitHub shows the workflow “{name}” to this token. Whether it may start it, only a build tells."

    def recent(self, setup: Setup, secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Return the last runs of the workflow, whatever started them, newest first.

        Raises:
            BuildError: GitHub could not be asked.
            SetupError: The set-up cannot be used.
        """
        return self._runs(setup, secret, {"per_page": str(min(most, _MOST_LISTED))})[:most]

    def find(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Return the run that was asked for: by its id, else the first one since on the same branch.

        Raises:
            BuildError: GitHub could not be asked.
            SetupError: The set-up cannot be used.
        """
        build = self._by_id(setup, secret, asked.build_id) if asked.build_id else self._since(setup, secret, asked)
        is_tag = build is not None and asked.order.ref is Ref.DOCKER_TAG
        return build.model_copy(update={"tag": asked.order.name}) if build and is_tag else build

    def _by_id(self, setup: Setup, secret: SecretStr | None, run_id: str) -> Build | None:
        owner, repository = _owner_and_repository(setup)
        try:
            data = self._get(setup, secret, path_of("repos", owner, repository, "actions", "runs", run_id))
        except BuildError as error:
            if error.refusal is Refusal.WRONG:
                return None
            raise
        run = decode(Run, data)
        return _build_of(setup, run) if run and run.id is not None else None

    def _since(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        since = asked.at - LEEWAY
        query = {
            "event": "workflow_dispatch",
            "created": f">={since:%Y-%m-%dT%H:%M:%SZ}",
            "per_page": str(_MOST_LISTED),
        }
        ref = _ref(setup, asked.order)
        found = [
            build
            for build in self._runs(setup, secret, query)
            if build.asked_at and build.asked_at >= since and build.ref in {None, ref} and is_ours(asked, build)
        ]
        # Not the newest: those after the first belong to whoever asked after us.
        return min(found, key=lambda build: build.asked_at or asked.at, default=None)

    def _runs(self, setup: Setup, secret: SecretStr | None, query: Mapping[str, str]) -> list[Build]:
        data = self._get(setup, secret, f"{_workflow_path(setup)}/runs", query)
        runs = decode_many(Run, data.get("workflow_runs") if isinstance(data, dict) else None)
        return [_build_of(setup, run) for run in runs if run.id is not None]

    def _get(
        self, setup: Setup, secret: SecretStr | None, path: str, query: Mapping[str, str] | None = None
    ) -> JsonValue:
        url = f"{base_url(self._caller, setup, API)}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {**_ACCEPT, **(_authorization(secret) if secret else {})}
        answer = self._caller.read(url, _party(setup, secret), headers=headers, timeout_seconds=setup.timeout_seconds)
        data: JsonValue = answer.data
        return data


def _base(setup: Setup) -> str:
    return (setup.url or API).rstrip("/")


def _dispatch_url(setup: Setup) -> str:
    return f"{_base(setup)}{_workflow_path(setup)}/dispatches"


def _owner_and_repository(setup: Setup) -> tuple[str, str]:
    project = setup.project or ""
    owner, _, repository = project.partition("/")
    if not _PROJECT.fullmatch(project) or not owner.strip(".") or not repository.strip("."):
        raise SetupError("project", "A repository of GitHub is expected, like `acme/api`.")
    return owner, repository


def _workflow_path(setup: Setup) -> str:
    owner, repository = _owner_and_repository(setup)
    workflow = setup.workflow or ""
    if not _WORKFLOW.fullmatch(workflow):
        raise SetupError("workflow", "The file name of a workflow is expected, like `build.yml`, or its id.")
    return path_of("repos", owner, repository, "actions", "workflows", workflow)


def _ref(setup: Setup, order: Order) -> str:
    return order.name if order.ref in {Ref.BRANCH, Ref.GIT_TAG} else setup.branch or ""


def _authorization(secret: SecretStr) -> dict[str, str]:
    return {"Authorization": f"Bearer {checked_token(secret, 'A token of GitHub')}"}


def _party(setup: Setup, secret: SecretStr | None) -> Party:
    return Party(
        "GitHub",
        setup.repository,
        credential="the token" if secret else "a request without a token",
        unknown=f"GitHub does not show the workflow `{setup.workflow}` of `{setup.project}`: there is none, or the "
        "token may not see it",
        secrets=(secret.get_secret_value().strip(),) if secret else (),
    )


def _link(setup: Setup, url: object, secrets: Collection[str] = ()) -> str | None:
    host = urlsplit(_base(setup)).netloc.lower()
    return own_link(url, _base(setup), {_SITE, host.removeprefix("api.")}, secrets)


def _build_of(setup: Setup, run: Run) -> Build:
    word = (run.conclusion if run.status == "completed" else run.status) or ""
    state = _STATES.get(word, BuildState.UNKNOWN)
    is_begun = state is not BuildState.QUEUED
    return Build(
        id=str(run.id),
        state=state,
        detail=clean(word),
        ref=run.head_branch,
        commit=run.head_sha,
        asked_at=run.created_at,
        started_at=run.run_started_at if is_begun else None,
        ended_at=run.updated_at if state.is_final else None,
        log_url=_link(setup, run.html_url),
    )
