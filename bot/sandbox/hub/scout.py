"""What the simulated Docker Scout knows: of which images, how far the analysis is, and what it found.

Nothing is computed before somebody asks, so it costs the simulator's start nothing. What the seed makes up for an image
can be replaced by verbs at any time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.sandbox.hub import scout_seed
from bot.sandbox.hub.scout_seed import Finding, Severity
from bot.sandbox.hub.state import HubState, Image, Repository, Tag

SbomState = Literal["INDEXED", "INDEXING", "INDEXING_FAILED", "INDEXING_UNAVAILABLE", "NONE"]

NOT_ENABLED = frozenset({"acme/old-monolith", "acme/hack-week-2023"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a query is refused.

    Attributes:
        status: 402 when the plan's limits are exceeded, 403 without the right; others as in HTTP.
        query: Which query; None: all.
        times: How often; None: from now on.
    """

    status: int
    message: str
    query: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An image as Docker Scout knows it, in one repository.

    Attributes:
        findings: What is vulnerable in it; None: it was not scanned yet.
        is_broken: Whether reading its report fails.
    """

    digest: str
    repository: Repository
    state: SbomState
    findings: tuple[Finding, ...] | None
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """An advisory that became known while the world went on.

    Attributes:
        findings: What it says, one for each package; the same `id` in all.
        at: When. What is built from then on has the mended package.
    """

    findings: tuple[Finding, ...]
    at: datetime


class Scout:
    """Docker Scout's state, with verbs for what happens to it.

    Attributes:
        indexing_seconds: How long after its push an image is still `INDEXING`, by the simulator's clock.
    """

    def __init__(self, state: HubState, now: Callable[[], datetime]) -> None:
        self._state = state
        self._now = now
        self._began_at = now()
        self.indexing_seconds = 0.0
        self._places: dict[str, list[tuple[Repository, Image]]] = {}
        # Charts and the like, which are no images.
        self._other_things: set[str] = set()
        self._findings: dict[str, tuple[Finding, ...] | None] = {}
        self._states: dict[str, SbomState] = {}
        self._forgotten: set[str] = set()
        self._broken: set[str] = set()
        self._not_enrolled: set[str] = set()
        self._not_enabled = set(NOT_ENABLED)
        self._refusals: list[Refusal] = []
        self._published: list[Published] = []

    def publish(self, severity: Severity) -> tuple[Finding, list[str]]:
        """Let an advisory become known, of whatever package; return it, and the repositories that have the package."""
        with self._state.lock:
            findings = scout_seed.news(len(self._published), severity)
            self._published.append(Published(findings, self._now()))
            repositories = (each for siblings in self._state.repositories.values() for each in siblings.values())
            return findings[0], [each.path for each in repositories if scout_seed.is_in(findings[0], each.path)]

    def put(self, digest: str, *findings: Finding) -> None:
        """Let an image be analysed, with exactly these vulnerabilities."""
        with self._state.lock:
            self._findings[digest] = findings
            self._states[digest] = "INDEXED"
            self._forgotten.discard(digest)

    def add(self, digest: str, *findings: Finding) -> None:
        """Let these become known of an image, besides what is known.

        Raises:
            KeyError: There is no such image.
        """
        with self._state.lock:
            self._findings[digest] = (*self.findings(digest), *findings)

    def remove(self, digest: str, finding_id: str) -> None:
        """Let an image be free of a vulnerability after all.

        Raises:
            KeyError: There is no such image.
        """
        with self._state.lock:
            self._findings[digest] = tuple(each for each in self.findings(digest) if each.id != finding_id)

    def fix(self, digest: str, finding_id: str, fixed_by: str) -> None:
        """Let there be a version without a vulnerability that an image has.

        Raises:
            KeyError: There is no such image.
        """
        with self._state.lock:
            self._findings[digest] = tuple(
                replace(each, fixed_by=fixed_by) if each.id == finding_id else each for each in self.findings(digest)
            )

    def except_(self, digest: str, finding_id: str) -> None:
        """Let a statement say that a vulnerability does no harm in an image.

        Raises:
            KeyError: There is no such image.
        """
        with self._state.lock:
            self._findings[digest] = tuple(
                replace(each, is_excepted=True) if each.id == finding_id else each for each in self.findings(digest)
            )

    def set_state(self, digest: str, state: SbomState) -> None:
        """Say how far the analysis of an image is."""
        with self._state.lock:
            self._states[digest] = state

    def unscan(self, digest: str) -> None:
        """Let an image be known and not scanned yet: it has no report."""
        with self._state.lock:
            self._findings[digest] = None

    def forget(self, digest: str) -> None:
        """Know nothing of an image."""
        with self._state.lock:
            self._forgotten.add(digest)

    def break_report(self, digest: str) -> None:
        """Let reading the report of an image fail, while those of others can be read."""
        with self._state.lock:
            self._broken.add(digest)

    def enroll(self, organization: str, *, is_enrolled: bool = True) -> None:
        """Let an organization use Docker Scout, or not."""
        with self._state.lock:
            (self._not_enrolled.discard if is_enrolled else self._not_enrolled.add)(organization)

    def enable(self, repository: str, *, is_enabled: bool = True) -> None:
        """Have Docker Scout look at a repository, or not."""
        with self._state.lock:
            (self._not_enabled.discard if is_enabled else self._not_enabled.add)(repository)

    def refuse(self, status: int, message: str = "", *, query: str | None = None, times: int | None = None) -> None:
        """Refuse queries from now on; 402 when the plan's limits are exceeded, 403 without the right."""
        said = message or {402: "Plan limits exceeded", 403: "You are not allowed to read data for this team"}.get(
            status, "downstream service error"
        )
        with self._state.lock:
            self._refusals.append(Refusal(status, said, query, times))

    def allow(self) -> None:
        """Refuse nothing any longer."""
        with self._state.lock:
            self._refusals.clear()

    def refusal(self, query: str) -> Refusal | None:
        """Return how a query is refused now, and count it."""
        with self._state.lock:
            for number, each in enumerate(self._refusals):
                if each.query in {None, query}:
                    if each.times is not None:
                        self._refusals[number : number + 1] = (
                            [replace(each, times=each.times - 1)] if each.times > 1 else []
                        )
                    return each
        return None

    def is_enrolled(self, organization: str) -> bool:
        """Return whether an organization uses Docker Scout."""
        return organization not in self._not_enrolled

    def is_enabled(self, repository: str) -> bool:
        """Return whether Docker Scout looks at a repository."""
        return repository not in self._not_enabled and self.is_enrolled(repository.partition("/")[0])

    def findings(self, digest: str) -> tuple[Finding, ...]:
        """Return what is vulnerable in an image; empty also when it was not scanned.

        Raises:
            KeyError: There is no such image.
        """
        with self._state.lock:
            return self._found(digest) or ()

    def known(self, digest: str) -> tuple[Known, ...]:
        """Return what is known of an image, once for each repository that it is in and that is looked at."""
        with self._state.lock:
            places = [] if digest in self._forgotten else self._places_of(digest)
            return tuple(
                Known(
                    digest,
                    repository,
                    self._sbom_state(digest, image),
                    self._found(digest),
                    digest in self._broken,
                )
                for repository, image in places
                if self.is_enabled(repository.path)
            )

    def _found(self, digest: str) -> tuple[Finding, ...] | None:
        if digest in self._findings:
            return self._findings[digest]
        places = self._places_of(digest)
        if not places:
            raise KeyError(digest)
        # What is in an image does not depend on where it was pushed to; the first place stands for all.
        repository, image = places[0]
        found = scout_seed.findings(repository.path, image.pushed_at, began_at=self._began_at, now=self._now())
        return (*found, *self._news_of(repository.path, image.pushed_at))

    def _news_of(self, path: str, built_at: datetime | None) -> Iterator[Finding]:
        for each in self._published:
            if built_at is None or built_at < each.at:
                yield from (finding for finding in each.findings if scout_seed.is_in(finding, path))

    def _sbom_state(self, digest: str, image: Image) -> SbomState:
        if digest in self._states:
            return self._states[digest]
        if digest in self._other_things:
            return "INDEXING_UNAVAILABLE"
        age = timedelta.max if image.pushed_at is None else self._now() - image.pushed_at
        return "INDEXING" if age < timedelta(seconds=self.indexing_seconds) else "INDEXED"

    def _places_of(self, digest: str) -> list[tuple[Repository, Image]]:
        """Return the repositories that an image is in. Looks everywhere only for an image that is new."""
        if digest and digest not in self._places:
            self._places = {}
            self._other_things = set()
            for repository, tag, image in self._all_places():
                known = self._places.setdefault(image.digest or "", [])
                if not any(each is repository for each, _ in known):
                    known.append((repository, image))
                if tag.content_type != "image":
                    self._other_things.add(image.digest or "")
        found = self._places.get(digest, []) if digest else []
        return [each for each in found if self._state.find_repository(each[0].path) is each[0]]

    def _all_places(self) -> Iterator[tuple[Repository, Tag, Image]]:
        for siblings in self._state.repositories.values():
            for repository in siblings.values():
                former = (each for past in repository.former.values() for each in past)
                for tag in (*repository.tags.values(), *former):
                    for image in tag.images:
                        yield repository, tag, image
