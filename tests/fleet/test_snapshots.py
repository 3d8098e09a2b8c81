"""What is known, as rows tell it."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import FrozenClock
from bot.fleet import snapshots
from bot.fleet.keeping import forget_tags, keep_problems, keep_tags, prune
from bot.fleet.model import ImageName, PlatformSnapshot, Scope, TagSnapshot, representative
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.workspaces import HOME
from tests.fleet.scene import API, LONG_AGO, NOON
from tests.hub.support import unhurried
from tests.support.databases import open_database

WEB = RepositoryName("acme", "web")
NAMES = (API, WEB, RepositoryName("acme", "a"), RepositoryName("acme-2", "api"), RepositoryName("acm", "api"))


_numbers = itertools.count()


@pytest.fixture(scope="module")
def empty() -> Iterator[Store]:
    """A database in which each example has a workspace of its own."""
    with closing(open_database(FrozenClock(NOON).now)) as store:
        yield store


def tag(
    repository: RepositoryName = API,
    name: str = "1.0",
    *,
    digest: str | None = "sha256:a",
    pushed_at: datetime | None = LONG_AGO,
    platforms: Sequence[str] = (),
    content_type: str | None = "image",
    read_at: datetime = NOON,
) -> TagSnapshot:
    return TagSnapshot(
        repository=repository,
        name=name,
        digest=digest,
        pushed_at=pushed_at,
        pulled_at=None,
        size_bytes=1,
        platforms=tuple(PlatformSnapshot("linux/amd64", each, 1) for each in platforms),
        content_type=content_type,
        read_at=read_at,
    )


def keep(store: Store, *tags: TagSnapshot) -> None:
    store.write(lambda connection: keep_tags(connection, HOME, tags))


def standing_for(store: Store, scope: Scope) -> list[TagSnapshot]:
    with store.read() as connection:
        return list(snapshots.representatives(connection, HOME, scope))


def test_a_tag_comes_back_as_it_was_kept(store: Store) -> None:
    kept = tag(platforms=["sha256:b", "sha256:c"])
    keep(store, kept)

    with store.read() as connection:
        assert snapshots.tags_of(connection, HOME, [API]) == {API: (kept,)}
        assert snapshots.tags_in(connection, HOME, "acme") == {API: (kept,)}
        assert snapshots.tags_in(connection, HOME, "acm") == {}
        assert snapshots.tags_of(connection, "other", [API]) == {}


def test_tags_come_newest_first_and_those_of_unknown_time_last(store: Store) -> None:
    times = {"old": LONG_AGO, "new": NOON, "unknown": None, "newer": NOON}
    keep(store, *(tag(name=name, pushed_at=pushed_at) for name, pushed_at in times.items()))

    with store.read() as connection:
        found = snapshots.tags_of(connection, HOME, [API])[API]
    assert [each.name for each in found] == ["newer", "new", "old", "unknown"]


def test_representatives_of_both_kinds_of_scope(store: Store) -> None:
    keep(store, tag(name="1.0"), tag(name="1.1", pushed_at=NOON), tag(WEB, "latest"), tag(WEB, "2", pushed_at=NOON))
    keep(store, tag(RepositoryName("acme-2", "api")), tag(RepositoryName("library", "python"), "3.12"))
    images = (ImageName(RepositoryName("library", "python"), "3.12"), ImageName(API, "1.0"), ImageName(WEB))

    found = standing_for(store, Scope(("acme",), images))

    assert [each.reference for each in found] == ["acme/api:1.1", "acme/web:latest", "python:3.12", "acme/api:1.0"]


@settings(unhurried, max_examples=50)
@given(
    tags=st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["latest", "1", "2", "b", "B"])),
        st.tuples(st.none() | st.integers(0, 3), st.sampled_from(["image", "helm", None])),
        max_size=12,
    )
)
def test_representatives_are_those_of_the_model(
    empty: Store, tags: dict[tuple[RepositoryName, str], tuple[int | None, str | None]]
) -> None:
    workspace = f"w{next(_numbers)}"
    kept = [
        tag(name, each, pushed_at=None if hours is None else LONG_AGO + timedelta(hours=hours), content_type=kind)
        for (name, each), (hours, kind) in tags.items()
    ]
    empty.write(lambda connection: keep_tags(connection, workspace, kept))

    with empty.read() as connection:
        found = snapshots.representatives(connection, workspace, Scope(("acme",)))
        known = snapshots.tags_in(connection, workspace, "acme")
    assert list(found) == [representative(known[name]) for name in sorted(known, key=str)]


@pytest.mark.parametrize("count", [0, 100])
def test_tags_are_found_by_their_digest_and_by_those_of_their_platforms(store: Store, count: int) -> None:
    more = [f"sha256:x{number}" for number in range(count)]
    keep(store, tag(digest="sha256:i", platforms=["sha256:a", "sha256:b"]), tag(name="2", digest="sha256:b"))
    keep(store, tag(WEB, digest="sha256:ab", platforms=["sha256:aa"]))

    with store.read() as connection:

        def found(*digests: str) -> list[str]:
            return [each.reference for each in snapshots.tags_with(connection, HOME, [*digests, *more])]

        assert found("sha256:i") == ["acme/api:1.0"]
        assert found("sha256:b") == ["acme/api:1.0", "acme/api:2"]
        assert found("sha256:a") == ["acme/api:1.0"]
        assert found("sha256:%") == []
        assert found() == []


def test_an_older_look_changes_nothing(store: Store) -> None:
    keep(store, tag(digest="sha256:new", read_at=NOON))
    keep(store, tag(digest="sha256:old", read_at=NOON - timedelta(minutes=1)))

    with store.read() as connection:
        assert snapshots.tags_of(connection, HOME, [API])[API][0].digest == "sha256:new"


def test_a_later_look_that_shows_an_older_push_changes_nothing_within_the_hour(store: Store) -> None:
    keep(store, tag(digest="sha256:new", pushed_at=NOON, read_at=NOON))
    stale = tag(digest="sha256:old", pushed_at=LONG_AGO, read_at=NOON + timedelta(minutes=59))

    keep(store, stale)
    with store.read() as connection:
        assert snapshots.tags_of(connection, HOME, [API])[API][0].digest == "sha256:new"

    keep(store, tag(digest="sha256:old", pushed_at=LONG_AGO, read_at=NOON + timedelta(minutes=61)))
    with store.read() as connection:
        assert snapshots.tags_of(connection, HOME, [API])[API][0].digest == "sha256:old"


def test_a_tag_that_we_deleted_is_forgotten_at_once(store: Store) -> None:
    keep(store, tag(pushed_at=NOON), tag(name="2", pushed_at=NOON))
    later = NOON + timedelta(minutes=1)

    store.write(lambda connection: forget_tags(connection, HOME, API, ["1.0"], before=later, is_certain=True))
    store.write(lambda connection: forget_tags(connection, HOME, API, ["2"], before=later))

    assert [each.name for each in standing_for(store, Scope(("acme",)))] == ["2"]


def test_what_nobody_looks_at_any_more_is_forgotten(store: Store) -> None:
    keep(store, tag(WEB, read_at=NOON), tag(API, read_at=LONG_AGO))
    store.write(lambda connection: keep_problems(connection, HOME, {API: "gone"}))

    store.write(lambda connection: prune(connection, HOME, NOON - timedelta(days=30)))

    with store.read() as connection:
        assert snapshots.repositories(connection, HOME, "acme") == ()
    assert [each.repository for each in standing_for(store, Scope(("acme",)))] == [WEB]
