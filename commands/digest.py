"""`/hub digest`: what changed since the last one, as a message in this channel, at a time of the day.

Operators set digests, pause and end them; everybody in the workspace may see what there is, what the next one would say
(`now`) and how everything is (`list`). A channel may have several, by name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import click
from pydantic import Field

from bot.chat.command import Arguments, Command, Confirmation, Context, Group, Offer, Result
from bot.chat.lookup import find_repository
from bot.chat.parameters import ChannelType, text_option
from bot.digest.as_code import MOST_NAMED, check_name
from bot.digest.card import document_of, standing_document
from bot.digest.knowledge import check_only
from bot.digest.report import Report
from bot.digest.rows import DEFAULT_NAME, Digest, Wanted, Wish, check_image
from bot.digest.schedule import Days, Schedule, check_zone, read_time
from bot.digest.service import Digests
from bot.digest.until import read_until
from bot.digest.wording import DigestFacts, SetFacts, next_words, set_notes, standing_parts, what_words
from bot.document import Code, Document, Line, Moment, Note, Paragraph, line, marked
from bot.errors import UsageError, UserError
from bot.fleet.model import ImageName, Scope
from bot.governance.roles import Role
from bot.images import ImageReference, check_namespace
from bot.pushes.subscriptions import Change
from bot.words import nearest, quoted

EXAMPLE = "/hub digest set 09:00 --days mon-fri"
NO_DATABASE = "There is no database, so there can be no digests: set `HUB_BOT_DATABASE_URL`."
NONE_HERE = "This channel has no digest. An operator gives it one: `/hub digest set 09:00`."
NONE_ANYWHERE = "No channel has a digest."
NO_NAMESPACE = "Of what? Name it, `--namespace acme` or `--images acme/api:prod`: there is no default namespace."
A_TERMINAL = "A terminal is no channel: name the one that is meant, `--channel C0123456789`."
PREVIEW = "So it would be told now. Nothing was sent, and the next digest tells it all the same."

Action = Literal["show", "set", "now", "list", "pause", "resume", "off", "report"]
_ACTIONS: tuple[Action, ...] = ("show", "set", "now", "list", "pause", "resume", "off", "report")
_OF_OPERATORS: frozenset[Action] = frozenset({"set", "off", "pause", "resume"})
_OF_SET = ("days", "tz", "namespace", "images", "only")
_REPORT = re.compile(r"rep_[0-9a-f]{1,64}")


class DigestArguments(Arguments):
    """What to do.

    Attributes:
        action: What.
        name: Which digest; None: the only one, or the default name for a new one.
        channel: Another channel than this one.
        at, days, zone: When; None: every day, in the asker's zone.
        namespaces, images: Of what; neither: the default namespace.
        only: Which parts; empty: all.
        until: Until when to pause.
        report: Which digest of the past to show all of.
        is_agreed: Whether it is known that people of other organizations will read it.
    """

    action: Action = "show"
    name: str | None = None
    channel: str | None = None
    at: str = ""
    days: str = "mon-sun"
    zone: str | None = None
    namespaces: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    until: str = ""
    report: str | None = None
    is_agreed: bool = False


class DigestResult(Result):
    """What there is, or what was done.

    Attributes:
        digests: What there is; or the one that it is about, as it is afterwards.
        done: What setting one did; None: none was set.
        report: What the next one would say, or how everything is; None: that was not asked for.
        report_date: The local date that is of.
        notes: What else there is to say, as sentences with code in backticks.
        question: What has to be agreed to first; empty: nothing.
        answered_at: When (UTC).
        arguments: The question.
    """

    digests: tuple[DigestFacts, ...] = ()
    done: SetFacts | None = None
    report: Report | None = None
    report_date: date | None = None
    notes: tuple[str, ...] = ()
    question: str = ""
    answered_at: datetime
    arguments: DigestArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> DigestArguments:
    """Make the arguments.

    Raises:
        UsageError: They cannot be understood, or do not fit together.
    """
    first, *rest = values["words"] or ("show",)
    action = _action(first)
    foreign = [name for name in _OF_SET if values[name] and action != "set"]
    if foreign:
        raise UsageError(f"`--{foreign[0]}` belongs to `digest set`.", example=EXAMPLE)
    try:
        word = _word(action, rest)
        is_name = action not in {"set", "pause", "report"}
        name = values["name"] or (word if is_name else "")
        return DigestArguments(
            action=action,
            name=check_name(name) if name else None,
            channel=values["channel"],
            at=f"{read_time(word):%H:%M}" if action == "set" else "",
            days=str(Days.parse(values["days"])) if values["days"] is not None else "mon-sun",
            zone=check_zone(values["tz"]) if values["tz"] is not None else None,
            namespaces=_several(values["namespace"], check_namespace),
            images=_several(values["images"], lambda text: str(check_image(text))),
            only=_several(values["only"], str.lower),
            until=word if action == "pause" else "",
            report=word if action == "report" else None,
        )
    except ValueError as error:
        raise UsageError(str(error), example=_EXAMPLES.get(action, EXAMPLE)) from error


def _action(word: str) -> Action:
    for action in _ACTIONS:
        if word.lower() == action:
            return action
    likely = "set " + word if word[:1].isdigit() else nearest(word, _ACTIONS)
    raise UsageError(
        f"`digest` does not know {quoted(word)}; it can {', '.join(f'`{each}`' for each in _ACTIONS)}.",
        suggestion=f"/hub digest {likely}" if likely else "",
        example=EXAMPLE,
    )


def _word(action: Action, rest: Sequence[str]) -> str:
    """Return what was typed after the first word, as one."""
    if action == "pause":
        words = rest[1:] if rest and rest[0].lower() == "until" else rest
        if not words:
            raise UsageError("Until when? Name a date, a day, or a length of time.", example=_EXAMPLES["pause"])
        return " ".join(words)
    if action == "set":
        if not rest:
            raise UsageError("When? Name the time of the day.", example=EXAMPLE)
        return " ".join(rest)
    if action == "report" and not (len(rest) == 1 and _REPORT.fullmatch(rest[0])):
        raise UsageError("Which one? Its id begins with `rep_`.", example=_EXAMPLES["report"])
    if len(rest) > 1:
        raise UsageError(f"`digest {action}` takes one name at most.", example=_EXAMPLES.get(action, EXAMPLE))
    return rest[0] if rest else ""


def _several(given: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Read the values of an option that may be repeated, or hold a list."""
    found = tuple(dict.fromkeys(read(part.strip()) for each in given for part in each.split(",") if part.strip()))
    if given and not found:
        raise ValueError(f"{quoted(' '.join(given))} names nothing.")
    if len(found) > MOST_NAMED:
        raise ValueError(f"At most {MOST_NAMED} can be named.")
    return found


