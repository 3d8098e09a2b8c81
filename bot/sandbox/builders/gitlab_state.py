"""What the simulated GitLab knows: projects, and pipelines that a test moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Literal

PipelineStatus = Literal[
    "created",
    "waiting_for_resource",
    "preparing",
    "pending",
    "running",
    "success",
    "failed",
    "canceling",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
]


@dataclass(slots=True)
class Project:
    """A project.

    Attributes:
        path: With its groups, such as `acme/backend/api`.
        is_public: Whether everybody may see it, its pipelines included.
        branches: The first is the default one.
        takes_variables: Whether whoever triggers may set variables; a setting of the project.
        has_jobs: Whether the rules leave any job for a trigger; else it is refused.
        trigger_tokens: Those that are good.
    """

    id: int
    path: str
    is_public: bool
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    takes_variables: bool = True
    has_jobs: bool = True
    trigger_tokens: set[str] = field(default_factory=set, repr=False)

    def commit_of(self, ref: str) -> str | None:
        """Return what a branch or tag points at, always the same; None: there is none of that name."""
        if ref not in {*self.branches, *self.tags}:
            return None
        return sha1(f"{self.path} {ref}".encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Pipeline:
    """A pipeline. It stands still until it is moved.

    Attributes:
        iid: Its number within the project.
        variables: What the trigger set.
    """

    id: int
    iid: int
    project: Project
    ref: str
    sha: str
    created_at: datetime
    updated_at: datetime
    now: Callable[[], datetime] = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    status: PipelineStatus = "created"
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def start(self) -> None:
        """Let it run."""
        self.updated_at = self.started_at = self.now()
        self.status = "running"

    def wait(self, status: PipelineStatus = "pending") -> None:
        """Let it wait in another word, such as `manual`."""
        self.updated_at, self.status = self.now(), status

    def finish(self, status: PipelineStatus = "success") -> None:
        """Let it end."""
        self.updated_at = self.finished_at = self.now()
        self.started_at = self.started_at or self.finished_at
        self.status = status
