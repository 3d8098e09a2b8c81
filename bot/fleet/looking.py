"""Looking for stale images, with as few requests as the question allows.

Of a namespace, one listing tells when each repository was last pushed to. Where that alone is longer ago than any
limit, nothing more is asked: no tag of it can be newer. Of the others the tags are read, and only if something was
pushed since they were read last. Pulls move nothing that a listing shows: where they matter, tags are read again before
they are listed by them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType

from bot.errors import RateLimitedError
from bot.fleet import snapshots, sweeps
from bot.fleet.bases import Bases
from bot.fleet.keeping import AHEAD, clause_of, has_been
from bot.fleet.model import ImageName, RepositorySnapshot, Scope, TagSnapshot, Unchecked
from bot.fleet.rules import StaleRules
from bot.fleet.service import Fleet
from bot.fleet.staleness import Freshness, Limits, Verdict, judge, judge_repository
from bot.hub.client import HubClient
from bot.images import RepositoryName
from bot.progress import Progress
from bot.store.base import Store
from bot.store.rows import batched
from bot.store.workspaces import HOME

LATELY = timedelta(hours=1)
"""So long ago a namespace may have been looked through for its repositories to be known."""
LIST_BROKE_OFF = "the list of its repositories broke off"
_SIGNS = frozenset("*?")

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Area:
    """Repositories of a namespace.

    Attributes:
        namespace: Lower case.
        pattern: A glob (`*`, `?`) for their names.
    """

    namespace: str
    pattern: str = "*"


@dataclass(frozen=True)
class Question:
    """What to look at, and what counts.

    Attributes:
        areas: All of these.
        images: And these.
        age: Instead of all limits but `never`; None: the limits hold.
        tag: A tag, or a glob for tags, instead of the one that stands for each repository.
        all_tags: Every tag, likewise.
        not_pulled: Of what is stale, only what was not pulled for so long.
        needs_pulls: Whether the answer is in an order of pull times.
    """

    areas: Sequence[Area] = ()
    images: Sequence[ImageName] = ()
    age: timedelta | None = None
    tag: str | None = None
    all_tags: bool = False
    not_pulled: timedelta | None = None
    needs_pulls: bool = False

    @property
    def is_by_pulls(self) -> bool:
        """Whether the pull times must be those of now."""
        return self.needs_pulls or self.not_pulled is not None

    @property
    def is_one_area(self) -> bool:
        """Whether there is nothing else to look at if one namespace cannot be."""
        return len(self.areas) == 1 and not self.images

    @property
    def exact_tag(self) -> str | None:
        """The one tag that is asked for; None: several may be, or the one that stands for its repository."""
        return self.tag if self.tag and not _SIGNS & set(self.tag) else None


@dataclass(frozen=True)
class Judged:
    """An image, and what it was found to be.

    Attributes:
        name: Without a tag: all of a repository is meant, of which only the last push is known.
        verdict: What it was found to be.
        pushed_at: When (UTC); None is unknown.
        tag: As Docker Hub showed it; None: only its repository is known.
        repository: As a listing showed it; None: it was not listed.
    """

    name: ImageName
    verdict: Verdict
    pushed_at: datetime | None
    tag: TagSnapshot | None = None
    repository: RepositorySnapshot | None = None

    @property
    def pulled_at(self) -> datetime | None:
        """The last pull (UTC); None is unknown."""
        return self.tag.pulled_at if self.tag else None


@dataclass
class Looked:
    """What was found.

    Attributes:
        looked_at: When (UTC).
        stale: What is stale.
        fresh: What is not.
        unknown: Of which nobody knows when it was pushed to Docker Hub.
        never_pulled: What is stale, and of which nobody knows when it was pulled; only where that matters.
        pulled: How many are stale and were pulled since; only where that matters.
        exempt: How many never are stale, by rule.
        empty: How many repositories hold nothing of what was asked for.
        unchecked: What could not be looked at.
        retry_at: When to come back for that (UTC); None: nobody knows.
    """

    looked_at: datetime
    stale: list[Judged] = field(default_factory=list)
    fresh: list[Judged] = field(default_factory=list)
    unknown: list[Judged] = field(default_factory=list)
    never_pulled: list[Judged] = field(default_factory=list)
    pulled: int = 0
    exempt: int = 0
    empty: int = 0
    unchecked: list[Unchecked] = field(default_factory=list)
    retry_at: datetime | None = None

    @property
    def count(self) -> int:
        """How many images were looked at."""
        known = (self.stale, self.fresh, self.unknown, self.never_pulled)
        return sum(map(len, known)) + self.pulled + self.exempt


class StaleImages:
    """Looks for stale images. Safe to use from several threads.

    Args:
        store: The database.
        fleet: Reads what Docker Hub shows, and keeps it.
        rules: From which age on what is stale.
        bases: Finds out what images are built on.
    """

    def __init__(self, store: Store, fleet: Fleet, rules: StaleRules, bases: Bases) -> None:
        self._store = store
        self._fleet = fleet
        self._rules = rules
        self.bases = bases

    def has_repository(self, name: RepositoryName) -> bool | None:
        """Return whether a namespace has a repository; None: it was not looked through lately enough to tell.

        Raises:
            StoreUnavailableError: The database is away.
        """
        subject = sweeps.subject_of(name.namespace)
        with self._store.read() as connection:
            known = sweeps.known(connection, HOME, [subject]).get(subject)
            now = self._store.now(connection)
            if known is None or known.ended_at is None or not now - LATELY <= known.ended_at <= now + AHEAD:
                return None
            return snapshots.repository(connection, HOME, name) is not None

    def look(self, question: Question, *, hub: HubClient, progress: Tell = lambda _: None) -> Looked:
        """Return what is stale. Where something cannot be looked at, all else is.

        Raises:
            HubError: Docker Hub does not list the only namespace that was asked about.
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            now = self._store.now(connection)
        look = _Look(self._store, self._fleet, self._rules, question, hub=hub, progress=progress, now=now)
        for area in question.areas:
            look.at_area(area)
        look.at_images(question.images)
        if question.is_by_pulls:
            look.read_pulls()
        return look.found()


