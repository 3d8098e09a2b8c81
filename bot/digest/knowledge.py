"""What digests are made of: what is known of images, how fresh that is, and whom to ask for more."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import JsonValue
from sqlalchemy import Connection

from bot.digest.part import Parts
from bot.digest.report import Report, gather
from bot.digest.rows import Wanted
from bot.fleet.model import Scope
from bot.hub.client import HubClient
from bot.progress import Progress
from bot.words import nearest, quoted

Tell = Callable[[Progress | str], None]
Baseline = Mapping[str, JsonValue]
"""What was compared, by the key of the part that did."""


def _is_always_fresh(_scope: Scope, _since: datetime) -> bool:
    return True


def _ask_nobody(_scope: Scope) -> None:
    """Do nothing."""


def _look_at_nothing(_scope: Scope, _hub: HubClient, _tell: Tell) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Gathered:
    """What a digest has to say.

    Attributes:
        report: That.
        baseline: What to compare with the next time.
        at: As of when (UTC).
    """

    report: Report
    baseline: dict[str, JsonValue]
    at: datetime


@dataclass(frozen=True)
class Knowledge:
    """What digests are made of.

    Attributes:
        parts: In the order in which they are told.
        is_fresh: Returns whether all that can be known of some images was looked at since a time (UTC).
        ask: Has images looked at soon, by whoever does that in the background. Cheap.
        look: Has them looked at now, with the patience of somebody who waits; as far as that goes.
    """

    parts: Parts
    is_fresh: Callable[[Scope, datetime], bool] = field(default=_is_always_fresh)
    ask: Callable[[Scope], None] = field(default=_ask_nobody)
    look: Callable[[Scope, HubClient, Tell], None] = field(default=_look_at_nothing)

    @property
    def keys(self) -> tuple[str, ...]:
        """What `--only` can name."""
        return tuple(part.key for part in self.parts)

    def keys_of(self, wanted: Wanted) -> frozenset[str]:
        """Return the parts that a digest has; one that it names and that is no more is left out."""
        return frozenset(self.keys) & (wanted.only or frozenset(self.keys))

    def gather(
        self,
        connection: Connection,
        wanted: Wanted,
        baseline: Baseline,
        *,
        now: datetime,
        since: datetime | None,
        day: date,
    ) -> Gathered:
        """Return what there is to say. Reads rows, and asks nobody.

        Args:
            connection: One to read on.
            wanted: What the digest is about.
            baseline: What was compared the last time; empty: nothing is new.
            now: The database's time.
            since: When that was (UTC).
            day: The local date that it is of, late or not.
        """
        only = self.keys_of(wanted)
        report, found = gather(
            connection, self.parts, scope=wanted.scope, only=only, baselines=baseline, now=now, since=since, day=day
        )
        return Gathered(report, {**baseline, **found}, now)


def check_only(names: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """Return the names of parts.

    Raises:
        ValueError: There is none of such a name; the message is a sentence, with the likeliest one.
    """
    parts = tuple(known)
    for name in names:
        if name not in parts:
            likely = nearest(name, parts)
            hint = f"Did you mean `{likely}`?" if likely else f"There are {', '.join(f'`{each}`' for each in parts)}."
            raise ValueError(f"{quoted(name)} is no part of a digest. {hint}")
    return frozenset(names)
