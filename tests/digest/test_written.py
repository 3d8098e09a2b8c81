import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.digest.written import WrittenLine, read_line, write_line
from bot.document import Channel, Code, Count, Inline, Line, Link, Moment, Person, Size, Strong, UserGroup

ADAPTER: TypeAdapter[Line] = TypeAdapter(WrittenLine)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
NUMBERS = st.none() | st.integers()


def pieces() -> st.SearchStrategy[Inline]:
    texts = st.text()
    moments = st.datetimes(timezones=ZONES) | st.none()
    return st.one_of(
        texts,
        *(st.builds(kind, texts) for kind in (Code, Strong, Person, Channel, UserGroup)),
        st.builds(Link, texts, texts, st.booleans()),
        st.builds(Size, NUMBERS),
        st.builds(Count, NUMBERS),
        st.builds(Moment, moments),
    )


@given(line=st.lists(pieces()).map(tuple))
def test_a_line_goes_through_json(line: Line) -> None:
    assert read_line(json.loads(json.dumps(write_line(line)))) == line
    assert ADAPTER.validate_json(ADAPTER.dump_json(line)) == line


def test_a_line_is_written_so_that_people_can_read_it() -> None:
    line = ("at ", Moment(datetime(2026, 11, 21, tzinfo=UTC)), Code("x"), Size(None), Link("log", "https://x"))

    assert write_line(line) == [
        "at ",
        {"at": "2026-11-21T00:00:00+00:00"},
        {"code": "x"},
        {"bytes": None},
        {"link": "log", "url": "https://x", "is_strong": False},
    ]


@pytest.mark.parametrize("written", ["text", [1], [None], [{}], [{"code": 1}], [{"at": 5}], [{"emoji": "x"}], {"a": 1}])
def test_what_is_no_line_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(written)
