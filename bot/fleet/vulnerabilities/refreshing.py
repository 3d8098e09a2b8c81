"""Keeps what is known of vulnerabilities fresh: images that are watched are asked about daily, new ones at once.

Watched are the images that stand for our repositories, and those that somebody has a digest of. A thousand of them
cost as many requests as it takes to count them, and one more for each whose counts have changed.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.fleet.contents import Contents
from bot.fleet.model import Scope, TagSnapshot
from bot.fleet.snapshots import representatives
from bot.fleet.vulnerabilities import days, keeping, leases
from bot.fleet.vulnerabilities.asking import Inquiry, by_digest
from bot.fleet.vulnerabilities.choosing import Choosing
from bot.fleet.vulnerabilities.model import Target, VulnerabilitySource
from bot.fleet.vulnerabilities.scans import open_findings, targets_by_namespace
from bot.loops import Loop
from bot.store.base import Store
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""How often it is looked whether an image is new, or its day is over."""
BATCH = 200
LEASE = timedelta(minutes=15)
"""Longer than any source takes for one image, which is up to five minutes for a scanner, and as long until its turn."""
LEARNED_AT_ONCE = 5
"""Images. So few an hour, and each once ever, leave most of the pull budget to others."""
LEARN_SECONDS = 3_600.0
MOST_PULLS = 12
RENEWED_AFTER = timedelta(minutes=3)


