"""Between a decision, Slack's answer and its note: the moments at which a message could be lost or doubled."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, select, update

from bot.outbox import lanes as lane_rows
from bot.outbox.dispatcher import Dispatcher
from bot.outbox.lanes import Lane, Lease
from bot.outbox.worker import LaneWorker
from bot.pushes.announcements import PushWriter
from bot.pushes.model import ReadingProblem
from bot.sandbox.slack import seed
from bot.slack.failures import Kind, SlackCallError
from bot.store.tables import lanes, members, messages, told
from bot.store.workspaces import HOME
from tests.pushes.post import Post, post, slack
from tests.store.played import clock, store

__all__ = ["clock", "post", "slack", "store"]

POST_MESSAGE = "chat.postMessage"


def rows(post: Post, table: Table) -> Any:
    with post.store.read() as connection:
        return connection.execute(select(table)).all()


@contextmanager
def calling(post: Post, method: str, function: Callable[..., Any]) -> Iterator[None]:
    """Put a function in the place of one of the client's."""
    client = post.worker._slack
    real = getattr(client, method)
    setattr(client, method, lambda *given, **named: function(real, *given, **named))
    try:
        yield
    finally:
        setattr(client, method, real)


def failing(kind: Kind, code: str = "internal_error", **more: Any) -> Callable[..., Any]:
    def fail(_real: Callable[..., Any], *_: Any, **__: Any) -> None:
        raise SlackCallError(POST_MESSAGE, kind=kind, code=code, **more)

    return fail


def claim(post: Post) -> Lease:
    (lease,) = post.store.write(lambda connection: lane_rows.claim(connection, post.clock.now(), at_most=1, without=()))
    return lease


def until_tried(post: Post) -> None:
    while not (found := rows(post, messages)) or found[0].attempts == 0:
        post.serve_due()
        post.clock.advance(0.5)


