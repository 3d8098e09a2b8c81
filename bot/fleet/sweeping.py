"""Reading the tags of many repositories side by side, and keeping them.

Written down in batches, many repositories in one transaction. So whatever ends it in the middle, what was read stays
read. Two may read the same at once, a person and the background: before each batch it is looked up what was read
meanwhile, and that is passed over.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import HubError, NotFoundError, RateLimitedError, UnavailableError, UnexpectedResponseError
from bot.fleet import keeping
from bot.fleet.crew import Crew
from bot.fleet.keeping import State
from bot.fleet.model import ImageName, TagSnapshot, Unchecked
from bot.fleet.reading import SOME_UNREADABLE, Reading, TagReader, Want
from bot.fleet.rows import tag_snapshot
from bot.fleet.tally import Depth, Tally, Tell, Teller
from bot.fleet.width import MOST, Width
from bot.hub.client import HubClient
from bot.hub.paging import LARGEST_PAGE, MOST_PAGES
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.rows import batched

logger = logging.getLogger(__name__)

MOST_OUTAGES = 5
"""One repository may be out of order; after so many in a row it is Docker Hub."""
CRASHED = "something went wrong in the bot while it looked"
_WRITTEN_AT_ONCE = 50
_TOO_MANY = f"it has more tags than the {MOST_PAGES * LARGEST_PAGE:,} newest, and only those are read"
_TAGS_AT_ONCE = 2_000
_WRITTEN_EVERY_SECONDS = 1.0
_RENEWED_EVERY_SECONDS = 60.0
"""How often something is written when nothing comes, since that is what makes a lease last."""
_LOOKED_UP_AT_ONCE = 100


class CrashedError(Exception):
    """Something of ours went wrong with one repository, which the others need not suffer for."""


Outcome = Reading | HubError | CrashedError


@dataclass(frozen=True)
class Situation:
    """Where work is done, and for whom.

    Attributes:
        hub: Docker Hub. Where its patience ends, the work ends early.
        tell: Told how far it has come, now and then, on the caller's thread.
        is_stopping: Returns whether the process ends.
        alongside: Done in each transaction; if it returns False, the work is somebody else's by now and ends.
    """

    hub: HubClient
    tell: Tell = field(default=lambda _: None)
    is_stopping: Callable[[], bool] = field(default=lambda: False)
    alongside: Callable[[Connection], bool] = field(default=lambda _: True)


class Sweeper:
    """Reads and keeps. Safe to use from several threads. Never holds a transaction while Docker Hub is asked.

    Args:
        store: Where snapshots are kept.
        workspace: Whose.
        clock: The time.
    """

    def __init__(self, store: Store, workspace: str, clock: Clock) -> None:
        self._store = store
        self._workspace = workspace
        self._clock = clock
        self._reader = TagReader()

    def needed(
        self, names: Sequence[RepositoryName], depth: Depth, known: Mapping[RepositoryName, State] | None = None
    ) -> list[RepositoryName]:
        """Return those repositories that have to be read.

        Args:
            names: Which.
            depth: How far.
            known: What is known of them; None: that is looked up.
        """
        return [want.name for some in batched(names) for want in self._wants(some, depth, known)]

    def read(self, names: Sequence[RepositoryName], depth: Depth, tally: Tally, situation: Situation) -> None:
        """Read the tags of repositories, and keep them.

        Args:
            names: Which; what turns out to have been read meanwhile is passed over.
            depth: How far.
            tally: What came of it is noted there.
            situation: Where, and for whom.

        Raises:
            StoppedError: The process ends. What was read until then is kept.
        """
        if names:
            batch = _Batch(self._store, self._workspace, self._clock, tally, situation.alongside)
            self._read(names, depth, batch, situation)
            self._settle(batch.doubts, tally, situation)

    def _read(self, names: Sequence[RepositoryName], depth: Depth, batch: "_Batch", situation: Situation) -> None:
        hub, clock = situation.hub, self._clock
        width = _width(hub, names[0].namespace, clock)
        crew = Crew[Want, Outcome](
            lambda want: self._read_one(hub, want), width, most=MOST, is_stopping=situation.is_stopping
        )
        teller = Teller(situation.tell, clock, len(names), "repositories read")
        passed = 0

        def wants() -> Iterator[Want]:
            nonlocal passed
            for start in range(0, len(names), _LOOKED_UP_AT_ONCE):
                some = names[start : start + _LOOKED_UP_AT_ONCE]
                wanted = self._wants(some, depth)
                passed += len(some) - len(wanted)
                yield from wanted

        try:
            with closing(crew.results(wants(), count=len(names))) as results:
                for result in results:
                    if result is not None:
                        batch.add(*result)
                    batch.flush_if_due()
                    if batch.is_over:
                        crew.finish()
                    teller.tell(passed + batch.done)
        finally:
            batch.flush()
        teller.tell(passed + batch.done, is_last=True)

    def read_single(
        self, images: Sequence[ImageName], tally: Tally, situation: Situation
    ) -> dict[ImageName, TagSnapshot | HubError]:
        """Read single tags, one request each, and keep them; those that were not reached any more are left out.

        Args:
            images: Each with a tag.
            tally: What came of it is noted there; where it is cut short already, nothing is read.
            situation: Where, and for whom.

        Raises:
            StoppedError: The process ends; nothing of this is kept.
        """
        if not images or tally.is_cut_short:
            return {}
        hub, found = situation.hub, dict[ImageName, TagSnapshot | HubError]()
        crew = Crew[ImageName, TagSnapshot | HubError](
            lambda image: self._ask(hub, image),
            _width(hub, images[0].repository.namespace, self._clock),
            most=MOST,
            is_stopping=situation.is_stopping,
        )
        with closing(crew.results(images, count=len(images))) as results:
            for result in results:
                if result is None:
                    continue
                image, outcome = result
                found[image] = outcome
                tally.requests += 1
                if isinstance(outcome, RateLimitedError):
                    tally.cut_short(outcome)
                    crew.finish()
        now = self._clock.now()
        self._store.write(lambda connection: self._keep_answers(connection, found, now))
        return found

    def _wants(
        self, names: Sequence[RepositoryName], depth: Depth, known: Mapping[RepositoryName, State] | None = None
    ) -> list[Want]:
        if known is None:
            with self._store.read() as connection:
                known = keeping.states(connection, self._workspace, names)
        found, now = [known.get(name, State(name)) for name in names], self._clock.now()
        return [_want(state, depth, now) for state in found if depth.needs(state, now)]

    def _read_one(self, hub: HubClient, want: Want) -> Outcome:
        try:
            return self._reader.read(hub, want, now=self._clock.now())
        except HubError as error:
            return error
        except Exception:
            logger.exception("fleet_read_crashed", extra={"repository": str(want.name)})
            return CrashedError()

    def _settle(self, doubts: Sequence[ImageName], tally: Tally, situation: Situation) -> None:
        """Ask one by one for tags that were on no page, but may have slipped from one to another."""
        answers = self.read_single(doubts, tally, situation)
        open_still = [each for each in doubts if not isinstance(answers.get(each), TagSnapshot | NotFoundError)]

        def read_again(connection: Connection) -> None:
            for name in sorted({each.repository for each in open_still}):
                keeping.read_again(connection, self._workspace, name)

        if open_still:
            self._store.write(read_again)

    def _ask(self, hub: HubClient, image: ImageName) -> TagSnapshot | HubError:
        now, wanted = self._clock.now(), str(image.tag)
        try:
            tag = tag_snapshot(image.repository, hub.tags.get(image.repository, wanted), now)
        except HubError as error:
            return error
        return tag if tag is not None and tag.name == wanted else UnexpectedResponseError(str(image))

    def _keep_answers(
        self, connection: Connection, answers: Mapping[ImageName, TagSnapshot | HubError], now: datetime
    ) -> None:
        found = [answer for answer in answers.values() if isinstance(answer, TagSnapshot)]
        keeping.keep_tags(connection, self._workspace, found)
        for image in sorted(image for image, answer in answers.items() if isinstance(answer, NotFoundError)):
            keeping.forget_tags(connection, self._workspace, image.repository, [str(image.tag)], before=now)


class _Batch:
    """What was read and is not written down yet. For one thread."""

    def __init__(
        self, store: Store, workspace: str, clock: Clock, tally: Tally, alongside: Callable[[Connection], bool]
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._clock = clock
        self._tally = tally
        self._alongside = alongside
        self._readings: list[Reading] = []
        self._problems: dict[RepositoryName, str] = {}
        self._written_at = clock.monotonic()
        self._tags = 0
        self._outages = 0
        self.done = 0
        self.doubts: list[ImageName] = []

    @property
    def is_over(self) -> bool:
        """Whether no more is to be read."""
        return self._tally.is_cut_short

    def add(self, want: Want, outcome: Outcome) -> None:
        """Take what came of reading a repository."""
        self.done += 1
        self._tally.requests += outcome.requests if isinstance(outcome, Reading) else 1
        error = outcome.error if isinstance(outcome, Reading) else outcome
        if isinstance(outcome, Reading):
            self._readings.append(outcome)
            self._tags += len(outcome.tags)
            self._tally.read += error is None
            if outcome.problem:
                self._tally.miss(want.name, outcome.problem)
            elif outcome.unreadable and want.is_deep:
                self._tally.unchecked.append(Unchecked(want.name.familiar, SOME_UNREADABLE))
            elif outcome.is_capped:
                self._tally.unchecked.append(Unchecked(want.name.familiar, _TOO_MANY))
        if isinstance(error, RateLimitedError):
            self.done -= 1
            self._tally.cut_short(error)
        elif error is not None:
            why = keeping.clause_of(error) if isinstance(error, HubError) else CRASHED
            self._problems[want.name] = why
            self._tally.miss(want.name, why)
        self._outages = self._outages + 1 if isinstance(error, UnavailableError) else 0
        if self._outages >= MOST_OUTAGES:
            self._tally.cut_short()

    def flush_if_due(self) -> None:
        """Write down what there is, if that is enough, or was read long ago."""
        waited = self._clock.monotonic() - self._written_at
        is_much = len(self._readings) >= _WRITTEN_AT_ONCE or self._tags >= _TAGS_AT_ONCE
        is_old = waited >= (_WRITTEN_EVERY_SECONDS if self._readings else _RENEWED_EVERY_SECONDS)
        if is_much or is_old:
            self.flush()

    def flush(self) -> None:
        """Write down what there is."""
        readings, problems = self._readings, self._problems
        self._readings, self._problems, self._tags = [], {}, 0
        if not self._store.write(lambda connection: self._keep(connection, readings, problems)):
            self._tally.cut_short()  # Whoever has the right to this by now goes on with it.
        self._written_at = self._clock.monotonic()
        several = [each for each in readings if each.error is None and not each.is_seen_whole]
        self.doubts += self._store.write(lambda connection: self._find_doubts(connection, several)) if several else []

    def _keep(self, connection: Connection, readings: Sequence[Reading], problems: dict[RepositoryName, str]) -> bool:
        keeping.keep_readings(connection, self._workspace, readings)
        keeping.keep_problems(connection, self._workspace, problems)
        return self._alongside(connection)

    def _find_doubts(self, connection: Connection, readings: Sequence[Reading]) -> list[ImageName]:
        found = []
        for reading in readings:
            doubtful = keeping.doubtful(connection, self._workspace, reading)
            found += [ImageName(reading.name, tag) for tag in doubtful[: keeping.MOST_DOUBTS]]
            if len(doubtful) > keeping.MOST_DOUBTS:
                keeping.read_again(connection, self._workspace, reading.name)
        return found


def _want(state: State, depth: Depth, now: datetime) -> Want:
    has_been_read = state.read_at is not None and keeping.has_been(state.read_at, now)
    is_covered = has_been_read and state.is_covered and not state.has_problem
    # A full one trusts nothing that it has not seen itself.
    goes_back = depth.since is not None and depth.is_deep
    return Want(
        name=state.name,
        is_deep=depth.is_deep,
        pushed_at=state.pushed_at if state.listed_at is not None else None,
        is_listed=state.listed_at is not None,
        covered_at=state.read_at if is_covered and not goes_back else None,
        had_all_tags=state.has_all_tags,
    )


def _width(hub: HubClient, namespace: str, clock: Clock) -> Width:
    return Width(lambda: hub.rate_limits.in_use(namespace), clock.now, leaves_reserve=hub.leaves_reserve)
