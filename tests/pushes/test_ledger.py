"""The ledger, on both databases."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.clock import FrozenClock
from bot.outbox import messages as outbox
from bot.outbox.lanes import Lane, Lease, claim, hold
from bot.pushes.ledger import Ledger
from bot.pushes.ledger_rows import Backlog, Delivery
from bot.store.base import Store
from bot.store.tables import lanes, members, messages
from tests.store.played import NOON as NOW
from tests.store.played import clock, store
from tests.support.ledger import Past

__all__ = ["clock", "store"]


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store, NOW)


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store, link=lambda channel, ts: f"https://acme.slack.com/archives/{channel}/p{ts.replace('.', '')}")


def look(ledger: Ledger, channel: str | None = "C1", *, failed: bool = False) -> list[Delivery]:
    return list(ledger.deliveries(channel=channel, failed=failed, limit=100).rows)


def states(ledger: Ledger, channel: str | None = "C1", *, failed: bool = False) -> list[str]:
    return [each.state for each in look(ledger, channel, failed=failed)]


def test_a_delivered_push_is_told_with_all_that_is_known_of_it(past: Past, ledger: Ledger) -> None:
    event = past.push("acme/api:2.0.0", at=past.ago(minutes=3), source="listing")
    message = past.sent("C1", at=past.ago(minutes=2), ts="1732.000100")
    past.tell(event, message)

    assert look(ledger) == [
        Delivery(
            event_id=event,
            repository="acme/api",
            tag="2.0.0",
            source="listing",
            pushed_at=past.ago(minutes=3, seconds=1),
            received_at=past.ago(minutes=3),
            channel="C1",
            state="delivered",
            member_state="placed",
            message_id=message,
            message_kind="push",
            message_state="sent",
            attempts=1,
            sent_at=past.ago(minutes=2),
            posted_channel="C1",
            ts="1732.000100",
            link="https://acme.slack.com/archives/C1/p1732000100",
        )
    ]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "waiting"),
        ({"attempts": 1}, "waiting"),
        ({"attempts": 2}, "retrying"),
        ({"attempts": 1, "last_error": "fatal_error"}, "retrying"),
        ({"state": "dead", "attempts": 9}, "dead letter"),
        ({"state": "dropped", "attempts": 9}, "dropped"),
        ({"state": "sent", "sent_at": NOW, "last_error": "edit_window_closed"}, "delivered"),
    ],
)
def test_the_message_decides_what_became_of_its_pushes(
    past: Past, ledger: Ledger, values: dict[str, object], state: str
) -> None:
    past.tell(past.push(), past.message("C1", **values))

    assert states(ledger) == [state]


@pytest.mark.parametrize("state", ["waiting", "muted", "filtered", "dropped"])
def test_a_push_in_no_message_is_what_the_channel_made_of_it(past: Past, ledger: Ledger, state: str) -> None:
    past.tell(past.push(), state=state)

    assert states(ledger) == [state]


def test_what_slack_has_taken_is_delivered_even_if_it_was_dropped_meanwhile(past: Past, ledger: Ledger) -> None:
    past.tell(past.push(), past.sent("C1"), state="dropped")

    assert states(ledger) == ["delivered"]


def test_in_a_suspended_lane_only_what_is_undelivered_is_held_up(past: Past, ledger: Ledger) -> None:
    past.tell(past.push(at=past.ago(minutes=5)))
    past.tell(past.push(at=past.ago(minutes=4)), past.failing("C1", last_error=None))
    past.tell(past.push(at=past.ago(minutes=3)), past.dead("C1"))
    past.tell(past.push(at=past.ago(minutes=2)), past.sent("C1"))
    past.lane("C1", suspended_at=past.ago(minutes=1), suspension="is_archived")

    found = look(ledger)

    assert [each.state for each in found] == ["delivered", "dead letter", "lane suspended", "lane suspended"]
    assert {each.last_error for each in found[2:]} == {"is_archived"}
    assert {each.due_at for each in found} == {None}


def test_only_what_has_an_attempt_to_come_says_when(past: Past, ledger: Ledger) -> None:
    past.tell(past.push(at=past.ago(minutes=2)), past.failing("C1"))
    past.tell(past.push(at=past.ago(minutes=1)), past.dead("C1"))

    assert [each.due_at for each in look(ledger)] == [None, NOW + timedelta(seconds=20)]


def test_failed_leaves_out_what_was_delivered_and_what_only_waits(past: Past, ledger: Ledger) -> None:
    past.tell(past.push(), past.sent("C1"))
    past.tell(past.push(), past.message("C1"))
    past.tell(past.push())
    past.tell(past.push(), state="muted")
    past.tell(past.push(at=past.ago(minutes=2)), past.failing("C1"))
    past.tell(past.push(at=past.ago(minutes=1)), past.dead("C1"))
    past.tell(past.push(at=past.ago(minutes=3)), channel="C2")
    past.lane("C2", suspended_at=NOW, suspension="is_archived")

    assert states(ledger, None, failed=True) == ["dead letter", "retrying", "lane suspended"]
    assert states(ledger, "C1", failed=True) == ["dead letter", "retrying"]


def test_the_last_that_came_is_first_whenever_it_was_pushed(past: Past, ledger: Ledger) -> None:
    first = past.push("acme/api:first", at=past.ago(minutes=2))
    second = past.push("acme/api:second", at=past.ago(minutes=1))
    past.tell(second)
    past.tell(first)

    assert [each.tag for each in look(ledger)] == ["second", "first"]


def test_a_channel_hears_only_of_itself_and_its_workspace(past: Past, ledger: Ledger, store: Store) -> None:
    event = past.push("acme/api:mine")
    past.tell(event, channel="C1")
    past.tell(event, channel="C2")
    elsewhere = Past(store, NOW, workspace="T2")
    elsewhere.tell(elsewhere.push("acme/api:theirs", event_id="ev_theirs"), channel="C1")

    assert [(each.channel, each.tag) for each in look(ledger, "C1")] == [("C1", "mine")]
    assert [(each.channel, each.tag) for each in look(ledger, None)] == [("C1", "mine"), ("C2", "mine")]


def test_a_push_that_no_channel_asked_for_is_in_the_ledger_of_all_only(past: Past, ledger: Ledger) -> None:
    event = past.push("acme/other:1")

    assert [(each.event_id, each.channel, each.state) for each in look(ledger, None)] == [(event, None, "unwanted")]
    assert look(ledger, "C1") == []
    assert look(ledger, None, failed=True) == []


def test_a_failed_message_of_another_kind_is_not_silent(past: Past, ledger: Ledger) -> None:
    past.message("U1", kind="note")
    note = past.dead("U1", kind="note", created_at=past.ago(minutes=9))
    past.tell(past.push(at=past.ago(minutes=10)), past.dead("C1"))

    found = look(ledger, None)

    assert [(each.message_id, each.message_kind, each.repository) for each in found[:1]] == [(note, "note", None)]
    assert [each.state for each in found] == ["dead letter", "dead letter"]


def test_more_than_the_limit_is_said_to_be_there(past: Past, ledger: Ledger) -> None:
    for minutes in range(3):
        past.tell(past.push(f"acme/api:{minutes}", at=past.ago(minutes=minutes)))

    two, three = (ledger.deliveries(channel="C1", limit=limit) for limit in (2, 3))

    assert ([each.tag for each in two.rows], two.has_more) == (["0", "1"], True)
    assert (len(three.rows), three.has_more) == (3, False)


def test_several_webhooks_of_one_message_and_tag_count_once(past: Past, ledger: Ledger) -> None:
    long, short = past.sent("C1"), past.sent("C1")
    several = [past.push("acme/api:1", at=past.ago(minutes=9, seconds=-2 * each)) for each in range(40)]
    past.tell(past.push("acme/api:0", at=past.ago(minutes=10)), short)
    for event in several:
        past.tell(event, long)
    past.tell(past.push("acme/api:2", at=past.ago(minutes=2)), long)

    one, two, three = (ledger.deliveries(channel="C1", limit=limit) for limit in (1, 2, 3))

    assert ([each.tag for each in one.rows], one.has_more) == (["2"], True)
    assert ([each.tag for each in two.rows], two.has_more) == (["2", *["1"] * 40], True)
    assert ([each.tag for each in three.rows], three.has_more) == (["2", *["1"] * 40, "0"], False)
    assert [each.event_id for each in two.rows[1:]] == several[::-1]
    assert ledger.deliveries(channel=None, limit=2) == two


def test_of_failed_messages_several_webhooks_count_once_too(past: Past, ledger: Ledger) -> None:
    failing, dead = past.failing("C1"), past.dead("C1")
    for minutes in (3, 4, 5):
        past.tell(past.push(at=past.ago(minutes=minutes)), failing)
    past.tell(past.push(at=past.ago(minutes=9)), dead)

    one, two = (ledger.deliveries(channel="C1", failed=True, limit=limit) for limit in (1, 2))

    assert ([each.state for each in one.rows], one.has_more) == (["retrying"] * 3, True)
    assert ([each.state for each in two.rows], two.has_more) == ([*["retrying"] * 3, "dead letter"], False)


def test_what_is_in_no_message_is_told_one_by_one(past: Past, ledger: Ledger) -> None:
    for minutes in (3, 4):
        past.tell(past.push(at=past.ago(minutes=minutes)), state="muted")

    found = ledger.deliveries(channel="C1", limit=1)

    assert (len(found.rows), found.has_more) == (1, True)


def test_an_address_that_is_not_known_is_asked_for_once(past: Past, store: Store) -> None:
    asked = []

    def unknown(channel: str, ts: str) -> None:
        asked.append((channel, ts))

    for number in range(3):
        past.tell(past.push(), past.sent("C1", ts=f"{number}.0"))
    past.tell(past.push(at=past.ago(minutes=1)))

    rows = Ledger(store, link=unknown).deliveries(channel="C1", limit=10).rows

    assert {each.link for each in rows} == {None}
    assert len(asked) == 1


def test_the_backlog_counts_what_is_still_to_be_delivered(past: Past, ledger: Ledger) -> None:
    oldest = past.ago(hours=3)
    past.tell(past.push(at=past.ago(days=2)), past.sent("C1"))
    past.tell(past.push(at=past.ago(days=3)), state="muted")
    past.tell(past.push(at=past.ago(hours=1)))
    failing = past.failing("C1")
    past.tell(past.push(at=oldest), failing)
    past.tell(past.push(at=past.ago(hours=2)), failing)
    past.tell(past.push(at=past.ago(hours=2)), past.message("C2"), channel="C2")
    past.tell(past.push(at=past.ago(days=2)), past.dead("C3"), channel="C3")
    past.lane("C4", suspended_at=NOW, suspension="is_archived")

    past.tell(past.push("acme/web", at=past.ago(minutes=59)))
    past.tell(past.push("acme/api:2", at=past.ago(minutes=58)))

    # One that is failing, one of each repository of which something waits, and one elsewhere.
    everywhere = Backlog(waiting=4, retrying=1, oldest_at=oldest, dead_letters=1, suspended_lanes=1)
    assert ledger.backlog() == everywhere
    assert ledger.deliveries(channel=None, limit=1).backlog == everywhere
    assert ledger.backlog(channel="C2") == Backlog(waiting=1, oldest_at=past.ago(hours=2))
    assert ledger.backlog(workspace="T2") == Backlog()


def test_a_dead_letter_is_tried_again_from_now_on(past: Past, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    event = past.push()
    message = past.dead("C1", is_plain=True)
    past.tell(event, message)

    with caplog.at_level(logging.INFO):
        (outcome,) = ledger.retry(message, "U0OPS")

    assert (outcome.is_done, outcome.was, outcome.channel, outcome.event_ids) == (True, "dead letter", "C1", (event,))
    row = past.row(messages, message)
    assert (row["state"], row["due_at"], row["failing_since"]) == ("waiting", NOW, None)
    assert (row["attempts"], row["is_plain"], row["last_error"]) == (90, True, "internal_error")
    assert past.row(lanes, "C1")["due_at"] == NOW
    assert states(ledger) == ["retrying"]
    (record,) = [each for each in caplog.records if each.getMessage() == "delivery_retried"]
    assert (vars(record)["message_id"], vars(record)["channel"], vars(record)["by"]) == (message, "C1", "U0OPS")


def test_the_worker_finds_what_is_tried_again_and_does_not_give_it_up_at_once(past: Past, ledger: Ledger) -> None:
    message = past.dead("C1")
    past.tell(past.push(), message)
    ledger.retry(message, "U0OPS")

    def next_message(connection: Connection) -> str | None:
        (lease,) = claim(connection, NOW, at_most=1, without=())
        found = outbox.next_post(connection, lease.lane, NOW)
        return found.id if found and not outbox.is_hopeless(found, NOW) else None

    assert past.store.write(next_message) == message


def test_retrying_ends_the_wait_of_what_is_failing(past: Past, ledger: Ledger) -> None:
    message = past.failing("C1")
    past.tell(past.push(), message)

    assert [each.is_done for each in ledger.retry(message, "U0OPS")] == [True]
    assert past.row(messages, message)["due_at"] == NOW


def test_retrying_resumes_a_suspended_lane(past: Past, ledger: Ledger) -> None:
    event = past.push()
    past.tell(event)
    past.lane("C1", suspended_at=past.ago(hours=1), suspension="is_archived", paced_until=NOW + timedelta(seconds=1))

    (outcome,) = ledger.retry(event, "U0OPS")

    assert (outcome.is_done, outcome.is_resumed, outcome.was) == (True, True, "lane suspended")
    lane = past.row(lanes, "C1")
    assert (lane["suspended_at"], lane["suspension"], lane["due_at"]) == (None, None, NOW)
    assert states(ledger) == ["waiting"]


def test_an_event_stands_for_all_messages_that_tell_it(past: Past, ledger: Ledger) -> None:
    event, beside = past.push("acme/api:1"), past.push("acme/api:2")
    dead, failing, sent = past.dead("C1"), past.failing("C2"), past.sent("C3")
    for channel, message in (("C1", dead), ("C2", failing), ("C3", sent)):
        past.tell(event, message, channel=channel)
    past.tell(beside, dead, channel="C1")
    past.tell(event, channel="C4", state="muted")

    outcomes = ledger.retry(event, "U0OPS")

    assert [(each.channel, each.is_done, each.was) for each in outcomes] == [
        ("C1", True, "dead letter"),
        ("C2", True, "retrying"),
        ("C3", False, "delivered"),
        ("C4", False, "muted"),
    ]
    assert outcomes[0].event_ids == (event, beside)
    assert outcomes[2].sent_at == past.ago(minutes=5)


def test_nothing_to_retry_changes_nothing_and_logs_nothing(
    past: Past, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    waiting, sent, dropped = past.message("C1"), past.sent("C1"), past.message("C1", state="dropped")
    for message in (waiting, sent, dropped):
        past.tell(past.push(), message)
    unwanted = past.push("acme/other:1")
    before = past.rows(messages), past.rows(members), past.rows(lanes)

    with caplog.at_level(logging.INFO):
        outcomes = [ledger.retry(each, "U0OPS") for each in (waiting, sent, dropped, unwanted)]

    assert [(each.is_done, each.was) for (each,) in outcomes] == [
        (False, "waiting"),
        (False, "delivered"),
        (False, "dropped"),
        (False, "unwanted"),
    ]
    assert (past.rows(messages), past.rows(members), past.rows(lanes)) == before
    assert "delivery_retried" not in caplog.text


def test_what_is_nobodys_or_of_another_workspace_is_not_found(past: Past, ledger: Ledger) -> None:
    message = past.dead("C1")
    past.tell(past.push(), message)

    assert ledger.retry("msg_nobodys", "U0OPS") == ledger.drop("ev_nobodys", "U0OPS") == ()
    assert ledger.retry(message, "U0OPS", workspace="T2") == ledger.drop(message, "U0OPS", workspace="T2") == ()
    assert past.row(messages, message)["state"] == "dead"


def test_everything_that_failed_in_a_channel_is_retried(
    past: Past, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    for message in (past.dead("C1"), past.failing("C1"), past.message("C1"), past.dead("C2")):
        past.tell(past.push(), message, channel=str(past.row(messages, message)["channel"]))
    past.lane("C3", suspended_at=NOW, suspension="is_archived")

    with caplog.at_level(logging.INFO):
        here = ledger.retry_failed("U0OPS", channel="C1")
        everywhere = ledger.retry_failed("U0OPS", channel=None)

    # What was put back has failed before, and so is retried once more.
    assert [(each.channel, each.messages, each.is_resumed) for each in here] == [("C1", 2, False)]
    assert [(each.channel, each.messages, each.is_resumed) for each in everywhere] == [
        ("C1", 2, False),
        ("C2", 1, False),
        ("C3", 0, True),
    ]
    assert states(ledger, "C1").count("retrying") == 2
    assert [vars(each)["channel"] for each in caplog.records if each.getMessage() == "deliveries_retried"] == [
        "C1",
        "C1",
        "C2",
        "C3",
    ]
    assert ledger.retry_failed("U0OPS", channel="C9") == ()


def test_a_dropped_message_lets_the_stream_go_on(past: Past, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    event, beside = past.push("acme/api:1"), past.push("acme/api:2")
    message = past.failing("C1", created_at=past.ago(minutes=9))
    behind = past.message("C1", created_at=past.ago(minutes=8))
    past.tell(event, message)
    past.tell(beside, message)
    past.tell(past.push("acme/api:3"), behind)

    with caplog.at_level(logging.INFO):
        (outcome,) = ledger.drop(event, "U0OPS")

    assert (outcome.is_done, outcome.was, outcome.event_ids) == (True, "retrying", (event, beside))
    assert past.row(messages, message)["state"] == "dropped"
    assert [past.row(members, each)["state"] for each in (event, beside)] == ["dropped", "dropped"]
    assert past.row(lanes, "C1")["due_at"] == NOW
    following = past.store.write(lambda connection: outbox.next_post(connection, Lane("home", "C1"), NOW))
    assert following is not None
    assert following.id == behind
    assert "delivery_dropped" in caplog.text


def test_a_push_in_no_message_yet_can_be_dropped(past: Past, ledger: Ledger) -> None:
    event = past.push()
    past.tell(event)
    past.tell(event, channel="C2", state="muted")

    outcomes = ledger.drop(event, "U0OPS")

    assert [(each.channel, each.is_done, each.was) for each in outcomes] == [
        ("C1", True, "waiting"),
        ("C2", False, "muted"),
    ]
    assert states(ledger, None) == ["dropped", "muted"]


def test_what_stands_beside_a_dropped_push_is_dropped_only_where_it_does(past: Past, ledger: Ledger) -> None:
    event, beside = past.push("acme/api:1"), past.push("acme/api:2")
    message = past.failing("C1")
    for each in (event, beside):
        past.tell(each, message)
        past.tell(each, channel="C2")

    outcomes = ledger.drop(event, "U0OPS")

    assert [(each.channel, each.event_ids) for each in outcomes] == [("C1", (event, beside)), ("C2", (event,))]
    told = {(row["event_id"], row["channel"]): row["state"] for row in past.rows(members)}
    assert told[beside, "C2"] == "waiting"
    assert {state for key, state in told.items() if key != (beside, "C2")} == {"dropped"}


def test_dropping_twice_is_dropping_once_and_final(past: Past, ledger: Ledger) -> None:
    message = past.dead("C1")
    past.tell(past.push(), message)

    twice = [ledger.drop(message, "U0OPS")[0] for _ in range(2)]

    assert [(each.is_done, each.was) for each in twice] == [(True, "dead letter"), (False, "dropped")]
    assert [each.is_done for each in ledger.retry(message, "U0OPS")] == [False]


def test_what_was_delivered_cannot_be_dropped(past: Past, ledger: Ledger) -> None:
    message = past.sent("C1")
    past.tell(past.push(), message)

    (outcome,) = ledger.drop(message, "U0OPS")

    assert (outcome.is_done, outcome.was, outcome.sent_at) == (False, "delivered", past.ago(minutes=5))
    assert states(ledger) == ["delivered"]


def begin_sending(store: Store, message_id: str) -> Lease:
    """Do what a worker does before it talks to Slack."""

    def begin(connection: Connection) -> Lease:
        (lease,) = claim(connection, NOW, at_most=1, without=())
        assert hold(connection, lease, NOW) is not None
        message = outbox.next_post(connection, lease.lane, NOW)
        assert message is not None
        assert message.id == message_id
        outbox.begin(connection, message, thread_ts=None)
        return lease

    return store.write(begin)


def test_what_may_be_on_its_way_is_not_dropped_until_the_lease_is_over(
    past: Past, ledger: Ledger, store: Store, clock: FrozenClock
) -> None:
    message = past.message("C1")
    past.tell(past.push(), message)
    past.lane("C1", due_at=NOW)
    begin_sending(store, message)

    (at_once,) = ledger.drop(message, "U0OPS")
    clock.advance(61)
    (later,) = ledger.drop(message, "U0OPS")

    assert (at_once.is_done, at_once.is_on_its_way) == (False, True)
    assert (later.is_done, later.is_on_its_way) == (True, False)


def test_beside_one_that_is_on_its_way_others_can_be_dropped(past: Past, ledger: Ledger, store: Store) -> None:
    sending = past.message("C1", created_at=past.ago(minutes=9))
    unbegun, resting = past.message("C1", stream="acme/web"), past.failing("C1", stream="acme/db")
    for message in (sending, unbegun, resting):
        past.tell(past.push(), message)
    past.lane("C1", due_at=NOW)
    begin_sending(store, sending)

    outcomes = [ledger.drop(each, "U0OPS")[0] for each in (sending, unbegun, resting)]

    assert [each.is_done for each in outcomes] == [False, True, True]


def test_a_failed_message_of_another_kind_can_be_retried_and_dropped(past: Past, ledger: Ledger) -> None:
    note = past.dead("U1", kind="note")

    (retried,) = ledger.retry(note, "U0OPS")
    (dropped,) = ledger.drop(note, "U0OPS")

    assert (retried.is_done, retried.was, retried.event_ids) == (True, "dead letter", ())
    assert (dropped.is_done, dropped.was) == (True, "retrying")