def role_of(arguments: DigestArguments) -> Role:
    """Return who may do this: what concerns the channel, or another one, is for operators."""
    is_for_all = arguments.action not in _OF_OPERATORS and arguments.channel is None
    return Role.MEMBER if is_for_all else Role.OPERATOR


def run(arguments: DigestArguments, context: Context) -> DigestResult:
    """Show what there is, or have it changed."""
    digests = context.digests
    if digests is None:
        raise UserError(NO_DATABASE)
    channel = arguments.channel or (context.place.channel if context.place else None)
    if arguments.action == "show":
        found = digests.register.every(channel)
        facts = (DigestFacts.of(each.digest, each) for each in found)
        shown = tuple(each for each in facts if arguments.name in {None, each.name})
        return _result(arguments, context, digests=shown)
    if channel is None:
        raise UsageError(A_TERMINAL, example=f"{EXAMPLE} --channel C0123456789")
    if arguments.action == "set":
        return _set(arguments, context, digests, channel)
    if arguments.report is not None:
        kept = digests.report(arguments.report, channel)
        return _result(arguments, context, report=kept.report, report_date=kept.date)
    digest = digests.register.choose(channel, arguments.name)
    if arguments.action in {"now", "list"}:
        return _look(arguments, context, digests, digest)
    return _change(arguments, context, digests, digest)


