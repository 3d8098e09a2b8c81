"""Subscriptions on both databases."""

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update

from bot.images import RepositoryName
from bot.pushes.filters import Filters
from bot.pushes.model import BuildEnds, Threads
from bot.pushes.patterns import Pattern
from bot.pushes.subscriptions import Change, Match, Origin, Subscriptions, Wish, matching
from bot.store.base import Store
from bot.store.tables import lanes, mutes, subscriptions

HOME = "home"
API = RepositoryName("acme", "api")


@pytest.fixture
def all_of_them(store: Store) -> Subscriptions:
    return Subscriptions(store, HOME)


def wish(pattern: str = "acme/api", channel: str = "C1", **filters: Any) -> Wish:
    return Wish(channel, Pattern.parse(pattern), Filters(**filters))


def found(store: Store, *, repository: RepositoryName = API, tag: str = "v1", pusher: str = "ana") -> list[Match]:
    with store.read() as connection:
        return matching(connection, HOME, repository=repository, tag=tag, pusher=pusher)


def lane(store: Store, channel: str = "C1") -> Any:
    with store.read() as connection:
        return connection.execute(select(lanes).where(lanes.c.channel == channel)).one()


def change(store: Store, statement: Any) -> None:
    store.write(lambda connection: connection.execute(statement).rowcount)


def suspend(store: Store, channel: str = "C1") -> None:
    values = {"suspended_at": datetime(2026, 11, 20, tzinfo=UTC), "suspension": "is_archived", "due_at": None}
    change(store, update(lanes).where(lanes.c.channel == channel).values(values))


def test_a_channel_is_subscribed_with_a_number_and_a_lane(store: Store, all_of_them: Subscriptions) -> None:
    first = all_of_them.add(wish(tag=("v*",)), by="U1")
    second = all_of_them.add(wish("acme/*"), by="U2")

    assert [(first.change, first.number), (second.change, second.number)] == [(Change.ADDED, 1), (Change.ADDED, 2)]
    assert [(each.number, str(each), each.created_by) for each in second.state.subscriptions] == [
        (1, "acme/api --tag 'v*'", "U1"),
        (2, "acme/*", "U2"),
    ]
    assert second.state == all_of_them.of_channel("C1")
    assert (lane(store).suspended_at, lane(store).due_at) == (None, None)


def test_the_same_again_changes_nothing(all_of_them: Subscriptions) -> None:
    before = all_of_them.add(wish(tag=("a", "b")), by="U1").state
    again = all_of_them.add(wish(tag=("b", "a")), by="U2")

    assert again.change is Change.UNCHANGED
    assert again.state == before


def test_other_filters_replace_those_there_were_and_keep_the_number(all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(tag=("v*",)), by="U1")
    all_of_them.add(wish("acme/web"), by="U1")

    replaced = all_of_them.add(wish(semver=">=2"), by="U2")

    assert (replaced.change, replaced.number, replaced.before) == (Change.REPLACED, 1, Filters(tag=("v*",)))
    assert [str(each) for each in replaced.state.subscriptions] == ["acme/api --semver '>=2'", "acme/web"]
    assert replaced.state.subscriptions[0].created_by == "U2"


def test_a_preview_tells_what_would_be_and_changes_nothing(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish("acme/web"), by="U1")
    for each in (wish(), wish("acme/web", tag=("v*",)), wish("acme/web")):
        before = all_of_them.of_channel("C1")
        preview = all_of_them.preview(each, by="U2")

        assert all_of_them.of_channel("C1") == before
        done = all_of_them.add(each, by="U2")
        assert (preview.change, preview.number, preview.before) == (done.change, done.number, done.before)
        assert [str(one) for one in preview.state.subscriptions] == [str(one) for one in done.state.subscriptions]


def test_what_the_file_says_stays_beside_what_a_command_says(all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(), by=None, origin=Origin.FILE)

    assert all_of_them.add(wish(), by="U1").change is Change.UNCHANGED
    other = all_of_them.add(wish(tag=("v*",)), by="U1")

    assert (other.change, other.number) == (Change.ADDED, 2)
    gone = all_of_them.remove("C1", [Pattern.parse("acme/api")])
    assert [each.number for each in gone.removed] == [2]
    assert gone.kept == ()
    assert [each.origin for each in gone.state.subscriptions] == [Origin.FILE]


def test_pushes_and_builds_of_the_same_stand_beside_each_other(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(tag=("v*",)), by="U1")
    added = all_of_them.add(wish(builds=BuildEnds.FAILED), by="U1")
    changed = all_of_them.add(wish(builds=BuildEnds.ALL), by="U1")

    assert (added.change, added.number) == (Change.ADDED, 2)
    assert (changed.change, changed.number, changed.before) == (Change.REPLACED, 2, Filters(builds=BuildEnds.FAILED))
    assert [str(each) for each in changed.state.subscriptions] == ["acme/api --tag 'v*'", "acme/api --builds all"]
    assert [match.number for match in found(store)] == [1]


def test_builds_are_removed_alone_or_with_the_pushes(all_of_them: Subscriptions) -> None:
    for each in (wish(), wish(builds=BuildEnds.ALL), wish("acme/web")):
        all_of_them.add(each, by="U1")

    alone = all_of_them.remove("C1", [Pattern.parse("acme/api"), Pattern.parse("acme/web")], only_builds=True)
    assert [str(each) for each in alone.removed] == ["acme/api --builds all"]
    assert alone.missing == (Pattern.parse("acme/web"),)

    all_of_them.add(wish(builds=BuildEnds.ALL), by="U1")
    both = all_of_them.remove("C1", [Pattern.parse("acme/api")])
    assert [str(each) for each in both.state.subscriptions] == ["acme/web"]


