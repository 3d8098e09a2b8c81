"""What commands and loops use of all this: bring a namespace up to date, read some repositories, read some images.

Who waits passes `context.hub`, whose patience is short: then the answer comes early and says that it is partial. Loops
pass `hub.background()`, which waits. Either way what was read is kept, and nobody reads it again.
"""

import logging
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import HubError, NotFoundError, RateLimitedError
from bot.fleet import keeping, snapshots
from bot.fleet.crew import StoppedError
from bot.fleet.listing import Listed, Lister
from bot.fleet.model import ImageName, RepositorySnapshot, Scope, TagSnapshot, Unchecked
from bot.fleet.reading import clause
from bot.fleet.sweeping import Situation, Sweeper
from bot.fleet.sweeps import EVERY, Lease, SweepReport, Sweeps, subject_of
from bot.fleet.tally import Depth, Tally, Tell
from bot.hub.client import HubClient
from bot.hub.pacing import Draw
from bot.images import RepositoryName, check_namespace
from bot.store.base import Store
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

JITTER = 0.1
"""The part of an interval by which a look may come sooner, so that not all come at the same moment."""
KEPT = timedelta(days=90)
"""For how long a repository is remembered that nobody lists nor reads any more."""
NOT_LISTED = "it is private, and the list of repositories does not show it"
LISTED_LATELY = timedelta(minutes=10)
"""For how long a listing tells whether a repository has to be read; later the repository itself is asked."""


@dataclass(frozen=True)
class ReadReport:
    """What came of reading some repositories.

    Attributes:
        read: How many were read; the others were known well enough.
        requests: How many requests it took, without logins and repetitions.
        unchecked: What could not be looked at.
        failed: The repositories that could not be read, and those that were not reached.
        is_partial: It was cut short.
        retry_at: When it makes sense to come back (UTC); None: nobody knows.
    """

    read: int = 0
    requests: int = 0
    unchecked: tuple[Unchecked, ...] = ()
    failed: tuple[RepositoryName, ...] = ()
    is_partial: bool = False
    retry_at: datetime | None = None

    @property
    def missed(self) -> tuple[Unchecked, ...]:
        """What could not be looked at, and what was not reached because of that."""
        said = {each.subject for each in self.unchecked}
        why = _cut_short(self.retry_at)
        return (*self.unchecked, *(Unchecked(each.familiar, why) for each in self.failed if each.familiar not in said))


