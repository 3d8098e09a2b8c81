"""Builds by a pipeline of GitLab.

The secret is a pipeline trigger token, which starts pipelines and can do nothing else. So pipelines are followed
without it, which works where everybody may see them.

A branch or a Git tag is the `ref` that the pipeline runs on. A Docker tag is its variable `TAG`, on the branch of the
set-up; everything is that branch without the variable.

Source: https://docs.gitlab.com/api/pipeline_triggers/, https://docs.gitlab.com/ci/triggers/ and
https://docs.gitlab.com/api/pipelines/; that a wrong token is answered with 404 from
https://gitlab.com/gitlab-org/gitlab/-/issues/23396.
"""

# ruff: noqa: ARG002 - One form for every provider; not each of them needs all that it is given.

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

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
from bot.hub.decoding import HubModel, OptionalInt, OptionalText, OptionalTime, decode, decode_many
from bot.hub.failures import clean
from bot.hub.protocol import path_of

SITE = "https://gitlab.com"
TAG_VARIABLE = "TAG"

_MOST_LISTED = 100
_PROJECT = re.compile(r"[0-9]{1,18}|[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
_ACCEPT = {"Accept": JSON}
_HIDDEN = frozenset({Refusal.WRONG, Refusal.FORBIDDEN})
_STATES = {
    "created": BuildState.QUEUED,
    "waiting_for_resource": BuildState.QUEUED,
    "waiting_for_callback": BuildState.QUEUED,
    "preparing": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "scheduled": BuildState.QUEUED,
    "manual": BuildState.QUEUED,  # Somebody has to start a job by hand.
    "running": BuildState.BUILDING,
    "canceling": BuildState.BUILDING,
    "success": BuildState.SUCCESS,
    "failed": BuildState.FAILED,
    "canceled": BuildState.CANCELED,
    "skipped": BuildState.CANCELED,
}


class Pipeline(HubModel):
    """A pipeline, as far as it concerns us. Lists lack when it began and ended."""

    id: OptionalInt = None
    status: OptionalText = None
    ref: OptionalText = None
    sha: OptionalText = None
    web_url: OptionalText = None
    created_at: OptionalTime = None
    started_at: OptionalTime = None
    finished_at: OptionalTime = None


class GitLab:
    """Implements `bot.builds.providers.provider.Provider`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def check(self, setup: Setup, secret: SecretStr) -> None:
        """Check that a project, a branch and a token are named.

        Raises:
            SetupError: One of them is not, or GitLab may not be called.
        """
        _project_path(setup)
        if not setup.branch:
            raise SetupError("branch", "A branch is expected: the one that the pipeline runs on, like `main`.")
        checked_token(secret, "A pipeline trigger token of GitLab")
        base_url(self._caller, setup, SITE)

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make.

        Raises:
            SetupError: The set-up or the secret cannot be used.
        """
        self.check(setup, secret)
        variables = dict(setup.inputs)
        if order.ref is Ref.DOCKER_TAG:
            variables[TAG_VARIABLE] = order.name
        body: dict[str, JsonValue] = {"token": MASK, "ref": _ref(setup, order)}
        if variables:
            body["variables"] = {**variables}
        return Prepared(method="POST", address=_trigger_url(setup), headers={"Content-Type": JSON}, body=body)

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Ask for a pipeline, once.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
            SetupError: The set-up or the secret cannot be used; nothing was sent.
        """
        self.check(setup, secret)
        check_unchanged(prepared, _trigger_url(setup))
        shown = prepared.body if isinstance(prepared.body, dict) else {}
        # In the body: what is in the query ends up in the logs of others.
        body = {**shown, "token": checked_token(secret, "A pipeline trigger token of GitLab")}
        request = EgressRequest(
            prepared.method,
            SecretStr(prepared.address),
            {**_ACCEPT, **prepared.headers},
            encoded(body),
            timeout_seconds=setup.timeout_seconds,
        )
        party = _party(setup, secret)
        answer = self._caller.trigger(request, party)
        if is_page(answer):
            raise page_error(answer, party)
        pipeline = decode(Pipeline, answer.data) or Pipeline()
        build_id = None if pipeline.id is None else str(pipeline.id)
        url = own_link(pipeline.web_url, _base(setup), secrets=party.secrets)
        return Accepted(build_id=build_id, url=url, status=answer.status)

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Return None: a trigger token can do nothing but trigger."""
        return None

    def recent(self, setup: Setup, secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Return the last pipelines, whatever started them, newest first; None: not everybody may see them.

        Raises:
            BuildError: GitLab could not be asked.
            SetupError: The set-up cannot be used.
        """
        found = self._list(setup, {"per_page": str(min(most, _MOST_LISTED))})
        return None if found is None else found[:most]

    def find(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Return the pipeline that was asked for: by its id, else the first one since on the same branch.

        Returns:
            None also when not everybody may see the pipelines.

        Raises:
            BuildError: GitLab could not be asked.
            SetupError: The set-up cannot be used.
        """
        build_id = asked.build_id or self._since(setup, asked)
        data = self._get(setup, f"{_project_path(setup)}{path_of('pipelines', build_id)}") if build_id else None
        pipeline = decode(Pipeline, data)
        if pipeline is None or pipeline.id is None:
            return None
        build = _build_of(setup, pipeline)
        is_tag = asked.order.ref is Ref.DOCKER_TAG
        return build.model_copy(update={"tag": asked.order.name}) if is_tag else build

    def _since(self, setup: Setup, asked: Asked) -> str | None:
        since, ref = asked.at - LEEWAY, _ref(setup, asked.order)
        listed = self._list(setup, {"source": "trigger", "ref": ref, "per_page": str(_MOST_LISTED)}) or []
        found = [
            build
            for build in listed
            if build.asked_at and build.asked_at >= since and build.ref in {None, ref} and is_ours(asked, build)
        ]
        # Not the newest: those after the first belong to whoever asked after us.
        first = min(found, key=lambda build: build.asked_at or asked.at, default=None)
        return first.id if first else None

    def _list(self, setup: Setup, query: Mapping[str, str]) -> list[Build] | None:
        data = self._get(setup, f"{_project_path(setup)}/pipelines", query)
        if data is None:
            return None
        return [_build_of(setup, pipeline) for pipeline in decode_many(Pipeline, data) if pipeline.id is not None]

    def _get(self, setup: Setup, path: str, query: Mapping[str, str] | None = None) -> JsonValue:
        """Return what GitLab shows to everybody; None: nothing."""
        url = f"{base_url(self._caller, setup, SITE)}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._caller.read(url, _party(setup, None), headers=_ACCEPT, timeout_seconds=setup.timeout_seconds)
        except BuildError as error:
            if error.refusal in _HIDDEN:
                return None
            raise
        data: JsonValue = answer.data
        return data


def _base(setup: Setup) -> str:
    return (setup.url or SITE).rstrip("/")


def _project_path(setup: Setup) -> str:
    project = setup.project or ""
    if not _PROJECT.fullmatch(project) or not all(part.strip(".") for part in project.split("/")):
        raise SetupError("project", "A project of GitLab is expected: its id, or its path like `group/project`.")
    return path_of("api", "v4", "projects", project)


def _trigger_url(setup: Setup) -> str:
    return f"{_base(setup)}{_project_path(setup)}/trigger/pipeline"


def _ref(setup: Setup, order: Order) -> str:
    return order.name if order.ref in {Ref.BRANCH, Ref.GIT_TAG} else setup.branch or ""


def _party(setup: Setup, secret: SecretStr | None) -> Party:
    return Party(
        "GitLab",
        setup.repository,
        credential="the trigger token" if secret else "a request without a token",
        unknown=f"GitLab does not know the project `{setup.project}`, or this is not its trigger token",
        secrets=(secret.get_secret_value().strip(),) if secret else (),
        words=_words,
    )


def _words(data: Any) -> str:
    """Extract `{"message": {"base": ["Reference not found"]}}`; other shapes are as everywhere."""
    message = data.get("message") if isinstance(data, dict) else None
    if not isinstance(message, dict):
        return ""
    complaints = (each for value in message.values() for each in (value if isinstance(value, list) else [value]))
    return "; ".join(each for each in complaints if isinstance(each, str))


def _build_of(setup: Setup, pipeline: Pipeline) -> Build:
    word = pipeline.status or ""
    state = _STATES.get(word, BuildState.UNKNOWN)
    return Build(
        id=str(pipeline.id),
        state=state,
        detail=clean(word),
        ref=pipeline.ref,
        commit=pipeline.sha,
        asked_at=pipeline.created_at,
        started_at=pipeline.started_at,
        ended_at=pipeline.finished_at if state.is_final else None,
        log_url=own_link(pipeline.web_url, _base(setup)),
    )