def test_a_channel_that_hears_of_builds_alone_is_told_of_no_push(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(builds=BuildEnds.ALL), by="U1")

    assert found(store) == []


def test_of_many_at_once_each_gets_its_own_number(all_of_them: Subscriptions) -> None:
    workers = [
        threading.Thread(target=all_of_them.add, args=(wish(f"acme/r{number}"),), kwargs={"by": "U1"})
        for number in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [each.number for each in all_of_them.of_channel("C1").subscriptions] == list(range(1, 9))


def test_subscribing_opens_a_suspended_channel_again(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(), by="U1")
    suspend(store)
    assert all_of_them.of_channel("C1").suspension == "is_archived"

    state = all_of_them.add(wish(), by="U1").state

    assert (state.suspended_at, state.suspension) == (None, "")
    assert lane(store).due_at is not None


def test_a_pattern_removes_itself_and_not_what_it_matches(all_of_them: Subscriptions) -> None:
    for pattern in ("acme/api", "acme/api-web", "acme/api*", "acme/web"):
        all_of_them.add(wish(pattern), by="U1")

    gone = all_of_them.remove("C1", [Pattern.parse("acme/api*"), 4, 17, Pattern.parse("acme/nothing")])

    assert [str(each.pattern) for each in gone.removed] == ["acme/api*", "acme/web"]
    assert gone.missing == (17, Pattern.parse("acme/nothing"))
    assert [each.number for each in gone.state.subscriptions] == [1, 2]


def test_what_the_file_says_is_kept_and_named(all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(), by=None, origin=Origin.FILE)
    all_of_them.add(wish("acme/web"), by="U1")

    gone = all_of_them.remove("C1", None)

    assert [str(each.pattern) for each in gone.removed] == ["acme/web"]
    assert [str(each.pattern) for each in gone.kept] == ["acme/api"]


def test_channels_and_workspaces_do_not_share(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(channel="C2"), by="U1")
    Subscriptions(store, "T2").add(wish(channel="C9"), by="U1")

    assert all_of_them.of_channel("C1").subscriptions == ()
    assert [state.channel for state in all_of_them.everywhere()] == ["C2"]
    assert [match.channel for match in found(store)] == ["C2"]


def test_mutes_that_are_not_over_are_shown(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(), by="U1")
    with store.read() as connection:
        now = store.now(connection)
    row = {"workspace": HOME, "channel": "C1", "repository": "acme/api", "until_at": now + timedelta(hours=1)}
    change(store, insert(mutes).values({**row, "muted_by": "U2"}))
    change(store, insert(mutes).values({**row, "repository": "acme/web", "until_at": now, "muted_by": "U2"}))

    assert [str(mute.repository) for mute in all_of_them.of_channel("C1").mutes] == ["acme/api"]


def test_each_channel_hears_once_by_its_lowest_subscription(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish("acme/*", tag=("x*",)), by="U1")
    all_of_them.add(wish("acme/a*", threads=Threads.DAY, platform=("arm64",)), by="U1")
    all_of_them.add(wish("acme/api", threads=Threads.REPOSITORY, platform=("amd64", "arm64")), by="U1")
    all_of_them.add(wish("acme/api", channel="C2", pusher=("bo",)), by="U1")
    all_of_them.add(wish("acme/api", channel="C3"), by="U1")

    assert found(store) == [
        Match("C1", 2, Threads.DAY, ("arm64", "amd64")),
        Match("C3", 1, Threads.NEVER, None),
    ]


def test_whoever_wants_all_platforms_gets_them(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish("acme/*", platform=("arm64",)), by="U1")
    all_of_them.add(wish("acme/api"), by="U1")

    assert found(store) == [Match("C1", 1, Threads.NEVER, None)]


def test_names_are_compared_as_they_are(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish("acme/a_i"), by="U1")
    all_of_them.add(wish("acme/a?i", channel="C2"), by="U1")

    assert [match.channel for match in found(store)] == ["C2"]
    assert [match.channel for match in found(store, repository=RepositoryName("acme", "a_i"))] == ["C1", "C2"]


def test_suspended_channels_are_left_out(store: Store, all_of_them: Subscriptions) -> None:
    all_of_them.add(wish(), by="U1")
    all_of_them.add(wish(channel="C2"), by="U1")
    suspend(store)

    assert [match.channel for match in found(store)] == ["C2"]


def test_it_takes_one_statement(store: Store, all_of_them: Subscriptions) -> None:
    for number in range(5):
        all_of_them.add(wish(channel=f"C{number}"), by="U1")
    statements: list[str] = []

    def note(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        assert len(matching(connection, HOME, repository=API, tag="v1", pusher="ana")) == 5

    assert len(statements) == 1


def test_filters_that_cannot_be_read_leave_nothing_out(
    store: Store, all_of_them: Subscriptions, caplog: pytest.LogCaptureFixture
) -> None:
    all_of_them.add(wish(tag=("v*",)), by="U1")
    change(store, update(subscriptions).values(filters={"threads": f"as {store.label} likes"}))

    with caplog.at_level(logging.WARNING):
        assert found(store, tag="latest") == [Match("C1", 1, Threads.NEVER, None)]
    assert [record.message for record in caplog.records] == ["filters_not_readable"]


def test_several_changes_are_made_together_or_not_at_all(all_of_them: Subscriptions) -> None:
    gone = all_of_them.add(wish(), by="U1").state.subscriptions
    broken = replace(wish("acme/web"), channel="\0")

    with pytest.raises(ValueError, match="cannot be stored"):
        all_of_them.apply(put=[wish("acme/new"), broken], remove=gone, by=None, origin=Origin.COMMAND)

    assert [str(each) for each in all_of_them.all()] == ["acme/api"]
