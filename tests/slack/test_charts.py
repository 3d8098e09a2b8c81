from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.document import Chart, ChartKind, Document, Note, Series, line
from bot.sandbox.slack.blockkit.payloads import message_problems
from bot.slack.charts import data_visualization
from bot.slack.render import render
from tests.support.blockkit import all_texts, assert_valid_message

DAYS = tuple(f"{date(2026, 11, 1) + timedelta(days=number):%d %b}" for number in range(30))


def chart(*series: Series, days: int = 3, kind: ChartKind = ChartKind.LINE, unit: str = "") -> Chart:
    return Chart("How it went", DAYS[:days], series, kind, unit)


def test_a_chart_is_drawn_and_said_in_text() -> None:
    message = render(Document("", (chart(Series("stale images", (3, 4, 12)), unit="images"), Note(line("as of now")))))

    assert message.text == ("*How it went* 01 Nov to 03 Nov\nstale images ▁▂█ 3 → 12 images\nas of now")
    assert message.blocks[0] == {
        "type": "data_visualization",
        "title": "How it went",
        "chart": {
            "type": "line",
            "series": [
                {
                    "name": "stale images",
                    "data": [
                        {"label": "01 Nov", "value": 3},
                        {"label": "02 Nov", "value": 4},
                        {"label": "03 Nov", "value": 12},
                    ],
                }
            ],
            "axis_config": {"categories": ["01 Nov", "02 Nov", "03 Nov"], "y_label": "images"},
        },
    }
    assert_valid_message(message)
    assert message_problems(message.payload()) == []


def test_what_is_hardly_known_is_text_and_the_others_lose_no_day_to_it() -> None:
    drawn = data_visualization(chart(Series("known", (1, 2, 3)), Series("hardly", (None, None, 7))))

    assert drawn is not None
    assert [each["name"] for each in drawn.block["chart"]["series"]] == ["known"]
    assert [each.name for each in drawn.left_out] == ["hardly"]
    message = render(Document("", (chart(Series("known", (1, 2, 3)), Series("hardly", (None, None, 7))),)))
    assert "hardly ··▁ 7 → 7" in list(all_texts(message))


def test_an_unknown_day_is_left_out_for_all_and_never_a_zero() -> None:
    drawn = data_visualization(chart(Series("a", (1, None, 3)), Series("b", (1, 2, 3))))

    assert drawn is not None
    assert drawn.block["chart"]["axis_config"]["categories"] == ["01 Nov", "03 Nov"]
    assert [point["value"] for point in drawn.block["chart"]["series"][1]["data"]] == [1, 3]


def test_of_many_days_twenty_are_drawn_evenly_and_the_last_is_one_of_them() -> None:
    drawn = data_visualization(chart(Series("a", tuple(range(30))), days=30))

    assert drawn is not None
    values = [point["value"] for point in drawn.block["chart"]["series"][0]["data"]]
    assert (len(values), values[0], values[-1]) == (20, 0, 29)
    assert {after - before for before, after in pairwise(values)} == {1, 2}


@pytest.mark.parametrize(
    "shown",
    [
        chart(),
        chart(Series("a", (None, None, None))),
        chart(Series("a", (None, None, 1))),
        chart(Series("a", (1,)), days=1),
        Chart("Empty", (), (Series("a", ()),)),
    ],
    ids=["no series", "nothing known", "one day known", "one day", "no day"],
)
def test_what_cannot_be_drawn_is_text(shown: Chart) -> None:
    message = render(Document("", (shown,)))

    assert "data_visualization" not in {block["type"] for block in message.blocks}
    assert_valid_message(message)


def test_one_bar_is_enough_of_a_bar_chart() -> None:
    assert data_visualization(chart(Series("a", (1,)), days=1, kind=ChartKind.BAR)) is not None


def test_a_third_chart_is_text() -> None:
    message = render(Document("", (chart(Series("a", (1, 2, 3))),) * 3))

    kinds = [block["type"] for block in message.blocks]
    assert kinds == ["data_visualization", "data_visualization", "rich_text"]
    assert_valid_message(message)


def series(days: int) -> st.SearchStrategy[Series]:
    values = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5)
    return st.builds(Series, st.text(max_size=40), st.lists(values, min_size=days, max_size=days).map(tuple))


@settings(max_examples=60)
@given(data=st.data(), title=st.text(max_size=80), unit=st.text(max_size=80), kind=st.sampled_from(ChartKind))
def test_any_chart_is_taken(data: st.DataObject, title: str, unit: str, kind: ChartKind) -> None:
    categories = data.draw(st.lists(st.text(max_size=40), max_size=40, unique=True))
    shown = data.draw(st.lists(series(len(categories)), max_size=15))

    message = render(Document("", (Chart(title, tuple(categories), tuple(shown), kind, unit),)))

    assert message_problems(message.payload()) == []
    assert_valid_message(message)