def _result(arguments: DigestArguments, context: Context, **found: Any) -> DigestResult:
    return DigestResult(arguments=arguments, answered_at=context.clock.now(), **found)


def _set(arguments: DigestArguments, context: Context, digests: Digests, channel: str) -> DigestResult:
    try:
        check_only(arguments.only, digests.knowledge.keys)
    except ValueError as error:
        raise UsageError(str(error), example=f"{EXAMPLE} --only {digests.knowledge.keys[0]}") from error
    outside = context.kept_back_from(channel)
    if outside and not arguments.is_agreed:
        return _ask(arguments, context, outside)
    by = context.place.user_id if context.place else None
    scope, readings = _scope(arguments, context)
    schedule = Schedule(read_time(arguments.at), Days.parse(arguments.days), arguments.zone or digests.zone_of(by))
    wanted, name = Wanted(scope, frozenset(arguments.only)), arguments.name or DEFAULT_NAME
    wish = Wish(channel, name, schedule, wanted, is_for_outside=arguments.is_agreed)
    done = digests.set(wish, context.hub, by=by, tell=context.progress)
    facts = SetFacts.of(done.put)
    return _result(arguments, context, digests=(facts.digest,), done=facts, notes=(*readings, *done.notes))


def _ask(arguments: DigestArguments, context: Context, outside: str) -> DigestResult:
    who = "Whoever reads this channel would read the digest, also of private repositories"
    question = f"{outside[:1].upper()}{outside[1:]}. {who}."
    confirm = Confirmation(title="Set a digest here?", question=question, yes="Set it")
    agreed = arguments.model_copy(update={"is_agreed": True})
    offer = Offer(label="Set it all the same", arguments=agreed, confirm=confirm)
    return _result(arguments, context, question=question, offers=(offer,), is_negative=True)


def _scope(arguments: DigestArguments, context: Context) -> tuple[Scope, tuple[str, ...]]:
    """Return which images are meant, and how short names were read.

    Raises:
        UsageError: None were named, and there is no default namespace.
        HubError: A short name could not be looked up.
    """
    names: list[ImageName] = []
    readings: list[str] = []
    for written in arguments.images:
        reference = ImageReference.parse(written)
        found = find_repository(reference, context)
        names.append(ImageName(found.name, reference.tag))
        readings += [found.reading] if found.reading else []
    if arguments.namespaces or names:
        return Scope(arguments.namespaces, tuple(dict.fromkeys(names))), tuple(dict.fromkeys(readings))
    if context.default_namespace is None:
        raise UsageError(NO_NAMESPACE, example=f"{EXAMPLE} --namespace acme")
    return Scope((context.default_namespace,)), ()


def _look(arguments: DigestArguments, context: Context, digests: Digests, digest: Digest) -> DigestResult:
    if arguments.action == "now":
        report = digests.preview(digest, context.hub, context.progress)
    else:
        report = digests.standing(digest)
    today = context.clock.now().astimezone(ZoneInfo(digest.wish.schedule.zone)).date()
    facts = (DigestFacts.of(digest),)
    return _result(arguments, context, digests=facts, report=report, report_date=today)


def _change(arguments: DigestArguments, context: Context, digests: Digests, digest: Digest) -> DigestResult:
    by = context.place.user_id if context.place else None
    until = None
    match arguments.action:
        case "off":
            notes = digests.off(digest, by=by)
        case "pause":
            try:
                until = read_until(arguments.until, now=context.clock.now(), zone=digest.wish.schedule.zone)
            except ValueError as error:
                raise UsageError(str(error), example=_EXAMPLES["pause"]) from error
            notes = digests.pause(digest, until, by=by)
        case _:
            notes = digests.pause(digest, None, by=by)
    facts = DigestFacts.of(replace(digest, paused_until=until))
    return _result(arguments, context, digests=(facts,), notes=notes)


