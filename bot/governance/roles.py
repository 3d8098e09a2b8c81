"""Roles: who a person is to the bot, and what that allows.

The settings name admins and operators by user or user group, and admins grant rights beside those; everybody else in
the home workspace is a member. Guests and people of other organizations get nothing beyond help, whatever names them.

While the database is away, what the settings name still holds and grants do not: less rights, never more.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol, TypeVar

from bot.errors import DeliveryError
from bot.slack.accounts import Account
from bot.slack.failures import Kind, SlackCallError
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

CACHE_SECONDS = 300.0

K = TypeVar("K")
V = TypeVar("V")


class Role(IntEnum):
    """What a person is; each role may do what the ones before it may."""

    STRANGER = 0
    """A guest, a bot, a deactivated account, or somebody of another organization: help only."""
    MEMBER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True)
class Person:
    """Somebody in a Slack workspace.

    Attributes:
        user_id: `U…` or `W…`.
        team_id: The workspace the request came from, `T…`.
    """

    user_id: str
    team_id: str


class Directory(Protocol):
    """Where roles look people up; Slack's Web API in production."""

    def account(self, user_id: str) -> Account:
        """Return what is known of the person.

        Raises:
            DeliveryError: Slack did not say.
        """

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        """Return the user ids of a user group (`S…`).

        Raises:
            DeliveryError: Slack did not say.
        """


