"""Intake on both databases."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.images import RepositoryName
from bot.pushes.filters import Filters
from bot.pushes.intake import Accepted, Intake
from bot.pushes.model import Threads
from bot.pushes.patterns import Pattern
from bot.pushes.payload import Push
from bot.pushes.subscriptions import Subscriptions, Wish
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.tables import events, lanes, members
from bot.store.workspaces import HOME

PUSHED_AT = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PUSH = Push(RepositoryName("acme", "api"), "2.0.0", PUSHED_AT, "ci-bot", "application/vnd.oci.image.index.v1+json")


@pytest.fixture
def intake(store: Store) -> Intake:
    return Intake(store)


def rows(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [dict(row) for row in connection.execute(select(events)).mappings()]


def test_a_push_is_kept_whole(store: Store, intake: Intake) -> None:
    accepted = intake.take(replace(PUSH, hardened={"sha256:aa": {"change_categories": ["other"]}}))

    (row,) = rows(store)
    received_at = row.pop("received_at")
    assert abs(received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert row == {
        "id": accepted.event_id,
        "workspace": "home",
        "repository": "acme/api",
        "tag": "2.0.0",
        "pushed_at": PUSHED_AT,
        "pusher": "ci-bot",
        "media_type": "application/vnd.oci.image.index.v1+json",
        "content_kind": "image",
        "source": "webhook",
        "payload": {"sha256:aa": {"change_categories": ["other"]}},
        "reading": None,
        "reading_attempts": 0,
        "reading_due_at": None,
        "reading_problem": None,
        "reading_state": "unwanted",
    }


def test_who_is_to_hear_of_it_is_kept_with_it_and_it_is_to_be_read_back(store: Store, intake: Intake) -> None:
    Subscriptions(store, HOME).add(Wish("C1", Pattern("acme", "*"), Filters(threads=Threads.DAY)), by="U1")
    Subscriptions(store, HOME).add(Wish("C2", Pattern("acme", "web"), Filters()), by="U1")

    accepted = intake.take(PUSH)

    (row,) = rows(store)
    assert row["reading_state"] == "waiting"
    assert row["reading_due_at"] == row["received_at"] + timedelta(seconds=5)
    with store.read() as connection:
        (member,) = connection.execute(select(members)).all()
        lane = connection.execute(select(lanes).where(lanes.c.channel == "C1")).one()
    assert (member.channel, member.event_id, member.state, member.threads) == (
        "C1",
        accepted.event_id,
        "waiting",
        "day",
    )
    assert lane.due_at == row["reading_due_at"]


def test_a_lane_that_is_due_sooner_stays_so(store: Store, intake: Intake) -> None:
    Subscriptions(store, HOME).add(Wish("C1", Pattern("acme", "*"), Filters()), by="U1")
    intake.take(PUSH)
    with store.read() as connection:
        before = connection.execute(select(lanes.c.due_at)).scalar_one()

    intake.take(replace(PUSH, tag="3.0.0"))

    with store.read() as connection:
        assert connection.execute(select(lanes.c.due_at)).scalar_one() == before


def test_events_are_in_the_order_in_which_they_came(store: Store, intake: Intake) -> None:
    ids = [intake.take(replace(PUSH, tag=str(number))).event_id for number in range(20)]

    assert ids == sorted(ids)


def test_a_test_is_for_one_channel_alone(store: Store, intake: Intake) -> None:
    Subscriptions(store, HOME).add(Wish("C1", Pattern("acme", "*"), Filters()), by="U1")

    intake.take_test(PUSH, channel="C2")

    with store.read() as connection:
        assert connection.execute(select(members.c.channel)).scalars().all() == ["C2"]
        assert connection.execute(select(events.c.source)).scalar_one() == "test"


def test_a_repeat_is_the_same_event(store: Store, intake: Intake) -> None:
    first = intake.take(PUSH)

    again = intake.take(replace(PUSH, pusher="somebody-else"))

    assert (first.is_new, again) == (True, Accepted(first.event_id, is_new=False))
    assert len(rows(store)) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(PUSH, tag="2.0.1"),
        replace(PUSH, tag=""),
        replace(PUSH, pushed_at=PUSHED_AT + timedelta(seconds=1)),
        replace(PUSH, repository=RepositoryName("acme", "web")),
    ],
)
def test_another_tag_time_or_repository_is_another_push(store: Store, intake: Intake, other: Push) -> None:
    intake.take(PUSH)

    assert intake.take(other).is_new
    assert len(rows(store)) == 2


def test_workspaces_do_not_share_events(store: Store, intake: Intake) -> None:
    assert intake.take(PUSH, workspace="T1").is_new
    assert intake.take(PUSH, workspace="T2").is_new


def test_of_many_at_once_exactly_one_is_new(store: Store, intake: Intake) -> None:
    found: list[Accepted] = []
    threads = [threading.Thread(target=lambda: found.append(intake.take(PUSH))) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.is_new for each in found].count(True) == 1
    assert len({each.event_id for each in found}) == 1
    assert len(rows(store)) == 1


def test_without_a_database_nothing_is_accepted(store: Store, intake: Intake) -> None:
    store.close()

    with pytest.raises(StoreUnavailableError):
        intake.take(PUSH)
