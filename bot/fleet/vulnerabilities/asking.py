"""Asking a source about images, and keeping what it says as it comes."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from bot.clock import Clock
from bot.fleet.vulnerabilities import scans
from bot.fleet.vulnerabilities.keeping import keep
from bot.fleet.vulnerabilities.model import Scan, ScanState, Target, VulnerabilitySource
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

KEPT_AT_ONCE = 50
KEPT_AFTER_SECONDS = 10.0
"""What a slow source says is kept as it comes; a scanner takes minutes for an image."""
SAID_NOTHING = "{label} said nothing of it"
CRASHED = "asking {label} went wrong; the operator finds it in the log"


def by_digest(targets: Iterable[Target]) -> dict[str, tuple[Target, ...]]:
    """Return images with everything that points to them."""
    found: dict[str, tuple[Target, ...]] = {}
    for target in targets:
        found[target.digest] = (*found.get(target.digest, ()), target)
    return found


class Inquiry:
    """Asks one source. What is kept is what was said before it was over.

    Args:
        store: Where it is kept.
        workspace: Whose.
        source: Whom to ask.
        targets: By the digest of the image, everything that points to it.
        clock: The time.
        is_over: Whether to end early; asked before each request that can be left out.
        on_kept: Called whenever something was kept, with how many images that was.
    """

    def __init__(
        self,
        store: Store,
        workspace: str,
        source: VulnerabilitySource,
        targets: Mapping[str, Sequence[Target]],
        clock: Clock,
        *,
        is_over: Callable[[], bool],
        on_kept: Callable[[int], None],
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._source = source
        self._targets = targets
        self._clock = clock
        self._is_over = is_over
        self._on_kept = on_kept

    def summarize(self, targets: Sequence[Target]) -> None:
        """Have images counted, as cheaply as can be."""
        missing = {target.digest for target in targets}
        waiting: list[Scan] = []
        why = SAID_NOTHING
        kept_at = self._clock.monotonic()
        try:
            for scan in self._source.summarize(targets):
                if scan.digest in missing:
                    missing.discard(scan.digest)
                    waiting.append(scan)
                is_slow = self._clock.monotonic() - kept_at >= KEPT_AFTER_SECONDS
                if is_slow or len(waiting) >= KEPT_AT_ONCE:
                    self._keep(waiting)
                    waiting, kept_at = [], self._clock.monotonic()
                if missing and self._is_over():
                    why = ""
                    break
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("vulnerability_source_crashed", extra={"source": self._source.name})
            why = CRASHED
        if why:
            waiting += [self._failed(digest, why) for digest in sorted(missing)]
        self._keep(waiting)

    def detail(self, digests: Collection[str]) -> None:
        """Read the findings of those images of which they are not known."""
        with self._store.read() as connection:
            now = self._store.now(connection)
            kept = scans.latest(connection, self._workspace, digests, has_findings=False, source=self._source.name)
        for digest in sorted(each.digest for each in kept.values() if each.needs_details(now)):
            if self._is_over():
                return
            self._keep([self._details(digest)])

    def _details(self, digest: str) -> Scan:
        try:
            scan = self._source.detail(self._targets[digest][0])
        except StoreUnavailableError:
            raise
        except Exception:
            logger.exception("vulnerability_source_crashed", extra={"source": self._source.name})
            return self._failed(digest, CRASHED)
        if scan.state is ScanState.ANALYSED and scan.findings is None:
            return self._failed(digest, SAID_NOTHING)
        return replace(scan, digest=digest)

    def _keep(self, found: Sequence[Scan]) -> None:
        if not found:
            return
        with_targets = [(self._targets[scan.digest], scan) for scan in found if scan.digest in self._targets]

        def work(connection: Connection) -> None:
            keep(connection, self._workspace, self._source.name, with_targets, self._store.now(connection))

        self._store.write(work)
        self._on_kept(len(with_targets))

    def _failed(self, digest: str, why: str) -> Scan:
        return Scan(digest, ScanState.FAILED, self._clock.now(), why=why.format(label=self._source.label))