def render(result: DigestResult) -> Document:
    """Say what there is, or what was done."""
    notes = tuple(Note(marked(note)) for note in result.notes)
    if result.question:
        return Document("", (Paragraph(line(result.question)),))
    if result.done is not None:
        return Document("", (Paragraph(_set_words(result.done)), *set_notes(result.done), *notes))
    if result.report is not None:
        return _render_report(result, result.report)
    if result.arguments.action == "show":
        return _render_show(result)
    return Document("", (Paragraph(_changed_words(result)), *notes))


def _set_words(done: SetFacts) -> Line:
    said = {Change.ADDED: "Set: ", Change.REPLACED: "Changed: ", Change.UNCHANGED: "It is so already: "}[done.change]
    return line(said, *what_words(done.digest), ". ", *next_words(done))


def _render_report(result: DigestResult, report: Report) -> Document:
    if result.arguments.action != "now" or result.report_date is None:
        return standing_document(report)
    shown = document_of(report, name=result.digests[0].name, date=result.report_date, late_by=None)
    rest = [Note(line("All of it: ", Code(f"/hub digest list {result.digests[0].name}")))]
    is_all = not report.has_lists and not report.count
    return Document(shown.title, (*shown.parts, *([] if is_all else rest), Note(line(PREVIEW))))


def _render_show(result: DigestResult) -> Document:
    is_everywhere = len({each.channel for each in result.digests}) > 1
    if not result.digests:
        named = result.arguments.name
        none = f"There is no digest {quoted(named)} here." if named else NONE_HERE
        return Document("Digests", (Paragraph(marked(none)),))
    parts = standing_parts(result.digests, now=result.answered_at, names_channels=is_everywhere)
    return Document("Digests", tuple(parts))


def _changed_words(result: DigestResult) -> Line:
    (digest,) = result.digests
    match result.arguments.action:
        case "off":
            return line("Ended: ", *what_words(digest), ".")
        case "pause":
            return line(
                "Paused: ",
                Code(digest.name),
                " until ",
                Moment(digest.paused_until),
                ". What happens until then is told by the first one after it.",
            )
        case _:
            return line(Code(digest.name), " goes on. The next one comes ", Moment(digest.due_at), ".")


_EXAMPLES: Mapping[Action, str] = {
    "now": "/hub digest now",
    "list": "/hub digest list",
    "report": "/hub digest report rep_5f1c2d",
    "off": f"/hub digest off {DEFAULT_NAME}",
    "pause": "/hub digest pause until 2027-01-07",
    "resume": f"/hub digest resume {DEFAULT_NAME}",
}

COMMAND = Command(
    name="digest",
    group=Group.FOLLOW,
    summary="Say every morning, in this channel, what changed for the worse",
    role=Role.MEMBER,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="set|show|now|list|pause|resume|off"),
        text_option("days", "DAYS", "With set: on which days, like mon-fri, mon,wed or weekdays (default every day)."),
        text_option("tz", "ZONE", "With set: the time zone, like Europe/Berlin (default yours)."),
        click.Option(["--namespace"], multiple=True, metavar="NAME", help="With set: of which namespaces."),
        click.Option(["--images"], multiple=True, metavar="IMAGE", help="With set: of which images, commas between."),
        click.Option(["--only"], multiple=True, metavar="PART", help="With set: only these parts, like stale,cves."),
        text_option("name", "NAME", f"Which digest, where a channel has several (default {DEFAULT_NAME})."),
        click.Option(["--channel"], type=ChannelType(), metavar="C", help="Another channel than this one (operators)."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("digest set 09:00", "every morning at nine, in your time zone"),
        ("digest set 8:30 --days mon-fri --only stale,cves --name security", "one more, of some parts alone"),
        ("digest set 9am --tz Europe/Berlin --images acme/api:prod,python:3.12", "of a few images"),
        ("digest now", "what the next one would say; only you see it, unless you add --share"),
        ("digest list", "how everything is, not only what changed"),
        ("digest pause until monday", "none until then; also a date, or 3d"),
        ("digest off", "no more"),
    ),
    notes=(
        "Operators set, pause and end digests; everybody may look. What was missed while the bot was down comes late, "
        "if it is less than 12 hours late, and every day has one at most."
    ),
    can_offer=True,
    role_of=role_of,
    uses_store=True,
)
