"""From what was found to be stale to an answer: the facts of each image, its base, and what to do about it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import inf

from bot.chat.command import Context
from bot.chat.image_targets import Chosen, notes_on
from bot.chat.stale_results import BaseFacts, Counts, ImageFacts, MissedFacts, Sort, StaleResult
from bot.fleet.bases import Bases, Rebuilt
from bot.fleet.looking import Judged, Looked
from bot.fleet.model import LATEST, ImageName, Unchecked

_DAY = timedelta(days=1)
MOST_LEARNED = 5
"""Of so many named images it is read, if need be, what they are built on."""


def answer_of(
    looked: Looked,
    chosen: Chosen,
    bases: Bases,
    context: Context,
    *,
    sort: Sort,
    shown: int | None,
    is_table: bool,
    is_by_tag: bool,
    is_check: bool,
) -> StaleResult:
    """Return the answer.

    Args:
        looked: What was found.
        chosen: What was asked about.
        bases: Knows what images are built on.
        context: Of the command.
        sort: The order.
        shown: How many to show at first; None: all.
        is_table: Whether all go into a table that is paged.
        is_by_tag: Whether certain tags were asked for, or all, and not the one that stands for its repository.
        is_check: Whether anything stale, or not looked at, is a no.

    Raises:
        StoreUnavailableError: The database is away.
    """
    rebuilt, missed = _rebuilt(looked, () if is_by_tag else chosen.images, bases, context)
    facts = _Facts(looked.looked_at, context, rebuilt, is_by_tag=is_by_tag)
    stale = sorted(map(facts.of, looked.stale), key=lambda each: _rank(each, sort))
    behind = [facts.of(each) for each in looked.fresh if str(each.name) in rebuilt]
    unknown = [facts.of(each, "pushed_at") for each in looked.unknown]
    unknown += [facts.of(each, "pulled_at") for each in looked.never_pulled]
    counts = Counts(
        looked_at=looked.count,
        stale=len(stale),
        fresh=len(looked.fresh),
        unknown=len(unknown),
        exempt=looked.exempt,
        pulled=looked.pulled,
        empty=looked.empty,
    )
    is_partial = bool(looked.unchecked)
    return StaleResult(
        is_negative=(is_check and (bool(stale) or is_partial)) or (is_partial and not looked.count),
        subject=chosen.title,
        looked_at=looked.looked_at,
        counts=counts,
        images=tuple(stale),
        rebuilt=tuple(sorted(behind, key=lambda each: each.name)),
        unknown=tuple(sorted(unknown, key=lambda each: each.name)),
        unchecked=_missed(looked.unchecked),
        bases_unchecked=_missed(missed),
        is_partial=is_partial,
        retry_at=looked.retry_at,
        notes=notes_on(chosen, [each.subject for each in looked.unchecked], context),
        sort=sort,
        shown=shown,
        is_table=is_table,
    )


def _rebuilt(
    looked: Looked, named: Sequence[ImageName], bases: Bases, context: Context
) -> tuple[dict[str, Rebuilt], tuple[Unchecked, ...]]:
    """Find out whose base was rebuilt: of a namespace by what is known, of a few named images of ours by reading."""
    tags = [each.tag for each in (*looked.stale, *looked.fresh) if each.tag is not None]
    ours = {image.repository for image in named if image.repository.namespace in context.own_namespaces}
    learned = [tag for tag in tags if tag.repository in ours]
    report = bases.find(tags, hub=context.hub, learn=learned if len(learned) <= MOST_LEARNED else ())
    return dict(report.rebuilt), report.unchecked


def _missed(unchecked: Iterable[Unchecked]) -> tuple[MissedFacts, ...]:
    return tuple(MissedFacts(subject=each.subject, why=each.why) for each in unchecked)


class _Facts:
    """Makes the facts of images."""

    def __init__(self, now: datetime, context: Context, rebuilt: dict[str, Rebuilt], *, is_by_tag: bool) -> None:
        self._now = now
        self._is_by_tag = is_by_tag
        self._own = frozenset(context.own_namespaces)
        self._rebuilt = rebuilt
        self._built = frozenset(each.setup.repository for each in context.builds.setups.all()) if context.builds else ()

    def of(self, judged: Judged, unknown: str = "") -> ImageFacts:
        tag, verdict, repository = judged.tag, judged.verdict, judged.repository
        rebuilt = self._rebuilt.get(str(judged.name))
        size = tag.size_bytes if tag else repository.storage_bytes if repository else None
        read_at = tag.read_at if tag else repository.listed_at if repository else None
        return ImageFacts.model_validate(
            {
                "repository": judged.name.repository.familiar,
                "tag": judged.name.tag,
                "pushed_at": judged.pushed_at,
                "age_days": max(0, (self._now - judged.pushed_at) // _DAY) if judged.pushed_at else None,
                "pulled_at": judged.pulled_at,
                "read_at": read_at,
                "size_bytes": size,
                "limit_days": verdict.limit / _DAY if verdict.limit is not None else None,
                "rule": verdict.rule.pattern if verdict.rule else None,
                "stale_at": verdict.stale_at,
                "unknown": unknown,
                "base": _base_facts(rebuilt) if rebuilt else None,
                "suggestion": self._suggestion(judged),
            }
        )

    def _suggestion(self, judged: Judged) -> str:
        """Return what can be done: have it built again, delete what was to be short-lived, or look for a newer one."""
        repository, tag = judged.name.repository, judged.name.tag
        if repository.namespace not in self._own:
            return f"/hub tags {repository.familiar}"
        is_short_lived = judged.verdict.rule is not None and judged.verdict.rule.pattern != tag
        if tag is not None and tag != LATEST and (self._is_by_tag or is_short_lived):
            return f"/hub delete-tags {repository.familiar} {tag}"
        if str(repository) in self._built:
            return f"/hub trigger {repository.familiar}"
        return f"/hub trigger setup {repository.familiar}"


def _base_facts(rebuilt: Rebuilt) -> BaseFacts:
    return BaseFacts(
        image=str(rebuilt.base.image),
        pushed_at=rebuilt.pushed_at,
        days_later=rebuilt.later / _DAY,
        is_said=rebuilt.base.is_said,
    )


def _rank(each: ImageFacts, sort: Sort) -> tuple[float, str]:
    """Order by a fact; where it is unknown, at the end; equals by name."""
    match sort:
        case "age":
            value = each.pushed_at.timestamp() if each.pushed_at else inf
        case "pulled":
            value = each.pulled_at.timestamp() if each.pulled_at else inf
        case "size":
            value = -each.size_bytes if each.size_bytes is not None else inf
        case _:
            value = 0.0
    return value, each.name
