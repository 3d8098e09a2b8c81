"""How a change is asked for, decided on and carried out.

Whoever asks for a change that nobody has to approve carries it out in their own thread, and hears at once what came of
it. What somebody approved, and what a process left behind when it died, is carried out by `bot.governance.loop`. Both
go through `Governance.carry_out`, which sends at most once.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.errors import AccessDeniedError, DeliveryError, HubBotError, HubError, UserError
from bot.governance import cards, changes
from bot.governance.executors import Executors
from bot.governance.failures import CRASHED, PERHAPS, outcome_of, without_advice
from bot.governance.policy import ApprovalPolicy
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Person, Role
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

GONE = "This request is gone."
OWN = "You asked for this, so somebody else has to decide on it."
TOO_LATE = "This was decided already, or its time is over."
LOST = "The bot stopped while this was being done."
NOT_BEGUN = "Something went wrong in the bot before this was done; nothing was sent."
_RETRY = timedelta(seconds=30)
_LONGEST_UNREADABLE = timedelta(hours=1)

RoleOf = Callable[[Person], Role]
"""Returns a person's role as Slack tells it now. Raises DeliveryError."""
AdminsOf = Callable[[], frozenset[str]]
"""Returns the user ids of all admins. Raises DeliveryError."""


@dataclass(frozen=True)
class Requirement:
    """What a change takes before it may be carried out.

    Attributes:
        approval_reason: Why somebody else has to approve it, as a clause; None: nobody has to.
        approvers: Who can.
        is_typed: Whether who asks has to type its subject.
        note: What there is to say about it; may be empty.
    """

    approval_reason: str | None = None
    approvers: frozenset[str] = frozenset()
    is_typed: bool = False
    note: str = ""


