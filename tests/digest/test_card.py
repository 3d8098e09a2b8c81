import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from sqlalchemy import Connection

from bot.digest.card import document_of, standing_document
from bot.digest.part import Found, Measure, News, Part, Standing, Weight
from bot.digest.report import CRASHED, MOST_SHOWN, TREND, Report, gather
from bot.digest.writers import ALL_ACTION, DigestWriter, content_of
from bot.document import (
    Chart,
    Code,
    Column,
    Count,
    Document,
    Inline,
    Listing,
    Moment,
    Note,
    Paragraph,
    Table,
    plain_line,
)
from bot.fleet.model import Scope, Unchecked
from bot.outbox.lanes import Lane
from bot.outbox.writers import MessageRow
from bot.sandbox.slack.blockkit.payloads import message_problems
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.slack.message import Message
from bot.slack.render import render, tables_for_files
from tests.support.blockkit import assert_valid_message, parsed_texts

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
HOSTILE = "<!channel> *x* `y` <https://evil.example|click> \u202egpj.exe _a_ ~b~ " + "z" * 300
CONNECTION: Any = None
"""The parts of these tests ask no database."""


class Telling:
    """A part that tells what it is told to."""

    def __init__(self, key: str, find: Callable[[JsonValue, datetime], Found]) -> None:
        self.key = key
        self.title = key.capitalize()
        self._find = find

    def find(self, _connection: Connection, _scope: Scope, baseline: JsonValue, now: datetime) -> Found:
        return self._find(baseline, now)


def part(key: str = "stale", **found: Any) -> Part:
    return Telling(key, lambda _baseline, _now: replace(Found((), 1), **found))


def news(*texts: str, weight: Weight = Weight.WORSE) -> tuple[News, ...]:
    return tuple(News((Code(text), " changed"), weight) for text in texts)


def standing(summary: str = "12 of 340 images stale", *, rows: int = 1, value: int = 12) -> Standing:
    cells: tuple[tuple[Inline, ...], ...] = tuple(
        (Code(f"acme/api-{number}:latest"), Moment(FRIDAY), Count(number)) for number in range(rows)
    )
    columns = (Column("Image"), Column("Pushed"), Column("Pulls", numeric=True))
    return Standing(summary, columns, cells, (Measure("stale images", value),))


def reported(*parts: Part, since: datetime | None = FRIDAY, baselines: dict[str, JsonValue] | None = None) -> Report:
    report, _ = gather(
        CONNECTION,
        parts,
        scope=Scope(("acme",)),
        only=frozenset(each.key for each in parts),
        baselines=baselines or {},
        now=NOW,
        since=since,
    )
    assert Report.model_validate(json.loads(report.model_dump_json())) == report
    return report


def card(report: Report, *, late_by: timedelta | None = None) -> Document:
    found = document_of(report, name="morning", date=TODAY, late_by=late_by)
    assert document_of(report.shortened(), name="morning", date=TODAY, late_by=late_by) == found
    return found


def spoken(document: Document) -> list[str]:
    said = [document.title] if document.title else []
    for each in document.parts:
        match each:
            case Paragraph(line) | Note(line):
                said.append(plain_line(line))
            case Listing(lines):
                said += [f"• {plain_line(line)}" for line in lines]
            case Table(caption, _, rows):
                said.append(f"[{caption}: {len(rows)}]")
            case Chart(title, categories):
                said.append(f"({title}: {', '.join(categories)})")
    return said


def message_row(report: Report, late_by: timedelta | None = None) -> MessageRow:
    content = content_of(report, report_id="rep_1", name="morning", date=TODAY, late_by=late_by)
    return MessageRow(
        id="msg_1",
        lane=Lane("home", "C1"),
        kind="digest",
        stream="dig_1",
        content=json.loads(json.dumps(content)),
        thread_key=None,
        created_at=NOW,
        sent_at=None,
        failing_since=None,
        is_sent=False,
        attempts=0,
        is_plain=False,
        version=1,
        posted_channel=None,
        ts=None,
        thread_ts=None,
    )


def written(report: Report) -> Message:
    return DigestWriter().write(CONNECTION, message_row(report), NOW)


def buttons(message: Message) -> list[Any]:
    return [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]


