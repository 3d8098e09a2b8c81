"""`/hub approvals`: what waits for a second person, and what was decided. Admins decide; operators see their own."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.chat.changing import governance_of
from bot.chat.command import Arguments, Command, Confirmation, Context, Group, Offer, Result
from bot.chat.parameters import flag, limit_option
from bot.chat.people import named
from bot.chat.trail import trail_of
from bot.document import Code, Column, Document, Inline, Moment, Note, Paragraph, Table, line, marked
from bot.errors import AccessDeniedError, UsageError
from bot.governance.cards import document_of
from bot.governance.governance import GONE
from bot.governance.proposals import Asker, Change, State
from bot.governance.roles import Role
from bot.governance.trail import Trail
from bot.words import nearest, quoted

DEFAULT_LIMIT = 25
EXAMPLE = "/hub approvals show chg_5f1c2d3e4a5b"
BY_BUTTON = "Deciding takes its button: `/hub approvals show {id}` shows it, with exactly what will be sent."
IN_SLACK = "Somebody has to be an admin in Slack to decide on this."
_ID = re.compile(r"chg_[0-9a-f]{1,64}", re.ASCII)
_WORDS = ("show", "withdraw")
_DECISIONS = ("approve", "reject")
_STATES = {State.REQUESTED: "waits", State.STARTED: "being done"}

Action = Literal["list", "show", "withdraw", "approve", "reject"]


class ApprovalsArguments(Arguments):
    """What to look at, or to do.

    Attributes:
        action: What. `approve` and `reject` come from a button alone.
        change_id: With which change.
        is_all: Whether to list what was decided, too.
        limit: How many at most.
    """

    action: Action = "list"
    change_id: str = ""
    is_all: bool = False
    limit: int = DEFAULT_LIMIT


class Request(BaseModel):
    """A change that takes a second person.

    Attributes:
        id: What it is called.
        summary: What it does.
        shown: Exactly what is sent.
        asker: Who asked for it.
        channel: Where; None: in a terminal.
        reason: Why somebody else has to approve it; None: nobody has to.
        state: How far it is.
        requested_at, expires_at, decided_at: UTC.
        decided_by: Who approved or rejected it; None: nobody did.
        sentence: What came of it; may be empty.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    summary: str
    shown: tuple[str, ...]
    asker: str
    channel: str | None
    reason: str | None
    state: State
    requested_at: datetime
    expires_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    sentence: str

    @classmethod
    def of(cls, change: Change) -> Self:
        """Return the facts of a change."""
        return cls(
            id=change.id,
            summary=change.proposal.summary,
            shown=change.proposal.shown,
            asker=change.asker.user_id,
            channel=change.asker.channel,
            reason=change.approval_reason,
            state=change.state,
            requested_at=change.requested_at,
            expires_at=change.expires_at,
            decided_at=change.decided_at,
            decided_by=change.decided_by,
            sentence=change.outcome.sentence if change.outcome else "",
        )


class ApprovalsResult(Result):
    """What waits, or what became of it.

    Attributes:
        requests: What was asked for, newest first.
        has_more: Whether there are older ones.
        changes: The same, as they are kept.
        note: What else there is to say.
        is_own: Whether only what they asked for themselves was looked for.
        arguments: The question.
    """

    requests: tuple[Request, ...]
    has_more: bool = False
    changes: tuple[Change, ...] = Field(exclude=True)
    note: str = Field(default="", exclude=True)
    is_own: bool = Field(default=False, exclude=True)
    arguments: ApprovalsArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> ApprovalsArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    if not words:
        return ApprovalsArguments(is_all=values["all"], limit=values["limit"] or DEFAULT_LIMIT)
    action = _action(words)
    if len(words) != 2 or not _ID.fullmatch(words[1]):  # noqa: PLR2004 - What to do, and with what.
        raise UsageError(f"`approvals {action}` needs one id, like `chg_5f1c2d3e4a5b`.", example=EXAMPLE)
    if values["all"] or values["limit"]:
        raise UsageError(f"`--all` and `--limit` are for the list, not for `{action}`.", example=EXAMPLE)
    return ApprovalsArguments(action=action, change_id=words[1])


def _action(words: tuple[str, ...]) -> Literal["show", "withdraw"]:
    match words[0].lower():
        case "show" | "withdraw" as action:
            return action
        case word if word in _DECISIONS:
            raise UsageError(BY_BUTTON.format(id=words[1] if _ID.fullmatch(words[-1]) else "chg_…"), example=EXAMPLE)
    suggestion = f"show {words[0]}" if _ID.fullmatch(words[0]) else nearest(words[0], _WORDS)
    raise UsageError(
        f"`approvals` does not know {quoted(words[0])}; it can `show` and `withdraw`.",
        suggestion=f"/hub approvals {suggestion}" if suggestion else "",
        example=EXAMPLE,
    )