class _Look:
    """One look: what was found so far."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        rules: StaleRules,
        question: Question,
        *,
        hub: HubClient,
        progress: Tell,
        now: datetime,
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._rules = rules
        self._question = question
        self._hub = hub
        self._progress = progress
        self._now = now
        # Our own clock, by which is noted when something was read, may be a little behind the database's.
        self._just_now = now - timedelta(minutes=1)
        self._judged: dict[ImageName, Judged] = {}
        self._limits: dict[str, Limits] = {}
        self._missed: dict[str, Unchecked] = {}
        self._found = Looked(now)

    def found(self) -> Looked:
        """Return what was found."""
        found = self._found
        found.unchecked = list(self._missed.values())
        for judged in self._judged.values():
            match judged.verdict.freshness:
                case Freshness.STALE:
                    self._file_stale(judged)
                case Freshness.FRESH:
                    found.fresh.append(judged)
                case Freshness.UNKNOWN:
                    found.unknown.append(judged)
                case Freshness.EXEMPT:
                    found.exempt += 1
        return found

    def _file_stale(self, judged: Judged) -> None:
        length = self._question.not_pulled
        if length is None:
            self._found.stale.append(judged)
        elif judged.pulled_at is None:
            self._found.never_pulled.append(judged)
        elif judged.pulled_at <= self._now - length:
            self._found.stale.append(judged)
        else:
            self._found.pulled += 1

    def at_area(self, area: Area) -> None:
        """Look at repositories of a namespace."""
        fitting = [each for each in self._listed(area.namespace) if fnmatchcase(each.name.name, area.pattern)]
        pushed = [each for each in fitting if not each.was_never_pushed]
        self._found.empty += len(fitting) - len(pushed)
        if self._question.exact_tag:
            self._at_one_tag(area, [each.name for each in pushed])
        elif self._question.tag or self._question.all_tags:
            self._at_every_tag([each.name for each in pushed])
        else:
            self._at_representatives(area, pushed)

    def _listed(self, namespace: str) -> Sequence[RepositorySnapshot]:
        """Return the repositories of a namespace; where the list breaks off, those that it had until then."""
        listed = self._fleet.listing(namespace, hub=self._hub, progress=self._progress)
        if listed.error is not None:
            if not listed.repositories and self._question.is_one_area:
                raise listed.error
            self._miss(Unchecked(namespace, LIST_BROKE_OFF if listed.repositories else clause_of(listed.error)))
            self._come_back(listed.error.retry_at if isinstance(listed.error, RateLimitedError) else None)
        for each in listed.unchecked:
            self._miss(each)
        return listed.repositories

    def at_images(self, images: Sequence[ImageName]) -> None:
        """Look at images that were named, one request each; at all tags of their repositories where those are asked."""
        question = self._question
        whole = [each.repository for each in images if each.tag is None]
        if whole and not question.exact_tag and (question.tag or question.all_tags):
            self._at_every_tag(whole)
            images = [each for each in images if each.tag is not None]
        if images:
            wanted = [ImageName(each.repository, each.tag or question.exact_tag) for each in images]
            self._file_images(*self._fleet.images(wanted, hub=self._hub))

    def _at_representatives(self, area: Area, repositories: Sequence[RepositorySnapshot]) -> None:
        limits = self._limits_of(area.namespace)
        whole = {
            each.name: verdict
            for each in repositories
            if _holds_images(each) and (verdict := judge_repository(each.pushed_at, limits, self._now)) is not None
        }
        failed = self._read([each.name for each in repositories if each.name not in whole])
        known = self._representatives(area)
        for each in repositories:
            tag = known.get(each.name)
            if each.name in whole:
                self._file_old(each, whole[each.name], tag)
            elif tag is not None and each.name not in failed:
                self._file(tag, each)
            elif each.name not in failed:
                self._found.empty += 1

    def _file_old(self, repository: RepositorySnapshot, verdict: Verdict, tag: TagSnapshot | None) -> None:
        """File a repository that is stale as a whole, by what is kept of its tags unless that is from before a push."""
        pushed_at = repository.pushed_at
        if tag and tag.pushed_at and pushed_at and tag.read_at >= pushed_at:
            self._file(tag, repository)
        else:
            name = ImageName(repository.name)
            self._judged[name] = Judged(name, verdict, pushed_at, repository=repository)

    def read_pulls(self) -> None:
        """Read again what is stale and was not read just now, for its pull times."""
        stale = [
            each
            for each in self._judged.values()
            if each.verdict.is_stale and (each.tag is None or not self._is_of_now(each.tag))
        ]
        for each in stale:
            del self._judged[each.name]
        # One tag of each repository costs a request as its newest page does, and need not be on that.
        by_page = [] if self._question.exact_tag else stale
        failed = self._read(list(dict.fromkeys(each.name.repository for each in by_page)), is_fresh=True)
        repositories = {each.name: each.repository for each in stale}
        left = [each.name for each in stale if self._question.exact_tag]
        for some in batched([each for each in by_page if each.name.repository not in failed]):
            with self._store.read() as connection:
                known = snapshots.named(connection, HOME, [each.name for each in some])
            for each in some:
                tag = known.get(each.name)
                if tag is None:
                    self._found.empty += 1
                elif not self._is_of_now(tag):
                    left.append(each.name)
                else:
                    self._file(tag, each.repository)
        self._read_single(left, repositories)

    def _read_single(
        self,
        images: Sequence[ImageName],
        repositories: Mapping[ImageName, RepositorySnapshot | None] = MappingProxyType({}),
    ) -> None:
        """Read tags one by one and file them."""
        if not images:
            return
        report = self._fleet.single(images, hub=self._hub)
        for name, tag in report.found.items():
            self._file(tag, repositories.get(name))
        self._found.empty += len(report.absent)
        for name, why in report.unchecked.items():
            self._miss(Unchecked(str(name), why))
        self._come_back(report.retry_at)

    def _is_of_now(self, tag: TagSnapshot) -> bool:
        return self._just_now <= tag.read_at and has_been(tag.read_at, self._now)

    def _at_every_tag(self, names: Sequence[RepositoryName]) -> None:
        failed = self._read(names, all_tags=True, is_fresh=self._question.is_by_pulls)
        self._found.empty += len(self._file_kept([name for name in names if name not in failed]))

    def _at_one_tag(self, area: Area, names: Sequence[RepositoryName]) -> None:
        """Look at one tag of each repository: as a rule it is among the newest, or it is known that there is none.

        Else it is asked for by itself. When it was pulled is read later, of those of which it matters.
        """
        failed = self._read(names)
        missing = self._file_kept([name for name in names if name not in failed])
        complete = self._complete(area.namespace)
        asked = [name for name in missing if name not in complete]
        self._found.empty += len(missing) - len(asked)
        self._read_single([ImageName(name, self._question.exact_tag) for name in asked])

    def _complete(self, namespace: str) -> Collection[RepositoryName]:
        """Return the repositories of which all tags are known."""
        with self._store.read() as connection:
            known = snapshots.repositories(connection, HOME, namespace)
        return frozenset(each.name for each in known if each.has_all_tags)

    def _file_kept(self, names: Sequence[RepositoryName]) -> list[RepositoryName]:
        """File the tags that are asked for of what is kept; return the repositories that have none of them."""
        missing = []
        for batch in batched(names):
            with self._store.read() as connection:
                kept = snapshots.tags_of(connection, HOME, batch)
            for name in batch:
                fitting = [tag for tag in kept.get(name, ()) if self._is_asked(tag.name)]
                for tag in fitting:
                    self._file(tag)
                missing += [] if fitting else [name]
        return missing

    def _is_asked(self, tag: str) -> bool:
        return self._question.tag is None or fnmatchcase(tag, self._question.tag)

    def _representatives(self, area: Area) -> dict[RepositoryName, TagSnapshot]:
        with self._store.read() as connection:
            found = snapshots.representatives(connection, HOME, Scope(namespaces=(area.namespace,)))
        return {tag.repository: tag for tag in found}

    def _read(
        self, names: Sequence[RepositoryName], *, all_tags: bool = False, is_fresh: bool = False
    ) -> Collection[RepositoryName]:
        """Have tags read; return those of which that failed."""
        if not names:
            return ()
        report = self._fleet.read(names, hub=self._hub, all_tags=all_tags, is_fresh=is_fresh, progress=self._progress)
        for each in report.missed:
            self._miss(each)
        self._come_back(report.retry_at)
        return frozenset(report.failed)

    def _file_images(self, found: Mapping[ImageName, TagSnapshot], unchecked: Iterable[Unchecked]) -> None:
        for tag in found.values():
            self._file(tag)
        for each in unchecked:
            self._miss(each)

    def _file(self, tag: TagSnapshot, repository: RepositorySnapshot | None = None) -> None:
        name = ImageName(tag.repository, tag.name)
        verdict = judge(tag, self._limits_of(tag.repository.namespace), self._now)
        self._judged[name] = Judged(name, verdict, tag.pushed_at, tag, repository)

    def _miss(self, unchecked: Unchecked) -> None:
        self._missed.setdefault(unchecked.subject, unchecked)

    def _come_back(self, retry_at: datetime | None) -> None:
        if retry_at is not None:
            self._found.retry_at = max(retry_at, self._found.retry_at or retry_at)

    def _limits_of(self, namespace: str) -> Limits:
        if namespace not in self._limits:
            with self._store.read() as connection:
                limits = self._rules.limits(connection, namespace)
            age = self._question.age
            self._limits[namespace] = limits if age is None else limits.asked(age)
        return self._limits[namespace]


def _holds_images(repository: RepositorySnapshot) -> bool:
    """Return whether anything was ever pushed, as far as a listing tells.

    It is open whether Docker Hub shows the time at which a repository was made as its last push, until there is one.
    """
    return repository.storage_bytes != 0 or bool(repository.pulls)
