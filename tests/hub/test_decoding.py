"""Reading irregular JSON: what can be read, what is unknown, and that nothing breaks."""

import logging
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator

from bot.errors import UnexpectedResponseError
from bot.hub.decoding import (
    HubModel,
    OptionalBool,
    OptionalInt,
    OptionalText,
    OptionalTime,
    Texts,
    decode,
    decode_many,
    decode_one,
    read_bool,
    read_int,
    read_text,
    read_texts,
    read_time,
)
from tests.hub.support import unhurried

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class Part(HubModel):
    name: str


class Thing(HubModel):
    name: str
    count: OptionalInt = None
    is_it: OptionalBool = None
    text: OptionalText = None
    at: OptionalTime = None
    words: Texts = ()
    parts: Annotated[tuple[Part, ...], BeforeValidator(lambda value: decode_many(Part, value))] = ()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (0, 0),
        (2**40, 2**40),
        ("12", 12),
        (" -3 ", -3),
        ("12.0", 12),
        (5.0, 5),
        (5.5, None),
        (float("nan"), None),
        (float("inf"), None),
        ("1B+", None),
        ("", None),
        ("9" * 5000, None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_whole_numbers(value: Any, number: int | None) -> None:
    assert read_int(value) == number


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("False", False),
        (1, True),
        ("0", False),
        (2, None),
        ("yes", None),
        ("", None),
        (None, None),
        ({}, None),
    ],
)
def test_truth_values(value: Any, *, truth: bool | None) -> None:
    assert read_bool(value) is truth


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (" a ", " a "), ("", None), ("  ", None), (7, None), (None, None)]
)
def test_texts_that_say_something(value: Any, text: str | None) -> None:
    assert read_text(value) == text


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2025-12-09T02:40:58Z", datetime(2025, 12, 9, 2, 40, 58, tzinfo=UTC)),
        ("2025-12-09T02:40:58.4Z", datetime(2025, 12, 9, 2, 40, 58, 400_000, tzinfo=UTC)),
        ("2025-12-09T02:40:58.412213Z", datetime(2025, 12, 9, 2, 40, 58, 412_213, tzinfo=UTC)),
        ("2025-12-09T02:40:55.419051997Z", datetime(2025, 12, 9, 2, 40, 55, 419_051, tzinfo=UTC)),
        ("2025-12-09T04:40:58+02:00", datetime(2025, 12, 9, 2, 40, 58, tzinfo=UTC)),
        ("2025-12-09T04:40:58+0200", datetime(2025, 12, 9, 2, 40, 58, tzinfo=UTC)),
        ("2025-12-09 02:40:58", datetime(2025, 12, 9, 2, 40, 58, tzinfo=UTC)),
        (1_765_248_058, datetime(2025, 12, 9, 2, 40, 58, tzinfo=UTC)),
        (1_765_248_058.5, datetime(2025, 12, 9, 2, 40, 58, 500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("2025-13-09T02:40:58Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        ("", None),
        (0, None),
        (-1, None),
        (1e300, None),
        (True, None),
        (None, None),
    ],
)
def test_times_are_aware_and_utc(value: Any, at: datetime | None) -> None:
    assert read_time(value) == at


@pytest.mark.parametrize(
    ("value", "texts"),
    [(["a", "b"], ("a", "b")), ("a", ("a",)), (None, ()), ([], ()), (["a", None, 7, ""], ("a",)), ({"a": 1}, ())],
)
def test_lists_of_texts(value: Any, texts: tuple[str, ...]) -> None:
    assert read_texts(value) == texts


def test_value_that_cannot_be_read_is_unknown_and_the_rest_is_kept() -> None:
    thing = decode(Thing, {"name": "x", "count": "many", "at": "soon", "is_it": 7, "text": [], "extra": 1})

    assert thing == Thing(name="x")


def test_what_is_not_there_is_unknown() -> None:
    thing = Thing(name="x")

    assert (thing.count, thing.is_it, thing.text, thing.at) == (None, None, None, None)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ([{"name": "a"}, {"name": "b"}], ["a", "b"]),
        ({"name": "a"}, ["a"]),
        (None, []),
        ([], []),
        ([{"name": "a"}, {"name": None}, None, "text", {}, {"name": "b"}], ["a", "b"]),
    ],
)
def test_list_may_be_an_object_or_null_and_bad_entries_are_left_out(value: Any, names: list[str]) -> None:
    thing = decode(Thing, {"name": "x", "parts": value})

    assert thing is not None
    assert [part.name for part in thing.parts] == names


def test_entries_left_out_are_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        decode_many(Part, [{"name": "a"}, 7, 8])

    (record,) = caplog.records
    assert (record.message, vars(record)["model"], vars(record)["dropped"]) == ("hub_entries_not_readable", "Part", 2)


def test_models_that_are_read_already_are_kept() -> None:
    part = Part(name="a")

    assert Thing(name="x", parts=(part,)).parts == (part,)


@pytest.mark.parametrize("data", [None, [], "text", {}, {"name": None}])
def test_answer_of_another_shape_is_unexpected(data: Any) -> None:
    with pytest.raises(UnexpectedResponseError, match="acme/api"):
        decode_one(Thing, data, resource="acme/api", credential="no credential")


@unhurried
@given(JUNK)
def test_reading_never_raises(value: Any) -> None:
    at = read_time(value)

    assert at is None or at.tzinfo is UTC
    assert isinstance(read_int(value), int | None)
    assert isinstance(read_bool(value), bool | None)
    assert isinstance(read_text(value), str | None)
    assert isinstance(read_texts(value), tuple)


@unhurried
@given(st.dictionaries(st.sampled_from(sorted(Thing.model_fields)), JUNK))
def test_decoding_never_raises(data: dict[str, Any]) -> None:
    thing = decode(Thing, data)

    assert (thing is None) == (not isinstance(data.get("name"), str))


@unhurried
@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year > 1), st.integers(min_value=0, max_value=9))
def test_times_survive_any_number_of_digits(at: datetime, digits: int) -> None:
    fraction = f"{at.microsecond:06d}000"[:digits]
    text = at.replace(microsecond=0, tzinfo=None).isoformat() + (f".{fraction}" if fraction else "") + "Z"

    read = read_time(text)

    assert read is not None
    assert abs((at - read).total_seconds()) < 1
    assert digits < 6 or read == at


@pytest.mark.parametrize("value", [10**400, -(10**400), "9" * 400, 2**63, 1e300])
def test_number_beyond_64_bits_is_unknown(value: object) -> None:
    assert read_int(value) is None


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), -(10**400)])
def test_time_beyond_all_calendars_is_unknown(value: object) -> None:
    assert read_time(value) is None