class Governance:
    """Knows the rules under which anything is changed. Safe to use from several threads.

    Args:
        store: Where changes are kept.
        executors: Who carries them out.
        policy: What somebody else has to approve.
        role_of: Tells a person's role.
        admins: Tells who can approve.
        on_decided: Called, outside of any transaction, when there is something for the loop to do.
        one_look: Within it, Slack is asked once for what several people's roles depend on.
    """

    def __init__(
        self,
        store: Store,
        executors: Executors,
        policy: ApprovalPolicy,
        *,
        role_of: RoleOf,
        admins: AdminsOf,
        on_decided: Callable[[], None] = lambda: None,
        one_look: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._store = store
        self._executors = executors
        self._policy = policy
        self._role_of = role_of
        self._admins = admins
        self._on_decided = on_decided
        self._one_look = one_look
        self._lock = threading.Lock()
        self._unsettled: list[tuple[Change, Outcome, bool]] = []

    @property
    def policy(self) -> ApprovalPolicy:
        """What somebody else has to approve."""
        return self._policy

    def requirement(self, proposal: Proposal, asker: Asker) -> Requirement:
        """Return what a change takes.

        Raises:
            AccessDeniedError: Somebody else has to approve it, and there is nobody.
            DeliveryError: Slack does not say who could.
        """
        plain = Requirement(is_typed=not proposal.is_reversible)
        reason = self._policy.reason(proposal)
        if reason is None:
            return plain
        if asker.is_terminal:
            return replace(plain, note=f"{reason}; in a terminal nobody else is asked.")
        admins = self._admins()
        others = admins - {asker.user_id}
        if others:
            return replace(plain, approval_reason=reason, approvers=others)
        if asker.user_id in admins:
            return Requirement(is_typed=True, note=f"{reason}, and you are the only admin.")
        raise AccessDeniedError(
            f"{reason[:1].upper()}{reason[1:]}, and nobody is an admin: whoever runs the bot can fill in "
            "`HUB_BOT_ADMINS`."
        )

    def submit(self, proposal: Proposal, asker: Asker, needed: Requirement | None = None) -> Change:
        """Ask for a change, and carry it out unless somebody else has to approve it.

        Args:
            proposal: What is to be done.
            asker: Who wants it.
            needed: What `requirement` said it takes, which who asked has met as far as they can; None: it is found out.

        Returns:
            The change as it is then: with its outcome, or requested.

        Raises:
            AccessDeniedError: As for `requirement`.
            DeliveryError: As for `requirement`.
            StoreUnavailableError: The database is away; nothing was asked for.
        """
        takes = needed or self.requirement(proposal, asker)

        def keep(connection: Connection) -> Change:
            now = self._store.now(connection)
            change = changes.add(
                connection,
                HOME,
                proposal,
                asker,
                now=now,
                approval_reason=takes.approval_reason,
                deadline=self._policy.deadline if takes.approval_reason else None,
            )
            if takes.approval_reason:
                asked = [self._policy.channel] if self._policy.channel else sorted(takes.approvers)
                cards.ask(connection, change, asked, now)
            return change

        change = self._store.write(keep)
        logger.info("change_requested", extra={"change": change.id, "action": proposal.action, "state": change.state})
        return change if takes.approval_reason else self.carry_out(change, is_awaited=True)

    def decide(self, button: str, by: Person, *, approve: bool, role: Role | None = None) -> Change:
        """Approve or reject what was asked for.

        Args:
            button: What the button carried.
            by: Who pressed it.
            approve: Or reject.
            role: What they are, as Slack told it just now; None: it is asked.

        Raises:
            AccessDeniedError: They may not, or there is nothing to decide.
            DeliveryError: Slack does not say who they are.
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            change = changes.find_by_button(connection, button)
        if change is None:
            raise AccessDeniedError(GONE)
        if (self._role_of(by) if role is None else role) < Role.ADMIN:
            raise AccessDeniedError("Deciding on requests needs an admin.")
        if by.user_id == change.asker.user_id:
            raise AccessDeniedError(OWN)
        decided = self._move(change, State.APPROVED if approve else State.REJECTED, by=by.user_id)
        self._on_decided()
        return decided

    def withdraw(self, change_id: str, by: str) -> Change:
        """Take back what one asked for oneself.

        Raises:
            AccessDeniedError: It is somebody else's, or decided already.
            StoreUnavailableError: The database is away.
        """
        change = self.find(change_id)
        if change.asker.user_id != by:
            raise AccessDeniedError("Only who asked for it can take it back.")
        return self._move(change, State.WITHDRAWN, by=None)

    def find(self, change_id: str) -> Change:
        """Return a change.

        Raises:
            AccessDeniedError: There is none of that id.
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            change = changes.find(connection, change_id)
        if change is None:
            raise AccessDeniedError(GONE)
        return change

    def carry_out(self, change: Change, *, is_awaited: bool = False) -> Change:
        """Carry out what is approved, unless somebody else does or did; return it as it is then.

        Args:
            change: Which.
            is_awaited: Whether who asked was let in just now, and waits for the answer.

        Raises:
            DeliveryError: Slack does not say who the people are now; nothing was sent.
            StoreUnavailableError: The database is away; nothing was sent.
        """
        if not is_awaited and (problem := self._problem_of_rights(change)):
            return self._refuse(change, problem)
        executor = self._executors[change.proposal.kind]

        def start(connection: Connection) -> bool:
            now = self._store.now(connection)
            cards.hold(connection, change, executor.channels(change), now)
            if not changes.start(connection, change, now=now):
                return False
            executor.begin(connection, change, now)
            cards.rewrite(connection, change.workspace, change.id, now)
            return True

        try:
            if not self._store.write(start):
                return self.find(change.id)
        except UserError as error:
            return self._refuse(change, str(error), is_awaited=is_awaited)
        return self._conclude(change, self._send(change), is_awaited=is_awaited)

    def look_after(self, change: Change) -> None:
        """Do what is due for a change: let it expire, carry it out, or find out what became of it.

        Raises:
            StoreUnavailableError: The database is away.
        """
        if not self._take(change):
            return
        try:
            self._look_after(change)
        except StoreUnavailableError:
            raise
        except Exception:
            # Tried again later: one that always crashes must not hold up those behind it.
            logger.exception("change_not_looked_after", extra={"change": change.id})
            since = change.decided_at or change.requested_at
            if change.state is State.APPROVED and self._is_over(since + _LONGEST_UNREADABLE):
                self._refuse(change, NOT_BEGUN)
            else:
                self._postpone(change)

    def _look_after(self, change: Change) -> None:
        match change.state:
            case State.REQUESTED:
                self._expire(change)
            case State.APPROVED:
                self._carry_out_later(change)
            case State.STARTED:
                self._read_back(change)

    def due(self, *, most: int) -> tuple[Change, ...]:
        """Return the changes for which something is due.

        Raises:
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            return tuple(changes.due(connection, self._store.now(connection), most=most))

    def settle_late(self) -> None:
        """Note the outcomes that could not be noted when they came, because the database was away.

        Raises:
            StoreUnavailableError: It still is.
        """
        while True:
            with self._lock:
                if not self._unsettled:
                    return
                change, outcome, is_awaited = late = self._unsettled[0]
            self._settle(change, outcome, is_awaited=is_awaited)
            with self._lock:
                if late in self._unsettled:  # Two threads may have noted it, which is the same as once.
                    self._unsettled.remove(late)

    def orphan(self) -> None:
        """Let what is under way count as left behind: no other process uses this database, and this one starts.

        Raises:
            StoreUnavailableError: The database is away.
        """
        self._store.write(lambda connection: changes.orphan(connection, self._store.now(connection)))

    def _send(self, change: Change) -> Outcome:
        try:
            return self._executors[change.proposal.kind].send(change)
        except HubBotError as error:
            return outcome_of(error)
        except Exception:
            logger.exception("change_crashed", extra={"change": change.id})
            return Outcome(State.UNKNOWN, f"{CRASHED} {PERHAPS}")

    def _conclude(self, change: Change, outcome: Outcome, *, is_awaited: bool = False) -> Change:
        """Note what came of it. If the database is away just now, the loop does later; people are told what is true."""
        extra = {"change": change.id, "action": change.proposal.action, "state": outcome.state}
        logger.info("change_ended", extra=extra)
        try:
            return self._settle(change, outcome, is_awaited=is_awaited)
        except StoreUnavailableError:
            logger.exception("outcome_not_noted", extra={"change": change.id})
            with self._lock:
                self._unsettled.append((change, outcome, is_awaited))
            return replace(change, state=outcome.state, outcome=outcome)

    def _settle(self, change: Change, outcome: Outcome, *, is_awaited: bool) -> Change:
        executor = self._executors[change.proposal.kind]

        def settle(connection: Connection) -> None:
            now = self._store.now(connection)
            cards.hold(connection, change, executor.channels(change), now)
            if changes.settle(connection, change, outcome, now=now):
                executor.settled(connection, change, outcome, now)
                cards.tell(connection, change, outcome, now, is_awaited=is_awaited)

        self._store.write(settle)
        return self.find(change.id)

    def _refuse(self, change: Change, sentence: str, *, is_awaited: bool = False) -> Change:
        outcome = Outcome(State.FAILED, sentence)

        def refuse(connection: Connection) -> None:
            now = self._store.now(connection)
            cards.hold(connection, change, (), now)
            if changes.refuse(connection, change, outcome, now=now):
                cards.tell(connection, change, outcome, now, is_awaited=is_awaited)

        self._store.write(refuse)
        return self.find(change.id)

    def _move(self, change: Change, state: State, *, by: str | None) -> Change:
        def move(connection: Connection) -> bool:
            now = self._store.now(connection)
            cards.hold(connection, change, (), now)
            if not changes.decide(connection, change, state, by=by, now=now):
                return False
            cards.decided(connection, change, state, by, now)
            return True

        if not self._store.write(move):
            raise AccessDeniedError(TOO_LATE)
        logger.info("change_decided", extra={"change": change.id, "state": state})
        return self.find(change.id)

    def _expire(self, change: Change) -> None:
        try:
            self._move(change, State.EXPIRED, by=None)
        except AccessDeniedError:
            return  # Somebody decided at the last moment.

    def _carry_out_later(self, change: Change) -> None:
        """Carry out what nobody waits for. While Slack does not say who is who, it waits, but not for ever."""
        try:
            self.carry_out(change)
        except DeliveryError as error:
            since = change.decided_at or change.requested_at
            if error.permanent or self._is_over(since + _LONGEST_UNREADABLE):
                self._refuse(change, f"Slack does not say whether this is still allowed. {error}")
            else:
                self._postpone(change)

    def _read_back(self, change: Change) -> None:
        executor = self._executors[change.proposal.kind]
        try:
            outcome = executor.read_back(change)
        except HubError as error:
            if change.started_at and not self._is_over(change.started_at + _LONGEST_UNREADABLE):
                self._postpone(change)
                return
            outcome = Outcome(State.UNKNOWN, f"{LOST} {without_advice(error)} {PERHAPS}")
        except Exception:
            logger.exception("change_not_read_back", extra={"change": change.id})
            outcome = None
        self._conclude(change, outcome or Outcome(State.UNKNOWN, f"{LOST} {PERHAPS}"))

    def _take(self, change: Change) -> bool:
        """Return whether it is ours to look after: another thread or process may be at it."""

        def take(connection: Connection) -> bool:
            now = self._store.now(connection)
            return changes.take(connection, change, now=now, until=now + _RETRY)

        return self._store.write(take)

    def _postpone(self, change: Change) -> None:
        self._store.write(
            lambda connection: changes.postpone(connection, change, until=self._store.now(connection) + _RETRY)
        )

    def _is_over(self, moment: datetime) -> bool:
        with self._store.read() as connection:
            return self._store.now(connection) >= moment

    def _problem_of_rights(self, change: Change) -> str:
        """Return why it is not allowed any more; empty: it is.

        Raises:
            DeliveryError: Slack does not say.
        """
        with self._one_look():
            return self._judge_rights(change)

    def _judge_rights(self, change: Change) -> str:
        asker = change.asker
        if not asker.is_terminal and self._role_of(asker.person) < change.proposal.role:
            return "Who asked for it has no longer the right to; nothing was sent."
        if change.approval_reason and change.decided_by:
            by = Person(user_id=change.decided_by, team_id=asker.team_id)
            if self._role_of(by) < Role.ADMIN:
                return "Who approved it is no longer an admin; nothing was sent."
        return ""
