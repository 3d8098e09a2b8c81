"""How many pushes came, and to which repositories."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection, and_, select

from bot.digest.part import Found, News, Weight
from bot.digest.parts.looking import is_of
from bot.document import Code, Line, line
from bot.fleet.model import Scope
from bot.images import RepositoryName
from bot.pushes.folding import QUIET
from bot.store.tables import events
from bot.store.workspaces import HOME

OVERLAP = timedelta(minutes=10)
"""A push that came in before the last digest may have become visible after it: transactions end in no order. None
takes so long."""
_TEST = "test"
_MOST_NAMED = 2


class Known(BaseModel):
    """How far pushes were told.

    Attributes:
        until: Those that came in up to then (UTC).
        ids: Those of the last minutes before then, and since, that were told.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    until: AwareDatetime
    ids: frozenset[str] = Field(default=frozenset())

    @property
    def since(self) -> datetime:
        """What came in before then was told."""
        return self.until - OVERLAP


@dataclass(frozen=True)
class Came:
    """What told of a push: a webhook, of which a push of several platforms brings several, or our own look.

    Attributes:
        id: Its event's.
        repository: `namespace/name`.
        tag: What was pushed.
        received_at: When it came in (UTC).
    """

    id: str
    repository: str
    tag: str
    received_at: datetime


def compare(before: Known | None, came: Sequence[Came], now: datetime) -> tuple[Counter[str], Known]:
    """Return how many pushes are new, by repository, and what to remember. Pure.

    Args:
        before: What was told; None: nothing, and nothing is new then.
        came: All that came in after `before.since`; the first time, all since `OVERLAP` before now.
        now: The database's time.
    """
    told = before.ids if before else frozenset()
    new = [] if before is None else [each for each in _pushes(came) if told.isdisjoint(one.id for one in each)]
    after = Known(until=now)
    ids = frozenset(each.id for each in came if each.received_at > after.since)
    return Counter(each[0].repository for each in new), after.model_copy(update={"ids": ids})


def _pushes(came: Sequence[Came]) -> list[list[Came]]:
    """Return what told of each push: what came of the same tag with no pause between."""
    pushes: list[list[Came]] = []
    for each in sorted(came, key=lambda one: (one.repository, one.tag, one.received_at)):
        last = pushes[-1][-1] if pushes else None
        is_same = last is not None and (last.repository, last.tag) == (each.repository, each.tag)
        if is_same and last is not None and each.received_at - last.received_at <= QUIET:
            pushes[-1].append(each)
        else:
            pushes.append([each])
    return pushes


class RecentPushes:
    """Implements `bot.digest.part.Part`."""

    key = "pushes"
    title = "Pushes"

    def find(self, connection: Connection, scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        """Return how many pushes came."""
        before = None if baseline is None else Known.model_validate(baseline)
        # A wall clock may have been set back since.
        since = min(before.since if before else now, now - OVERLAP)
        columns = (events.c.id, events.c.repository, events.c.tag, events.c.received_at)
        ours = and_(events.c.workspace == HOME, events.c.received_at > since, events.c.source != _TEST)
        found = connection.execute(select(*columns).where(ours, is_of(scope, events.c.repository)))
        came = [Came(row.id, row.repository, row.tag, row.received_at) for row in found if _is_wanted(scope, *row[1:3])]
        counts, known = compare(before, came, now)
        news = (News(_line(counts), Weight.NOTABLE),) if counts else ()
        return Found(news, known.model_dump(mode="json"))


def _is_wanted(scope: Scope, repository: str, tag: str) -> bool:
    if repository.partition("/")[0] in scope.namespaces:
        return True
    return any(str(each.repository) == repository and each.tag in {None, tag} for each in scope.images)


def _line(counts: Counter[str]) -> Line:
    total = counts.total()
    busiest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    pushes = f"{total:,} push{'' if total == 1 else 'es'}"
    if len(counts) <= _MOST_NAMED:
        named = [piece for name, _ in busiest for piece in (" and ", Code(_familiar(name)))][1:]
        return line(f"{pushes} to ", *named)
    name, most = busiest[0]
    return line(f"{pushes} to {len(counts):,} repositories, most to ", Code(_familiar(name)), f" ({most:,})")


def _familiar(repository: str) -> str:
    return RepositoryName.parse(repository).familiar
