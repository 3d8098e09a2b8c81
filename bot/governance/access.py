"""Who has which right and why; and rights that admins give and take, beside those that the settings name.

Giving and taking are changes like any other (`bot.governance.changes`), so that each is in the audit trail, can be made
to need a second person, and happens once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, field_serializer
from sqlalchemy import ColumnElement, Connection, and_, delete, select

from bot.errors import DeliveryError, UserError
from bot.governance.executors import Executor
from bot.governance.proposals import Asker, Change, Outcome, Proposal, State
from bot.governance.roles import Grant, Person, Policy, Role, Roles, is_group
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import grants
from bot.store.workspaces import HOME

GRANT, REVOKE = "access.grant", "access.revoke"
"""The kinds of changes. Policy calls them so too, with the role behind."""
SETTINGS: Mapping[Role, str] = {Role.ADMIN: "HUB_BOT_ADMINS", Role.OPERATOR: "HUB_BOT_OPERATORS"}
GRANTABLE: Mapping[str, Role] = {"operator": Role.OPERATOR, "admin": Role.ADMIN}
ARTICLES: Mapping[Role, str] = {
    Role.STRANGER: "a stranger",
    Role.MEMBER: "a member",
    Role.OPERATOR: "an operator",
    Role.ADMIN: "an admin",
}
CHANGED = "`{subject}` has another right by now than when this was asked for. Nothing was changed; ask again."
LAST_ADMIN = (
    "That would leave nobody who is an admin. Make somebody else one first; or whoever runs the bot does this in a "
    "terminal, with `hub-bot exec`."
)


_REVOKE_ADMIN = f"{REVOKE}.admin"


class Origin(StrEnum):
    """Where a right comes from."""

    SETTINGS = "settings"
    GRANT = "grant"
    OPEN = "open"
    """The settings name nobody, and so everybody is an operator."""


class Right(BaseModel):
    """One reason why somebody has a right.

    Attributes:
        subject: A person's id, or a user group's; None: every full member.
        role: Which right.
        origin: Where it comes from.
        group: The user group through which a person has it; None: it is theirs, or the subject is a group.
        granted_by: Who gave it; None: nobody did.
        granted_at: When (UTC).
        is_known: Whether Slack says who is in the user group that is the subject.
    """

    model_config = ConfigDict(frozen=True)

    subject: str | None
    role: Role
    origin: Origin
    group: str | None = None
    granted_by: str | None = None
    granted_at: datetime | None = None
    is_known: bool = True

    @field_serializer("role")
    def _role_word(self, role: Role) -> str:
        return role.name.lower()


class Standing(BaseModel):
    """What a person or a user group may do.

    Attributes:
        subject: Their id.
        role: What they are; None for a user group, whose members can be more.
        rights: Why. A stranger may have some that do not count.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    role: Role | None
    rights: tuple[Right, ...] = ()

    @field_serializer("role")
    def _role_word(self, role: Role | None) -> str | None:
        return None if role is None else role.name.lower()


def read_grants(store: Store, workspace: str = HOME) -> tuple[Grant, ...]:
    """Return what was granted, by the ids of who has it.

    Raises:
        StoreUnavailableError: The database is away.
    """
    with store.read() as connection:
        return _granted(connection, workspace)


