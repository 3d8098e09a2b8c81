"""What a build is, what can be asked to be built, and how a repository is set up for it."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator


class ProviderKind(StrEnum):
    """Who builds."""

    DOCKER_HUB = "docker-hub"
    """Automated builds by a trigger URL of today. Docker ends them on 1 April 2027."""
    CLASSIC = "docker-hub-classic"
    """Automated builds by a trigger URL of the first kind."""
    GITHUB = "github"
    """A workflow of GitHub Actions with `workflow_dispatch`."""
    GITLAB = "gitlab"
    """A pipeline of GitLab, by a trigger token."""
    WEBHOOK = "webhook"
    """Anything that takes a signed POST."""

    @property
    def label(self) -> str:
        """What people call it."""
        return _LABELS[self]


_LABELS = {
    ProviderKind.DOCKER_HUB: "Docker Hub",
    ProviderKind.CLASSIC: "Docker Hub (classic)",
    ProviderKind.GITHUB: "GitHub Actions",
    ProviderKind.GITLAB: "GitLab",
    ProviderKind.WEBHOOK: "Webhook",
}


class Ref(StrEnum):
    """What is to be built."""

    ALL = "all"
    """Everything that the provider is set up to build."""
    DOCKER_TAG = "docker_tag"
    """What gives this tag of the image."""
    BRANCH = "branch"
    GIT_TAG = "git_tag"


class Order(BaseModel):
    """What is asked to be built.

    Attributes:
        repository: `namespace/name`.
        ref: What kind of thing `name` is.
        name: The Docker tag, branch or Git tag; empty for everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    ref: Ref = Ref.ALL
    name: str = ""

    @model_validator(mode="after")
    def _name_fits(self) -> Self:
        if (self.ref is Ref.ALL) != (not self.name):
            raise ValueError("only `all` goes without a name")
        return self

    def __str__(self) -> str:
        """Return it as people read it: `acme/api:1.2`, `acme/api (branch main)`, `acme/api (everything)`."""
        match self.ref:
            case Ref.ALL:
                return f"{self.repository} (everything)"
            case Ref.DOCKER_TAG:
                return f"{self.repository}:{self.name}"
            case Ref.BRANCH:
                return f"{self.repository} (branch {self.name})"
            case Ref.GIT_TAG:
                return f"{self.repository} (Git tag {self.name})"


class BuildState(StrEnum):
    """How far a build is."""

    REQUESTED = "requested"
    """We asked for it, and nothing is known of it yet."""
    QUEUED = "queued"
    BUILDING = "building"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    """The provider says something that we do not know."""

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self in {BuildState.SUCCESS, BuildState.FAILED, BuildState.CANCELED}


class Build(BaseModel):
    """One build, as its provider tells of it. Whatever is None is not known.

    Attributes:
        id: The provider's own id, unique for the repository.
        state: How far it is.
        detail: The provider's own word for that; for people.
        tag: The Docker tag that it makes.
        ref: The branch or Git tag that it is made from.
        commit: The Git commit.
        asked_at, started_at, ended_at: UTC.
        log_url: Where people find its log; https, or http on this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    state: BuildState
    detail: str = ""
    tag: str | None = None
    ref: str | None = None
    commit: str | None = None
    asked_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log_url: str | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, or None: it has not ended, or nobody says when."""
        if self.ended_at is None or self.started_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())


class Setup(BaseModel):
    """How the images of a repository are built. Holds no secret: that is `SECRET_OF[provider]`, kept apart.

    Attributes:
        repository: `namespace/name`.
        provider: Who builds.
        url: Where the provider's API is, if not at the usual place: `https://host/api/v3` of a GitHub Enterprise
            Server, one's own GitLab.
        project: GitHub: `owner/repository`; GitLab: the project's id, or `group/project`.
        workflow: GitHub: the workflow's file name, like `build.yml`, or its id.
        branch: The branch that is built when nothing else is said; GitHub and GitLab need one. Without one, Docker Hub
            builds everything.
        timeout_seconds: How long one call of the provider may take.
        stuck_after_seconds: When a build of which nothing is heard counts as stuck.
        cooldown_seconds: For how long the repository is not triggered again.
        inputs: GitHub: further inputs of the workflow; GitLab: further variables.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    provider: ProviderKind
    url: str | None = None
    project: str | None = None
    workflow: str | None = None
    branch: str | None = None
    timeout_seconds: float = Field(default=10.0, ge=1.0, le=60.0)
    stuck_after_seconds: float = Field(default=1_800.0, ge=60.0, le=86_400.0)
    cooldown_seconds: float = Field(default=60.0, ge=0.0, le=3_600.0)
    inputs: dict[str, str] = Field(default_factory=dict)


class Prepared(BaseModel):
    """A call of the provider, exactly as it will be made, without its secret.

    Attributes:
        method: The HTTP method.
        address: Where to, with the secret parts masked as `…`.
        headers: Those that matter to people; secrets masked.
        body: The JSON that is sent, or the form's fields; None: no body.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    address: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None

    def lines(self) -> tuple[str, ...]:
        """Return it as people read it, a line each."""
        said = [f"{self.method} {self.address}", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.body is not None:
            said.append(json.dumps(self.body, ensure_ascii=False))
        return tuple(said)


class Accepted(BaseModel):
    """The provider took it.

    Attributes:
        said: What it answered, in words for people, without secrets; may be empty.
        build_id: Which build it became, if the provider says.
        url: Where people can look, if the provider says; https, or http on this machine.
        status: The HTTP status of its answer; None: nobody knows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    said: str = ""
    build_id: str | None = None
    url: str | None = None
    status: int | None = None
