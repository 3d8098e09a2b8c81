"""Roles: who a person is to the bot, and what that allows.

The settings name admins and operators by user or user group; everybody else in the home workspace is a member. Guests
and people of other organizations get nothing beyond help. A verdict is a value with its reason, never a bare boolean.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeVar

from bot.slack.accounts import Account

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


class Roles:
    """Decides a person's role, and remembers it for five minutes.

    Args:
        policy: Who was named in the settings.
        directory: Where people and user groups are looked up.
        home_team: Returns the workspace that the bot serves; raises DeliveryError while Slack does not say.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self,
        policy: Policy,
        directory: Directory,
        *,
        home_team: Callable[[], str],
        monotonic: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._directory = directory
        self._home_team = home_team
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._roles: dict[Person, tuple[float, Role]] = {}
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}

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
        return self._look_up(person, self._cached_members) if known is None else known

    def resolve_afresh(self, person: Person) -> Role:
        """Return the role as Slack tells it now. For changes, which must not rest on what was true minutes ago.

        Raises:
            DeliveryError: Slack did not say who this is.
        """
        return self._look_up(person, self._members)

    def _look_up(self, person: Person, members: Callable[[str], frozenset[str]]) -> Role:
        role = self._decide(person, members)
        with self._lock:
            now = self._monotonic()
            self._roles = {known: entry for known, entry in self._roles.items() if entry[0] > now}
            self._roles[person] = (now + CACHE_SECONDS, role)
        return role

    def _decide(self, person: Person, members: Callable[[str], frozenset[str]]) -> Role:
        if not self._belongs(person, self._directory.account(person.user_id)):
            return Role.STRANGER
        if _is_named(person.user_id, self._policy.admins, members):
            return Role.ADMIN
        if self._policy.is_open or _is_named(person.user_id, self._policy.operators, members):
            return Role.OPERATOR
        return Role.MEMBER

    def _belongs(self, person: Person, account: Account) -> bool:
        if account.is_guest or account.is_stranger or not account.is_active:
            return False
        return self._home_team() in ({account.team_id or person.team_id} | account.enterprise_team_ids)

    def _cached_members(self, group: str) -> frozenset[str]:
        # Slack allows twenty such questions a minute: a morning's first commands of everybody would use them up.
        with self._lock:
            known = _fresh(self._groups, group, self._monotonic())
        return self._members(group) if known is None else known

    def _members(self, group: str) -> frozenset[str]:
        members = self._directory.usergroup_members(group)
        with self._lock:
            self._groups[group] = (self._monotonic() + CACHE_SECONDS, members)
        return members


def _is_named(user_id: str, names: frozenset[str], members: Callable[[str], frozenset[str]]) -> bool:
    return user_id in names or any(user_id in members(group) for group in sorted(names) if group.startswith("S"))


def _fresh(entries: dict[K, tuple[float, V]], key: K, now: float) -> V | None:
    expires_at, value = entries.get(key, (0.0, None))
    return value if value is not None and expires_at > now else None