def test_it_leads_with_what_changed_worst_first_and_ends_with_what_could_not_be_checked() -> None:
    report = reported(
        part("stale", news=news("acme/old"), standing=standing(), unchecked=(Unchecked("acme/x", "no answer"),)),
        part(
            "cves", news=news("acme/api", weight=Weight.CRITICAL), standing=standing("3 critical in 2 images", rows=0)
        ),
        part("sizes"),
    )

    assert spoken(card(report)) == [
        "morning, Saturday 21 November",
        "Cves",
        "• acme/api changed",
        "Stale",
        "• acme/old changed",
        "12 of 340 images stale · 3 critical in 2 images",
        "Could not be checked",
        "• acme/x: no answer",
    ]


def test_a_quiet_day_is_one_line() -> None:
    document = card(reported(part("stale", standing=standing()), part("sizes")))

    assert spoken(document) == ["morning: nothing new since 2026-11-20 08:00 UTC. 12 of 340 images stale."]
    assert spoken(card(reported(part("sizes")))) == ["morning: nothing new since 2026-11-20 08:00 UTC."]


def test_a_quiet_day_says_what_could_not_be_checked_and_that_it_is_late() -> None:
    report = reported(part("stale", unchecked=(Unchecked("acme", "Docker Hub did not answer"),)))

    assert spoken(card(report, late_by=timedelta(hours=3))) == [
        "morning: nothing new since 2026-11-20 08:00 UTC.",
        "Could not be checked",
        "• acme: Docker Hub did not answer",
        "This comes 3 h late.",
    ]


def test_an_image_that_several_reasons_keep_from_being_checked_is_named_once() -> None:
    report = reported(
        part("stale", unchecked=(Unchecked("acme/x:1", "it was not looked at"),)),
        part("cves", unchecked=(Unchecked("acme/x:1", "the registry did not give it"),)),
        part("sizes", unchecked=(Unchecked("acme/x:1", "it was not looked at"),)),
    )

    assert spoken(card(report))[-1] == "• acme/x:1: it was not looked at; the registry did not give it"


@pytest.mark.parametrize(
    ("late_by", "said"),
    [
        (timedelta(minutes=6, seconds=50), "6 min"),
        (timedelta(minutes=119), "1 h 59 min"),
        (timedelta(hours=11, minutes=4), "11 h 4 min"),
        (timedelta(hours=11), "11 h"),
    ],
)
def test_how_late_it_comes_is_not_rounded_up(late_by: timedelta, said: str) -> None:
    assert spoken(card(reported(), late_by=late_by))[-1] == f"This comes {said} late."


def test_the_first_one_tells_how_everything_is() -> None:
    document = card(reported(part("stale", standing=standing()), since=None))

    assert spoken(document) == [
        "morning, Saturday 21 November",
        "What changes from now on is told by the next one.",
        "12 of 340 images stale",
    ]


def test_ten_changes_are_shown_over_all_parts_and_the_worst_of_them() -> None:
    report = reported(
        part("pushes", news=news(*(f"n{number}" for number in range(8)), weight=Weight.NOTABLE)),
        part("stale", news=news(*(f"w{number}" for number in range(7)))),
    )

    said = spoken(card(report))

    assert said[1:] == [
        "Stale",
        *(f"• w{number} changed" for number in range(7)),
        "Pushes",
        *(f"• n{number} changed" for number in range(3)),
        "10 of 15 changes, the worst.",
    ]


def test_what_could_not_be_checked_is_said_once_and_in_few_words() -> None:
    pending = tuple(Unchecked(f"acme/{number}:latest", "not analysed yet") for number in range(30))
    many = tuple(Unchecked(f"acme/{number}", f"reason {number}") for number in range(9))
    report = reported(
        part("stale", unchecked=(*many, pending[0])), part("cves", unchecked=pending), part("sizes", unchecked=many)
    )

    said = spoken(card(report))

    names = ", ".join(each.subject for each in (pending[0], *pending[1:5]))
    assert said[2] == f"• {names} and 25 more: not analysed yet"
    assert said[3:] == [*(f"• acme/{number}: reason {number}" for number in range(5)), "• … and 4 more"]


