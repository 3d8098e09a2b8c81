"""What the Home tab says: how the images are, what one hears of, what waits for one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.digest.part import Found, Parts, Standing
from bot.document import (
    Channel,
    Code,
    Document,
    Line,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Strong,
    Table,
    line,
    marked,
)
from bot.document import Person as Named
from bot.fleet.model import Scope, Unchecked
from bot.governance import changes
from bot.governance.proposals import Change
from bot.governance.roles import Person, Role
from bot.pushes.subscriptions import Subscription, Subscriptions
from bot.store.base import Store
from bot.store.workspaces import HOME
from bot.web.home import HomePage

TITLE = "Docker Hub"
KEPT = timedelta(minutes=1)
"""How old what is shown of images may be."""
MOST_ROWS = 10
MOST_LINES = 10
MOST_UNCHECKED = 5
NOTHING_WAITS = "Nothing waits for approval."
NO_SUBSCRIPTIONS = "You have not subscribed any channel: `/hub subscribe` there does."
NO_DIGESTS = "You have set no digest: `/hub digest set 09:00` in a channel does."
_MOST_CHANGES = 50


@dataclass(frozen=True)
class DigestWords:
    """A digest, as it is listed.

    Attributes:
        channel: Where it goes.
        words: What people call it by and when it comes, in a few words.
        due_at: When the next one is due (UTC); None: it is paused.
        created_by: Who set it, by user id; None: nobody in Slack did, so all operators see it.
    """

    channel: str
    words: str
    due_at: datetime | None
    created_by: str | None


@dataclass(frozen=True)
class ImageFacts:
    """How the images are, which is the same for everybody.

    Attributes:
        at: As of when (UTC).
        standings: A title and the beginning of what there is, for each part that has such a list.
        unchecked: What is not known.
    """

    at: datetime
    standings: tuple[tuple[str, Standing], ...]
    unchecked: tuple[Unchecked, ...]


@dataclass(frozen=True)
class HomeFacts:
    """All that the tab shows.

    Attributes:
        images: How the images are.
        subscriptions: Those that this person made.
        digests: Those that this person set; for operators also those that nobody in Slack did.
        waiting: What this person can decide on, or waits for; None: they have no part in it.
        can_decide: Whether they can.
    """

    images: ImageFacts
    subscriptions: tuple[Subscription, ...]
    digests: tuple[DigestWords, ...]
    waiting: tuple[Change, ...]
    can_decide: bool


class _Images:
    """Knows how the images are, and works that out once in a while: of ten thousand it takes seconds.

    Whoever comes while somebody is at it waits for that.
    """

    def __init__(self, store: Store, parts: Parts, scope: Scope) -> None:
        self._store = store
        self._parts = parts
        self._scope = scope
        self._lock = threading.Lock()
        self._known: ImageFacts | None = None

    def find(self) -> ImageFacts:
        """Return how they are, as of now or of a short time ago."""
        with self._lock, self._store.read() as connection:
            now = self._store.now(connection)
            if self._known is None or not self._known.at <= now < self._known.at + KEPT:
                self._known = self._look(connection, now)
            return self._known

    def _look(self, connection: Connection, now: datetime) -> ImageFacts:
        found = [(part.title, part.find(connection, self._scope, None, now)) for part in self._parts]
        return ImageFacts(
            at=now,
            standings=tuple((title, _shortened(each.standing)) for title, each in found if each.standing is not None),
            unchecked=_merged(each for _, each in found),
        )


def make_page(
    store: Store,
    parts: Parts,
    scope: Scope,
    digests: Callable[[Connection], Sequence[DigestWords]],
) -> HomePage:
    """Return what says how things are, to whoever looks.

    Args:
        store: Where everything is kept.
        parts: Know how the images are.
        scope: Which images it is about.
        digests: Lists the digests of all channels.
    """
    subscriptions, images = Subscriptions(store, HOME), _Images(store, parts, scope)

    def page(person: Person, role: Role) -> Document:
        own = tuple(each for each in subscriptions.all() if each.created_by == person.user_id)
        known = images.find()
        setters = {person.user_id, None} if role >= Role.OPERATOR else {person.user_id}
        with store.read() as connection:
            facts = HomeFacts(
                images=known,
                subscriptions=own,
                digests=tuple(each for each in digests(connection) if each.created_by in setters),
                waiting=tuple(_waiting(connection, person, role)),
                can_decide=role >= Role.ADMIN,
            )
        return document_of(facts)

    return page


def document_of(facts: HomeFacts) -> Document:
    """Return how things are as a document."""
    return Document(
        TITLE,
        (
            Note(line("Images as of ", Moment(facts.images.at), ". Open the tab again to see it anew.")),
            *_images(facts.images),
            *_unchecked(facts.images.unchecked),
            Paragraph(line(Strong("Waiting for approval"))),
            *_waiting_parts(facts),
            Paragraph(line(Strong("Your subscriptions"))),
            _listing([_subscription(each) for each in facts.subscriptions], NO_SUBSCRIPTIONS),
            Paragraph(line(Strong("Your digests"))),
            _listing([_digest(each) for each in facts.digests], NO_DIGESTS),
            Note(line("Everything I can do: ", Code("/hub help"))),
        ),
    )


def _images(facts: ImageFacts) -> Iterator[Part]:
    for title, standing in facts.standings:
        yield Paragraph(line(Strong(standing.summary)))
        if standing.rows:
            yield Table(title, standing.columns, standing.rows)


def _unchecked(unchecked: Sequence[Unchecked]) -> Iterator[Part]:
    if not unchecked:
        return
    lines = [line(Code(each.subject), f": {each.why}") for each in unchecked[:MOST_UNCHECKED]]
    more = len(unchecked) - len(lines)
    yield Paragraph(line(Strong("Not checked")))
    yield Listing((*lines, *([line(f"and {more:,} more")] if more else [])))


def _waiting_parts(facts: HomeFacts) -> Iterator[Part]:
    lines = [_request(each, names_asker=facts.can_decide) for each in facts.waiting]
    yield _listing(lines, NOTHING_WAITS)
    if lines and facts.can_decide:
        yield Note(line("The buttons are in the message that you got, and under ", Code("/hub approvals show …")))


def _listing(lines: Sequence[Line], nothing: str) -> Part:
    if not lines:
        return Paragraph(marked(nothing))
    more = len(lines) - MOST_LINES
    return Listing((*lines[:MOST_LINES], *([line(f"and {more:,} more")] if more > 0 else [])))


def _subscription(each: Subscription) -> Line:
    options = each.filters.words()
    return line(Channel(each.channel), " hears of ", Code(f"{each.pattern} {options}".rstrip()))


def _shortened(standing: Standing) -> Standing:
    return replace(standing, rows=standing.rows[:MOST_ROWS])


def _digest(each: DigestWords) -> Line:
    following = (", next ", Moment(each.due_at)) if each.due_at else (", paused",)
    return line(Channel(each.channel), f": {each.words}", *following)


def _request(change: Change, *, names_asker: bool) -> Line:
    by = (", asked by ", Named(change.asker.user_id)) if names_asker and not change.asker.is_terminal else ()
    until = (", until ", Moment(change.expires_at)) if change.expires_at else ()
    return line(Code(change.id), f" {change.proposal.summary}", *by, *until)


def _waiting(connection: Connection, person: Person, role: Role) -> Iterator[Change]:
    """Yield what somebody can decide on, and what they asked for themselves."""
    for change in changes.requests(connection, HOME, is_open=True, asker=None, most=_MOST_CHANGES):
        if role >= Role.ADMIN or change.asker.user_id == person.user_id:
            yield change


def _merged(found: Iterator[Found]) -> tuple[Unchecked, ...]:
    return tuple(dict.fromkeys(each for one in found for each in one.unchecked))