class Access:
    """Knows who has which right, and what it takes to change that. Safe to use from several threads.

    Args:
        store: Where grants are kept.
        roles: Knows people and user groups.
        policy: Who was named in the settings.
        workspace: Whose grants.
    """

    def __init__(self, store: Store, roles: Roles, policy: Policy, workspace: str = HOME) -> None:
        self._store = store
        self._roles = roles
        self._policy = policy
        self._workspace = workspace

    def rights(self) -> tuple[Right, ...]:
        """Return every right there is: admins first, the settings before grants, each group before its members.

        Raises:
            StoreUnavailableError: The database is away.
        """
        named = [
            Right(subject=name, role=role, origin=Origin.SETTINGS)
            for role, names in ((Role.ADMIN, self._policy.admins), (Role.OPERATOR, self._policy.operators))
            for name in sorted(names)
        ]
        granted = [
            Right(
                subject=each.subject,
                role=each.role,
                origin=Origin.GRANT,
                granted_by=each.granted_by,
                granted_at=each.granted_at,
            )
            for each in read_grants(self._store, self._workspace)
        ]
        everybody = [Right(subject=None, role=Role.OPERATOR, origin=Origin.OPEN)] if self._policy.is_open else []
        by_role = sorted([*named, *granted, *everybody], key=lambda right: -right.role)
        return tuple(each for right in by_role for each in self._with_members(right))

    def standing(self, subject: str, asker: Asker) -> Standing:
        """Return what somebody may do just now, and why.

        Args:
            subject: A person's id, or a user group's.
            asker: Who wants to know.

        Raises:
            DeliveryError: Slack does not say who it is.
            StoreUnavailableError: The database is away.
        """
        role = None if is_group(subject) else self._roles.resolve_afresh(Person(subject, asker.team_id))
        rights = tuple(each for each in self.rights() if each.subject == subject or (each.subject is None and role))
        return Standing(subject=subject, role=role, rights=rights)

    def propose_grant(self, subject: str, role: Role, asker: Asker) -> tuple[Proposal, tuple[str, ...]]:
        """Return the change that gives somebody a right, and what else there is to say.

        Args:
            subject: A person's id, or a user group's.
            role: Operator or admin. Somebody who was granted another has only this one afterwards.
            asker: Who wants it.

        Raises:
            UserError: They have it already, or must not have it.
            DeliveryError: Slack does not say who it is.
            StoreUnavailableError: The database is away.
        """
        if self._named_for(subject) >= role:
            setting = SETTINGS[self._named_for(subject)]
            raise UserError(f"`{subject}` has that right already: `{setting}` names {_pronoun(subject)}.")
        grant = self._grant_of(subject)
        if grant and grant.role is role:
            raise UserError(f"`{subject}` was granted that already.")
        notes = [*self._doubts(subject, asker)]
        if grant:
            notes.append(f"Until now it was granted to be {ARTICLES[grant.role]}.")
        if role is Role.OPERATOR and self._policy.is_open:
            notes.append("Everybody is an operator now, because the settings name nobody; this counts once they do.")
        proposal = Proposal(
            kind=GRANT,
            # Making an admin an operator takes a right, and needs what that needs.
            action=_REVOKE_ADMIN if grant and grant.role is Role.ADMIN else f"{GRANT}.{role.name.lower()}",
            subject=subject,
            summary=f"Make {subject} {ARTICLES[role]} of Hub Bot",
            shown=(f"Hub Bot: grant {role.name.lower()} to {_thing(subject)} {subject}",),
            request={"subject": subject, "role": role.name.lower()},
            role=Role.ADMIN,
        )
        return proposal, tuple(notes)

    def propose_revoke(self, subject: str) -> tuple[Proposal, tuple[str, ...]]:
        """Return the change that takes the right that somebody was granted, and what else there is to say.

        Raises:
            UserError: They were granted none; the sentence says where the right comes from that they have.
            StoreUnavailableError: The database is away.
        """
        grant = self._grant_of(subject)
        if grant is None:
            raise UserError(self._why_not_revoked(subject))
        proposal = Proposal(
            kind=REVOKE,
            action=f"{REVOKE}.{grant.role.name.lower()}",
            subject=subject,
            summary=f"Let {subject} no longer be {ARTICLES[grant.role]} of Hub Bot by grant",
            shown=(f"Hub Bot: revoke {grant.role.name.lower()} from {_thing(subject)} {subject}",),
            request={"subject": subject, "role": grant.role.name.lower()},
            role=Role.ADMIN,
        )
        return proposal, self._what_stays(subject)

    def _grant_of(self, subject: str) -> Grant | None:
        return next((each for each in read_grants(self._store, self._workspace) if each.subject == subject), None)

    def _named_for(self, subject: str) -> Role:
        """Return the right that the settings give to exactly this name."""
        if subject in self._policy.admins:
            return Role.ADMIN
        return Role.OPERATOR if subject in self._policy.operators else Role.MEMBER

    def _doubts(self, subject: str, asker: Asker) -> tuple[str, ...]:
        """Return what could not be made sure of, in a terminal; in Slack, everything can.

        Raises:
            UserError: Nobody of that id may have a right.
            DeliveryError: Slack does not say who it is.
        """
        try:
            self._check(subject, asker)
        except DeliveryError as error:
            if error.code in {"user_not_found", "no_such_subteam"}:
                raise UserError(f"Slack knows no {_thing(subject)} `{subject}`.") from error
            if not asker.is_terminal:
                raise
            return (f"Slack does not say who `{subject}` is. {error} Guests and strangers get no right by this.",)
        return ()

    def _check(self, subject: str, asker: Asker) -> None:
        if is_group(subject):
            self._roles.members_afresh(subject)
        elif self._roles.resolve_afresh(Person(subject, asker.team_id)) is Role.STRANGER:
            raise UserError(
                f"`{subject}` is a guest, a bot, a deactivated account, or of another organization: none of these can "
                "have a right."
            )

    def _with_members(self, right: Right) -> tuple[Right, ...]:
        if right.subject is None or not is_group(right.subject):
            return (right,)
        try:
            members = sorted(self._roles.members(right.subject))
        except DeliveryError:
            return (right.model_copy(update={"is_known": False}),)
        through = {"group": right.subject}
        return (right, *(right.model_copy(update={"subject": each, **through}) for each in members))

    def _why_not_revoked(self, subject: str) -> str:
        named = self._named_for(subject)
        if named >= Role.OPERATOR:
            return f"`{SETTINGS[named]}` names `{subject}`: whoever runs the bot changes it there."
        through = [each for each in self.rights() if each.subject == subject and each.group]
        if through:
            groups = ", ".join(dict.fromkeys(f"`{each.group}`" for each in through))
            return f"`{subject}` has the right by the user group {groups}: take them out of it in Slack."
        if self._policy.is_open:
            return f"`{subject}` was granted nothing. Everybody is an operator, because the settings name nobody."
        return f"`{subject}` was granted nothing."

    def _what_stays(self, subject: str) -> tuple[str, ...]:
        own = [each for each in self.rights() if each.subject == subject]
        reasons = [f"the user group `{each.group}`" for each in own if each.group]
        reasons += [f"`{SETTINGS[each.role]}`" for each in own if each.origin is Origin.SETTINGS and not each.group]
        return (f"Rights by {' and '.join(dict.fromkeys(reasons))} stay.",) if reasons else ()


