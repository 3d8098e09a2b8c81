"""Whom to ask about the vulnerabilities of a namespace: whoever the setting names, else the first who can answer."""

import copy
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.errors import HubError
from bot.fleet.vulnerabilities.model import VulnerabilitySource

logger = logging.getLogger(__name__)

REMEMBERED_FOR = timedelta(hours=1)
AGAIN_AFTER = timedelta(minutes=2)
"""When somebody could not be asked whether they answer."""
OFF = "Vulnerabilities are not looked at: `HUB_BOT_VULNERABILITIES` is `off`."
NOBODY = "Nobody can be asked about vulnerabilities."


class Mode(StrEnum):
    """What `HUB_BOT_VULNERABILITIES` says."""

    AUTO = "auto"
    SCOUT = "scout"
    OSV = "osv"
    SCANNER = "scanner"
    OFF = "off"


ORDER = (Mode.SCOUT, Mode.SCANNER, Mode.OSV)
"""Who is tried first: who knows most, then who was set up on purpose, then who needs nothing."""


@dataclass(frozen=True)
class PassedOver:
    """A source that is not asked.

    Attributes:
        name, label: Which, see `VulnerabilitySource`.
        why: A sentence for people.
    """

    name: str
    label: str
    why: str


@dataclass(frozen=True)
class Choice:
    """Whom to ask about a namespace.

    Attributes:
        source: Whom; None: nobody can be asked just now.
        passed_over: Who would have been asked before, and why not.
        why: Why nobody can be asked, a sentence; empty where somebody can.
        chosen_at: When that was found out (UTC).
    """

    source: VulnerabilitySource | None
    chosen_at: datetime
    passed_over: tuple[PassedOver, ...] = field(default=())
    why: str = ""


class Choosing:
    """Chooses, and remembers it for an hour. Safe to use from several threads.

    Args:
        mode: What was set.
        sources: Those that there are. A mode that names another finds nobody.
        clock: The time.
    """

    def __init__(self, mode: Mode, sources: Sequence[VulnerabilitySource], clock: Clock) -> None:
        self._mode = mode
        self._sources = {source.name: source for source in sources}
        self._clock = clock
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[Choice, datetime]] = {}

    def with_sources(self, sources: Sequence[VulnerabilitySource]) -> "Choosing":
        """Return the same, remembering the same, with the same sources of another patience."""
        twin = copy.copy(self)
        twin._sources = {source.name: source for source in sources}  # noqa: SLF001 - of its own class.
        return twin

    @property
    def is_off(self) -> bool:
        """Whether nobody is to be asked at all."""
        return self._mode is Mode.OFF

    @property
    def labels(self) -> Mapping[str, str]:
        """What people call the sources, by name."""
        return {name: source.label for name, source in self._sources.items()}

    def known(self, namespace: str) -> Choice | None:
        """Return whom to ask, as far as that is known without asking anybody."""
        if self._mode is not Mode.AUTO:
            return self._set()
        with self._lock:
            choice, until = self._remembered.get(namespace, (None, None))
        if choice is None or until is None or not choice.chosen_at <= self._clock.now() < until:
            return None
        return self._own(choice)

    def of(self, namespace: str) -> Choice:
        """Return whom to ask about a namespace.

        Where somebody cannot say just now whether they answer, they are asked again soon; until then it stays with
        whoever was asked before. It never goes over to the next: every vulnerability would be called by another name,
        and be new, for an hour.
        """
        known = self.known(namespace)
        if known is not None:
            return known
        try:
            choice, remembered_for = self._probe(namespace), REMEMBERED_FOR
        except _UnsureError as error:
            choice, remembered_for = self._unsure(namespace, error), AGAIN_AFTER
        with self._lock:
            self._remembered[namespace] = (choice, self._clock.now() + remembered_for)
        return choice

    def _set(self) -> Choice:
        now = self._clock.now()
        if self._mode is Mode.OFF:
            return Choice(None, now, why=OFF)
        source = self._sources.get(self._mode.value)
        return Choice(source, now, why="" if source else NOBODY)

    def _own(self, choice: Choice) -> Choice:
        """Return a choice with the source of this patience."""
        if choice.source is None:
            return choice
        return Choice(self._sources.get(choice.source.name), choice.chosen_at, choice.passed_over, choice.why)

    def _probe(self, namespace: str) -> Choice:
        passed_over: list[PassedOver] = []
        for name in ORDER:
            source = self._sources.get(name.value)
            if source is None:
                continue
            try:
                problem = source.problem(namespace)
            except HubError as error:
                raise _UnsureError(source, str(error), tuple(passed_over)) from error
            if not problem:
                return Choice(source, self._clock.now(), tuple(passed_over))
            passed_over.append(PassedOver(source.name, source.label, problem))
        why = " ".join(each.why for each in passed_over) or NOBODY
        return Choice(None, self._clock.now(), tuple(passed_over), why)

    def _unsure(self, namespace: str, error: "_UnsureError") -> Choice:
        logger.warning("vulnerability_source_unsure", extra={"source": error.source.name, "namespace": namespace})
        with self._lock:
            before, _ = self._remembered.get(namespace, (None, None))
        now = self._clock.now()
        if before is not None and before.source is not None:
            return Choice(self._sources.get(before.source.name), now, before.passed_over)
        why = f"{error.source.label} could not be asked whether it answers for `{namespace}`: {error.why}"
        return Choice(None, now, error.passed_over, why)


class _UnsureError(Exception):
    """A source could not say whether it answers."""

    def __init__(self, source: VulnerabilitySource, why: str, passed_over: tuple[PassedOver, ...]) -> None:
        super().__init__(why)
        self.source = source
        self.why = why
        self.passed_over = passed_over
