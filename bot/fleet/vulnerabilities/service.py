"""What is known of vulnerabilities, for whoever asks: looked up, and looked at now as far as somebody can wait."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.fleet.model import Scope, TagSnapshot, Unchecked
from bot.fleet.snapshots import representatives, unchecked
from bot.fleet.vulnerabilities import acceptances, days, leases
from bot.fleet.vulnerabilities.acceptances import Acceptance, Acceptances, vulnerability_key
from bot.fleet.vulnerabilities.asking import Inquiry, by_digest
from bot.fleet.vulnerabilities.choosing import Choice, Choosing
from bot.fleet.vulnerabilities.model import Severity, Target, Vulnerability, VulnerabilitySource
from bot.fleet.vulnerabilities.scans import ImageFindings, open_findings, targets_by_namespace
from bot.governance.proposals import Asker
from bot.progress import Progress
from bot.store.base import Store
from bot.store.workspaces import HOME

CHART_DAYS = timedelta(days=30)
WEEK = timedelta(days=7)
NOT_DETAILED = "its vulnerabilities are counted, and not known one by one yet"
OUT_OF_DATE = "it was looked at one by one before its counts changed"
ASKED_AT_ONCE = 50
FRESH = timedelta(hours=6)
"""What was asked about less long ago is good enough for a digest; a daily one so costs one question a day."""

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Looked:
    """What was found.

    Attributes:
        images: In the order of the tags.
        choices: Who was asked, by namespace.
        labels: What people call the sources, by name.
        looked_at: When (UTC).
    """

    images: tuple[ImageFindings, ...]
    choices: Mapping[str, Choice]
    labels: Mapping[str, str]
    looked_at: datetime

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """Of which images nothing is known, and why. Where nobody can be asked, that is why."""
        return tuple(self._unchecked())

    def _unchecked(self) -> Iterator[Unchecked]:
        for image in self.images:
            missing = image.unchecked
            if missing is None:
                continue
            choice = self.choices.get(image.tag.repository.namespace)
            nobody = choice.why.rstrip(".") if choice and choice.source is None and image.target else ""
            yield Unchecked(missing.subject, nobody or missing.why)


@dataclass(frozen=True)
class Affected:
    """An image that has a vulnerability.

    Attributes:
        image: Which.
        findings: The vulnerability, for each package that has it.
        acceptance: Why it is not counted; None: it is.
    """

    image: ImageFindings
    findings: tuple[Vulnerability, ...]
    acceptance: Acceptance | None = None


@dataclass(frozen=True)
class Which:
    """Which images have a vulnerability.

    Attributes:
        affected: These do.
        clear: How many do not.
        unchecked: Of these nobody knows.
    """

    affected: tuple[Affected, ...]
    clear: int
    unchecked: tuple[Unchecked, ...] = field(default=())


class Vulnerabilities:
    """Knows the vulnerabilities of images. Safe to use from several threads.

    Every method raises `StoreUnavailableError` while the database is away.

    Args:
        store: Where everything is kept.
        choosing: Knows whom to ask; its sources have the patience of somebody who waits.
        clock: The time.
        watched: Returns which images are looked at daily.
        last_digest: Returns when the last digest of a channel was decided on (UTC); None: there was none.
        workspace: Whose.
    """

    def __init__(
        self,
        store: Store,
        choosing: Choosing,
        clock: Clock,
        *,
        watched: Callable[[], Scope] = Scope,
        last_digest: Callable[[str], datetime | None] = lambda _: None,
        workspace: str = HOME,
    ) -> None:
        self._store = store
        self._choosing = choosing
        self._clock = clock
        self._watched = watched
        self._last_digest = last_digest
        self._workspace = workspace

    @property
    def choosing(self) -> Choosing:
        """Knows whom to ask; for others who ask the same, with another patience."""
        return self._choosing

    @property
    def is_off(self) -> bool:
        """Whether nobody is to be asked at all."""
        return self._choosing.is_off

    def look(
        self,
        tags: Sequence[TagSnapshot],
        *,
        seconds: float | None,
        has_findings: bool = True,
        progress: Tell = lambda _: None,
    ) -> Looked:
        """Return what is known of images; what is not, or is older than a day, is asked for first.

        Args:
            tags: Which.
            seconds: How long to go on asking; None: until everything was asked for. What is answered by then is kept.
            has_findings: Whether each finding is wanted, and not only how many there are.
            progress: Told how far it is.
        """
        ends_at = None if seconds is None else self._clock.monotonic() + seconds

        def is_over() -> bool:
            return ends_at is not None and self._clock.monotonic() >= ends_at

        choices: dict[str, Choice] = {}
        for namespace, targets in targets_by_namespace(tags).items():
            choices[namespace] = self._choosing.of(namespace)
            source = choices[namespace].source
            if source is not None:
                self._ask(source, targets, is_over=is_over, has_findings=has_findings, progress=progress)
        images, now = self._found(tags, has_findings=has_findings)
        return Looked(tuple(images), choices, self._choosing.labels, now)

    @property
    def watched(self) -> Scope:
        """Which images are looked at daily."""
        return self._watched()

    def new_since(self, channel: str | None) -> datetime:
        """Return since when something counts as new (UTC): a week ago, or the last digest of a channel."""
        last = self._last_digest(channel) if channel else None
        return last or self.now() - WEEK

    def standing_for(self, scope: Scope) -> tuple[tuple[TagSnapshot, ...], tuple[Unchecked, ...]]:
        """Return the tags that stand for a scope, as Docker Hub was last seen; and what could not be looked at."""
        with self._store.read() as connection:
            tags = representatives(connection, self._workspace, scope)
            return tags, unchecked(connection, self._workspace, scope)

    def which(self, vulnerability: str, looked: Looked) -> Which:
        """Return which of some images have a vulnerability, by any of its names.

        Args:
            vulnerability: As `bot.fleet.vulnerabilities.acceptances.check_vulnerability` returns it.
            looked: What is known of them, with their findings.
        """
        nothing_known = {each.subject: each for each in looked.unchecked}
        affected: list[Affected] = []
        unknown: list[Unchecked] = []
        clear = 0
        for image in looked.images:
            found = _affected(vulnerability, image)
            why = nothing_known.get(image.tag.reference) or _why_not_detailed(image)
            if found:
                affected.append(found)
            elif why:
                unknown.append(why)
            else:
                clear += 1
        return Which(tuple(affected), clear, tuple(unknown))

    def trend(self, tags: Sequence[TagSnapshot]) -> dict[str, tuple[str, dict[Severity, int]]]:
        """Return how many were open a week ago, or on the first day that is known; see `days.before`."""
        with self._store.read() as connection:
            return days.before(connection, self._workspace, tags, self._store.now(connection))

    def totals(self, namespace: str) -> tuple[tuple[str, dict[Severity, int]], ...]:
        """Return how many were open in a namespace by day, in the last 30 days."""
        with self._store.read() as connection:
            since = self._store.now(connection) - CHART_DAYS
            return days.totals(connection, self._workspace, namespace, since=since)

    def accepted(self) -> tuple[Acceptance, ...]:
        """Return what is accepted just now, what expires first first."""
        with self._store.read() as connection:
            return acceptances.active(connection, self._workspace, self._store.now(connection))

    def now(self) -> datetime:
        """Return the database's time (UTC), by which acceptances begin and end."""
        with self._store.read() as connection:
            return self._store.now(connection)

    def accept(self, vulnerability: str, *, image: str, reason: str, expires_at: datetime, asker: Asker) -> Acceptance:
        """Accept a vulnerability, see `bot.fleet.vulnerabilities.acceptances.accept`.

        Raises:
            UserError: The time is over already, or too far away.
        """

        def work(connection: Connection) -> Acceptance:
            return acceptances.accept(
                connection,
                self._workspace,
                vulnerability,
                image=image,
                reason=reason,
                expires_at=expires_at,
                asker=asker,
                now=self._store.now(connection),
            )

        return self._store.write(work)

    def unaccept(self, vulnerability: str, *, image: str | None, asker: Asker) -> tuple[Acceptance, ...]:
        """Take back what is accepted of a vulnerability; return what that was."""

        def work(connection: Connection) -> tuple[Acceptance, ...]:
            now = self._store.now(connection)
            return acceptances.unaccept(connection, self._workspace, vulnerability, image=image, asker=asker, now=now)

        return self._store.write(work)

    def is_fresh(self, connection: Connection, scope: Scope, at: datetime) -> bool:
        """Return whether at that time no image of a scope waits to be asked about, as far as anybody answers for it."""
        if self._choosing.is_off:
            return True
        digests: dict[str, set[str]] = {}
        for namespace, targets in targets_by_namespace(representatives(connection, self._workspace, scope)).items():
            choice = self._choosing.known(namespace)
            if choice is None:
                return False
            if choice.source is not None:
                digests.setdefault(choice.source.name, set()).update(target.digest for target in targets)
        return not any(
            leases.is_waiting(connection, self._workspace, source, some, at) for source, some in digests.items()
        )

    def hasten(self, scope: Scope) -> None:
        """Have the background ask about all of this as soon as it can, as far as that was not done lately."""

        def work(connection: Connection) -> None:
            now = self._store.now(connection)
            found = targets_by_namespace(representatives(connection, self._workspace, scope)).values()
            digests = {target.digest for targets in found for target in targets}
            leases.hasten(connection, self._workspace, digests, asked_before=now - FRESH, now=now)

        if not self._choosing.is_off:
            self._store.write(work)

    def _ask(
        self,
        source: VulnerabilitySource,
        targets: Collection[Target],
        *,
        is_over: Callable[[], bool],
        has_findings: bool,
        progress: Tell,
    ) -> None:
        there = by_digest(targets)
        first = [each[0] for each in there.values()]
        with self._store.read() as connection:
            now = self._store.now(connection)
            wanted = leases.due(connection, self._workspace, source.name, first, now)
            accepted = Acceptances(acceptances.active(connection, self._workspace, now))
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done = min(done + count, len(wanted))
            progress(Progress(done, len(wanted), "images asked about"))

        inquiry = Inquiry(self._store, self._workspace, source, there, self._clock, is_over=is_over, on_kept=tell)
        for start in range(0, len(wanted), ASKED_AT_ONCE):
            if is_over():
                return
            inquiry.summarize(wanted[start : start + ASKED_AT_ONCE])
        # Where something is accepted, counts alone do not tell what is open.
        inquiry.detail({each.digest for each in first if has_findings or accepted.of(each.repository)})

    def _found(self, tags: Sequence[TagSnapshot], *, has_findings: bool) -> tuple[list[ImageFindings], datetime]:
        with self._store.read() as connection:
            now = self._store.now(connection)
            found = open_findings(connection, self._workspace, tags, now, has_findings=has_findings)
        return [found[tag.reference] for tag in tags], now


