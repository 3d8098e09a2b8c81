"""The history of tags, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.pushes import history
from bot.pushes.model import PlatformImage, TagImage
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import images

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WHERE = ("home", "acme/api", "1.0")


def image(digest: str, after: float = 0, *parts: str) -> TagImage:
    """Return an image that was pushed so many minutes after the start."""
    platforms = tuple(PlatformImage(platform=f"linux/{part}", digest=part, size_bytes=5) for part in parts)
    return TagImage(digest=digest, pushed_at=START + timedelta(minutes=after), size_bytes=5, platforms=platforms)


def remember(store: Store, *seen: TagImage, where: tuple[str, str, str] = WHERE) -> None:
    for each in seen:
        store.write(lambda connection, each=each: history.remember(connection, *where, each, seen_at=START))  # type: ignore[misc]  # A default binds the loop's value.


def ask(store: Store, question: Any, *more: Any, where: tuple[str, str, str] = WHERE) -> str | None:
    with store.read() as connection:
        found = question(connection, *where, *more)
    return found.digest if found else None


def test_what_was_never_seen_is_unknown(store: Store) -> None:
    assert ask(store, history.latest) is None
    assert ask(store, history.baseline) is None
    assert ask(store, history.before, image("b")) is None


def test_an_image_comes_back_whole(store: Store) -> None:
    seen = image("a", 1, "amd64", "arm64")
    remember(store, seen)

    with store.read() as connection:
        assert history.latest(connection, *WHERE) == seen


def test_first_last_and_the_one_before(store: Store) -> None:
    remember(store, image("b", 60), image("a"), image("c", 120))

    assert ask(store, history.baseline) == "a"
    assert ask(store, history.latest) == "c"
    assert ask(store, history.before, image("c", 120)) == "b"
    assert ask(store, history.before, image("d", 90)) == "b"


@pytest.mark.parametrize("where", [("T2", "acme/api", "1.0"), ("home", "acme/web", "1.0"), ("home", "acme/api", "2.0")])
def test_histories_are_apart(store: Store, where: tuple[str, str, str]) -> None:
    remember(store, image("a"))

    assert ask(store, history.latest, where=where) is None


def test_remembering_again_changes_nothing(store: Store) -> None:
    remember(store, image("a"), image("a"))
    later = START + timedelta(days=1)
    store.write(lambda connection: history.remember(connection, *WHERE, image("a"), seen_at=later))

    with store.read() as connection:
        (row,) = connection.execute(select(images)).all()
    assert (row.digest, row.seen_at) == ("a", START)


def test_another_image_of_the_same_time_takes_its_place(store: Store) -> None:
    remember(store, image("a"), image("b"))

    assert ask(store, history.latest) == "b"
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(images)).scalar_one() == 1


def test_after_a_rollback_the_one_before_is_the_one_rolled_back(store: Store) -> None:
    remember(store, image("a"), image("b", 60), image("a", 61))

    assert ask(store, history.before, image("a", 61)) == "b"


def test_a_push_of_the_same_image_again_is_not_what_was_before(store: Store) -> None:
    remember(store, image("a"), image("b", 60), image("b", 70))

    assert ask(store, history.before, image("b", 70)) == "a"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([image("amd64", 60)], id="a manifest alone"),
        pytest.param([image("amd64", 60), image("some", 61, "amd64", "arm64")], id="then an index of some"),
        pytest.param([image("other", 60, "arm64", "amd64", "s390x")], id="another index of the same"),
    ],
)
def test_the_parts_of_a_push_are_not_what_was_before(store: Store, parts: Sequence[TagImage]) -> None:
    remember(store, image("old"), *parts)

    assert ask(store, history.before, image("all", 65, "amd64", "arm64", "s390x")) == "old"


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(image("amd64", 49), id="eleven minutes before"),
        pytest.param(image("two", 58, "amd64", "riscv64"), id="a platform that is gone"),
        pytest.param(image("none", 58), id="of unknown platforms"),
    ],
)
def test_what_is_no_part_is_what_was_before(store: Store, earlier: TagImage) -> None:
    remember(store, image("old"), earlier)

    assert ask(store, history.before, image("all", 60, "amd64", "arm64")) == earlier.digest


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from("abc")), max_size=8), st.integers(0, 200))
def test_the_one_before_is_the_latest_other_one_that_is_older(pushes: list[tuple[int, str]], after: int) -> None:
    store = open_store("sqlite://")
    upgrade(store)
    by_time = dict(pushes)
    remember(store, *(image(digest, minutes) for minutes, digest in by_time.items()))

    older = [minutes for minutes, digest in by_time.items() if minutes < after and digest != "a"]
    expected = by_time[max(older)] if older else None
    assert ask(store, history.before, image("a", after)) == expected
    store.close()
