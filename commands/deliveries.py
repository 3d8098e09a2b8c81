"""`/hub deliveries`: what became of each push, and what an operator can do about those that did not arrive.

A person gets the latest pushes with what became of each in this channel. Everybody in the workspace may look; operators
see every channel with `--all`, have what failed tried again with `retry`, and give it up with `drop`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import click
from pydantic import Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import ChannelType, flag, limit_option
from bot.document import (
    Channel,
    Code,
    Column,
    Count,
    Document,
    Inline,
    Line,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Table,
    line,
    marked,
)
from bot.errors import AccessDeniedError, UsageError, UserError
from bot.governance.roles import Role
from bot.pushes.ledger import Ledger, Outcome, Retried
from bot.pushes.ledger_rows import Backlog, Delivery, DeliveryState
from bot.pushes.pruning import KEPT_DAYS
from bot.words import nearest, quoted

DEFAULT_LIMIT = 25
NOTHING = "–"
NO_DATABASE = "Nothing is known of deliveries here: there is no database."
OPERATORS_ONLY = "needs an operator. Ask one; whoever runs the bot names them in `HUB_BOT_OPERATORS`."

Action = Literal["look", "retry", "drop"]
_Cell = Callable[[Delivery], Inline]
_ID = re.compile(r"(?:ev|msg)_[0-9A-Za-z]{1,64}", re.ASCII)
_EXAMPLES: Mapping[Action, str] = {
    "look": "/hub deliveries --failed",
    "retry": "/hub deliveries retry --all",
    "drop": "/hub deliveries drop msg_5f1c",
}
_STATES: Mapping[DeliveryState, str] = {"lane suspended": "channel closed to me"}
_ERRORS = {"not_in_channel": "I am not in the channel", "is_archived": "the channel is archived"}
"""Slack's words that people often meet. Others stay as they are, to be looked up."""
_SAID_TO_FAIL: frozenset[DeliveryState] = frozenset({"retrying", "dead letter", "lane suspended"})


class DeliveriesArguments(Arguments):
    """What to look at, or to do.

    Attributes:
        action: Whether something is to be done.
        ids: Of messages and events; what to do it with.
        is_all: Every channel, when looking; everything that failed, when retrying.
        is_failed: Only what did not arrive.
        channel: Another channel than this one.
        limit: How many rows at most.
    """

    action: Action = "look"
    ids: tuple[str, ...] = ()
    is_all: bool = False
    is_failed: bool = False
    channel: str | None = None
    limit: int = DEFAULT_LIMIT


class DeliveriesResult(Result):
    """What became of pushes, or of retrying and dropping some.

    Attributes:
        channel: Which one it is about; None is every one.
        deliveries: What was asked for, newest first; a person sees as one what `Delivery.row` takes together.
        has_more: Whether there are older ones.
        backlog: What is still to be delivered; None when something was done.
        outcomes: What came of retrying or dropping, one by one.
        retried: What came of retrying everything that had failed, by channel.
        unknown_ids: Those of which there is nothing, or nothing any more.
        is_here: Whether the channel is the one that was asked in.
        may_act: Whether who asked may retry and drop.
        arguments: The question.
    """

    channel: str | None = None
    deliveries: tuple[Delivery, ...] = ()
    has_more: bool = False
    backlog: Backlog | None = None
    outcomes: tuple[Outcome, ...] = ()
    retried: tuple[Retried, ...] = ()
    unknown_ids: tuple[str, ...] = ()
    is_here: bool = Field(default=False, exclude=True)
    may_act: bool = Field(default=False, exclude=True)
    arguments: DeliveriesArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> DeliveriesArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    action = _action(words)
    example = _EXAMPLES[action]
    ids = tuple(dict.fromkeys(words[1:]))
    if action != "look":
        _check_ids(action, ids, is_all=values["all"])
        if values["failed"] or values["limit"]:
            raise UsageError(f"`--failed` and `--limit` are for looking, not for `{action}`.", example=example)
    if values["channel"] and ids:
        raise UsageError("An id says by itself which channel it is in: leave `--channel` out.", example=example)
    if action == "look" and values["channel"] and values["all"]:
        raise UsageError("`--all` and `--channel` exclude each other.", example=example)
    return DeliveriesArguments(
        action=action,
        ids=ids,
        is_all=values["all"],
        is_failed=values["failed"],
        channel=values["channel"],
        limit=values["limit"] or DEFAULT_LIMIT,
    )


