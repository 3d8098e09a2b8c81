"""A source of vulnerabilities that says what a test wants it to, and counts what it is asked."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.clock import FrozenClock
from bot.fleet.model import PlatformSnapshot, TagSnapshot
from bot.fleet.rows import tag_row
from bot.fleet.vulnerabilities.model import Scan, ScanState, Severity, Target, Vulnerability, count
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import repositories, tags
from bot.store.workspaces import HOME

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CRITICAL = Vulnerability("CVE-2026-0001", Severity.CRITICAL, "openssl", "3.0.1", "3.0.2", 9.8, ("GHSA-aaaa-bbbb-cccc",))
HIGH = Vulnerability("CVE-2026-0002", Severity.HIGH, "zlib", "1.2.11", None, 7.5)
LOW = Vulnerability("CVE-2026-0003", Severity.LOW, "bash", "5.1")


class PlayedSource:
    """Implements `bot.fleet.vulnerabilities.model.VulnerabilitySource`.

    Attributes:
        knows: What it finds, by repository name; what is missing has nothing.
        states: Images of another state than analysed, by repository name.
        counts_only: Whether counting is cheaper than listing: summaries have no findings.
        fails_details: Whether the findings cannot be read.
        gaps: What it cannot know of an image, by repository name.
        crashes: Whether it breaks.
        trouble: What `problem` answers, or raises.
        asked: The sizes of the batches it was asked to count.
        detailed: The images whose findings were read.
        per_batch: How many images are answered by one request.
    """

    def __init__(self, clock: FrozenClock, *, name: str = "scout", label: str = "Docker Scout") -> None:
        self.name = name
        self.label = label
        self.clock = clock
        self.knows: dict[str, Sequence[Vulnerability]] = {}
        self.states: dict[str, ScanState] = {}
        self.gaps: dict[str, str] = {}
        self.counts_only = True
        self.fails_details = False
        self.crashes = False
        self.trouble: str | Exception = ""
        self.probed: list[str] = []
        self.asked: list[int] = []
        self.detailed: list[str] = []
        self.seconds = 0.0

    def problem(self, namespace: str) -> str:
        """Return what was wished for."""
        self.probed.append(namespace)
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return self.trouble

    def summarize(self, targets: Sequence[Target]) -> Iterable[Scan]:
        """Yield what is known."""
        self.asked.append(len(targets))
        if self.crashes:
            raise ZeroDivisionError
        for target in targets:
            self.clock.advance(self.seconds)
            yield self._scan(target, is_detailed=not self.counts_only)

    def detail(self, target: Target) -> Scan:
        """Return what is known, in full."""
        self.detailed.append(str(target.repository))
        self.clock.advance(self.seconds)
        if self.fails_details:
            return Scan(target.digest, ScanState.FAILED, self.clock.now(), why=f"{self.label} did not answer")
        return self._scan(target, is_detailed=True)

    def _scan(self, target: Target, *, is_detailed: bool) -> Scan:
        state = self.states.get(str(target.repository), ScanState.ANALYSED)
        if state is not ScanState.ANALYSED:
            return Scan(target.digest, state, self.clock.now(), why=f"{self.label} says {state.value}")
        found = tuple(self.knows.get(str(target.repository), ()))
        gaps = self.gaps.get(str(target.repository), "")
        return Scan(target.digest, state, self.clock.now(), count(found), found if is_detailed else None, gaps=gaps)


def digest_of(name: str) -> str:
    """Return a digest that is made of a name."""
    return "sha256:" + name.encode().hex().rjust(64, "0")[-64:]


def tag_of(
    name: str = "acme/api", tag: str = "latest", *, version: str = "1", platforms: Sequence[str] = ("linux/amd64",)
) -> TagSnapshot:
    """Return a tag; another version has another digest."""
    images = tuple(PlatformSnapshot(each, digest_of(f"{name}{version}{each}"), 1_000) for each in platforms)
    return TagSnapshot(
        repository=RepositoryName.parse(name),
        name=tag,
        digest=digest_of(f"{name}{version}index"),
        pushed_at=NOW - timedelta(days=1),
        pulled_at=None,
        size_bytes=1_000,
        platforms=images,
        content_type="image",
        read_at=NOW,
    )


def show(store: Store, *shown: TagSnapshot) -> None:
    """Have it known that these tags are there."""

    def work(connection: Connection) -> None:
        for each in shown:
            row = {"workspace": HOME, "repository": str(each.repository), "namespace": each.repository.namespace}
            facts: dict[str, Any] = {
                "pushed_at": each.pushed_at,
                "facts": {},
                "listed_at": each.read_at,
                "read_at": each.read_at,
            }
            put(connection, repositories, {**row, **facts, "has_all_tags": True})
            put(connection, tags, tag_row(HOME, each))

    store.write(work)
