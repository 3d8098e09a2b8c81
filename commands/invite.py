"""`/hub invite <e-mail or Docker id>…`: invite people to an organization, into a team, as member, editor or owner.

A person sees first who is in already, who has a pending invite and what looks wrong, then exactly what is sent; and in
the end what became of each. Operators invite members and editors, admins owners too.
"""

from collections.abc import Mapping
from typing import Any

import click

from bot.chat import changing
from bot.chat.changing import ChangeArguments, ChangeResult, governance_of
from bot.chat.command import Command, Context, Group
from bot.chat.organization import organization_of, organization_option
from bot.chat.parameters import choice, flag, text_option
from bot.document import UNKNOWN, Code, CodeBlock, Column, Document, Inline, Note, Paragraph, Part, Table, line, marked
from bot.errors import AccessDeniedError, UsageError
from bot.governance.proposals import Proposal, State
from bot.governance.roles import Role
from bot.organization.invitees import LONGEST_LIST, MOST_INVITEES, Invitee, Standing, read_names
from bot.organization.inviting import OWNERS, InviteOrder, InviteRole, power_of, propose, read_answers
from bot.organization.roster import Roster, find_team, read_roster, seat_note
from bot.words import quoted

EXAMPLE = "/hub invite ana@acme.com --org acme"
NOBODY = "There is nobody to invite to {}."
DRY_RUN = "Dry run: nobody was invited."
LABEL = "Invite"
_NOTHING = "–"
_WORDS: Mapping[Standing, str] = {
    Standing.WANTED: "to be invited",
    Standing.MEMBER: "a member already",
    Standing.PENDING: "invited already",
    Standing.MALFORMED: "left out",
    Standing.INVITED: "invited",
    Standing.REFUSED: "not invited",
    Standing.UNCERTAIN: UNKNOWN,
}
_WORDS_OF_DRY_RUN: Mapping[Standing, str] = {
    Standing.INVITED: "would be invited",
    Standing.REFUSED: "would not be invited",
    Standing.UNCERTAIN: "would perhaps be invited",
}


class InviteArguments(ChangeArguments):
    """Whom to invite, to what.

    Attributes:
        invitees: E-mail addresses and Docker ids, as they were written.
        organization: None: the default namespace.
        team: Which team they will be in; None: none.
        role: What they will be.
        is_dry_run: Only have it checked.
    """

    invitees: tuple[str, ...]
    organization: str | None = None
    team: str | None = None
    role: InviteRole = InviteRole.MEMBER
    is_dry_run: bool = False


class InviteResult(ChangeResult):
    """Who would be invited, or was.

    Attributes:
        organization: To what.
        team: Into which team; None: none.
        role: As what.
        people: Everybody who was named, and what is known of them; once they were invited, those who were sent.
        is_dry_run: Whether it was only checked.
    """

    organization: str
    team: str | None
    role: InviteRole
    people: tuple[Invitee, ...] = ()
    is_dry_run: bool = False


def parse(values: Mapping[str, Any]) -> InviteArguments:
    """Make the arguments.

    Raises:
        UsageError: There are too many people.
    """
    names = read_names(values["invitees"])
    if not names:
        raise UsageError("Who is to be invited? Name e-mail addresses or Docker ids.", example=EXAMPLE)
    if len(names) > MOST_INVITEES or sum(map(len, names)) > LONGEST_LIST:
        problem = f"At most {MOST_INVITEES} people, and {LONGEST_LIST:,} characters, can be invited at once."
        raise UsageError(problem, example=EXAMPLE)
    return InviteArguments(
        invitees=names,
        organization=values["org"],
        team=values["team"] or None,
        role=InviteRole(values["role"]),
        is_dry_run=values["dry_run"],
    )


def role_of(arguments: InviteArguments) -> Role:
    """Return who may ask for this: owners are made by admins, also by way of the team of owners."""
    is_owning = arguments.team is not None and arguments.team.casefold() == OWNERS
    return InviteRole.OWNER.needs if is_owning else arguments.role.needs


def run(arguments: InviteArguments, context: Context) -> InviteResult:
    """Look everybody up and show what would be sent; or send what was agreed to."""
    if arguments.agreed is not None:
        return _carry_out(arguments, context, arguments.agreed)
    if not arguments.is_dry_run:
        governance_of(context)  # Without a database nothing can come of it, so nobody is looked up.
    organization = organization_of(arguments.organization, context, example=EXAMPLE)
    roster = read_roster(context.hub, organization, tell=context.progress)
    team = find_team(context.hub, organization, arguments.team) if arguments.team else None
    power = power_of(arguments.role, team)
    _check(power, arguments, context)
    people = tuple(roster.standing_of(each, team=team.name if team else None) for each in arguments.invitees)
    wanted = tuple(each.name for each in people if each.standing is Standing.WANTED)
    order = InviteOrder(
        organization=organization, team=team.name if team else None, role=arguments.role, invitees=wanted
    )
    if not wanted:
        return _nobody(order, people, _notes(people, roster))
    notes = tuple(filter(None, (*_notes(people, roster), seat_note(context.hub, roster, len(wanted)))))
    if arguments.is_dry_run:
        return _dry_run(order, people, notes, context)
    shown = changing.carry_out(arguments, context, lambda: propose(order, power), label=LABEL, notes=notes)
    return _with_people(shown, order, people)


def _notes(people: tuple[Invitee, ...], roster: Roster) -> tuple[str, ...]:
    pending = [each.name for each in people if each.standing is Standing.PENDING]
    if not pending:
        return roster.problems
    example = f"/hub invites resend {pending[0]} --org {roster.organization}"
    return (*roster.problems, f"To send the message of a pending invite once more: `{example}`")


