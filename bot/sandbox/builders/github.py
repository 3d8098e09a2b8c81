"""A GitHub on your own machine, as far as Actions go: workflows, their dispatch, and runs that a test moves.

Source: https://docs.github.com/en/rest/actions/workflows and https://docs.github.com/en/rest/actions/workflow-runs; the
texts of the 422s, from public reports; the run's id in the answer of a dispatch, from
https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import unquote, urlencode

from pydantic import Field

from bot.sandbox.builders.builder import Builder
from bot.sandbox.builders.faults import BuilderFault
from bot.sandbox.builders.github_search import is_within_search
from bot.sandbox.builders.github_state import Repository, Run, Token, Workflow, short_ref
from bot.sandbox.clock import utc_now
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.hub.limits import RateLimiter, unix_time
from bot.sandbox.switches import Switches

Json = dict[str, Any]

TOKEN = "github_pat_sandbox_0000000000"
DOCUMENTATION = "https://docs.github.com/rest"
# Source: https://docs.github.com/en/rest/about-the-rest-api/api-versions. The newer always tells the run's id.
FIRST_VERSION, NEWER_VERSION = "2022-11-28", "2026-03-10"
# Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
TOKEN_LIMIT, ANONYMOUS_LIMIT = 5_000, 60
WINDOW = timedelta(hours=1)
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 30, 100
# A GitHub of one's own has its API under a path.
API_PATH = re.compile(r"(?:/api/v3)?/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)/actions/(?P<rest>.+)")
SECONDARY_LIMIT_TEXT = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def secondary_limit(*, retry_after_seconds: int | None = 60, times: int | None = None) -> BuilderFault:
    """Return the fault of too many requests at once: a 403 with much of the budget left, and `Retry-After`, or not."""
    body = {
        "message": SECONDARY_LIMIT_TEXT,
        "documentation_url": f"{DOCUMENTATION}/overview/rate-limits-for-the-rest-api",
    }
    headers = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
    return BuilderFault("answer", times=times, status=403, body=json.dumps(body), headers=headers)


class GitHubUnknowns(Switches):
    """What differs between the GitHubs that people have."""

    run_details: Literal["told", "not_told", "refused"] = Field(
        default="told",
        description=(
            "Whether a dispatch tells the run when it is asked to (`return_run_details`, or the newer version of the "
            "API), as github.com does since 2026. An older GitHub Enterprise Server does not know the field, and may "
            "refuse it as it refuses others that it does not know."
        ),
    )
    run_lists: Literal["at_once", "late"] = Field(
        default="at_once",
        description="Whether a new run is in the lists at once, or only `GitHubSimulator.lag_seconds` later.",
    )


class _Refused(Exception):  # noqa: N818 - It is an answer, not a failure.
    """A request that GitHub does not carry out."""

    def __init__(self, status: int, message: str, page: str = "") -> None:
        super().__init__(message)
        body = {"message": message, "documentation_url": f"{DOCUMENTATION}{page}", "status": str(status)}
        self.answer = _json(status, body)


class GitHubSimulator(Builder):
    """The simulated GitHub: repositories with workflows, tokens, runs.

    Args:
        now: Returns the time, aware and UTC.
        port: The TCP port; 0 lets the system choose.
        unknowns: The positions of the switches.

    Attributes:
        unknowns: May be replaced while running.
        runs: What was dispatched, the oldest first.
        rate_limit: Requests an hour for a token.
        anonymous_rate_limit: Requests an hour for an address.
        lag_seconds: When lists show a new run, where `unknowns` makes them late.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
        unknowns: GitHubUnknowns = GitHubUnknowns(),  # noqa: B008 - frozen, so sharing it is safe.
    ) -> None:
        super().__init__(now=now, port=port)
        self.unknowns = unknowns
        self.runs: list[Run] = []
        self.rate_limit = TOKEN_LIMIT
        self.anonymous_rate_limit = ANONYMOUS_LIMIT
        self.lag_seconds = 5.0
        self._repositories: dict[str, Repository] = {}
        self._tokens: dict[str, Token] = {}
        self._limiter = RateLimiter(now, WINDOW)
        self._last_id = 9_000_000_000

    def add_repository(
        self,
        path: str,
        *,
        is_private: bool = True,
        branches: Iterable[str] = ("main",),
        tags: Iterable[str] = (),
    ) -> Repository:
        """Add a source repository, `owner/name`."""
        with self._lock:
            found = self._repositories[path.lower()] = Repository(path, is_private, tuple(branches), tuple(tags))
            return found

    def add_workflow(
        self,
        path: str,
        file: str = "build.yml",
        *,
        inputs: Iterable[str] = (),
        required_inputs: Iterable[str] = (),
        is_dispatchable: bool = True,
    ) -> Workflow:
        """Add a workflow to a repository, which is made where it is missing.

        Args:
            path: `owner/name`.
            file: The name in `.github/workflows/`.
            inputs: What a dispatch may give, those that it must give included or not.
            required_inputs: What it must give.
            is_dispatchable: Whether it has `workflow_dispatch`.
        """
        with self._lock:
            repository = self._repositories.get(path.lower()) or self.add_repository(path)
            required = frozenset(required_inputs)
            workflow = repository.workflows[file] = Workflow(
                self._next_id(),
                repository.path,
                file,
                file.partition(".")[0].capitalize(),
                self.clock(),
                frozenset(inputs) | required,
                required,
                is_dispatchable,
            )
            return workflow

    def add_token(
        self, secret: str = TOKEN, *, repositories: Iterable[str] | None = None, may_dispatch: bool = True
    ) -> str:
        """Let a token be good, and return it.

        Args:
            secret: The token.
            repositories: What it is for, `owner/name`; None: all.
            may_dispatch: Whether it has `actions: write`; else it may read only.
        """
        with self._lock:
            only = frozenset(repositories) if repositories is not None else None
            self._tokens[secret] = Token(secret, only, may_dispatch)
        return secret

    def revoke_token(self, secret: str) -> None:
        """Let a token be good no more."""
        with self._lock:
            self._tokens.pop(secret, None)

    def answer_to(self, request: Request) -> Answer:
        """Answer a call of the API, and tell the budget."""
        if not request.headers.get("user-agent"):
            # Source: https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api.
            text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
            return Answer(403, text.encode(), "text/html")
        try:
            token = self._token(request)
        except _Refused as refused:
            return refused.answer
        limit = self.rate_limit if token else self.anonymous_rate_limit
        budget = self._limiter.spend(token.secret if token else request.client_ip, limit)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(budget.remaining),
            "X-RateLimit-Reset": str(unix_time(budget.reset_at)),
            "X-RateLimit-Used": str(limit - budget.remaining),
            "X-RateLimit-Resource": "core",
        }
        try:
            answer = _too_many(request, token) if budget.is_exceeded else self._dispatched(request, token)
        except _Refused as refused:
            answer = refused.answer
        return replace(answer, headers={**answer.headers, **headers})

    def _token(self, request: Request) -> Token | None:
        authorization = request.headers.get("authorization")
        if authorization is None:
            return None
        scheme, _, secret = authorization.partition(" ")
        found = self._tokens.get(secret.strip()) if scheme.lower() in {"bearer", "token"} else None
        if found is None:
            raise _Refused(401, "Bad credentials")
        return found

    def _dispatched(self, request: Request, token: Token | None) -> Answer:
        version = request.headers.get("x-github-api-version", FIRST_VERSION)
        if version not in {FIRST_VERSION, NEWER_VERSION}:
            raise _Refused(400, f'API version "{version}" is not supported.')
        match = API_PATH.fullmatch(request.path)
        repository = self._visible(match, token) if match else None
        if match is None or repository is None:
            raise _Refused(404, "Not Found")
        parts = [unquote(part) for part in match["rest"].split("/")]
        match (request.method, *parts):
            case ("POST", "workflows", workflow, "dispatches"):
                return self._dispatch(request, token, repository, _workflow(repository, workflow), version)
            case ("GET", "workflows", workflow):
                return _json(200, self._workflow_entry(_workflow(repository, workflow)))
            case ("GET", "workflows", workflow, "runs"):
                wanted = _workflow(repository, workflow)
                return self._run_list(request, [run for run in self.runs if run.workflow is wanted])
            case ("GET", "runs"):
                return self._run_list(request, [run for run in self.runs if run.workflow.repository == repository.path])
            case ("GET", "runs", run_id):
                return self._run(repository, run_id)
            case _:
                raise _Refused(404, "Not Found")

    def _visible(self, match: re.Match[str], token: Token | None) -> Repository | None:
        found = self._repositories.get(f"{unquote(match['owner'])}/{unquote(match['name'])}".lower())
        if found is None or not found.is_private:
            return found
        return found if token is not None and token.covers(found.path) else None

    def _dispatch(
        self, request: Request, token: Token | None, repository: Repository, workflow: Workflow, version: str
    ) -> Answer:
        page = "/actions/workflows#create-a-workflow-dispatch-event"
        if token is None:
            raise _Refused(401, "Requires authentication", page)
        if not token.may_dispatch or not token.covers(repository.path):
            raise _Refused(403, "Resource not accessible by personal access token", page)
        body = self._dispatch_body(request, page)
        ref, inputs = body["ref"], body.get("inputs") or {}
        commit = repository.commit_of(ref)
        problem = _dispatch_problem(workflow, ref, commit, inputs)
        if commit is None or problem:
            raise _Refused(422, problem, page)
        now = self.clock()
        number = 1 + sum(run.workflow is workflow for run in self.runs)
        head = short_ref(ref)
        run = Run(self._next_id(), number, workflow, head, commit, now, now, self.clock, inputs=inputs)
        self.runs.append(run)
        is_asked = body.get("return_run_details") is True or version == NEWER_VERSION
        if not is_asked or self.unknowns.run_details != "told":
            return Answer(204, content_type=None)
        entry = self._run_entry(run)
        return _json(200, {"workflow_run_id": run.id, "run_url": entry["url"], "html_url": entry["html_url"]})

    def _dispatch_body(self, request: Request, page: str) -> Json:
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            raise _Refused(400, "Problems parsing JSON", page) from None
        if not isinstance(body, dict):
            raise _Refused(400, "Body should be a JSON object", page)
        optional = set() if self.unknowns.run_details == "refused" else {"return_run_details"}
        unknown = set(body) - {"ref", "inputs"} - optional
        if unknown:
            raise _Refused(422, f'Invalid request.\n\n"{min(unknown)}" is not a permitted key.', page)
        if not isinstance(body.get("ref"), str):
            raise _Refused(422, 'Invalid request.\n\n"ref" wasn\'t supplied.', page)
        if not isinstance(body.get("inputs") or {}, dict):
            raise _Refused(422, "Invalid request.\n\nFor 'properties/inputs', the value is not an object.", page)
        return body

    def _run_list(self, request: Request, runs: Sequence[Run]) -> Answer:
        """Page through runs, the newest first. A filter that cannot be read finds nothing; inferred."""
        shown = [run for run in reversed(runs) if self._is_listed(run) and _is_wanted(run, request.query)]
        size = min(_number(request, "per_page", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)
        page = _number(request, "page", 1)
        entries = [self._run_entry(run) for run in shown[(page - 1) * size : page * size]]
        answer = _json(200, {"total_count": len(shown), "workflow_runs": entries})
        if page * size >= len(shown):
            return answer
        following = f"{self.url}{request.path}?{urlencode({**request.query, 'page': page + 1})}"
        return replace(answer, headers={"Link": f'<{following}>; rel="next"'})

    def _is_listed(self, run: Run) -> bool:
        shown_at = run.created_at + timedelta(seconds=self.lag_seconds)
        return self.unknowns.run_lists == "at_once" or not run.created_at <= self.clock() < shown_at

    def _run(self, repository: Repository, run_id: str) -> Answer:
        for run in self.runs:
            if str(run.id) == run_id and run.workflow.repository == repository.path:
                return _json(200, self._run_entry(run))
        raise _Refused(404, "Not Found", "/actions/workflow-runs#get-a-workflow-run")

    def _workflow_entry(self, workflow: Workflow) -> Json:
        at = _time(workflow.created_at)
        return {
            "id": workflow.id,
            "node_id": f"W_{workflow.id}",
            "name": workflow.name,
            "path": f".github/workflows/{workflow.file}",
            "state": "active" if workflow.is_active else "disabled_manually",
            "created_at": at,
            "updated_at": at,
            "url": f"{self.url}/repos/{workflow.repository}/actions/workflows/{workflow.id}",
            "html_url": f"https://github.com/{workflow.repository}/blob/main/.github/workflows/{workflow.file}",
            "badge_url": f"https://github.com/{workflow.repository}/workflows/{workflow.name}/badge.svg",
        }

    def _run_entry(self, run: Run) -> Json:
        path = run.workflow.repository
        url = f"{self.url}/repos/{path}/actions/runs/{run.id}"
        return {
            "id": run.id,
            "name": run.workflow.name,
            "node_id": f"WFR_{run.id}",
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "path": f".github/workflows/{run.workflow.file}",
            "display_title": run.workflow.name,
            "run_number": run.number,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": run.workflow.id,
            "url": url,
            "html_url": f"https://github.com/{path}/actions/runs/{run.id}",
            "pull_requests": [],
            "created_at": _time(run.created_at),
            "updated_at": _time(run.updated_at),
            "actor": {"login": "acme-bot", "id": 1, "type": "User"},
            "run_attempt": 1,
            # Source: the schema `workflow-run`: the start of the latest attempt, which is its creation until it runs.
            "run_started_at": _time(run.started_at or run.created_at),
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "workflow_url": f"{self.url}/repos/{path}/actions/workflows/{run.workflow.id}",
            "head_commit": {"id": run.head_sha, "message": "Change", "timestamp": _time(run.created_at)},
            "repository": {"full_name": path},
        }

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _too_many(request: Request, token: Token | None) -> Answer:
    whose = "user ID 1" if token else request.client_ip
    page = "/overview/rate-limits-for-the-rest-api"
    return _Refused(403, f"API rate limit exceeded for {whose}.", page).answer


def _workflow(repository: Repository, wanted: str) -> Workflow:
    for workflow in repository.workflows.values():
        if wanted in {workflow.file, str(workflow.id)}:
            return workflow
    raise _Refused(404, "Not Found", "/actions/workflows#get-a-workflow")


def _dispatch_problem(workflow: Workflow, ref: str, commit: str | None, inputs: Mapping[str, Any]) -> str:
    """Return why a dispatch is refused; empty: it is not. Texts as reported, but for the last, which is inferred."""
    if commit is None:
        return f"No ref found for: {ref}"
    if not workflow.is_active:
        return "Cannot trigger a 'workflow_dispatch' on a disabled workflow"
    if not workflow.is_dispatchable:
        return "Workflow does not have 'workflow_dispatch' trigger"
    unexpected = [name for name in inputs if name not in workflow.inputs]
    if unexpected:
        return f"Unexpected inputs provided: {json.dumps(unexpected)}"
    missing = sorted(workflow.required_inputs - set(inputs))
    return f"Required input '{missing[0]}' not provided" if missing else ""


def _is_wanted(run: Run, query: Mapping[str, str]) -> bool:
    is_wanted = all(
        query.get(name) in {None, "", value}
        for name, value in (("event", run.event), ("branch", run.head_branch), ("head_sha", run.head_sha))
    )
    has_status = query.get("status") in {None, "", run.status, run.conclusion}
    return is_wanted and has_status and is_within_search(run.created_at, query.get("created", ""))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(status: int, body: object) -> Answer:
    media_type = "application/json; charset=utf-8"
    return Answer(status, json.dumps(body, separators=(",", ":")).encode(), media_type)