def _action(words: tuple[str, ...]) -> Action:
    match words[0].lower() if words else None:
        case None:
            return "look"
        case "retry" | "drop" as action:
            return action
    suggestion = f"retry {words[0]}" if _ID.fullmatch(words[0]) else nearest(words[0], ("retry", "drop"))
    raise UsageError(
        f"`deliveries` does not know {quoted(words[0])}; it can `retry` and `drop`.",
        suggestion=f"/hub deliveries {suggestion}" if suggestion else "",
        example=_EXAMPLES["look"],
    )


def _check_ids(action: Action, ids: tuple[str, ...], *, is_all: bool) -> None:
    example = _EXAMPLES[action]
    for each in ids:
        if not _ID.fullmatch(each):
            raise UsageError(f"{quoted(each)} is not an id; they begin with `msg_` or `ev_`.", example=example)
    if action == "drop" and is_all:
        raise UsageError("What is dropped is gone for good, so name each by its id.", example=example)
    if ids and is_all:
        raise UsageError("Name ids, or say `--all`, not both.", example=example)
    if not ids and not is_all:
        also = ", or `--all` for everything that failed" if action == "retry" else ""
        raise UsageError(
            f"What is there to {action}? Name ids{also}; `deliveries --failed` shows them.", example=example
        )


def run(arguments: DeliveriesArguments, context: Context) -> DeliveriesResult:
    """Look into the ledger, or have something done; each id by itself."""
    if context.pushes is None:
        raise UserError(NO_DATABASE)
    here = context.place.channel if context.place else None
    is_everywhere = arguments.action == "look" and arguments.is_all
    channel = None if is_everywhere else arguments.channel or here
    may_act = context.role >= Role.OPERATOR
    if not may_act:
        _refuse_if_needed(arguments, is_elsewhere=channel is None or channel != here)
    ledger, by = context.pushes.ledger, context.asker.user_id
    match arguments.action:
        case "look":
            found = ledger.deliveries(channel=channel, failed=arguments.is_failed, limit=arguments.limit)
            return DeliveriesResult(
                channel=channel,
                deliveries=found.rows,
                has_more=found.has_more,
                backlog=found.backlog,
                is_here=channel is not None and channel == here,
                may_act=may_act,
                arguments=arguments,
            )
        case "retry" if arguments.is_all:
            retried = ledger.retry_failed(by, channel=channel)
            return DeliveriesResult(channel=channel, retried=retried, is_negative=not retried, arguments=arguments)
        case _:
            return _one_by_one(arguments, ledger, by)


def _refuse_if_needed(arguments: DeliveriesArguments, *, is_elsewhere: bool) -> None:
    if arguments.action != "look":
        raise AccessDeniedError(f"`deliveries {arguments.action}` {OPERATORS_ONLY}")
    if is_elsewhere:
        raise AccessDeniedError(f"Looking at other channels {OPERATORS_ONLY} `deliveries` alone shows this one.")


def _one_by_one(arguments: DeliveriesArguments, ledger: Ledger, by: str) -> DeliveriesResult:
    act = ledger.retry if arguments.action == "retry" else ledger.drop
    found = {each: act(each, by) for each in arguments.ids}
    outcomes = tuple(outcome for outcomes in found.values() for outcome in outcomes)
    return DeliveriesResult(
        outcomes=outcomes,
        unknown_ids=tuple(each for each, outcomes in found.items() if not outcomes),
        is_negative=not any(outcome.is_done for outcome in outcomes),
        arguments=arguments,
    )


