"""`/hub access`: who may do what with the bot, and why; give rights and take them. For admins."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import click
from pydantic import Field

from bot.chat import changing
from bot.chat.changing import ChangeArguments, ChangeResult, carry_out
from bot.chat.command import Command, Context, Group, Result
from bot.chat.people import named, read_person
from bot.document import Column, Document, Inline, Line, Listing, Moment, Note, Paragraph, Table, line, marked
from bot.errors import UsageError, UserError
from bot.governance.access import ARTICLES, GRANTABLE, SETTINGS, Access, Origin, Right, Standing
from bot.governance.proposals import Proposal
from bot.governance.roles import Role, is_group
from bot.words import nearest, quoted

TITLE = "Who may do what"
NOTHING = "–"
NO_DATABASE = "Nothing is known of rights here: there is no database. Set `HUB_BOT_DATABASE_URL`."
EXAMPLE = "/hub access grant @bob operator"
GUESTS = "Guests and people of other organizations may do nothing but ask for help, whatever is said here."
NOBODY = (
    "Nobody is an admin. Whoever runs the bot can fill in `HUB_BOT_ADMINS`, or make one in a terminal: "
    "`hub-bot exec access grant U0123ABCD admin`."
)
EVERYBODY = "every full member"
_UNREADABLE = "Slack does not say who is in a user group; its members are missing here."

Action = Literal["look", "grant", "revoke"]
_Cell = Callable[[Right], Inline]


class AccessArguments(ChangeArguments):
    """What to look at, or to change.

    Attributes:
        action: Whether something is to be changed.
        subject: A person's id, or a user group's; None: everybody.
        role: What to grant.
    """

    action: Action = "look"
    subject: str | None = None
    role: Role | None = None


class RightsResult(Result):
    """Who may do what.

    Attributes:
        rights: Every right, admins first.
        standing: Of the one who was asked about; None: everybody was.
    """

    rights: tuple[Right, ...] = ()
    standing: Standing | None = None


class GrantResult(ChangeResult):
    """What became of granting or revoking.

    Attributes:
        subject: Whose right it is.
    """

    subject: str = Field(default="", exclude=True)


def parse(values: Mapping[str, Any]) -> AccessArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    match tuple(values["words"]):
        case ():
            return AccessArguments()
        case ("grant", who, role):
            return AccessArguments(action="grant", subject=_subject(who), role=_role(role))
        case ("revoke", who):
            return AccessArguments(action="revoke", subject=_subject(who))
        case ("grant", *_):
            raise UsageError("`access grant` needs a person, and `operator` or `admin`.", example=EXAMPLE)
        case ("revoke", *_):
            raise UsageError("`access revoke` needs a person.", example="/hub access revoke @bob")
        case (who,):
            return AccessArguments(subject=_subject(who))
        case (first, *_):
            suggestion = nearest(first, ("grant", "revoke"))
            raise UsageError(
                f"`access` does not know {quoted(first)}; it can `grant` and `revoke`.",
                suggestion=suggestion,
                example=EXAMPLE,
            )
    raise AssertionError(values)  # A tuple is empty or has a first word.


def _subject(word: str) -> str:
    try:
        return read_person(word, or_group=True)
    except ValueError as error:
        raise UsageError(str(error), example=EXAMPLE) from error


def _role(word: str) -> Role:
    role = GRANTABLE.get(word.lower())
    if role is None:
        suggestion = nearest(word, GRANTABLE)
        raise UsageError(
            f"{quoted(word)} cannot be granted; `operator` and `admin` can.", suggestion=suggestion, example=EXAMPLE
        )
    return role


def run(arguments: AccessArguments, context: Context) -> RightsResult | GrantResult:
    """Look, or propose the change and have it done.

    Raises:
        UserError: There is no database; or the right cannot be granted or revoked, with the reason.
        DeliveryError: Slack does not say who somebody is.
    """
    access = access_of(context)
    if arguments.action != "look":
        return _change(arguments, context, access)
    if arguments.subject:
        return RightsResult(standing=access.standing(arguments.subject, context.asker))
    return RightsResult(rights=access.rights())


def access_of(context: Context) -> Access:
    """Return what knows the rights.

    Raises:
        UserError: There is no database.
    """
    if context.access is None:
        raise UserError(NO_DATABASE)
    return context.access


def _change(arguments: AccessArguments, context: Context, access: Access) -> GrantResult:
    subject = str(arguments.subject)
    proposal, notes = _proposed(arguments, context, access, subject)
    label = "Grant" if arguments.action == "grant" else "Revoke"
    result = carry_out(arguments, context, lambda: proposal, label=label, notes=notes)
    return GrantResult(**dict(result), subject=subject)


def _proposed(
    arguments: AccessArguments, context: Context, access: Access, subject: str
) -> tuple[Proposal, tuple[str, ...]]:
    if arguments.agreed:
        return arguments.agreed, ()
    if arguments.role is None:
        return access.propose_revoke(subject)
    return access.propose_grant(subject, arguments.role, context.asker)


def render(result: RightsResult | GrantResult) -> Document:
    """Say who may do what, or what became of the change."""
    if isinstance(result, GrantResult):
        document = changing.render(result)
        about = Paragraph(line("This is about ", named(result.subject), "."))
        return Document(document.title, (about, *document.parts))
    return _standing(result.standing) if result.standing else _everybody(result.rights)


def _everybody(rights: tuple[Right, ...]) -> Document:
    notes = [Note(marked(GUESTS))]
    if not any(each.role is Role.ADMIN for each in rights):
        notes.insert(0, Note(marked(NOBODY)))
    if not all(each.is_known for each in rights):
        notes.insert(0, Note(line(_UNREADABLE)))
    if not rights:
        return Document(TITLE, tuple(notes))
    return Document(TITLE, (_table(rights), *notes))


def _table(rights: tuple[Right, ...]) -> Table:
    """Return who has which right; a column in which nothing would stand is left out."""
    columns: tuple[tuple[str, _Cell, bool], ...] = (
        ("Who", _who, True),
        ("Right", lambda each: each.role.name.lower(), True),
        ("Why", _why, True),
        ("As one of", lambda each: named(each.group) if each.group else NOTHING, any(each.group for each in rights)),
        ("By", _granted_by, any(each.granted_by for each in rights)),
        ("Since", _granted_at, any(each.granted_at for each in rights)),
    )
    shown = [(name, cell) for name, cell, is_shown in columns if is_shown]
    rows = tuple(tuple(cell(each) for _, cell in shown) for each in rights)
    return Table(TITLE, tuple(Column(name) for name, _ in shown), rows)


def _granted_by(right: Right) -> Inline:
    return named(right.granted_by) if right.granted_by else NOTHING


def _granted_at(right: Right) -> Inline:
    return Moment(right.granted_at) if right.granted_at else NOTHING


def _who(right: Right) -> Inline:
    return EVERYBODY if right.subject is None else named(right.subject)


def _why(right: Right) -> str:
    if right.origin is Origin.OPEN:
        return "the settings name nobody"
    if right.origin is Origin.GRANT:
        return "granted to the group" if right.group else "granted"
    whom = "the group" if right.group else "it" if _is_group(right) else "them"
    return f"{SETTINGS[right.role]} names {whom}"


def _is_group(right: Right) -> bool:
    return right.subject is not None and is_group(right.subject)


def _standing(standing: Standing) -> Document:
    who = named(standing.subject)
    if standing.role is None:
        said: Line = ("Members of ", who, " have these rights:") if standing.rights else (who, " gives no rights.")
    else:
        said = (who, f" is {ARTICLES[standing.role]}.")
    parts = [Paragraph(line(*said))]
    reasons = tuple(_reason(each) for each in standing.rights)
    if standing.role is Role.STRANGER:
        parts.append(Paragraph(line(GUESTS)))
        return Document("", tuple(parts))
    return Document("", (*parts, Listing(reasons)) if reasons else tuple(parts))


def _reason(right: Right) -> Line:
    by: Line = (" by ", named(right.granted_by), ", ", Moment(right.granted_at)) if right.granted_by else ()
    group: Line = (", as one of ", named(right.group)) if right.group else ()
    return line(right.role.name.lower(), *group, f": {_why(right)}", *by)


COMMAND = Command(
    name="access",
    group=Group.BOT,
    summary="Show who may do what and why; grant and revoke rights",
    role=Role.ADMIN,
    parameters=(click.Argument(["words"], nargs=-1, required=False, metavar="grant|revoke @person operator|admin"),),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("access", "who has which right, and why"),
        ("access @U0BOB", "what one person may do, and why"),
        ("access grant @U0BOB operator", "let somebody trigger builds, invite and subscribe"),
        ("access revoke @U0BOB", "take back what was granted"),
    ),
    notes=(
        "User groups can be granted rights too. What `HUB_BOT_ADMINS` and `HUB_BOT_OPERATORS` say is changed there and "
        "not here."
    ),
    can_share=False,
    can_offer=True,
    uses_store=True,
)