def test_how_it_went_is_drawn_from_the_third_day_on() -> None:
    baselines: dict[str, JsonValue] = {}
    charts: list[list[Chart]] = []

    for number, value in enumerate((9, 11, 12, 7)):
        now = NOW + timedelta(days=number)
        report, baselines = gather(
            CONNECTION,
            [part("stale", standing=standing(value=value))],
            scope=Scope(("acme",)),
            only=frozenset({"stale"}),
            baselines=baselines,
            now=now,
            since=FRIDAY,
        )
        day = date(2026, 11, 21 + number)
        found = document_of(with_news(report), name="morning", date=day, late_by=None)
        charts.append([each for each in found.parts if isinstance(each, Chart)])

    assert not any(charts[:2])
    [chart] = charts[3]
    assert chart.categories == ("21 Nov", "22 Nov", "23 Nov", "24 Nov")
    assert list(chart.series[0].values) == [9, 11, 12, 7]
    assert_valid_message(render(Document("", (chart,))))


def with_news(report: Report) -> Report:
    """Return the report with something new in it: a quiet day has no chart."""
    return report.model_copy(update={"count": 1})


def test_the_values_of_a_chart_stand_at_the_local_dates_of_their_digests() -> None:
    # At 00:45 in Berlin, then at 01:15, then late.
    evening, late = datetime(2026, 11, 21, 23, 45, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    times = [evening, evening + timedelta(days=1, minutes=30), late, late + timedelta(hours=18)]
    report, baselines = Report(at=NOW), dict[str, JsonValue]()
    for number, now in enumerate(times):
        report, baselines = gather(
            CONNECTION,
            [part("stale", standing=standing(value=number))],
            scope=Scope(("acme",)),
            only=frozenset({"stale"}),
            baselines=baselines,
            now=now,
            since=FRIDAY,
            day=date(2026, 11, 22 + number),
        )

    found = document_of(with_news(report), name="morning", date=date(2026, 11, 25), late_by=None)

    [chart] = [each for each in found.parts if isinstance(each, Chart)]
    assert chart.categories == ("22 Nov", "23 Nov", "24 Nov", "25 Nov")
    assert list(chart.series[0].values) == [0, 1, 2, 3]


def test_a_day_on_which_nobody_knew_has_no_value() -> None:
    report, baselines = Report(at=NOW), dict[str, JsonValue]()
    for number, value in enumerate((3, None, 2, 4)):
        stands = replace(standing(), measures=(Measure("stale images", value), Measure("other", 1)))
        report, baselines = gather(
            CONNECTION,
            [part("stale", standing=stands)],
            scope=Scope(("acme",)),
            only=frozenset({"stale"}),
            baselines=baselines,
            now=NOW + timedelta(days=number),
            since=FRIDAY,
        )

    [chart] = [each for each in card(with_news(report)).parts if isinstance(each, Chart)]
    assert [list(each.values) for each in chart.series] == [[3, None, 2, 4], [1, 1, 1, 1]]


def test_a_trend_is_forgotten_after_twenty_days() -> None:
    baselines: dict[str, JsonValue] = {}
    for number in range(30):
        _, baselines = gather(
            CONNECTION,
            [part("stale", standing=standing(value=number))],
            scope=Scope(("acme",)),
            only=frozenset({"stale"}),
            baselines=baselines,
            now=NOW + timedelta(days=number),
            since=FRIDAY,
        )

    kept = baselines[TREND]
    assert isinstance(kept, dict)
    assert len(kept) == 20


def test_a_part_that_breaks_is_unchecked_and_keeps_its_baseline(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_baseline: JsonValue, _now: datetime) -> Found:
        raise RuntimeError("a bug")

    report, baselines = gather(
        CONNECTION,
        [Telling("stale", broken), part("cves", news=news("acme/api"), baseline=7)],
        scope=Scope(("acme",)),
        only=frozenset({"stale", "cves"}),
        baselines={"stale": "as it was"},
        now=NOW,
        since=FRIDAY,
    )

    assert (baselines["stale"], baselines["cves"]) == ("as it was", 7)
    assert spoken(card(report))[1:] == ["Cves", "• acme/api changed", "Could not be checked", f"• Stale: {CRASHED}"]
    assert "digest_part_crashed" in caplog.text


def test_only_the_parts_that_are_wanted_are_asked() -> None:
    report, baselines = gather(
        CONNECTION,
        [part("stale", news=news("a")), part("cves", news=news("b"))],
        scope=Scope(("acme",)),
        only=frozenset({"cves"}),
        baselines={"stale": 1},
        now=NOW,
        since=FRIDAY,
    )

    assert [section.key for section in report.sections] == ["cves"]
    assert baselines.keys() == {"cves", TREND}


def test_the_message_has_a_button_for_all_of_it_and_its_text_the_command() -> None:
    message = written(reported(part("stale", news=news("acme/old"), standing=standing())))

    [button] = buttons(message)
    assert (button["action_id"], button["value"]) == (ALL_ACTION, "rep_1")
    assert message.text.endswith("All of it: `/hub digest report rep_1`")
    assert_valid_message(message)


def test_without_anything_more_to_see_there_is_no_button() -> None:
    message = written(reported(part("stale", standing=standing(rows=0))))

    assert buttons(message) == []
    assert "digest report" not in message.text


def test_all_of_it_has_every_change_and_every_list() -> None:
    report = reported(
        part("stale", news=news("acme/old"), standing=standing(rows=3), unchecked=(Unchecked("acme/x", "no answer"),)),
        part("pushes", news=news(*(f"acme/{number}" for number in range(25)), weight=Weight.NOTABLE)),
    )

    assert spoken(standing_document(report)) == [
        "All of the digest",
        "Stale, what changed",
        "• acme/old changed",
        "Pushes, what changed",
        "[Pushes, what changed: 25]",
        "Stale: 12 of 340 images stale",
        "[Stale: 3]",
        "Could not be checked",
        "• acme/x: no answer",
        "As of 2026-11-21 08:00 UTC, changes since 2026-11-20 08:00 UTC",
    ]
    assert spoken(standing_document(reported(part("sizes")))) == [
        "All of the digest",
        "Nothing to tell.",
        "As of 2026-11-21 08:00 UTC, changes since 2026-11-20 08:00 UTC",
    ]


def test_a_thousand_changes_and_ten_thousand_images_with_hostile_names_fit() -> None:
    rows = tuple((Code(f"acme/{number}:{HOSTILE}"), Moment(FRIDAY), Count(number)) for number in range(10_000))
    huge = replace(standing(HOSTILE), rows=rows)
    unchecked = tuple(Unchecked(f"acme/{number}:{HOSTILE}", f"{HOSTILE} {number % 9}") for number in range(2_000))
    past = {TODAY - timedelta(days=number): number for number in range(1, 20)}
    huge = replace(huge, measures=(Measure(f"{HOSTILE} images", 12, past), Measure(f"{HOSTILE} cves", 2, past)))
    changes = news(*(f"acme/{number}:{HOSTILE}" for number in range(1_000)))
    report = reported(part("stale", news=changes, standing=huge, unchecked=unchecked))

    message = written(report)

    assert len(json.dumps(message_row(report).content)) < 50_000
    assert len(buttons(message)) == 1
    for shown in (message, render(standing_document(report))):
        assert_valid_message(shown)
        for name, unknowns in SlackUnknowns.every_position():
            if unknowns.new_blocks == "accepted":  # Where they are not, the text goes.
                assert message_problems(shown.payload(), unknowns) == [], name
        assert not any("<!channel>" in text or "<https://evil" in text for text in parsed_texts(shown))
    assert [len(table.rows) for table in tables_for_files(standing_document(report))] == [1_000, 10_000, 2_000]


@settings(max_examples=25)
@given(
    changes=st.lists(st.tuples(st.text(max_size=80), st.sampled_from(Weight)), max_size=30),
    unchecked=st.lists(st.builds(Unchecked, st.text(max_size=40), st.text(max_size=40)), max_size=20),
    summary=st.text(max_size=200),
    late=st.none() | st.timedeltas(min_value=timedelta(minutes=6), max_value=timedelta(hours=12)),
    is_first=st.booleans(),
)
def test_whatever_it_says_slack_takes_it_and_nothing_is_told_of_twice(
    changes: list[tuple[str, Weight]],
    unchecked: list[Unchecked],
    summary: str,
    late: timedelta | None,
    is_first: bool,  # noqa: FBT001 - Hypothesis passes it.
) -> None:
    found = tuple(News((Code(text),), weight) for text, weight in changes)
    report = reported(
        part("stale", news=found, unchecked=tuple(unchecked), standing=Standing(summary or "none")),
        since=None if is_first else FRIDAY,
    )

    document = document_of(report, name="morning", date=TODAY, late_by=late)

    assert_valid_message(render(document))
    shown = [line for section, told in report.worst() for line in told]
    assert len(shown) == min(len(changes), MOST_SHOWN)
    assert sorted(told.weight for told in shown) == sorted(weight for _, weight in changes)[:MOST_SHOWN]
