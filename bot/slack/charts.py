"""Charts as Slack draws them: whole numbers of points, short names, nothing unknown.

Slack has no way to leave a gap, and a gap must not look like a zero. So what is hardly known is not drawn at all and
stands as text below, and what is not known of the rest is left out for all series alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.document import Chart, ChartKind, Series
from bot.slack import blocks, text
from bot.slack.message import Block

_FEWEST = {ChartKind.LINE: 2, ChartKind.BAR: 1}
"""A line of one point is none."""
_KNOWN_SHARE = 0.5
"""A series of which less is known would take too many categories from the others."""

T = TypeVar("T")


@dataclass(frozen=True)
class Drawn:
    """A chart that Slack can draw.

    Attributes:
        block: The block.
        left_out: The series that are not in it.
    """

    block: Block
    left_out: tuple[Series, ...] = ()


def data_visualization(chart: Chart) -> Drawn | None:
    """Return the chart within Slack's limits; None where there is too little to draw.

    Of more than twenty categories as many are shown, evenly spread, the last one always.
    """
    series = [each for each in chart.series if _is_drawn(each)][: blocks.MOST_SERIES]
    whole = [at for at in range(len(chart.categories)) if all(each.values[at] is not None for each in series)]
    if not series or len(whole) < _FEWEST[chart.kind]:
        return None
    places = _thinned(whole, blocks.MOST_CATEGORIES)
    names = _labels([each.name for each in series])
    values = [[value for at in places if (value := each.values[at]) is not None] for each in series]
    block = blocks.data_visualization(
        chart.title,
        _labels([chart.categories[at] for at in places]),
        list(zip(names, values, strict=True)),
        kind=chart.kind.value,
        unit=chart.unit,
    )
    return Drawn(block, tuple(each for each in chart.series if each not in series))


def _is_drawn(series: Series) -> bool:
    known = sum(value is not None for value in series.values)
    return known > 0 and known >= len(series.values) * _KNOWN_SHARE


def _thinned(everything: Sequence[T], most: int) -> list[T]:
    """Return so many at most, evenly spread; the last one always, because it is what is now."""
    if len(everything) <= most:
        return list(everything)
    step = (len(everything) - 1) / (most - 1)
    return [everything[round(number * step)] for number in range(most)]


def _labels(names: Sequence[str]) -> list[str]:
    """Return the names short enough, each once, though two may begin alike."""
    return list(_each_once(names))


def _each_once(names: Sequence[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        words = text.one_line(name) or text.NOTHING
        label = text.cut(words, blocks.LONGEST_CHART_LABEL)
        number = 1
        while label in taken:
            number += 1
            mark = f" {number}"
            label = f"{text.cut(words, blocks.LONGEST_CHART_LABEL - len(mark))}{mark}"
        taken.add(label)
        yield label
