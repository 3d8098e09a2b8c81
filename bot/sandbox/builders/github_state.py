"""What the simulated GitHub knows: tokens, source repositories, their workflows, and runs that a test moves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any, Literal

RunStatus = Literal["requested", "waiting", "pending", "queued", "in_progress", "completed"]
Conclusion = Literal[
    "success",
    "failure",
    "cancelled",
    "skipped",
    "timed_out",
    "neutral",
    "action_required",
    "stale",
    "startup_failure",
]


@dataclass(frozen=True, slots=True)
class Token:
    """A fine-grained personal access token.

    Attributes:
        repositories: What it may see and do, `owner/name`; None: all.
        may_dispatch: Whether it has `actions: write`; else it may read only.
    """

    secret: str
    repositories: frozenset[str] | None = None
    may_dispatch: bool = True

    def covers(self, repository: str) -> bool:
        """Tell whether the repository is one of its own."""
        return self.repositories is None or repository in self.repositories


@dataclass(slots=True)
class Workflow:
    """A workflow file of one repository.

    Attributes:
        repository: `owner/name`.
        file: Its name, such as `build.yml`.
        inputs: What a dispatch may give.
        required_inputs: What it must give.
        is_dispatchable: Whether it has the trigger `workflow_dispatch`.
        is_active: Whether it is switched on.
    """

    id: int
    repository: str
    file: str
    name: str
    created_at: datetime
    inputs: frozenset[str] = frozenset()
    required_inputs: frozenset[str] = frozenset()
    is_dispatchable: bool = True
    is_active: bool = True


@dataclass(slots=True)
class Repository:
    """A source repository.

    Attributes:
        path: `owner/name`.
        branches: The first is the default one.
        workflows: By file name.
    """

    path: str
    is_private: bool
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    workflows: dict[str, Workflow] = field(default_factory=dict)

    def commit_of(self, ref: str) -> str | None:
        """Return what a branch or tag points at, always the same; None: there is none of that name."""
        name = short_ref(ref)
        if name not in {*self.branches, *self.tags}:
            return None
        return sha1(f"{self.path} {name}".encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Run:
    """A run of a workflow. It stands still until it is moved.

    Attributes:
        head_branch: The branch or tag, without `refs/`.
        inputs: What the dispatch gave.
        conclusion: None until it is completed.
    """

    id: int
    number: int
    workflow: Workflow
    head_branch: str
    head_sha: str
    created_at: datetime
    updated_at: datetime
    now: Callable[[], datetime] = field(repr=False)
    event: str = "workflow_dispatch"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    started_at: datetime | None = None
    status: RunStatus = "queued"
    conclusion: Conclusion | None = None

    def start(self) -> None:
        """Let it run."""
        self.updated_at = self.started_at = self.now()
        self.status = "in_progress"

    def wait(self, status: RunStatus = "waiting") -> None:
        """Let it wait in another word, such as `waiting` for somebody's approval."""
        self.updated_at, self.status = self.now(), status

    def finish(self, conclusion: Conclusion = "success") -> None:
        """Let it end."""
        self.updated_at = self.now()
        self.started_at = self.started_at or self.updated_at
        self.status, self.conclusion = "completed", conclusion


def short_ref(ref: str) -> str:
    """Return the name of a branch or tag without `refs/`."""
    return re.sub(r"^refs/(heads|tags)/", "", ref)
