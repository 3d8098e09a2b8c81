"""`/hub invites`: who is invited to an organization and has not accepted yet; cancel an invite, send it once more.

For operators: the list holds e-mail addresses, so it is shown to nobody else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.chat import changing
from bot.chat.changing import ChangeArguments, ChangeResult, governance_of
from bot.chat.command import Command, Context, Group, Result
from bot.chat.organization import organization_of, organization_option
from bot.chat.parameters import flag, limit_option, row_limit
from bot.document import UNKNOWN, Code, Column, Document, Inline, Moment, Note, Paragraph, Table, line, marked
from bot.errors import UsageError
from bot.governance.proposals import Proposal
from bot.governance.roles import Role
from bot.hub.invites import Invite
from bot.organization.pending import find_invite, propose_cancelling, propose_resending
from bot.words import nearest, quoted

DEFAULT_LIMIT = 25
EXAMPLE = "/hub invites cancel ana@acme.com"
_ACTIONS = ("cancel", "resend")
_NOTHING = "–"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Action = Literal["list", "cancel", "resend"]


class InvitesArguments(ChangeArguments):
    """What to show or do.

    Attributes:
        action: Whether something is to be done.
        who: Which invite: an e-mail address, a Docker id, or the invite's id; empty: all.
        organization: None: the default namespace.
        limit: How many to show; None: all.
    """

    action: Action = "list"
    who: str = ""
    organization: str | None = None
    limit: int | None = DEFAULT_LIMIT


class InviteFacts(BaseModel):
    """A pending invite. None is unknown.

    Attributes:
        id: What Docker Hub calls it.
        invitee: Who is invited.
        role: What they will be.
        team: The team that they will be in.
        invited_by: Who invited them, at Docker Hub.
        invited_at: When (UTC).
    """

    model_config = ConfigDict(frozen=True)

    id: str | None
    invitee: str | None
    role: str | None
    team: str | None
    invited_by: str | None
    invited_at: datetime | None

    @classmethod
    def of(cls, invite: Invite) -> "InviteFacts":
        """Return what is shown of an invite."""
        return cls(
            id=invite.id,
            invitee=invite.invitee,
            role=invite.role,
            team=invite.team,
            invited_by=invite.inviter_username,
            invited_at=invite.created_at,
        )


class InvitesResult(Result):
    """What is pending, or what came of changing it.

    Attributes:
        organization: Whose invites.
        invites: Those that were asked for, newest first.
        total: How many there are.
        shortfall: What could not be read; may be empty.
        change: What a change would be, or became; None: none was asked for.
    """

    organization: str
    invites: tuple[InviteFacts, ...] = ()
    total: int = 0
    shortfall: str = ""
    change: ChangeResult | None = None
    arguments: InvitesArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> InvitesArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    limit = row_limit(values, DEFAULT_LIMIT, example="/hub invites --all")
    if not words:
        return InvitesArguments(organization=values["org"], limit=limit)
    action = _action(words[0])
    example = f"/hub invites {action} ana@acme.com"
    if values["all"] or values["limit"]:
        raise UsageError(f"`--all` and `--limit` are for looking, not for `{action}`.", example=example)
    match words[1:]:
        case (who,):
            return InvitesArguments(action=action, who=who.strip("<>"), organization=values["org"])
        case ():
            problem = f"Which invite is there to {action}? Name an e-mail address, a Docker id or the invite's id."
        case _:
            problem = f"`invites {action}` takes one invite at a time."
    raise UsageError(problem, example=example)


def _action(word: str) -> Action:
    match word.lower():
        case "cancel" | "resend" as action:
            return action
    suggestion = nearest(word, _ACTIONS)
    raise UsageError(
        f"`invites` does not know {quoted(word)}; it can `cancel` and `resend`.",
        suggestion=f"/hub invites {suggestion}" if suggestion else "",
        example=EXAMPLE,
    )


def run(arguments: InvitesArguments, context: Context) -> InvitesResult:
    """Look; or show what would be sent, or send what was agreed to."""
    if arguments.action != "list":
        return _change(arguments, context)
    organization = organization_of(arguments.organization, context, example="/hub invites --org acme")
    listing = context.hub.invites.list(organization)
    found = sorted(listing, key=lambda each: each.created_at or _LONG_AGO, reverse=True)
    return InvitesResult(
        organization=organization,
        invites=tuple(InviteFacts.of(each) for each in found[: arguments.limit]),
        total=len(found),
        shortfall=listing.shortfall,
        arguments=arguments,
    )


def _change(arguments: InvitesArguments, context: Context) -> InvitesResult:
    """Cancelling is shown first; what is only sent once more is not, unless somebody has to approve it."""
    governance_of(context)  # Without a database nothing can come of it, so nothing is looked up.
    is_cancelling = arguments.action == "cancel"
    proposal = arguments.agreed or _propose(arguments, context)
    change = changing.carry_out(
        arguments,
        context,
        lambda: proposal,
        label="Cancel the invite" if is_cancelling else "Resend",
        asks_first=is_cancelling,
    )
    return InvitesResult(
        is_negative=change.is_negative,
        offers=change.offers,
        organization=proposal.subject,
        change=change,
        arguments=arguments,
    )


def _propose(arguments: InvitesArguments, context: Context) -> Proposal:
    organization = organization_of(arguments.organization, context, example=EXAMPLE)
    which = find_invite(context.hub.invites.list(organization), organization, arguments.who)
    return propose_cancelling(which) if arguments.action == "cancel" else propose_resending(which)


def render(result: InvitesResult) -> Document:
    """Say who is invited, or what came of it."""
    if result.change is not None:
        return changing.render(result.change)
    title = f"Pending invites to {result.organization}"
    shortfall = (Note(line(result.shortfall)),) if result.shortfall else ()
    if not result.invites:
        return Document(title, (Paragraph(line("None.")), *shortfall))
    table = Table(title, _COLUMNS, tuple(_row(each) for each in result.invites))
    return Document(title, (table, Note(marked(_footer(result))), *shortfall))


_COLUMNS = (
    Column("Who"),
    Column("Role"),
    Column("Team"),
    Column("Invited by"),
    Column("Invited"),
    Column("Id"),
)


def _row(each: InviteFacts) -> tuple[Inline, ...]:
    return (
        Code(each.invitee) if each.invitee else UNKNOWN,
        each.role or UNKNOWN,
        each.team or _NOTHING,
        each.invited_by or UNKNOWN,
        Moment(each.invited_at),
        Code(each.id) if each.id else UNKNOWN,
    )


def _footer(result: InvitesResult) -> str:
    shown = len(result.invites)
    count = f"{shown:,}" if shown == result.total else f"{shown:,} of {result.total:,}"
    more = "" if shown == result.total else " More: `--all`"
    return f"{count} pending {'invite' if result.total == 1 else 'invites'}, newest first.{more}"


COMMAND = Command(
    name="invites",
    group=Group.ORGANIZATION,
    summary="List pending invites to an organization; cancel or resend them",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="cancel|resend who"),
        organization_option(),
        limit_option(DEFAULT_LIMIT),
        flag("all", "Show all of them."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("invites", "who has not accepted yet"),
        ("invites resend ana@acme.com", "send the message once more"),
        ("invites cancel e36eca69 --org acme", "take one back, by its id or how that begins"),
    ),
    can_share=False,
    can_offer=True,
    uses_store=True,
)
