"""A GitLab on your own machine, as far as triggers go: projects, trigger tokens, and pipelines that a test moves.

Source: https://docs.gitlab.com/api/pipeline_triggers/ and https://docs.gitlab.com/api/pipelines/; for the errors, the
public specification of the endpoint in gitlabhq/gitlabhq, spec/requests/api/ci/triggers_spec.rb.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from pydantic import Field

from bot.sandbox.builders.builder import Builder
from bot.sandbox.builders.gitlab_state import Pipeline, Project
from bot.sandbox.clock import utc_now
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.switches import Switches

Json = dict[str, Any]

TRIGGER_TOKEN = "glptt-sandbox-0000000000"
ACCESS_TOKEN = "glpat-sandbox-0000000000"
API_PATH = re.compile(r"/api/v4/projects/(?P<project>[^/]+)(?P<rest>/.*)?")
TRIGGER_PATH = re.compile(r"(?:/ref/(?P<ref>.+))?/trigger/pipeline")
PIPELINE_PATH = re.compile(r"/pipelines/(?P<id>[0-9]+)")
VARIABLE = re.compile(r"variables\[(?P<name>[^]]+)\]")
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 100
NOT_FOUND, PROJECT_NOT_FOUND = "404 Not Found", "404 Project Not Found"


class GitLabUnknowns(Switches):
    """What differs between the GitLabs that people have."""

    wrong_token: Literal["404", "401"] = Field(
        default="404",
        description="What a wrong trigger token gets. GitLab hides the project; a proxy or an older one may say 401.",
    )
    private_pipeline: Literal["404", "403", "401"] = Field(
        default="404",
        description=(
            "What somebody without a token gets for a private project's pipeline: 404, or 403 where only pipelines are "
            "private; 401 on a GitLab that is not public at all."
        ),
    )


class _Refused(Exception):  # noqa: N818 - It is an answer, not a failure.
    """A request that GitLab does not carry out."""

    def __init__(self, status: int, message: object, key: str = "message") -> None:
        super().__init__(message)
        self.answer = _json(status, {key: message})


class GitLabSimulator(Builder):
    """The simulated GitLab: projects with trigger tokens, access tokens, pipelines.

    Args:
        now: Returns the time, aware and UTC.
        port: The TCP port; 0 lets the system choose.
        unknowns: The positions of the switches.

    Attributes:
        unknowns: May be replaced while running.
        pipelines: What was triggered, the oldest first.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
        unknowns: GitLabUnknowns = GitLabUnknowns(),  # noqa: B008 - frozen, so sharing it is safe.
    ) -> None:
        super().__init__(now=now, port=port)
        self.unknowns = unknowns
        self.pipelines: list[Pipeline] = []
        self._projects: list[Project] = []
        self._access_tokens: set[str] = set()
        self._last_id = 41_000_000

    def add_project(
        self,
        path: str,
        *,
        is_public: bool = False,
        branches: Iterable[str] = ("main",),
        tags: Iterable[str] = (),
    ) -> Project:
        """Add a project, without a trigger token yet."""
        with self._lock:
            project = Project(self._next_id(), path, is_public, tuple(branches), tuple(tags))
            self._projects.append(project)
            return project

    def add_trigger(self, path: str, token: str = TRIGGER_TOKEN) -> str:
        """Let a trigger token of a project be good, and return it.

        Raises:
            KeyError: There is no such project.
        """
        with self._lock:
            project = self._find(path)
            if project is None:
                raise KeyError(path)
            project.trigger_tokens.add(token)
        return token

    def add_access_token(self, secret: str = ACCESS_TOKEN) -> str:
        """Let an access token be good that may read everything, and return it. A trigger token may read nothing."""
        with self._lock:
            self._access_tokens.add(secret)
        return secret

    def answer_to(self, request: Request) -> Answer:
        """Answer a call of the API."""
        try:
            return self._answer(request)
        except _Refused as refused:
            return refused.answer

    def _answer(self, request: Request) -> Answer:
        match = API_PATH.fullmatch(request.path)
        if match is None:
            raise _Refused(404, NOT_FOUND, "error")
        project = self._find(unquote(match["project"]))
        rest = match["rest"] or ""
        if request.method == "POST" and (trigger := TRIGGER_PATH.fullmatch(rest)):
            return self._trigger(request, project, unquote(trigger["ref"] or ""))
        if request.method == "GET" and rest == "":
            return _json(200, self._project_entry(self._readable(request, project)))
        if request.method == "GET" and rest == "/pipelines":
            return self._list(request, self._readable(request, project))
        if request.method == "GET" and (pipeline := PIPELINE_PATH.fullmatch(rest)):
            return self._pipeline(self._readable(request, project), int(pipeline["id"]))
        raise _Refused(404, NOT_FOUND, "error")

    def _find(self, wanted: str) -> Project | None:
        return next((each for each in self._projects if wanted in {str(each.id), each.path}), None)

    def _trigger(self, request: Request, project: Project | None, ref_of_path: str) -> Answer:
        wish = {**request.query, **_body(request)}
        ref = ref_of_path or wish.get("ref", "")
        missing = [f"{name} is missing" for name, value in (("ref", ref), ("token", wish.get("token"))) if not value]
        if missing:
            raise _Refused(400, ", ".join(missing), "error")
        wrong = [
            f"{name} is invalid" for name, value in (("ref", ref), ("token", wish["token"])) if value != str(value)
        ]
        if wrong:
            raise _Refused(400, ", ".join(wrong), "error")
        variables = _variables(wish)
        if project is None:
            raise _Refused(404, NOT_FOUND)
        if wish["token"] not in project.trigger_tokens:
            status = self.unknowns.wrong_token
            raise _Refused(int(status), {"404": NOT_FOUND, "401": "401 Unauthorized"}[status])
        commit = project.commit_of(ref)
        problem = _problem(project, commit, variables)
        if commit is None or problem:
            raise _Refused(400, {"base": [problem]})
        now = self.clock()
        iid = 1 + sum(each.project is project for each in self.pipelines)
        pipeline = Pipeline(self._next_id(), iid, project, ref, commit, now, now, self.clock, variables)
        self.pipelines.append(pipeline)
        return _json(201, self._full_entry(pipeline))

    def _readable(self, request: Request, project: Project | None) -> Project:
        """Return the project if whoever asks may read it."""
        token = request.headers.get("private-token")
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer if token is None and scheme.lower() == "bearer" else token
        if token is not None and token not in self._access_tokens:
            raise _Refused(401, "401 Unauthorized")
        if project is None:
            raise _Refused(404, PROJECT_NOT_FOUND)
        if token is None and not project.is_public:
            status = self.unknowns.private_pipeline
            texts = {"404": PROJECT_NOT_FOUND, "403": "403 Forbidden", "401": "401 Unauthorized"}
            raise _Refused(int(status), texts[status])
        return project

    def _pipeline(self, project: Project, wanted: int) -> Answer:
        for pipeline in self.pipelines:
            if pipeline.id == wanted and pipeline.project is project:
                return _json(200, self._full_entry(pipeline))
        raise _Refused(404, NOT_FOUND)

    def _list(self, request: Request, project: Project) -> Answer:
        """Page through a project's pipelines, newest first, in their short form."""
        shown = [
            pipeline
            for pipeline in reversed(self.pipelines)
            if pipeline.project is project
            and request.query.get("ref") in {None, pipeline.ref}
            and request.query.get("status") in {None, pipeline.status}
            and request.query.get("source") in {None, "trigger"}
        ]
        size = min(_number(request, "per_page", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)
        begin = (_number(request, "page", 1) - 1) * size
        return _json(200, [self._entry(pipeline) for pipeline in shown[begin : begin + size]])

    def _project_entry(self, project: Project) -> Json:
        return {
            "id": project.id,
            "name": project.path.rpartition("/")[2],
            "path_with_namespace": project.path,
            "default_branch": project.branches[0] if project.branches else None,
            "web_url": f"{self.url}/{project.path}",
        }

    def _entry(self, pipeline: Pipeline) -> Json:
        return {
            "id": pipeline.id,
            "iid": pipeline.iid,
            "project_id": pipeline.project.id,
            "sha": pipeline.sha,
            "ref": pipeline.ref,
            "status": pipeline.status,
            "source": "trigger",
            "created_at": _time(pipeline.created_at),
            "updated_at": _time(pipeline.updated_at),
            "web_url": f"{self.url}/{pipeline.project.path}/-/pipelines/{pipeline.id}",
            "name": None,
        }

    def _full_entry(self, pipeline: Pipeline) -> Json:
        seconds = None
        if pipeline.started_at is not None and pipeline.finished_at is not None:
            seconds = int((pipeline.finished_at - pipeline.started_at).total_seconds())
        waited_until = pipeline.started_at or pipeline.finished_at
        return {
            **self._entry(pipeline),
            "before_sha": "0" * 40,
            "tag": pipeline.ref in pipeline.project.tags,
            "yaml_errors": None,
            "user": {"id": 1, "username": "ana", "name": "Ana Owner", "state": "active"},
            "started_at": _time(pipeline.started_at),
            "finished_at": _time(pipeline.finished_at),
            "committed_at": None,
            "duration": seconds,
            "queued_duration": int((waited_until - pipeline.created_at).total_seconds()) if waited_until else None,
            "coverage": None,
            "detailed_status": {
                "text": pipeline.status.replace("_", " ").capitalize(),
                "label": pipeline.status.replace("_", " "),
                "group": pipeline.status.replace("_", "-"),
                "has_details": True,
                "details_path": f"/{pipeline.project.path}/-/pipelines/{pipeline.id}",
            },
        }

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


def _problem(project: Project, commit: str | None, variables: Mapping[str, str]) -> str:
    """Return why no pipeline is made; empty: it is."""
    if commit is None:
        return "Reference not found"
    if variables and not project.takes_variables:
        return "Insufficient permissions to set pipeline variables"
    if not project.has_jobs:
        return (
            "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being "
            "added to the pipeline."
        )
    return ""


def _body(request: Request) -> Json:
    """Return what was sent, as JSON, a form, or a form in parts; what is none of these counts as nothing."""
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        try:
            found = json.loads(request.body)
        except (ValueError, RecursionError):
            raise _Refused(400, "Problem parsing JSON", "error") from None
        return found if isinstance(found, dict) else {}
    if content_type.startswith("multipart/form-data"):
        return dict(_parts(content_type, request.body))
    return dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))


def _parts(content_type: str, body: bytes) -> Iterable[tuple[str, str]]:
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    for part in message.get_payload():
        if isinstance(part, Message):
            content = part.get_payload(decode=True)
            name = part.get_param("name", header="content-disposition")
            yield str(name), content.decode(errors="replace") if isinstance(content, bytes) else ""


def _variables(wish: Json) -> Mapping[str, str]:
    """Return the variables: an object of JSON, or a form's fields `variables[NAME]`."""
    found = wish.get("variables", {})
    if not isinstance(found, dict):
        raise _Refused(400, "variables is invalid", "error")
    if not all(isinstance(value, str) for value in found.values()):
        raise _Refused(400, "variables needs to be a map of key-valued strings")
    of_form = {match["name"]: value for name, value in wish.items() if (match := VARIABLE.fullmatch(name))}
    return {**found, **of_form}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


def _time(moment: datetime | None) -> str | None:
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z" if moment is not None else None


def _json(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body, separators=(",", ":")).encode())
