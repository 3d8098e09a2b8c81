"""Laws of the column types, on SQLite and PostgreSQL."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, delete, insert, select

from bot.store.base import Store
from bot.store.errors import UnstorableError
from bot.store.types import Json, Key, UtcTime, storable
from tests.store.conftest import OpenStore

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001 - Hypothesis adds zones.
# Numbers that are the same in every JSON: PostgreSQL writes out what is longer, and so makes integers of it.
NUMBERS = st.integers() | st.floats(-1e15, 1e15).filter(lambda number: number == 0 or abs(number) > 1e-4)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)

scratch = Table("scratch", MetaData(), Column("name", Key), Column("at", UtcTime), Column("value", Json))
few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def store(opening: OpenStore, url: str) -> Store:
    store = opening(url)
    store.write(scratch.metadata.create_all)
    return store


@few
@given(at=TIMES)
def test_every_time_comes_back(store: Store, at: datetime) -> None:
    assert round_trip(store, at=at).at == at


@few
@given(times=st.lists(TIMES, min_size=2, max_size=8), by=st.timedeltas(timedelta(-300), timedelta(300)))
def test_times_are_ordered_and_moved_as_python_does(store: Store, times: list[datetime], by: timedelta) -> None:
    column = scratch.c.at

    def work(connection: Any) -> tuple[list[datetime], list[datetime], list[timedelta]]:
        connection.execute(delete(scratch))
        connection.execute(insert(scratch), [{"at": at} for at in times])
        ordered = select(column).order_by(column)
        return (
            list(connection.execute(ordered).scalars()),
            list(connection.execute(select(column + by).order_by(column)).scalars()),
            list(connection.execute(select(column - times[0]).order_by(column)).scalars()),
        )

    found, moved, ages = store.write(work)

    assert found == sorted(times)
    assert moved == [at + by for at in sorted(times)]
    assert ages == [at - times[0] for at in sorted(times)]


@few
@given(value=ANY_JSON.filter(lambda value: value is not None))
def test_every_json_value_comes_back_or_is_refused_and_then_its_storable_form_does(store: Store, value: Any) -> None:
    try:
        found = round_trip(store, value=value).value
    except UnstorableError:
        assert storable(value) != value
        value = storable(value)
        found = round_trip(store, value=value).value

    assert found == value


@few
@given(name=st.text(st.characters()))
def test_every_text_comes_back_or_is_refused(store: Store, name: str) -> None:
    if storable(name) == name:
        assert round_trip(store, name=name).name == name
    else:
        with pytest.raises(UnstorableError):
            round_trip(store, name=name)


def test_none_is_null(store: Store) -> None:
    assert tuple(round_trip(store)) == (None, None, None)
    with store.read() as connection:
        assert connection.execute(select(scratch.c.value.is_(None))).scalars().all() == [True]


@given(value=ANY_JSON)
def test_what_was_made_storable_stays_as_it_is(value: Any) -> None:
    assert storable(storable(value)) == storable(value)


def round_trip(store: Store, **row: Any) -> Any:
    def work(connection: Any) -> Any:
        connection.execute(delete(scratch))
        connection.execute(insert(scratch), {"name": None, "at": None, "value": None, **row})
        return connection.execute(select(scratch)).one()

    return store.write(work)