def _check(power: InviteRole, arguments: InviteArguments, context: Context) -> None:
    """Refuse what only the lookup has shown to need more rights: a team can make more of somebody than their role."""
    if context.role < power.needs:
        team = quoted(arguments.team or "")
        raise AccessDeniedError(f"Whoever is in team {team} owns the organization, and inviting owners needs an admin.")


def _nobody(order: InviteOrder, people: tuple[Invitee, ...], notes: tuple[str, ...]) -> InviteResult:
    is_wrong = any(each.standing is Standing.MALFORMED for each in people)
    result = ChangeResult(summary=NOBODY.format(order.organization), shown=(), notes=notes, is_negative=is_wrong)
    return _with_people(result, order, people)


def _dry_run(order: InviteOrder, people: tuple[Invitee, ...], notes: tuple[str, ...], context: Context) -> InviteResult:
    """Have Docker Hub check those who would be invited."""
    answers = context.hub.invites.create(
        order.organization, order.invitees, role=order.role, team=order.team, is_dry_run=True
    )
    heard = read_answers(order.invitees, answers)
    others = tuple(each for each in people if each.standing is not Standing.WANTED)
    result = ChangeResult(
        summary=DRY_RUN,
        shown=(*order.shown(), "dry_run: true"),
        notes=notes,
        is_negative=not any(_would_be_invited(each) for each in heard),
    )
    return _with_people(result, order, (*heard, *others)).model_copy(update={"is_dry_run": True})


def _would_be_invited(each: Invitee) -> bool:
    # In a dry run there need not be an invite, so the word counts.
    return each.standing is Standing.INVITED or each.status == "invited"


def _carry_out(arguments: InviteArguments, context: Context, agreed: Proposal) -> InviteResult:
    order = InviteOrder.model_validate(agreed.request)
    result = changing.carry_out(arguments, context, lambda: agreed, label=LABEL)
    people = tuple(Invitee(name=each, standing=Standing.WANTED) for each in order.invitees)
    if result.change_id and result.state in {State.DONE, State.FAILED, State.UNKNOWN}:
        people = _judged(context, result.change_id) or people
    # Whoever asks from a script wants to know of each.
    is_negative = result.is_negative or any(each.standing is Standing.REFUSED for each in people)
    return _with_people(result, order, people).model_copy(update={"is_negative": is_negative})


def _judged(context: Context, change_id: str) -> tuple[Invitee, ...]:
    """Return what became of each, if Docker Hub took the request."""
    outcome = governance_of(context).find(change_id).outcome
    match outcome.answer if outcome else None:
        case {"invitees": list() as entries}:
            return tuple(Invitee.model_validate(each) for each in entries)
    return ()


def _with_people(result: ChangeResult, order: InviteOrder, people: tuple[Invitee, ...]) -> InviteResult:
    return InviteResult(
        **dict(result), organization=order.organization, team=order.team, role=order.role, people=people
    )


def render(result: InviteResult) -> Document:
    """Say who would be invited and what would be sent, or what became of each."""
    if result.state is not None:
        return changing.render(result, heading=_heading(result))
    parts: list[Part] = [_table(result)]
    if result.shown:
        parts.append(CodeBlock("\n".join(result.shown)))
    notes = tuple(Note(marked(note)) for note in result.notes)
    if not result.offers:
        return Document("", (Paragraph(line(result.summary)), *parts, *notes))
    return Document(result.summary, (*parts, *notes))


def _heading(result: InviteResult) -> str:
    """Return how many are invited, where it is not everybody who was meant; else nothing."""
    invited = sum(each.standing is Standing.INVITED for each in result.people)
    if result.state is not State.DONE or invited == len(result.people):
        return ""
    return f"Invited {invited} of {len(result.people)} to {result.organization}."


def _table(result: InviteResult) -> Table:
    columns = (Column("Who"), Column("State"), Column("More"))
    # Where there is nothing more to say of anybody, there is no column for it.
    shown = columns if any(each.detail for each in result.people) else columns[:2]
    rows = tuple(_row(each, is_dry_run=result.is_dry_run)[: len(shown)] for each in result.people)
    return Table("Invitees", shown, rows)


def _row(each: Invitee, *, is_dry_run: bool) -> tuple[Inline, ...]:
    words = _WORDS_OF_DRY_RUN if is_dry_run else _WORDS
    standing = Standing.INVITED if is_dry_run and _would_be_invited(each) else each.standing
    return (Code(each.name), words.get(standing, _WORDS[standing]), each.detail or _NOTHING)


COMMAND = Command(
    name="invite",
    group=Group.ORGANIZATION,
    summary="Invite people to an organization",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["invitees"], nargs=-1, required=True, metavar="e-mail or Docker id"),
        organization_option(),
        text_option("team", "NAME", "The team that they will be in."),
        choice("role", tuple(InviteRole), "What they will be"),
        flag("dry-run", "Have Docker Hub check it, and invite nobody."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("invite ana@acme.com", "to your default organization, as member"),
        ("invite ana@acme.com bob --org acme --team web", "two people, into a team"),
        ("invite ana@acme.com --role owner", "needs an admin, and another one who approves"),
        ("invite ana@acme.com bob --dry-run", "see what Docker Hub would say of each"),
    ),
    notes=(
        f"At most {MOST_INVITEES} people at once. Who is a member or invited already is left out. You see what is sent "
        "before it is. Inviting owners, also into a team of owners, needs an admin."
    ),
    can_share=False,
    can_offer=True,
    uses_store=True,
    role_of=role_of,
)
