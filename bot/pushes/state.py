"""What a channel hears of, as facts that can be printed as JSON, and in words for people. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.document import Code, Facts, Inline, Line, Moment, Note, Paragraph, Part, Person, line
from bot.pushes.filters import Filters, glob_matches
from bot.pushes.subscriptions import ChannelState, Origin, Subscription

NONE_HERE = "No pushes are announced here now."
EVERYTHING = "every push"


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class SubscriptionFacts(_Facts):
    """One subscription.

    Attributes:
        number: What people call it by, in its channel.
        image: `namespace/name`, where the name may be a glob.
        filters: Which pushes.
        options: The same as it is typed; empty when there are no filters.
        origin: `command`, or `file` for the configuration file's.
        created_by: The Slack user id of who last set it; None: nobody in Slack did.
        created_at: When (UTC).
    """

    number: int
    image: str
    filters: Filters
    options: str
    origin: Origin
    created_by: str | None
    created_at: datetime

    @classmethod
    def of(cls, subscription: Subscription) -> Self:
        """Return the facts of a subscription."""
        return cls(
            number=subscription.number,
            image=str(subscription.pattern),
            filters=subscription.filters,
            options=subscription.filters.words(),
            origin=subscription.origin,
            created_by=subscription.created_by,
            created_at=subscription.created_at,
        )


class MuteFacts(_Facts):
    """A repository that the channel does not want to hear of for a while."""

    repository: str
    until_at: datetime
    muted_by: str


class ChannelFacts(_Facts):
    """One channel.

    Attributes:
        channel: Its Slack id.
        subscriptions: By number.
        mutes: By repository.
        suspended_at: Since when nothing is sent, because Slack does not let us in (UTC); None: it is sent.
        suspension: Slack's word for why.
    """

    channel: str
    subscriptions: tuple[SubscriptionFacts, ...] = ()
    mutes: tuple[MuteFacts, ...] = ()
    suspended_at: datetime | None = None
    suspension: str = ""

    @classmethod
    def of(cls, state: ChannelState) -> Self:
        """Return the facts of a channel."""
        return cls(
            channel=state.channel,
            subscriptions=tuple(SubscriptionFacts.of(each) for each in state.subscriptions),
            mutes=tuple(
                MuteFacts(repository=str(each.repository), until_at=each.until_at, muted_by=each.muted_by)
                for each in state.mutes
            ),
            suspended_at=state.suspended_at,
            suspension=state.suspension,
        )


def state_parts(facts: ChannelFacts, *, names_people: bool = False) -> Iterator[Part]:
    """Yield the numbered list of a channel's subscriptions, and what keeps it from hearing of them.

    Args:
        facts: Of the channel.
        names_people: Whether to say who subscribed and who muted. Not in what the channel sees: Slack would notify them
            each time.
    """
    if not facts.subscriptions:
        yield Paragraph(line(NONE_HERE))
        return
    lines = (_written(each, facts, names_people=names_people) for each in facts.subscriptions)
    yield Facts(tuple((f"{each.number}.", words) for each, words in zip(facts.subscriptions, lines, strict=True)))
    if facts.suspended_at is not None:
        yield Note(
            line(
                "Suspended since ",
                Moment(facts.suspended_at),
                ": Slack does not let me post here (",
                Code(facts.suspension or "unknown"),
                "). Invite me again, or subscribe again, and it goes on.",
            )
        )


def pattern_words(image: str, options: str) -> tuple[Inline, ...]:
    """Return what is subscribed to, in the words with which it is asked for."""
    return (Code(f"{image} {options}".rstrip()),)


def _written(each: SubscriptionFacts, facts: ChannelFacts, *, names_people: bool) -> Line:
    what = pattern_words(each.image, each.options)
    everything = "" if each.options else f", {EVERYTHING}"
    by = _by(each.created_by if names_people else None)
    origin = "from the configuration file since " if each.origin is Origin.FILE else "since "
    since = line(", ", origin, Moment(each.created_at))
    return line(*what, everything, *since, *by, *_muted(each, facts, names_people=names_people))


def _by(user_id: str | None) -> Line:
    return (" by ", Person(user_id)) if user_id else ()


def _muted(each: SubscriptionFacts, facts: ChannelFacts, *, names_people: bool) -> Line:
    """Say what of it is muted, and until when."""
    pieces: list[Inline] = []
    for mute in facts.mutes:
        if glob_matches(each.image, mute.repository):
            which = () if mute.repository == each.image else (" ", Code(mute.repository))
            by = _by(mute.muted_by if names_people else None)
            pieces += ["; muted", *which, " until ", Moment(mute.until_at), *by]
    return tuple(pieces)
