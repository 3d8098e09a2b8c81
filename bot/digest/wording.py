"""What is said of digests themselves: what was set, when the next one comes, how each stands. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.digest.register import Put, Standing
from bot.digest.rows import Decided, Digest, ReportState
from bot.digest.schedule import Schedule
from bot.document import Channel, Code, Inline, Line, Moment, Note, Paragraph, Part, Person, line
from bot.outbox import messages
from bot.pushes.subscriptions import Change, Origin

_STATES = {
    ReportState.TOLD: "sent",
    ReportState.MISSED: "missed, and not sent",
    ReportState.PAUSED: "passed over: it was paused",
    ReportState.HELD: "held back: people of another organization read this channel, and nobody has agreed to that",
}
_DELIVERIES = {
    messages.WAITING: "not sent yet; I go on trying for a day",
    messages.DEAD: "never sent, for Slack did not take it for a day",
    messages.DROPPED: "never sent, for somebody gave it up",
}


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class LastFacts(_Facts):
    """What was last decided of a digest.

    Attributes:
        date: Which local date.
        state: `told`, `missed`, `paused` or `held`.
        decided_at: When (UTC).
        delivery: What became of its message: `sent`, `waiting`, `dead` or `dropped`; None: there is none, or no more.
    """

    date: date
    state: ReportState
    decided_at: datetime
    delivery: str | None = None

    @classmethod
    def of(cls, decided: Decided) -> Self:
        """Return the facts of what was decided."""
        return cls(date=decided.date, state=decided.state, decided_at=decided.decided_at, delivery=decided.delivery)


class DigestFacts(_Facts):
    """A digest, as facts that can be printed as JSON.

    Attributes:
        channel: Its Slack channel's id.
        name: What people call it by there.
        at, days, zone: When.
        namespaces, images: Of what.
        only: Which parts, by key; empty: all.
        origin: `command`, or `file` for the configuration file's.
        created_by: The Slack user id of who last set it; None: nobody in Slack did.
        due_at: When the next one comes (UTC).
        due_date: The local date it is then.
        paused_until: Until when none comes (UTC); None: they come.
        last: What was last decided; None: nothing yet.
        is_closed: Whether Slack lets nothing into the channel.
    """

    channel: str
    name: str
    at: str
    days: str
    zone: str
    namespaces: tuple[str, ...]
    images: tuple[str, ...]
    only: tuple[str, ...]
    origin: Origin
    created_by: str | None
    due_at: datetime
    due_date: date
    paused_until: datetime | None
    last: LastFacts | None = None
    is_closed: bool = False

    @classmethod
    def of(cls, digest: Digest, standing: Standing | None = None) -> Self:
        """Return the facts of a digest."""
        schedule, wanted = digest.wish.schedule, digest.wish.wanted
        return cls(
            channel=digest.wish.channel,
            name=digest.wish.name,
            at=f"{schedule.at:%H:%M}",
            days=str(schedule.days),
            zone=schedule.zone,
            namespaces=wanted.scope.namespaces,
            images=tuple(str(each) for each in wanted.scope.images),
            only=tuple(sorted(wanted.only)),
            origin=digest.origin,
            created_by=digest.created_by,
            due_at=digest.due.at,
            due_date=digest.due.date,
            paused_until=digest.paused_until,
            last=LastFacts.of(standing.last) if standing and standing.last else None,
            is_closed=bool(standing and standing.is_closed),
        )

    @property
    def schedule(self) -> Schedule:
        """When."""
        return Schedule.from_json({"at": self.at, "days": self.days, "zone": self.zone})


class SetFacts(_Facts):
    """What setting a digest did.

    Attributes:
        change: Whether it is new, different, or as it was.
        digest: As it is.
        before: As it was; None: there was none.
        decided: The date that would have been next, were it not decided on already; None: there is no such date.
    """

    change: Change
    digest: DigestFacts
    before: DigestFacts | None
    decided: date | None

    @classmethod
    def of(cls, put: Put) -> Self:
        """Return the facts of what was put."""
        return cls(
            change=put.change,
            digest=DigestFacts.of(put.digest),
            before=DigestFacts.of(put.before) if put.before else None,
            decided=put.decided,
        )


def said_in_channel(facts: SetFacts, by: str | None) -> Iterator[Part]:
    """Yield what a channel is told of a digest that is set."""
    who: Inline = Person(by) if by else "Somebody at a terminal"
    verb = {Change.ADDED: "set", Change.REPLACED: "changed", Change.UNCHANGED: "set once more"}[facts.change]
    yield Paragraph(line(who, f" {verb} the digest ", *what_words(facts.digest), ". ", *next_words(facts)))
    yield from set_notes(facts)


def set_notes(facts: SetFacts) -> Iterator[Note]:
    """Yield what else there is to know of a digest that is set."""
    before, after = facts.before, facts.digest
    if facts.change is Change.UNCHANGED or before is None:
        return
    if before.schedule != after.schedule:
        yield Note(line(f"Before: {before.schedule}."))
    if facts.decided is not None:
        yield Note(line(f"That of {day_words(facts.decided)} was decided on already, and no day has two."))
    if before.paused_until is not None:
        yield Note(line("It was paused, and goes on."))
    if (before.namespaces, before.images) != (after.namespaces, after.images):
        yield Note(line("It is about other images now, and tells what changes from now on."))


def next_words(facts: SetFacts) -> Line:
    """Say when the next one comes."""
    which = "first" if facts.change is Change.ADDED else "next"
    return (f"The {which} one comes ", Moment(facts.digest.due_at), ".")


def what_words(facts: DigestFacts) -> Line:
    """Say what a digest is called, when it comes and what it is about."""
    about = [piece for name in (*facts.namespaces, *facts.images) for piece in (", ", Code(name))]
    only = f"; only {', '.join(facts.only)}" if facts.only else ""
    return (Code(facts.name), f": {facts.schedule}, about ", *about[1:], only)


def standing_parts(found: tuple[DigestFacts, ...], *, now: datetime, names_channels: bool) -> Iterator[Part]:
    """Yield how each digest stands, as a person asks.

    Args:
        found: The digests.
        now: The time (aware).
        names_channels: Whether they are of several channels.
    """
    for each in found:
        where: Line = (Channel(each.channel), ": ") if names_channels else ()
        yield Paragraph(line(*where, *what_words(each), ". ", *_how_it_stands(each, now)))
        by: Line = (", set by ", Person(each.created_by)) if each.created_by else ()
        origin: Line = (", set in the configuration file",) if each.origin is Origin.FILE else ()
        yield Note(line(_last_words(each.last), *by, *origin, "."))
        if each.is_closed:
            yield Note(line("Slack does not let me post there: it waits. Invite me again, and it goes on."))


def _how_it_stands(facts: DigestFacts, now: datetime) -> Line:
    until = facts.paused_until
    if until is None or until <= facts.due_at:
        return ("It is due now.",) if facts.due_at <= now else ("The next one comes ", Moment(facts.due_at), ".")
    # What is due at that very time is not passed over any more.
    following = facts.schedule.next_after(until - timedelta.resolution)
    return ("It is paused until ", Moment(until), "; the next one comes ", Moment(following.at), ".")


def _last_words(last: LastFacts | None) -> str:
    if last is None:
        return "None was sent yet"
    outcome = _DELIVERIES.get(last.delivery or "", _STATES[last.state])
    return f"The last one, of {day_words(last.date)}: {outcome}"


def day_words(day: date) -> str:
    """Write a date as people do: `21 November`."""
    return f"{day.day} {day:%B}"