def image_glob(text: str, default_namespace: str | None) -> str:
    """Return a glob for `namespace/name`, from what somebody typed: a bare name is the default namespace's.

    Raises:
        ValueError: It has a tag, which is not what something is accepted for; the message is a sentence.
    """
    glob = text.strip().lower()
    if ":" in glob or "@" in glob or not glob:
        raise ValueError("A vulnerability is accepted for repositories, like `acme/api` or `acme/*`, not for one tag.")
    is_bare = "/" not in glob and not any(sign in glob for sign in "*?[")
    return f"{default_namespace}/{glob}" if is_bare and default_namespace else glob


def _affected(vulnerability: str, image: ImageFindings) -> Affected | None:
    accepted = [each for each in image.accepted if _is_called(each.vulnerability, vulnerability)]
    if accepted:
        return Affected(image, tuple(each.vulnerability for each in accepted), accepted[0].acceptance)
    # What is out of date still tells what was there: better said than passed over.
    there = image.open if image.open is not None else (image.scan.findings if image.scan else None)
    found = tuple(each for each in there or () if _is_called(each, vulnerability))
    return Affected(image, found) if found else None


def _is_called(each: Vulnerability, key: str) -> bool:
    return any(vulnerability_key(name) == key for name in each.names)


def _why_not_detailed(image: ImageFindings) -> Unchecked | None:
    if image.open is not None or not any((image.counts or {}).values()):
        return None
    why = OUT_OF_DATE if image.scan and image.scan.findings is not None else NOT_DETAILED
    return Unchecked(image.tag.reference, (image.scan.problem if image.scan else "") or why)
