"""How `stale` says what it found."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.chat.stale_results import SORT_WORDS, BaseFacts, ImageFacts, StaleResult
from bot.document import (
    Code,
    Column,
    Document,
    Inline,
    Line,
    Listing,
    Moment,
    Note,
    Paragraph,
    Part,
    Size,
    Table,
    format_bytes,
    line,
    marked,
)
from bot.words import in_words

NOTHING = "–"
NO_TAG = "Where no tag is named, that was the newest push to the whole repository; its tags were not asked for."
IN_ALL = "{size} in all"
MOST_LISTED = 10
MANY = 5
"""From so many images on, what to do with all of them is said once."""
NEVER_KNOWN: Mapping[str, str] = {
    "pushed_at": "Docker Hub does not say when it was pushed",
    "pulled_at": "Docker Hub does not say when it was pulled",
}
_LATELY = timedelta(hours=1)


def render_images(result: StaleResult) -> Document:
    """Say what is stale and what to do about it, then what cannot be told, then what could not be looked at."""
    parts: list[Part] = [*_stale(result), *_rebuilt(result), *_unknown(result), *_unchecked(result)]
    notes = [*_bases_missed(result), *(Note(marked(note)) for note in result.notes)]
    if not result.images:
        return Document("", (Paragraph(line(_nothing_stale(result))), *parts, *notes))
    about = f" of {result.subject}" if result.subject else ""
    return Document(f"Stale images{about}", (*parts, *notes))


def _nothing_stale(result: StaleResult) -> str:
    about = f" of {result.subject}" if result.subject else ""
    counts = result.counts
    if not counts.looked_at:
        return f"No images{about} to look at." if not result.is_partial else f"Nothing{about} could be looked at."
    more = [
        f"{number:,} {what}"
        for number, what in (
            (counts.pulled, "older and pulled since"),
            (counts.exempt, "never stale by rule"),
            (counts.unknown, "unknown"),
        )
        if number > 0
    ]
    beside = f" ({', '.join(more)})" if more else ""
    so_far = " so far" if result.is_partial else ""
    return f"Nothing{about} is stale{so_far}: {_images(counts.looked_at)} looked at{beside}."


def _stale(result: StaleResult) -> Iterable[Part]:
    if not result.images:
        return
    is_whole = result.is_table and result.shown is not None
    shown = result.images if is_whole else result.images[: result.shown]
    is_file = is_whole and len(result.images) > (result.shown or 0)
    same = _same_suggestion(shown)
    yield _table(shown, result.subject, is_file=is_file, has_suggestions=not same)
    yield Note(marked(_footer(result, len(shown))))
    if same:
        yield Note(line("What to do: ", Code(same)))
    if any(each.tag is None for each in shown):
        yield Note(line(NO_TAG))
    as_of = min((each.read_at for each in shown if each.read_at and each.tag), default=None)
    if as_of is not None and as_of < _before(result.looked_at):
        yield Note(
            line("Last pulls are as of ", Moment(as_of), " or later; ", Code("--sort pulled"), " reads them again.")
        )


def _before(moment: datetime) -> datetime:
    return moment - _LATELY


def _same_suggestion(shown: Sequence[ImageFacts]) -> str:
    """Return what is to be done with each of many images, if it is the same but for names; else nothing."""
    if len(shown) < MANY or not all(each.suggestion for each in shown):
        return ""
    has_one_repository = len({each.repository for each in shown}) == 1
    forms = {_form(each, names_repository=has_one_repository) for each in shown}
    return forms.pop() if len(forms) == 1 else ""


def _form(each: ImageFacts, *, names_repository: bool) -> str:
    words = each.suggestion.split(" ")
    replaced = {each.repository: each.repository if names_repository else "<repository>", each.tag: "<tag>"}
    return " ".join(replaced.get(word, word) for word in words)


def _table(shown: Sequence[ImageFacts], subject: str, *, is_file: bool, has_suggestions: bool) -> Table:
    """Return the table; a column in which nothing would stand is left out."""
    has_limits = len({each.limit_days for each in shown}) > 1
    has_bases = any(each.base for each in shown)
    columns = [Column("Image"), Column("Pushed"), Column("Last pull"), Column("Size", numeric=True)]
    columns += [Column("Stale after")] if has_limits else []
    columns += [Column("Base")] if has_bases else []
    columns += [Column("What to do")] if has_suggestions else []
    rows = []
    for each in shown:
        row: list[Inline] = [Code(each.name), Moment(each.pushed_at), Moment(each.pulled_at), _size(each)]
        row += [_limit(each)] if has_limits else []
        row += [_base(each.base)] if has_bases else []
        row += [Code(each.suggestion) if each.suggestion else NOTHING] if has_suggestions else []
        rows.append(tuple(row))
    about = f" of {subject}" if subject else ""
    return Table(f"Stale images{about}", tuple(columns), tuple(rows), is_file=is_file)


def _size(each: ImageFacts) -> Inline:
    if each.tag is None and each.size_bytes is not None:
        return IN_ALL.format(size=format_bytes(each.size_bytes))
    return Size(each.size_bytes)


def _limit(each: ImageFacts) -> str:
    if each.limit_days is None:
        return NOTHING
    by = f" ({each.rule})" if each.rule else ""
    return f"{in_words(timedelta(days=each.limit_days))}{by}"


def _base(base: BaseFacts | None) -> str:
    return f"{base.image}: rebuilt {_later(base.days_later)} later" if base else NOTHING


def _footer(result: StaleResult, shown: int) -> str:
    counts = result.counts
    total = len(result.images)
    how_many = f"{shown:,} of {total:,}" if shown < total else f"{total:,}"
    others = [
        f"{number:,} {what}"
        for number, what in (
            (counts.fresh, "fresh"),
            (counts.pulled, "older and pulled since"),
            (counts.exempt, "never stale by rule"),
            (counts.unknown, "unknown"),
        )
        if number > 0
    ]
    beside = f"; {', '.join(others)}" if others else ""
    partial = " Partial: not everything could be looked at." if result.is_partial else ""
    more = " More: `--all`" if shown < total else ""
    return f"{how_many} stale {'image' if total == 1 else 'images'}, {SORT_WORDS[result.sort]}{beside}.{partial}{more}"


def _rebuilt(result: StaleResult) -> Iterable[Part]:
    if not result.rebuilt:
        return
    yield Paragraph(line("Not stale, but built on what was rebuilt since:"))
    yield Listing(_cut([_rebuilt_line(each) for each in result.rebuilt]))


def _rebuilt_line(each: ImageFacts) -> Line:
    if each.base is None:
        return line(Code(each.name))
    what_to_do: Line = (": ", Code(each.suggestion)) if each.suggestion else ()
    later = _later(each.base.days_later)
    return line(Code(each.name), ": base ", Code(each.base.image), f" was rebuilt {later} after yours", *what_to_do)


def _unknown(result: StaleResult) -> Iterable[Part]:
    if not result.unknown:
        return
    yield Paragraph(line(f"Unknown, neither stale nor fresh: {_images(len(result.unknown))}."))
    lines = [line(Code(each.name), f": {NEVER_KNOWN.get(each.unknown, 'nobody knows')}") for each in result.unknown]
    yield Listing(_cut(lines))


def _unchecked(result: StaleResult) -> Iterable[Part]:
    if not result.unchecked:
        return
    by_reason: dict[str, list[str]] = {}
    for each in result.unchecked:
        by_reason.setdefault(each.why, []).append(each.subject)
    yield Paragraph(line(f"Could not be looked at: {len(result.unchecked):,}."))
    yield Listing(_cut([_missed_line(why, subjects) for why, subjects in by_reason.items()]))
    if result.retry_at is not None:
        yield Note(line("Ask again at ", Moment(result.retry_at), ": only what is missing is read then."))


def _bases_missed(result: StaleResult) -> Iterable[Note]:
    if not result.bases_unchecked:
        return
    by_reason: dict[str, list[str]] = {}
    for each in result.bases_unchecked:
        by_reason.setdefault(each.why, []).append(each.subject)
    for why, subjects in by_reason.items():
        yield Note(line("Bases not looked at: ", *_missed_line(why, subjects), "."))


def _missed_line(why: str, subjects: Sequence[str]) -> Line:
    named: list[Inline] = []
    for subject in subjects[:3]:
        named += [", " if named else "", Code(subject)]
    more = f" and {len(subjects) - 3:,} more" if len(subjects) > 3 else ""  # noqa: PLR2004 - As named above.
    return line(*named, f"{more}: {why}")


def _cut(lines: Sequence[Line]) -> tuple[Line, ...]:
    more = len(lines) - MOST_LISTED
    return (*lines[:MOST_LISTED], line(f"… and {more:,} more")) if more > 0 else tuple(lines)


def _images(number: int) -> str:
    return f"{number:,} {'image' if number == 1 else 'images'}"


def _later(days: float) -> str:
    """Return by how long something came later, in words; a part of a day in hours or minutes."""
    if days < 1:
        return in_words(timedelta(days=max(days, 0.0)))
    return f"{int(days):,} {'day' if int(days) == 1 else 'days'}"
