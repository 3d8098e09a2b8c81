"""The data_visualization block: a pie, or bars, areas and lines over categories.

Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.blockkit.laws import already_exists, unique
from bot.sandbox.slack.blockkit.objects import BLOCK_ID
from bot.sandbox.slack.blockkit.rules import Inspection, Items, Kinds, Number, Place, Rule, Text, kind, shape

_LABEL = Text(1, 20)
_AXIS_TITLE = Text(maximum=50)


def _categories_differ(axis: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    seen: set[str] = set()
    for index, category in enumerate(axis["categories"]):
        if category in seen:
            already_exists(at / "categories" / index, "categories", category, inspection)
        seen.add(category)


def _one_point_per_category(chart: Mapping[str, Any], at: Place, inspection: Inspection) -> None:
    categories = chart["axis_config"]["categories"]
    for index, series in enumerate(chart["series"]):
        labels = [point["label"] for point in series["data"]]
        if Counter(labels) != Counter(categories):
            message = "must have one data point per category"
            inspection.failed(at / "series" / index / "data", message, expected=categories, got=labels)


_SEGMENT = shape(required={"label": _LABEL, "value": Number(above=0)})
_POINT = shape(required={"label": _LABEL, "value": Number()})
_AXES: Mapping[str, Rule] = {
    "series": Items(shape(required={"name": _LABEL, "data": Items(_POINT, 1, 20)}), 1, 12),
    "axis_config": shape(
        required={"categories": Items(_LABEL, 1, 20)},
        optional={"x_label": _AXIS_TITLE, "y_label": _AXIS_TITLE},
        laws=[_categories_differ],
    ),
}
_AXES_LAWS = [unique("series", "name"), _one_point_per_category]

DATA_VISUALIZATION = kind(
    "data_visualization",
    required={
        "title": Text(1, 50),
        "chart": Kinds(
            kind("pie", required={"segments": Items(_SEGMENT, 1, 12)}),
            kind("bar", required=_AXES, laws=_AXES_LAWS),
            kind("area", required=_AXES, laws=_AXES_LAWS),
            kind("line", required=_AXES, laws=_AXES_LAWS),
        ),
    },
    optional={"block_id": BLOCK_ID},
)