def run(arguments: ApprovalsArguments, context: Context) -> ApprovalsResult:
    """Look, decide, or take back.

    Raises:
        AccessDeniedError: It is not theirs to see or decide on, or is decided already.
        DeliveryError: Slack does not say who they are.
    """
    if arguments.action == "list":
        return _list(arguments, context, trail_of(context))
    governance, asker = governance_of(context), context.asker
    change = governance.find(arguments.change_id)
    if context.role < Role.ADMIN and change.asker.user_id != asker.user_id:
        raise AccessDeniedError(GONE)  # That there is one is no business of theirs.
    note = ""
    match arguments.action:
        case "withdraw":
            change = governance.withdraw(change.id, asker.user_id)
        case "approve" | "reject":
            if context.place is None:
                raise AccessDeniedError(IN_SLACK)
            change = governance.decide(change.button, asker.person, approve=arguments.action == "approve")
            note = "Who asked for it hears what came of it." if arguments.action == "approve" else ""
    return ApprovalsResult(
        requests=(Request.of(change),),
        changes=(change,),
        note=note,
        offers=_offers(change, arguments, context),
        arguments=arguments,
    )


def _list(arguments: ApprovalsArguments, context: Context, trail: Trail) -> ApprovalsResult:
    is_own = context.role < Role.ADMIN
    asker = context.asker.user_id if is_own else None
    found = trail.requests(is_open=not arguments.is_all, asker=asker, most=arguments.limit + 1)
    shown = found[: arguments.limit]
    return ApprovalsResult(
        requests=tuple(Request.of(each) for each in shown),
        has_more=len(found) > len(shown),
        changes=shown,
        is_own=is_own,
        arguments=arguments,
    )


def _offers(change: Change, arguments: ApprovalsArguments, context: Context) -> tuple[Offer, ...]:
    if change.state is not State.REQUESTED or context.place is None:
        return ()
    if _is_by(change.asker, context):
        return (Offer(label="Withdraw", arguments=arguments.model_copy(update={"action": "withdraw"})),)
    if context.role < Role.ADMIN:
        return ()
    confirm = Confirmation(title="Approve?", question=f"{change.proposal.summary}. It is sent at once.", yes="Approve")
    approve = arguments.model_copy(update={"action": "approve"})
    reject = arguments.model_copy(update={"action": "reject"})
    return Offer(label="Approve", arguments=approve, confirm=confirm), Offer(label="Reject", arguments=reject)


def _is_by(asker: Asker, context: Context) -> bool:
    return asker.user_id == context.asker.user_id


def render(result: ApprovalsResult) -> Document:
    """List them; or show one, whole."""
    if result.arguments.action == "list" or not result.changes:
        return _render_list(result)
    document = document_of(result.changes[0])
    parts = (*document.parts, Note(marked(result.note))) if result.note else document.parts
    return Document(document.title, parts)


def _render_list(result: ApprovalsResult) -> Document:
    is_all = result.arguments.is_all
    title = "Approvals" if is_all else "Waiting for approval"
    title += ", of what you asked for" if result.is_own else ""
    if not result.requests:
        nothing = "Nothing ever needed a second person." if is_all else "Nothing waits for approval."
        return Document("", (Paragraph(line(nothing)),))
    columns: tuple[tuple[str, bool], ...] = (
        ("What", True),
        ("By", not result.is_own),
        ("Asked", True),
        ("Until", not is_all),
        ("State", is_all),
        ("Decided by", is_all),
        ("Id", True),
        ("Why", True),
    )
    kept = [position for position, (_, is_shown) in enumerate(columns) if is_shown]
    rows = tuple(tuple(_cells(each)[position] for position in kept) for each in result.requests)
    table = Table(title, tuple(Column(columns[position][0]) for position in kept), rows)
    return Document(title, (table, Note(marked(_footer(result)))))


def _cells(request: Request) -> tuple[Inline, ...]:
    return (
        request.summary,
        named(request.asker),
        Moment(request.requested_at),
        Moment(request.expires_at),
        _STATES.get(request.state, request.state.value),
        named(request.decided_by) if request.decided_by else "–",
        Code(request.id),
        (request.reason or "").replace("`", ""),
    )


def _footer(result: ApprovalsResult) -> str:
    shown = len(result.requests)
    more = f" There are more: `--limit {min(4 * shown, 1_000)}`." if result.has_more else ""
    everything = "" if result.arguments.is_all else " `--all` shows what was decided, too."
    what = "see and take back" if result.is_own else "see and decide on"
    return f"`/hub approvals show ID` to {what} one.{everything}{more}"


COMMAND = Command(
    name="approvals",
    group=Group.BOT,
    summary="Show what waits for a second person; approve, reject, take back",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="show|withdraw id"),
        flag("all", "Also what was decided already."),
        limit_option(DEFAULT_LIMIT),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("approvals", "what waits, since when, until when and why"),
        ("approvals show chg_5f1c2d3e4a5b", "exactly what will be sent, and the buttons to decide"),
        ("approvals withdraw chg_5f1c2d3e4a5b", "take back what you asked for"),
        ("approvals --all", "what was decided, and by whom"),
    ),
    notes=(
        "Admins see everything and decide, but never on what they asked for themselves; operators see what they asked "
        "for."
    ),
    can_share=False,
    can_offer=True,
    uses_store=True,
)
