"""Who can carry out a change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.governance.proposals import Change, Outcome


class Executor(Protocol):
    """Carries out the changes of one kind."""

    def channels(self, change: Change) -> Sequence[str]:
        """Return the channels and people to whom `begin` and `settled` say something: their lanes are locked first."""

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        """Do what belongs to starting it, in the transaction that commits the start: guards, rows of one's own.

        Does nothing outside of the database, and may be run several times.

        Raises:
            UserError: It must not be started; nothing is sent, and the change has failed with this sentence.
        """

    def send(self, change: Change) -> Outcome:
        """Send it, once, and return what came of it. The only place where bytes leave.

        Raises:
            HubError: Docker Hub did not do it, or perhaps did: see `bot.governance.failures.outcome_of`.
            UserError: It could not be sent, for instance because a secret is missing; nothing was sent.
        """

    def read_back(self, change: Change) -> Outcome | None:
        """Return what became of a change whose answer nobody heard; None: that cannot be told.

        Only reads. Nothing is sent again.

        Raises:
            HubError: It could not be read just now.
        """

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: datetime) -> None:
        """Do what follows from the outcome, in the transaction that commits it."""


class SendOnly:
    """The rest of an executor that does nothing but send: no guards, no rows, no words of its own."""

    def channels(self, _change: Change) -> Sequence[str]:
        """Nothing is said of it but what governance says."""
        return ()

    def begin(self, _connection: Connection, _change: Change, _now: datetime) -> None:
        """Nothing belongs to it."""

    def settled(self, _connection: Connection, _change: Change, _outcome: Outcome, _now: datetime) -> None:
        """Nothing follows."""


Executors = Mapping[str, Executor]
"""By `Proposal.kind`."""
