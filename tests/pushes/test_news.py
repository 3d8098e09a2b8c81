"""What is news: the rules as a table, and the same read from both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.images import RepositoryName
from bot.pushes.history import remember
from bot.pushes.intake import Intake
from bot.pushes.model import Reading, TagImage
from bot.pushes.news import TagPush, ToldPush, is_known, unknown
from bot.pushes.payload import Push
from bot.store.base import Store
from bot.store.tables import events
from bot.store.workspaces import HOME

API = RepositoryName("acme", "api")
AT = datetime(2026, 11, 21, 12, 0, 0, 654_321, tzinfo=UTC)
SHOWN = TagPush("latest", AT, "sha256:new")


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def image(digest: str, seconds: float) -> TagImage:
    return TagImage(digest=digest, pushed_at=at(seconds))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([], False, id="nothing was told"),
        pytest.param([ToldPush(AT.replace(microsecond=0))], True, id="its webhook, in whole seconds"),
        pytest.param([ToldPush(at(-2))], True, id="just within the tolerance"),
        pytest.param([ToldPush(at(-2.1))], False, id="just outside of it"),
        pytest.param([ToldPush(at(600))], True, id="a later push"),
        pytest.param([ToldPush(at(-60))], False, id="an earlier push, not read yet"),
        pytest.param([ToldPush(at(-60), image("sha256:old", -60))], False, id="an earlier image"),
        pytest.param([ToldPush(at(-60), image("sha256:new", 0))], True, id="read back to this image"),
        pytest.param([ToldPush(at(-60), image("sha256:part", 0))], True, id="read back to an image of this moment"),
        pytest.param([ToldPush(at(-60), image("sha256:new", -60))], True, id="the same image as the last"),
        pytest.param(
            [ToldPush(at(-30)), ToldPush(at(-60), image("sha256:new", -60))], True, id="the last that was read counts"
        ),
        pytest.param(
            [ToldPush(at(-60), image("sha256:old", -60)), ToldPush(at(-90), image("sha256:new", -90))],
            False,
            id="a rollback",
        ),
        pytest.param(
            [ToldPush(at(-900), image("sha256:new", 0), is_overtaken=True)], False, id="seen, but not as its own push"
        ),
        pytest.param(
            [
                ToldPush(at(-900), image("sha256:old", -60), is_overtaken=True),
                ToldPush(at(-990), image("sha256:new", -990)),
            ],
            False,
            id="a rollback of what was only seen",
        ),
    ],
)
def test_what_was_told(told: list[ToldPush], *, expected: bool) -> None:
    assert is_known(SHOWN, told) is expected


def test_without_a_digest_only_times_count() -> None:
    push = TagPush("latest", AT)

    assert not is_known(push, [ToldPush(at(-60), image("sha256:new", -60))], None)
    assert is_known(push, [ToldPush(at(-1))])


def test_the_image_of_before_counts_where_it_is_given() -> None:
    assert is_known(SHOWN, [], "sha256:new")
    assert not is_known(SHOWN, [], "sha256:old")


def take(store: Store, seconds: float, *, tag: str = "latest", **columns: Any) -> None:
    accepted = Intake(store).take(Push(API, tag, at(seconds)))
    if columns:
        store.write(
            lambda connection: connection.execute(
                update(events).where(events.c.id == accepted.event_id).values(**columns)
            )
        )


def news(store: Store, *pushes: TagPush, seen_until: datetime | None = None) -> list[TagPush]:
    with store.read() as connection:
        return list(unknown(connection, HOME, API, pushes or [SHOWN], now=AT, seen_until=seen_until))


def test_what_is_stored_of_reading_back_counts(store: Store) -> None:
    reading = Reading(image=image("sha256:new", 0)).model_dump(mode="json")
    take(store, -60, reading=reading)

    assert news(store) == []


def test_an_event_of_another_tag_repository_or_workspace_does_not_count(store: Store) -> None:
    take(store, 0, tag="other")
    Intake(store).take(Push(RepositoryName("acme", "web"), "latest", AT))
    Intake(store).take(Push(API, "latest", AT), workspace="T2")

    assert news(store) == [SHOWN]


def test_an_event_of_a_test_does_not_count(store: Store) -> None:
    take(store, 0, source="test")

    assert news(store) == [SHOWN]


def test_an_event_of_the_next_century_does_not_count(store: Store) -> None:
    take(store, timedelta(days=20_000).total_seconds())

    assert news(store) == [SHOWN]


@pytest.mark.parametrize("stored", [[], "nonsense", {"image": {"digest": 7}}, {"image": None}])
def test_a_reading_that_cannot_be_read_is_none(store: Store, stored: Any) -> None:
    take(store, -60, reading=stored)

    assert news(store) == [SHOWN]


def test_many_later_events_do_not_hide_the_last_image(store: Store) -> None:
    row = {"workspace": HOME, "repository": str(API), "tag": "latest", "received_at": AT, "pusher": ""}
    more = {"content_kind": "image", "source": "webhook", "payload": {}}
    rows = [{**row, **more, "id": f"e{number}", "pushed_at": at(-1_000 - number)} for number in range(500)]
    rows[0]["reading"] = Reading(image=image("sha256:new", -1_000)).model_dump(mode="json")
    store.write(lambda connection: [connection.execute(insert(events), each) for each in rows])

    assert news(store) == []


def test_the_last_image_counts_only_where_pushes_are_polled(store: Store) -> None:
    seen = image("sha256:new", -3_600)
    store.write(lambda connection: remember(connection, HOME, str(API), "latest", seen, seen_at=AT))

    assert news(store, seen_until=at(-1_800)) == []
    assert news(store) == [SHOWN]


def test_an_image_between_makes_the_old_one_news_again(store: Store) -> None:
    for seen in (image("sha256:new", -3_600), image("sha256:other", -1_800)):
        store.write(
            lambda connection, seen=seen: remember(connection, HOME, str(API), "latest", seen, seen_at=AT)  # type: ignore[misc]
        )

    assert news(store, seen_until=at(-600)) == [SHOWN]


def test_a_push_that_was_seen_and_not_told_is_news(store: Store) -> None:
    seen = image("sha256:new", 0)
    store.write(lambda connection: remember(connection, HOME, str(API), "latest", seen, seen_at=AT))

    assert news(store, seen_until=at(-600)) == [SHOWN]


def test_news_come_earliest_first(store: Store) -> None:
    first, second = TagPush("b", at(-10)), TagPush("a", at(-5))

    assert news(store, SHOWN, second, first) == [first, second, SHOWN]