def render(result: DeliveriesResult) -> Document:
    """Say what became of them, what is still to come, and what can be done."""
    if result.arguments.action == "look":
        return _render_look(result)
    title = "Trying again" if result.arguments.action == "retry" else "Dropping"
    lines = (
        *(_outcome_line(each, result.arguments.action) for each in result.outcomes),
        *(_retried_line(each) for each in result.retried),
        *(
            line(Code(each), f": there is no such delivery in the last {KEPT_DAYS} days.")
            for each in result.unknown_ids
        ),
    )
    if not lines:
        return Document(title, (Paragraph(line("Nothing has failed: there is nothing to try again.")),))
    return Document(title, (Listing(lines),))


def _render_look(result: DeliveriesResult) -> Document:
    title = f"Deliveries {_where(result)}"
    backlog = _backlog_notes(result)
    if not result.deliveries:
        nothing = "Nothing has failed." if result.arguments.is_failed else f"No pushes in the last {KEPT_DAYS} days."
        return Document(title, (Paragraph(line(nothing)), *backlog))
    rows = _rows(result)
    return Document(
        title, (_table(title, rows, result), Note(marked(_footer(rows, result))), *backlog, *_ways_out(result))
    )


def _rows(result: DeliveriesResult) -> Sequence[Delivery]:
    """Return one for each message and tag, the last that came."""
    rows: dict[tuple[str | None, ...], Delivery] = {}
    for each in result.deliveries:
        rows.setdefault(each.row, each)
    return tuple(rows.values())


def _where(result: DeliveriesResult) -> str:
    if result.channel is None:
        return "to every channel"
    return "to this channel" if result.is_here else f"to {result.channel}"


def _table(title: str, rows: Sequence[Delivery], result: DeliveriesResult) -> Table:
    """Return what people look for first, then what went wrong if something did, then what to type."""
    columns: tuple[tuple[Column, _Cell, bool], ...] = (
        (Column("When"), lambda each: Moment(each.received_at), True),
        (Column("Image"), _about, True),
        (Column("Channel"), lambda each: Channel(each.channel) if each.channel else NOTHING, result.channel is None),
        (Column("State"), lambda each: _STATES.get(each.state, each.state), True),
        (Column("Message"), lambda each: Link("open", each.link) if each.link else NOTHING, True),
        (Column("Attempts", numeric=True), lambda each: Count(each.attempts), any(each.attempts > 1 for each in rows)),
        (Column("Last error"), _last_error, any(each.last_error for each in rows)),
        (Column("Id"), lambda each: Code(each.message_id or each.event_id or NOTHING), True),
    )
    shown = [(column, cell) for column, cell, is_shown in columns if is_shown]
    cells = tuple(tuple(cell(each) for _, cell in shown) for each in rows)
    return Table(title, tuple(column for column, _ in shown), cells)


def _last_error(each: Delivery) -> str:
    return _ERRORS.get(each.last_error, each.last_error) if each.last_error else NOTHING


def _about(each: Delivery) -> Inline:
    if each.repository is None:
        return f"({each.message_kind or 'message'})"
    return Code(f"{each.repository}:{each.tag}" if each.tag else each.repository)


def _footer(rows: Sequence[Delivery], result: DeliveriesResult) -> str:
    shown = len(rows)
    what = "not delivered" if result.arguments.is_failed else "newest first"
    more = f" There are more: `--limit {min(4 * shown, 1_000)}`" if result.has_more else ""
    return f"{shown:,} {'delivery' if shown == 1 else 'deliveries'}, {what}.{more}"


def _backlog_notes(result: DeliveriesResult) -> tuple[Part, ...]:
    backlog = result.backlog
    if backlog is None:
        return ()
    notes: list[Line] = []
    if backlog.waiting:
        notes.append(_waiting_line(backlog))
    if backlog.dead_letters:
        letters = "dead letter was" if backlog.dead_letters == 1 else "dead letters were"
        notes.append(line(f"{backlog.dead_letters:,} {letters} given up and can be retried."))
    if backlog.suspended_lanes:
        channels = "this channel" if result.channel else f"{backlog.suspended_lanes:,} of the channels"
        notes.append(line(f"Slack lets nothing into {channels}: invite the bot again, or retry."))
    return tuple(Note(each) for each in notes)


