"""A repository's webhooks as Docker Hub keeps them: pipelines of hooks, and what became of each delivery.

A pipeline was once a chain, in which the next hook had to wait for the last one's callback. Callbacks are no longer
supported, so that a pipeline is a name with usually one hook.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import uuid4

# The words of the old web site, whose `failure` is shown as `error` too.
AttemptStatus = Literal["init", "pending", "success", "error"]
ATTEMPTS_KEPT = 100


class NameTakenError(Exception):
    """A repository has a pipeline of that name, or of one that gives the same slug."""


@dataclass(slots=True)
class Attempt:
    """One delivery of one webhook, with all its tries.

    Attributes:
        status: `init` until it is sent, `pending` on its way.
    """

    created_at: datetime
    status: AttemptStatus = "init"
    uuid: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True, slots=True)
class Hook:
    """A URL that is called at each push of a tag."""

    name: str
    url: str


@dataclass(slots=True)
class Pipeline:
    """A named set of hooks of one repository.

    Attributes:
        slug: The name as paths have it.
        history: Deliveries, oldest first.
    """

    name: str
    slug: str
    hooks: tuple[Hook, ...]
    created_at: datetime
    expects_final_callback: bool = False
    history: deque[Attempt] = field(default_factory=lambda: deque(maxlen=ATTEMPTS_KEPT))


def slug_of(name: str) -> str:
    """Return a name as paths have it. That the slug derives from the name is known, how is inferred."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