class AccessExecutor:
    """Carries out `access.grant` and `access.revoke`. Implements `bot.governance.executors.Executor`.

    All is done in `begin`: the right and the start of the change are committed together or not at all. So a change that
    has started is done, whoever dies afterwards, and there is nothing to send.

    Args:
        policy: Who was named in the settings.
        forget: Has the verdicts forgotten that this process remembers. Others remember theirs for five minutes, and
            look afresh before each change anyway.
    """

    def __init__(self, policy: Policy, forget: Callable[[], None]) -> None:
        self._policy = policy
        self._forget = forget

    def channels(self, _change: Change) -> Sequence[str]:
        """Nothing is said of it but what governance says."""
        return ()

    def begin(self, connection: Connection, change: Change, now: datetime) -> None:
        """Give or take the right.

        Raises:
            UserError: There is nothing to take, or nobody would be an admin any more.
        """
        workspace, subject = change.workspace, str(change.request["subject"])
        # All of them, and locked: of two admins who take each other's right at the same time, one stays.
        there = {each.subject: each for each in _granted(connection, workspace, is_locked=True)}
        role = GRANTABLE[str(change.request["role"])] if change.proposal.kind == GRANT else None
        if role is None and subject not in there:
            raise UserError(f"`{subject}` has no right any more that was granted.")
        had = there.pop(subject, None)
        is_admin_lost = had is not None and had.role is Role.ADMIN and role is not Role.ADMIN
        if is_admin_lost and change.proposal.action != _REVOKE_ADMIN:
            raise UserError(CHANGED.format(subject=subject))
        if is_admin_lost and not self._is_admin_left(there) and not change.asker.is_terminal:
            raise UserError(LAST_ADMIN)
        if role is None:
            connection.execute(delete(grants).where(_is(workspace, subject)))
            return
        row = {"workspace": workspace, "subject": subject, "role": role.name.lower()}
        put(connection, grants, {**row, "granted_by": change.asker.user_id, "granted_at": now})

    def send(self, change: Change) -> Outcome:
        """Have everybody's rights looked up anew; there is nothing to send."""
        self._forget()
        return _outcome(change)

    def read_back(self, change: Change) -> Outcome:
        """Say that it is done, because it was when it started."""
        self._forget()
        return _outcome(change)

    def settled(self, connection: Connection, change: Change, outcome: Outcome, now: datetime) -> None:
        """Do nothing more."""

    def _is_admin_left(self, others: Mapping[str, Grant]) -> bool:
        return bool(self._policy.admins) or any(each.role is Role.ADMIN for each in others.values())


def executors(policy: Policy, forget: Callable[[], None]) -> Mapping[str, Executor]:
    """Return who carries out changes of rights, by kind; the arguments are those of `AccessExecutor`."""
    executor = AccessExecutor(policy, forget)
    return {GRANT: executor, REVOKE: executor}


def _granted(connection: Connection, workspace: str, *, is_locked: bool = False) -> tuple[Grant, ...]:
    found = select(grants).where(grants.c.workspace == workspace).order_by(grants.c.subject)
    rows = connection.execute(found.with_for_update() if is_locked else found)
    return tuple(
        Grant(subject=row.subject, role=GRANTABLE[row.role], granted_by=row.granted_by, granted_at=row.granted_at)
        for row in rows
        # A later version may know more roles; what is not known here is no right.
        if row.role in GRANTABLE
    )


def _is(workspace: str, subject: str) -> ColumnElement[bool]:
    return and_(grants.c.workspace == workspace, grants.c.subject == subject)


def _outcome(change: Change) -> Outcome:
    held = "holds" if change.proposal.kind == GRANT else "is gone"
    return Outcome(State.DONE, f"The right {held} from now on.")


def _thing(subject: str) -> str:
    return "user group" if is_group(subject) else "person"


def _pronoun(subject: str) -> str:
    return "it" if is_group(subject) else "them"
