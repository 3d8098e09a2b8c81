"""What is to be changed, and what became of it: the values that everybody who changes something shares.

A change goes through these states; the arrows are all there are::

    requested ──► approved ──► started ──► done | failed | unknown
        │             └──────────────────► failed            (a right is gone, or a guard says no: nothing was sent)
        └──► rejected | expired | withdrawn
    unknown ──► done | failed                                (the answer came after all)

`started` is committed before the first byte leaves, and nothing is ever sent for a change that is there already: so it
is carried out at most once, whatever is clicked twice or dies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from bot.governance.roles import Person, Role

TERMINAL = "terminal"


class State(StrEnum):
    """How far a change is."""

    REQUESTED = "requested"
    APPROVED = "approved"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    """It did not happen, and nothing of it will."""
    UNKNOWN = "unknown"
    """It may have happened: nobody heard the answer."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def is_final(self) -> bool:
        """Whether the bot does nothing more about it."""
        return self not in {State.REQUESTED, State.APPROVED, State.STARTED}


class Proposal(BaseModel):
    """A change that somebody wants, frozen: what is agreed to is what is sent.

    Attributes:
        kind: Which executor carries it out.
        action: What policy calls it, dotted from the general to the special: `invite.owner`.
        subject: What it is done to, as people write it: `acme/api`, `acme`. Typed to confirm what cannot be undone.
        summary: What it does, one line that begins with a verb: `Invite ana@acme.com to acme as owner`.
        shown: Exactly what will be sent, for people: a line each. Secrets are left out.
        request: Exactly what will be sent, for the executor. Never a secret.
        role: The least role of who asks.
        repository: The repository it concerns, `namespace/name`; None: none.
        tags: The tags it concerns.
        is_reversible: Whether it can be undone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    action: str
    subject: str
    summary: str
    shown: tuple[str, ...]
    request: dict[str, JsonValue]
    role: Role
    repository: str | None = None
    tags: tuple[str, ...] = ()
    is_reversible: bool = True


@dataclass(frozen=True)
class Asker:
    """Who wants a change, and where they asked.

    Attributes:
        user_id: `U…` or `W…`; in a terminal, `terminal:` and the name of the machine's user.
        team_id: Their workspace, `T…`; empty in a terminal.
        channel: The channel; None in a terminal.
    """

    user_id: str
    team_id: str = ""
    channel: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether this is the machine's owner, who has every right and is nobody in Slack."""
        return self.user_id.startswith(f"{TERMINAL}:")

    @property
    def person(self) -> Person:
        """Who it is in Slack."""
        return Person(user_id=self.user_id, team_id=self.team_id)


@dataclass(frozen=True)
class Outcome:
    """What came of a change.

    Attributes:
        state: `done`, `failed` or `unknown`.
        sentence: The same for people, with what to do about it.
        answer: What the other side said, as JSON without secrets; None: nothing.
        goes_on: Whether it was only begun: long work goes on with it, and tells itself how it ends.
    """

    state: State
    sentence: str
    answer: JsonValue = None
    goes_on: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"sentence": self.sentence, "answer": self.answer, "goes_on": self.goes_on}


@dataclass(frozen=True)
class Change:
    """A change, as it is kept.

    Attributes:
        id: `chg_…`, which people see.
        workspace: Whose.
        button: What the buttons that decide on it carry; people never see it.
        proposal: What is to be done.
        asker: Who wants it.
        state: How far it is.
        approval_reason: Why somebody else has to approve it; None: nobody has to.
        decided_by: Who approved or rejected it; None: nobody did.
        requested_at, expires_at, decided_at, started_at, ended_at: UTC.
        outcome: What came of it; None: nothing yet.
    """

    id: str
    workspace: str
    button: str
    proposal: Proposal
    asker: Asker
    state: State
    approval_reason: str | None
    decided_by: str | None
    requested_at: datetime
    expires_at: datetime | None
    decided_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None

    @property
    def request(self) -> Mapping[str, Any]:
        """What is to be sent."""
        return self.proposal.request