@dataclass(frozen=True)
class Policy:
    """Who has which role, by Slack user id (`U…`, `W…`) and user-group id (`S…`).

    Nobody named at all: every full member is an operator, and nobody is an admin.
    """

    admins: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether nobody was named at all."""
        return not self.admins and not self.operators


@dataclass(frozen=True)
class Grant:
    """A right that an admin gave.

    Attributes:
        subject: A person's id (`U…`, `W…`), or a user group's (`S…`).
        role: Operator or admin.
        granted_by: Who gave it, see `bot.governance.proposals.Asker.user_id`.
        granted_at: When (UTC).
    """

    subject: str
    role: Role
    granted_by: str
    granted_at: datetime


Grants = Callable[[], Sequence[Grant]]
"""Returns the rights that admins gave. Raises StoreUnavailableError."""


@dataclass(frozen=True)
class _Verdict:
    role: Role
    is_whole: bool = True
    """Whether nothing was left out for which more might be due."""


class Roles:
    """Decides a person's role, and remembers it for five minutes. Safe to use from several threads.

    Args:
        policy: Who was named in the settings.
        directory: Where people and user groups are looked up.
        home_team: Returns the workspace that the bot serves; raises DeliveryError while Slack does not say.
        monotonic: Seconds that never go back.
        grants: Reads the rights that admins gave; called at most once for each question.
    """

    def __init__(
        self,
        policy: Policy,
        directory: Directory,
        *,
        home_team: Callable[[], str],
        monotonic: Callable[[], float],
        grants: Grants = lambda: (),
    ) -> None:
        self._policy = policy
        self._directory = directory
        self._home_team = home_team
        self._monotonic = monotonic
        self._grants = grants
        self._lock = threading.Lock()
        self._look = threading.local()
        self._roles: dict[Person, tuple[float, Role]] = {}
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._last_grants: tuple[Grant, ...] = ()
        self._forgotten = 0

    def cached(self, person: Person) -> Role | None:
        """Return the role if it was looked up in the last five minutes, else None. Never waits for anything."""
        with self._lock:
            return _fresh(self._roles, person, self._monotonic())

    def resolve(self, person: Person) -> Role:
        """Return the role, asking Slack if it is not in the cache.

        Raises:
            DeliveryError: Slack did not say who this is. Callers refuse then: an unknown person is not a member.
        """
        known = self.cached(person)
        return self._look_up(person, self.members) if known is None else known

    def resolve_afresh(self, person: Person) -> Role:
        """Return the role as Slack and the database tell it now.

        For changes, which must not rest on what was true minutes ago.

        Raises:
            DeliveryError: Slack did not say who this is.
        """
        return self._look_up(person, self.members_afresh)

    def admins(self) -> frozenset[str]:
        """Return the user ids of everybody who is an admin, also by a user group.

        Only of those who still are full members here: nobody should wait for the approval of somebody who left.

        Raises:
            DeliveryError: Slack did not say who they are.
        """
        grants, _ = self._read_grants()
        home_team = self._home_team()
        people = {each for name in self._policy.admins for each in self._people(name, self.members)}
        for grant in grants:
            if grant.role is Role.ADMIN:
                people |= self._granted_people(grant, self.members) or frozenset()
        return frozenset(each for each in sorted(people) if self._is_admin(Person(each, home_team)))

    def granted(self, role: Role) -> frozenset[str]:
        """Return the people and user groups that were granted just this role, by id. Never waits for anything.

        Those that were read last, which is as fresh as the freshest verdict that took a look at them.
        """
        with self._lock:
            return frozenset(grant.subject for grant in self._last_grants if grant.role is role)

    def members(self, group: str) -> frozenset[str]:
        """Return who is in a user group, as Slack told it in the last five minutes.

        Raises:
            DeliveryError: Slack did not say.
        """
        # Slack allows twenty such questions a minute: a morning's first commands of everybody would use them up.
        with self._lock:
            known = _fresh(self._groups, group, self._monotonic())
        return self.members_afresh(group) if known is None else known

    def members_afresh(self, group: str) -> frozenset[str]:
        """Return who is in a user group now.

        Raises:
            DeliveryError: Slack did not say.
        """
        looked_at: dict[str, frozenset[str]] | None = getattr(self._look, "groups", None)
        if looked_at is not None and group in looked_at:
            return looked_at[group]
        members = self._directory.usergroup_members(group)
        if looked_at is not None:
            looked_at[group] = members
        with self._lock:
            self._groups[group] = (self._monotonic() + CACHE_SECONDS, members)
        return members

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Within it, this thread asks Slack once for each user group, however many people it looks up afresh."""
        self._look.groups = {}
        try:
            yield
        finally:
            self._look.groups = None

    def forget(self) -> None:
        """Forget every verdict, also those that are just being reached: somebody's rights have changed."""
        with self._lock:
            self._roles.clear()
            self._forgotten += 1

    def _look_up(self, person: Person, members: Callable[[str], frozenset[str]]) -> Role:
        with self._lock:
            forgotten = self._forgotten
        verdict = self._decide(person, members)
        with self._lock:
            now = self._monotonic()
            self._roles = {known: entry for known, entry in self._roles.items() if entry[0] > now}
            if verdict.is_whole and self._forgotten == forgotten:
                self._roles[person] = (now + CACHE_SECONDS, verdict.role)
            else:
                self._roles.pop(person, None)
        return verdict.role

    def _decide(self, person: Person, members: Callable[[str], frozenset[str]]) -> _Verdict:
        if not self._belongs(person, self._directory.account(person.user_id)):
            return _Verdict(Role.STRANGER)
        if self._is_among(person.user_id, self._policy.admins, members):
            return _Verdict(Role.ADMIN)
        is_operator = self._policy.is_open or self._is_among(person.user_id, self._policy.operators, members)
        return self._with_grants(person.user_id, Role.OPERATOR if is_operator else Role.MEMBER, members)

    def _with_grants(self, user_id: str, role: Role, members: Callable[[str], frozenset[str]]) -> _Verdict:
        grants, is_whole = self._read_grants()
        for grant in grants:
            if grant.role <= role:
                continue
            people = self._granted_people(grant, members)
            if people is None:
                is_whole = False
            elif user_id in people:
                role = grant.role
        return _Verdict(role, is_whole or role is Role.ADMIN)

    def _read_grants(self) -> tuple[Sequence[Grant], bool]:
        """Return the grants, and whether they are known."""
        try:
            grants = tuple(self._grants())
        except StoreUnavailableError as error:
            logger.warning("grants_not_read", extra={"cause": error.cause})
            return (), False
        with self._lock:
            self._last_grants = grants
        return grants, True

    def _granted_people(self, grant: Grant, members: Callable[[str], frozenset[str]]) -> frozenset[str] | None:
        """Return whom a grant means; None: its user group is gone, which must not keep others from their rights."""
        try:
            return self._people(grant.subject, members)
        except DeliveryError as error:
            if not error.permanent:
                raise
            logger.warning("granted_group_not_read", extra={"group": grant.subject, "reason": str(error)})
            return None

    def _is_admin(self, person: Person) -> bool:
        try:
            return self.resolve(person) is Role.ADMIN
        except SlackCallError as error:
            if error.kind is Kind.CHANNEL:  # There is no such person: a slip in the settings.
                return False
            raise

    def _is_among(self, user_id: str, names: Iterable[str], members: Callable[[str], frozenset[str]]) -> bool:
        # Those who are named themselves first: that asks nobody.
        by_kind = sorted(names, key=lambda name: (is_group(name), name))
        return any(user_id in self._people(name, members) for name in by_kind)

    def _people(self, name: str, members: Callable[[str], frozenset[str]]) -> frozenset[str]:
        return members(name) if is_group(name) else frozenset({name})

    def _belongs(self, person: Person, account: Account) -> bool:
        if account.is_guest or account.is_stranger or not account.is_active:
            return False
        return self._home_team() in ({account.team_id or person.team_id} | account.enterprise_team_ids)


def is_group(name: str) -> bool:
    """Tell whether an id is that of a user group; else it is a person's."""
    return name.startswith("S")


def _fresh(entries: dict[K, tuple[float, V]], key: K, now: float) -> V | None:
    expires_at, value = entries.get(key, (0.0, None))
    return value if value is not None and expires_at > now else None