def _waiting_line(backlog: Backlog) -> Line:
    is_one = backlog.waiting == 1
    count = "1 message waits since " if is_one else f"{backlog.waiting:,} messages wait, the oldest since "
    failed = "it" if is_one else "all" if backlog.retrying == backlog.waiting else f"{backlog.retrying:,} of them"
    return line(count, Moment(backlog.oldest_at), f"; {failed} failed before." if backlog.retrying else ".")


def _ways_out(result: DeliveriesResult) -> tuple[Part, ...]:
    if not any(each.state in _SAID_TO_FAIL for each in result.deliveries):
        return ()
    if not result.may_act:
        return (Note(marked("An operator can `retry` or `drop` what failed.")),)
    return (Note(marked("`/hub deliveries retry ID` tries again now, `drop ID` gives up for good.")),)


def _outcome_line(outcome: Outcome, action: Action) -> Line:
    named = Code(outcome.message_id or (outcome.event_ids[0] if outcome.event_ids else NOTHING))
    where: Line = (" to ", Channel(outcome.channel)) if outcome.channel else ()
    return (named, *where, ": ", *_came_of_it(outcome, action))


def _came_of_it(outcome: Outcome, action: Action) -> Line:
    if outcome.is_on_its_way:
        return ("not dropped, because it may be going to Slack just now. Look again in a minute.",)
    if not outcome.is_done:
        return (f"nothing to {action}, ", *_why_not(outcome))
    if action == "drop":
        count = len(outcome.event_ids)
        untold = f" {count:,} pushes in it are not told." if count > 1 else ""
        return (f"dropped for good.{untold}",)
    late = " It comes after pushes that were later." if outcome.was == "dead letter" else ""
    return (f"tried again now.{late}{_resumed(is_resumed=outcome.is_resumed)}",)


_WHY_NOT: Mapping[DeliveryState, str] = {
    "waiting": "it has not failed and waits for its turn.",
    "muted": "the channel had muted the repository.",
    "filtered": "the channel did not want this platform.",
    "dropped": "it was dropped, and that is for good.",
    "unwanted": "no channel asked for it.",
}


def _why_not(outcome: Outcome) -> Line:
    if outcome.sent_at is not None and outcome.was == "delivered":
        return ("it was delivered ", Moment(outcome.sent_at), ".")
    return (_WHY_NOT.get(outcome.was, f"it is {outcome.was}."),)


def _retried_line(each: Retried) -> Line:
    count = "1 message is" if each.messages == 1 else f"{each.messages:,} messages are"
    return (Channel(each.channel), f": {count} tried again now.{_resumed(is_resumed=each.is_resumed)}")


def _resumed(*, is_resumed: bool) -> str:
    return " The channel was closed to me; it is not any more, unless Slack refuses again." if is_resumed else ""


COMMAND = Command(
    name="deliveries",
    group=Group.FOLLOW,
    summary="Show what became of each push; retry or drop what did not arrive",
    role=Role.MEMBER,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="retry|drop id"),
        flag("failed", "Only what was not delivered: retrying, dead letters, channels closed to me."),
        flag("all", "Every channel; with retry, everything that failed in this one."),
        limit_option(DEFAULT_LIMIT),
        click.Option(["--channel"], type=ChannelType(), metavar="C", help="Another channel than this one."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("deliveries", "what became of the latest pushes here"),
        ("deliveries --failed --all", "what did not arrive, in every channel"),
        ("deliveries retry --all", "try everything that failed here again"),
        ("deliveries drop msg_5f1c2d", "give one up, for good; what waits behind it goes on"),
    ),
    notes=(
        "Members see the channel they ask in; `--all`, `--channel`, `retry` and `drop` need an operator. What Slack "
        f"has taken cannot be dropped. Deliveries are kept for {KEPT_DAYS} days, and until they are settled."
    ),
    role_of=lambda arguments: Role.MEMBER if arguments.action == "look" and not arguments.is_all else Role.OPERATOR,
    uses_store=True,
)