class VulnerabilityLoop(Loop):
    """Asks sources in a thread of its own. Several processes may do so on one database: each image is leased.

    Args:
        store: Where everything is kept.
        choosing: Knows whom to ask; its sources wait as long as it takes.
        clock: The time.
        scopes: Returns which images are watched.
        contents: Reads what images of our own are built on, a few an hour, where no source does; None: nobody reads it.
        on_stop: Called when it is to end, to end what a source is busy with.
    """

    def __init__(
        self,
        store: Store,
        choosing: Choosing,
        clock: Clock,
        *,
        scopes: Callable[[], Scope],
        contents: Contents | None = None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__("vulnerabilities")
        self._on_stop = on_stop
        self._store = store
        self._choosing = choosing
        self._clock = clock
        self._scopes = scopes
        self._totalled: dict[str, str] = {}
        self._pruned = ""
        self._contents = contents
        self._learns_at = clock.monotonic()

    def stop(self, timeout_seconds: float) -> bool:
        """End, and what a source is busy with as well."""
        self._on_stop()
        return super().stop(timeout_seconds)

    def step(self) -> float:
        """Ask about some of the images that are due."""
        if self._choosing.is_off:
            return LOOK_SECONDS
        scope = self._scopes()
        with self._store.read() as connection:
            tags = representatives(connection, HOME, scope)
        did_some = False
        for source, targets in self._by_source(tags):
            if self.is_stopping:
                return 0.0
            did_some = self._refresh(source, targets) or did_some
        if did_some:
            return 0.0
        self._round_off(scope.namespaces, tags)
        if self._contents is not None and self._clock.monotonic() >= self._learns_at:
            self._learns_at = self._clock.monotonic() + LEARN_SECONDS
            self._learn(self._contents, scope.namespaces, tags)
        return LOOK_SECONDS

    def _learn(self, contents: Contents, namespaces: Collection[str], tags: Iterable[TagSnapshot]) -> None:
        """Read what a few images of our own are built on."""
        own = (tag for tag in tags if tag.repository.namespace in namespaces)
        targets = [target for those in targets_by_namespace(own).values() for target in those]
        due = contents.due(targets)[:LEARNED_AT_ONCE]
        if due:
            report = contents.learn(due, most_pulls=MOST_PULLS)
            logger.info("contents_learned", extra={"images": report.read, "pulls": report.pulls})

    def _by_source(
        self, tags: Iterable[TagSnapshot]
    ) -> Sequence[tuple[VulnerabilitySource, Mapping[str, Sequence[Target]]]]:
        """Return whom to ask about what. Of what nobody answers for, nobody is asked."""
        found: dict[str, tuple[VulnerabilitySource, list[Target]]] = {}
        for namespace, targets in targets_by_namespace(tags).items():
            source = self._choosing.of(namespace).source
            if source is not None:
                found.setdefault(source.name, (source, []))[1].extend(targets)
        return [(source, by_digest(targets)) for source, targets in found.values()]

    def _refresh(self, source: VulnerabilitySource, targets: Mapping[str, Sequence[Target]]) -> bool:
        """Ask about a batch of images, if some are due; return whether some were."""
        first = [each[0] for each in targets.values()]
        with self._store.read() as connection:
            wanted = leases.due(connection, HOME, source.name, first, self._store.now(connection))[:BATCH]
        if not wanted:
            return False
        lease = _Lease(self._store, source.name, wanted, self._clock)
        if not lease.mine:
            return False
        started = self._clock.monotonic()
        digests = {target.digest for target in lease.mine}
        try:
            inquiry = Inquiry(
                self._store,
                HOME,
                source,
                targets,
                self._clock,
                is_over=lambda: self.is_stopping,
                on_kept=lambda _: lease.renew(),
            )
            inquiry.summarize(lease.mine)
            inquiry.detail(digests)
        finally:
            lease.end()
        seconds = round(self._clock.monotonic() - started, 3)
        for each in {target.repository.namespace for target in lease.mine}:
            self._totalled.pop(each, None)
        logger.info(
            "vulnerabilities_refreshed", extra={"source": source.name, "images": len(digests), "seconds": seconds}
        )
        return True

    def _round_off(self, namespaces: Collection[str], tags: Sequence[TagSnapshot]) -> None:
        """Note the totals of today, as soon as nothing is due any more; and forget what is old."""
        today = days.day_of(self._clock.now())
        for namespace in namespaces:
            own = [tag for tag in tags if tag.repository.namespace == namespace]
            if own and self._totalled.get(namespace) != today and self._keep_total(namespace, own):
                self._totalled[namespace] = today
        if self._pruned != today:
            self._store.write(_prune(self._store))
            self._pruned = today

    def _keep_total(self, namespace: str, tags: Sequence[TagSnapshot]) -> bool:
        """Note how many are open in a namespace, unless some of it is being asked about."""
        source = self._choosing.of(namespace).source
        targets = targets_by_namespace(tags).get(namespace, [])
        if source is None:
            return False
        with self._store.read() as connection:
            now = self._store.now(connection)
            if leases.is_waiting(connection, HOME, source.name, {each.digest for each in targets}, now):
                return False
            images = open_findings(connection, HOME, tags, now, has_findings=False).values()
        known = [image.counts for image in images if image.counts is not None]
        if known:
            total = days.sums(known)
            self._store.write(
                lambda connection: days.keep_total(connection, HOME, namespace, total, self._store.now(connection))
            )
        return True


class _Lease:
    """The right to ask about some images. It is renewed for as long as answers come."""

    def __init__(self, store: Store, source: str, wanted: Sequence[Target], clock: Clock) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._taken_at = clock.monotonic()
        self.mine, self._until = store.write(lambda connection: self._claimed(connection, wanted))

    def renew(self) -> None:
        """Have it for longer, when some of it is over."""
        if self._clock.monotonic() - self._taken_at >= RENEWED_AFTER.total_seconds():
            self._taken_at = self._clock.monotonic()
            self._until = self._store.write(self._renewed)

    def end(self) -> None:
        """Let go of what was not answered."""
        self._store.write(lambda connection: self._hold(connection, None))

    def _claimed(self, connection: Connection, wanted: Sequence[Target]) -> tuple[tuple[Target, ...], datetime]:
        now = self._store.now(connection)
        return leases.claim(connection, HOME, self._source, wanted, now=now, lease=LEASE), now + LEASE

    def _renewed(self, connection: Connection) -> datetime:
        until = self._store.now(connection) + LEASE
        self._hold(connection, until)
        return until

    def _hold(self, connection: Connection, until: datetime | None) -> None:
        digests = {target.digest for target in self.mine}
        leases.hold(connection, HOME, self._source, digests, held_until=self._until, until=until)


def _prune(store: Store) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        now = store.now(connection)
        days.prune(connection, HOME, now)
        keeping.prune(connection, HOME, now)

    return work