def test_what_is_read_back_while_the_message_is_on_its_way_is_shown(post: Post) -> None:
    post.push()
    post.fail_reading()

    def slow(real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        posted = real(*given, **named)
        post.read_back()
        return posted

    with calling(post, "post_message", slow):
        post.run(60)

    (text,) = post.texts()
    assert "confirming" not in text


def test_a_mute_while_the_message_is_on_its_way_is_shown(post: Post) -> None:
    post.push()
    post.read_back()

    def muting(real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        posted = real(*given, **named)
        message_id = rows(post, messages)[0].id
        assert post.channels.mute(message_id, channel=seed.DEPLOYS, by=seed.OMAR) is not None
        return posted

    with calling(post, "post_message", muting):
        post.run(20)

    assert seed.OMAR in str(post.seen()[0].blocks)


def test_what_waits_behind_a_dead_letter_goes_on(post: Post) -> None:
    with calling(post, "post_message", failing(Kind.RETRY)):
        post.push("1.0")
        post.read_back("1.0")
        post.run(60)
        post.push("2.0")
        post.read_back("2.0")
        post.run(60)
        post.clock.advance(86_400)
        post.run(31)
    post.run(60)

    assert [row.state for row in rows(post, messages)] == ["dead", "sent"]
    (text,) = post.texts()
    assert "2.0" in text


def test_a_day_without_us_is_no_day_of_failures(post: Post) -> None:
    with calling(post, "post_message", failing(Kind.RETRY)):
        post.push()
        post.read_back()
        until_tried(post)
    post.clock.advance(25 * 3_600)
    post.run(60)

    assert len(post.texts()) == 1


def test_lost_answers_are_paced_too(post: Post) -> None:
    times = []

    def lose(real: Callable[..., Any], *given: Any, **named: Any) -> None:
        real(*given, **named)
        times.append(post.clock.now())
        raise SlackCallError(POST_MESSAGE, kind=Kind.RETRY)

    with calling(post, "post_message", lose):
        for number in range(5):
            post.push("1.0", f"acme/r{number}")
            post.read_back("1.0", repository=f"acme/r{number}")
        post.run(12, step=0.25)

    apart = [after - before for before, after in pairwise(times)]
    assert len(times) > 3
    assert min(apart) >= timedelta(seconds=1)


def test_a_file_that_may_not_be_sent_stops_nothing_else(post: Post) -> None:
    with calling(post, "attach_file", failing(Kind.INSTALL_BROKEN, "missing_scope")):
        for number in range(51):
            post.push(f"t{number}")
        for number in range(51):
            post.read_back(f"t{number}")
        post.run(15)
        assert len(post.texts()) == 1
        for number in range(3):
            post.push("1.0", f"acme/o{number}")
            post.read_back("1.0", repository=f"acme/o{number}")
        post.run(15)

    assert len(post.texts()) == 4


def test_rows_that_make_no_sense_hold_back_their_own_repository_only(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.push("1.0", "acme/bad")
    post.read_back("1.0", repository="acme/bad")
    post.store.write(lambda connection: connection.execute(update(members).values(threads="weekly")).rowcount)
    post.push("1.0", "acme/good")
    post.read_back("1.0", repository="acme/good")
    post.run(120, step=5)

    (text,) = post.texts()
    assert "acme/good" in text
    assert "fold_crashed" in {record.message for record in caplog.records}


def test_a_known_answer_is_kept_although_the_lease_was_lost(post: Post) -> None:
    post.push()
    post.read_back()
    post.clock.advance(6)
    lease = claim(post)
    chosen = post.worker._decide(lease, None)
    assert chosen is not None
    sent = post.worker._send(chosen)
    post.clock.advance(61)  # The database was away.
    other = claim(post)

    assert post.worker._decide(lease, sent) is None
    post.worker.serve(other)

    assert len(post.texts()) == 1
    assert rows(post, messages)[0].state == "sent"


def test_a_late_answer_changes_nothing_once_somebody_else_has_begun(post: Post) -> None:
    post.push()
    post.read_back()
    post.clock.advance(6)
    lease = claim(post)
    chosen = post.worker._decide(lease, None)
    assert chosen is not None
    sent = post.worker._send(chosen)
    post.clock.advance(61)
    other = claim(post)
    theirs = post.worker._decide(other, None)
    assert theirs is not None

    assert post.worker._decide(lease, sent) is None
    assert rows(post, messages)[0].state == "waiting"


def test_retry_after_is_known_to_every_process(post: Post) -> None:
    worker = post.worker
    other = LaneWorker(
        post.store, worker._slack, worker._writers, post.clock, on_suspended=worker._on_suspended, draw=lambda: 0.0
    )
    began_at = post.clock.now()
    calls: list[float] = []

    def limited(_real: Callable[..., Any], *_: Any, **__: Any) -> None:
        calls.append((post.clock.now() - began_at).total_seconds())
        raise SlackCallError(POST_MESSAGE, kind=Kind.WAIT, code="ratelimited", retry_after_seconds=120)

    with calling(post, "post_message", limited):
        post.push()
        post.read_back()
        turn = 0
        while post.clock.now() < began_at + timedelta(seconds=110):
            for lease in post.store.write(
                lambda connection: lane_rows.claim(connection, post.clock.now(), at_most=9, without=())
            ):
                turn += 1
                (worker if turn % 2 else other).serve(lease)
            post.clock.advance(0.5)

    assert len(calls) == 1


def test_a_pause_of_before_the_clock_was_set_back_is_none(post: Post) -> None:
    with calling(post, "post_message", failing(Kind.WAIT, "ratelimited", retry_after_seconds=120)):
        post.push()
        post.read_back()
        until_tried(post)
    post.clock.step(-3_600)
    post.run(65)

    assert len(post.texts()) == 1


def test_a_change_that_cannot_be_made_for_a_day_is_said_anew_and_is_no_dead_letter(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(15)
    with calling(post, "update_message", failing(Kind.RETRY)):
        post.clock.advance(20)
        post.push()
        post.read_back()
        post.run(20)
        post.clock.advance(86_401)
        post.run(40)
    post.run(10)

    assert [row.state for row in rows(post, messages)] == ["sent"]
    assert len(post.texts()) == 2


def test_an_index_that_grows_is_one_push(post: Post) -> None:
    post.push()
    post.read_back("1.0", "a", platforms=[("linux/amd64", "b")])
    post.run(15)
    post.push()
    post.read_back("1.0", "c", platforms=[("linux/amd64", "b"), ("linux/arm64", "d")])
    post.run(30)

    assert len(post.texts()) == 1


def test_a_failed_reading_does_not_double_a_push(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(15)
    post.push()
    post.fail_reading("1.0", ReadingProblem.AWAY)
    post.run(10)
    post.read_back()
    post.run(10)

    assert len(post.texts()) == 1


def test_a_rollback_is_told_although_docker_hub_lags(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(15)
    for _ in range(2):
        post.clock.advance(90)
        post.push()
        post.fail_reading("1.0", ReadingProblem.OLDER)
        post.run(30)
    post.read_back()
    post.run(15)

    assert len(post.texts()) == 3


def test_a_push_that_the_filters_kept_back_ends_the_tag_s_last_message(post: Post) -> None:
    post.subscribe("acme", "api", channel=seed.GENERAL, platform=["arm64"])
    for letter, platform in (("a", "linux/arm64"), ("b", "linux/amd64"), ("a", "linux/arm64")):
        post.push()
        post.read_back("1.0", letter, platforms=[(platform, "c" if letter == "a" else "d")])
        post.run(20)

    assert len(post.texts(seed.GENERAL)) == 2


def test_the_dispatcher_looks_every_second_whatever_else_is_due(post: Post) -> None:
    later = post.clock.now() + timedelta(seconds=30)
    post.store.write(lambda connection: lane_rows.wake(connection, [Lane(HOME, "C0OTHER")], later))

    assert Dispatcher(post.store, post.worker, post.clock).step() <= 1


def test_a_lane_with_nothing_to_say_is_looked_at_no_more(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(60)

    assert [row.due_at for row in rows(post, lanes)] == [None]


def test_a_second_webhook_of_a_push_waits_for_a_slow_first_reading(post: Post) -> None:
    post.push()
    post.read_back()
    post.run(15)
    post.push()
    post.run(14)  # Docker Hub takes its time.
    post.read_back()
    post.run(15)

    assert len(post.texts()) == 1


def test_a_fold_of_before_the_clock_was_set_back_does_not_wait_for_it(post: Post) -> None:
    post.push()
    post.clock.step(-3_600)
    post.run(60)

    assert len(post.texts()) == 1


def test_what_follows_a_message_may_fail_without_its_being_sent_again(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(PushWriter, "sent", crash)
    post.push()
    post.read_back()
    post.run(120, step=2)

    assert len(post.texts()) == 1
    assert "hook_crashed" in {record.message for record in caplog.records}


def test_a_bug_in_deciding_what_is_next_does_not_take_back_what_slack_has(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    post.push()
    post.read_back()
    post.clock.advance(6)
    lease = claim(post)
    chosen = post.worker._decide(lease, None)
    assert chosen is not None
    sent = post.worker._send(chosen)

    def crash(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(post.worker, "_next", crash)
    assert post.worker._decide(lease, sent) is None
    monkeypatch.undo()
    post.run(60)

    assert len(post.texts()) == 1
    assert "lane_crashed" in {record.message for record in caplog.records}


def test_a_full_disk_between_slack_s_answer_and_its_note_doubles_nothing(post: Post) -> None:
    if post.store.is_shared:
        pytest.skip("only SQLite takes a whole transaction back by itself")
    post.push()
    post.read_back()
    post.clock.advance(6)
    lease = claim(post)
    chosen = post.worker._decide(lease, None)
    assert chosen is not None
    sent = post.worker._send(chosen)

    def fill(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def grow(connection: Connection, *_: object) -> None:
        connection.execute(insert(told).values(workspace=HOME, topic="x" * 1_000_000, told_at=post.clock.now()))

    post.store.write(fill)
    real = post.worker._next
    post.worker._next = grow  # type: ignore[assignment, method-assign]
    threading.Timer(0.3, lambda: setattr(post.worker, "_next", real)).start()
    post.worker._decide(lease, sent)
    post.store.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=1000000").scalar())
    post.run(120, step=2)

    assert len(post.texts()) == 1