@dataclass(frozen=True)
class ListReport:
    """What a list of repositories shows now.

    Attributes:
        repositories: What it shows, by name.
        unchecked: What it may lack, and why.
        error: What ended it early; None: nothing did.
    """

    repositories: tuple[RepositorySnapshot, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    error: HubError | None = None


@dataclass(frozen=True)
class SingleReport:
    """What came of reading single tags.

    Attributes:
        found: What there is.
        absent: What Docker Hub says is not there.
        unchecked: Why the others could not be looked at.
        retry_at: When it makes sense to come back for those (UTC); None: nobody knows.
    """

    found: Mapping[ImageName, TagSnapshot]
    absent: frozenset[ImageName]
    unchecked: Mapping[ImageName, str]
    retry_at: datetime | None = None


def _keep_quiet(_progress: object) -> None:
    """Tell nobody."""


def _never() -> bool:
    return False


class Fleet:
    """Knows repositories and tags. Safe to use from several threads, and in several processes on one database.

    Args:
        store: Where everything is kept.
        hub: Docker Hub, for people who wait.
        clock: The time.
        own_namespaces: Those whose private repositories should be seen.
        workspace: Whose.
        draw: Gives random numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        store: Store,
        hub: HubClient,
        clock: Clock,
        *,
        own_namespaces: Collection[str] = (),
        workspace: str = HOME,
        draw: Draw = random.random,
    ) -> None:
        self._store = store
        self._hub = hub
        self._clock = clock
        self._own_namespaces = frozenset(own_namespaces)
        self._workspace = workspace
        self._draw = draw
        self._lister = Lister(store, workspace, clock)
        self._sweeper = Sweeper(store, workspace, clock)
        self.sweeps = Sweeps(store, workspace)

    def sweep(
        self,
        namespace: str,
        *,
        hub: HubClient | None = None,
        is_full: bool = False,
        progress: Tell = _keep_quiet,
    ) -> SweepReport:
        """Bring a namespace up to date now: list it, and read what has changed.

        Where the background is at it, this joins in: it begins at the other end, and what either has read the other
        passes over.

        Args:
            namespace: Which.
            hub: Docker Hub, with the caller's patience; None: that of people who wait.
            is_full: Read everything, known or not.
            progress: Told how far it has come, on the caller's thread.

        Raises:
            InvalidReferenceError: No namespace can be called that.
            StoreUnavailableError: The database is away; what was read before is kept.
        """
        namespace = check_namespace(namespace)
        lease = self.sweeps.take(subject_of(namespace), at_once=True)
        situation = self._situation(lease, hub or self._hub, progress)
        return self._sweep(namespace, lease, situation, since=self._clock.now() if is_full else None)

    def sweep_due(self, namespace: str, *, hub: HubClient, is_stopping: Callable[[], bool]) -> SweepReport | None:
        """Sweep a namespace if that is due and nobody is at it; None: it is not, or somebody is.

        Args:
            namespace: Which.
            hub: Docker Hub, as the background asks it.
            is_stopping: Returns whether the process ends.

        Raises:
            StoppedError: The process ends. Another, or the next one, goes on at once where this one was.
            StoreUnavailableError: The database is away; likewise when the lease is over.
        """
        lease = self.sweeps.take(subject_of(namespace))
        if lease is None:
            return None
        situation = self._situation(lease, hub, _keep_quiet, is_stopping)
        try:
            return self._sweep(namespace, lease, situation, since=lease.started_at if lease.is_full else None)
        except StoppedError:
            self.sweeps.give_back(lease)
            raise

    def listing(self, namespace: str, *, hub: HubClient | None = None, progress: Tell = _keep_quiet) -> ListReport:
        """Return the repositories of a namespace as they are listed now; what is known of others stays.

        Raises:
            StoreUnavailableError: The database is away.
        """
        hub = hub or self._hub
        listed = self._lister.read(hub, namespace, tell=progress)
        shown = set(listed.names)
        with self._store.read() as connection:
            known = snapshots.repositories(connection, self._workspace, namespace)
        unchecked = self._shortfalls(hub, namespace, listed)
        if any(each.subject == snapshots.hidden_of(namespace) for each in unchecked) and listed.is_complete:
            unchecked += [
                Unchecked(each.name.familiar, NOT_LISTED)
                for each in known
                if each.is_private and each.name not in shown
            ]
        return ListReport(tuple(each for each in known if each.name in shown), tuple(unchecked), listed.error)

    def read(
        self,
        names: Iterable[RepositoryName],
        *,
        hub: HubClient | None = None,
        all_tags: bool = False,
        is_fresh: bool = False,
        progress: Tell = _keep_quiet,
        is_stopping: Callable[[], bool] = _never,
    ) -> ReadReport:
        """Read the tags of repositories: the newest page and `latest`, or all of them.

        A repository that was listed in the last minutes is read only if something was pushed to it since it was read.

        Args:
            names: Which.
            hub: As for `sweep`.
            all_tags: All tags, not only the newest.
            is_fresh: Even if nothing was pushed, since pulls move nothing that a listing shows.
            progress: As for `sweep`.
            is_stopping: Returns whether the process ends.

        Raises:
            StoppedError: The process ends; what was read before is kept.
            StoreUnavailableError: The database is away; what was read before is kept.
        """
        wanted = tuple(dict.fromkeys(names))
        now, tally = self._clock.now(), Tally()
        with self._store.read() as connection:
            known = keeping.states(connection, self._workspace, wanted)
        lately = {name for name, state in known.items() if state.listed_at and _is_lately(state.listed_at, now)}
        situation = Situation(hub or self._hub, progress, is_stopping)
        for is_listed in (True, False):
            depth = Depth(now, is_deep=all_tags, since=now if is_fresh else None, is_listed=is_listed)
            some = self._sweeper.needed([name for name in wanted if (name in lately) is is_listed], depth, known)
            if not tally.is_cut_short:
                self._sweeper.read(some, depth, tally, situation)
        missed = tally.failed
        if tally.is_cut_short:
            depth = Depth(now, is_deep=all_tags, since=now if is_fresh else None)
            missed = [*missed, *(name for name in self._sweeper.needed(wanted, depth) if name not in missed)]
        return ReadReport(
            tally.read,
            tally.requests,
            tuple(tally.unchecked),
            tuple(missed),
            is_partial=tally.is_cut_short,
            retry_at=tally.retry_at,
        )

    def images(
        self,
        images: Sequence[ImageName],
        *,
        hub: HubClient | None = None,
        is_stopping: Callable[[], bool] = _never,
    ) -> tuple[dict[ImageName, TagSnapshot], tuple[Unchecked, ...]]:
        """Read images that were named: one request for each tag, and a repository's newest page where none is named.

        Args:
            images: Which.
            hub: As for `sweep`.
            is_stopping: Returns whether the process ends.

        Returns:
            What there is, and what could not be looked at.

        Raises:
            StoppedError: The process ends.
            StoreUnavailableError: The database is away; what was read before is kept.
        """
        hub = hub or self._hub
        wanted = tuple(dict.fromkeys(images))
        whole_ones = [each for each in wanted if each.tag is None]
        report = self.read([each.repository for each in whole_ones], hub=hub, is_stopping=is_stopping)
        why = {each.subject: each.why for each in report.unchecked}
        tally = Tally(is_cut_short=report.is_partial, retry_at=report.retry_at)
        named = [each for each in wanted if each.tag is not None]
        single = self._sweeper.read_single(named, tally, Situation(hub, is_stopping=is_stopping))
        with self._store.read() as connection:
            whole = snapshots.named(connection, self._workspace, whole_ones)
        found: dict[ImageName, TagSnapshot] = {}
        problems: dict[ImageName, str] = {}
        for image in wanted:
            outcome = single.get(image) if image.tag else whole.get(image)
            if not image.tag and image.repository in report.failed:
                problems[image] = why.get(image.repository.familiar, _cut_short(tally.retry_at))
            elif isinstance(outcome, HubError):
                problems[image] = keeping.clause_of(outcome)
            elif outcome is None:
                problems[image] = snapshots.NO_TAGS if not image.tag else _cut_short(tally.retry_at)
            else:
                found[image] = outcome
        noted = {subject_of(image): problems.get(image, "") for image in wanted}
        self._store.write(lambda connection: self.sweeps.note(connection, noted, next_in=self._next_in()))
        return found, tuple(Unchecked(str(image), each) for image, each in problems.items())

    def single(self, images: Sequence[ImageName], *, hub: HubClient | None = None) -> SingleReport:
        """Read single tags, one request each.

        Args:
            images: Each with a tag.
            hub: As for `sweep`.

        Raises:
            StoreUnavailableError: The database is away.
        """
        tally = Tally()
        outcomes = self._sweeper.read_single(images, tally, Situation(hub or self._hub))
        problems = {
            each: keeping.clause_of(outcome) if isinstance(outcome, HubError) else _cut_short(tally.retry_at)
            for each in images
            if not isinstance(outcome := outcomes.get(each), TagSnapshot | NotFoundError)
        }
        return SingleReport(
            {each: outcome for each, outcome in outcomes.items() if isinstance(outcome, TagSnapshot)},
            frozenset(each for each, outcome in outcomes.items() if isinstance(outcome, NotFoundError)),
            problems,
            tally.retry_at,
        )

    def orphan(self) -> None:
        """Let whatever is under way count as left behind: no other process uses this database, and this one starts.

        Raises:
            StoreUnavailableError: The database is away.
        """
        self.sweeps.orphan()

    def namespaces_due(self, scope: Scope) -> list[str]:
        """Return the namespaces that are due and that nobody is at."""
        subjects = {subject_of(namespace): namespace for namespace in scope.namespaces}
        with self._store.read() as connection:
            return [subjects[each] for each in self.sweeps.due(connection, subjects)]

    def images_due(self, scope: Scope) -> list[ImageName]:
        """Return the images of others that are due, and have them be the caller's for as long as a lease lasts."""
        subjects = {subject_of(image): image for image in _others(scope)}
        with self._store.read() as connection:
            due = self.sweeps.due(connection, subjects)
        return [subjects[each] for each in self.sweeps.claim(due)] if due else []

    def hasten(self, scope: Scope) -> None:
        """Have the background look at all of this as soon as it can."""
        around = {subject_of(each.repository.namespace) for each in _others(scope)}
        with self._store.read() as connection:
            # Of an image in a namespace that somebody else has looked through, the background looks at that.
            swept = self.sweeps.known(connection, around)
        self.sweeps.hasten([*_subjects(scope), *swept])

    def is_fresh(self, scope: Scope, since: datetime) -> bool:
        """Tell whether all of this was looked at since then, to the end; images alone, or with their namespace."""
        ways = [{subject_of(namespace)} for namespace in scope.namespaces]
        ways += [{subject_of(image), subject_of(image.repository.namespace)} for image in _others(scope)]
        with self._store.read() as connection:
            known = self.sweeps.known(connection, [subject for each in ways for subject in each])
        fresh = {subject for subject, each in known.items() if each.ended_at is not None and each.ended_at >= since}
        return all(not fresh.isdisjoint(each) for each in ways)

    def look(self, scope: Scope, *, hub: HubClient | None = None, progress: Tell = _keep_quiet) -> bool:
        """Look at all of this now, for somebody who waits; tell whether that came to its end.

        Raises:
            StoreUnavailableError: The database is away.
        """
        reports = [self.sweep(namespace, hub=hub, progress=progress) for namespace in scope.namespaces]
        others = _others(scope)
        unread = self.images(others, hub=hub)[1] if others else ()
        return not any(report.is_partial for report in reports) and not unread

    def prune(self) -> None:
        """Forget what nobody has looked at for a long time."""
        self._store.write(
            lambda connection: keeping.prune(connection, self._workspace, self._store.now(connection) - KEPT)
        )

    def _situation(
        self, lease: Lease | None, hub: HubClient, tell: Tell, is_stopping: Callable[[], bool] = _never
    ) -> Situation:
        if lease is None:
            return Situation(hub, tell, is_stopping)
        return Situation(hub, tell, is_stopping, lambda connection: self.sweeps.renew(connection, lease))

    def _sweep(
        self, namespace: str, lease: Lease | None, situation: Situation, *, since: datetime | None
    ) -> SweepReport:
        started_at, tally = self._clock.now(), Tally()
        depth = Depth(started_at, since=since)
        listed = self._lister.read(situation.hub, namespace, tell=situation.tell, is_stopping=situation.is_stopping)
        tally.requests += listed.requests
        tally.unchecked += self._shortfalls(situation.hub, namespace, listed)
        gone, needed = self._lister.settle_missing(situation.hub, namespace, listed, tally), []
        if not isinstance(listed.error, RateLimitedError):
            needed = self._sweeper.needed(listed.names, depth)
            # Who joins in begins at the other end, so that the two meet.
            self._sweeper.read(needed if lease else needed[::-1], depth, tally, situation)
        if not listed.is_complete:
            tally.cut_short(listed.error)
        report = SweepReport(
            namespace=namespace,
            started_at=started_at,
            ended_at=self._clock.now(),
            is_full=since is not None,
            is_listed=listed.is_complete,
            repositories=len(listed.names),
            changed=len(needed),
            read=tally.read,
            gone=tuple(name.familiar for name in gone),
            requests=tally.requests,
            unchecked=tuple(tally.unchecked),
            is_partial=tally.is_cut_short,
            retry_at=tally.retry_at,
        )
        if lease is not None:
            self.sweeps.end(lease, report, next_in=self._next_in())
        logger.info("fleet_swept", extra=_facts(report))
        return report

    def _shortfalls(self, hub: HubClient, namespace: str, listed: Listed) -> list[Unchecked]:
        """Return what a list may lack."""
        found = [] if listed.is_complete else [Unchecked(namespace, listed.problem)]
        status = hub.credential_status(namespace)
        if status.refusal:
            found.append(Unchecked(snapshots.hidden_of(namespace), clause(status.refusal)))
        elif status.hidden and not listed.shows_private and self._knows_private(namespace):
            # The sentence begins with what the subject says already.
            found.append(Unchecked(snapshots.hidden_of(namespace), clause(status.hidden.partition(": ")[2])))
        if listed.unreadable:
            why = f"{listed.unreadable:,} {'entry' if listed.unreadable == 1 else 'entries'} of the list cannot be read"
            found.append(Unchecked(snapshots.unreadable_of(namespace), why))
        return found

    def may_hide(self, namespace: str, *, hub: HubClient) -> str:
        """Return why private repositories of ours may be missing, a sentence.

        Empty: nothing suggests it, or more is known of it, and it is told as something that could not be looked at.

        Raises:
            StoreUnavailableError: The database is away.
        """
        status = hub.credential_status(namespace)
        is_told = bool(status.refusal) or namespace not in self._own_namespaces
        return "" if is_told or self._knows_private(namespace) else status.hidden

    def _knows_private(self, namespace: str) -> bool:
        """Return whether a private repository of ours was ever seen: then a list without any lacks some."""
        if namespace not in self._own_namespaces:
            return False
        with self._store.read() as connection:
            return any(each.is_private for each in snapshots.repositories(connection, self._workspace, namespace))

    def _next_in(self) -> timedelta:
        return EVERY * (1 - JITTER * self._draw())


def _is_lately(moment: datetime, now: datetime) -> bool:
    return now - LISTED_LATELY <= moment and keeping.has_been(moment, now)


def _others(scope: Scope) -> list[ImageName]:
    """Return the images that a scope names, but for those in namespaces that are looked through anyway."""
    return [image for image in scope.images if image.repository.namespace not in scope.namespaces]


def _subjects(scope: Scope) -> list[str]:
    return [*map(subject_of, scope.namespaces), *map(subject_of, _others(scope))]


def _cut_short(retry_at: datetime | None) -> str:
    if retry_at is None:
        return "Docker Hub did not answer others before it"
    return f"Docker Hub has no requests left until {retry_at:%H:%M} UTC"


def _facts(report: SweepReport) -> dict[str, object]:
    names = ("namespace", "is_full", "repositories", "changed", "read", "requests", "is_partial")
    seconds = (report.ended_at - report.started_at).total_seconds()
    facts = {name: getattr(report, name) for name in names}
    return {**facts, "gone": len(report.gone), "unchecked": len(report.unchecked), "seconds": round(seconds, 3)}
