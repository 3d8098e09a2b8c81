from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.outbox import lanes, messages
from bot.outbox.lanes import Lane
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack.message import Message
from bot.store.base import T
from bot.store.errors import StoreUnavailableError
from bot.store.tables import lanes as lane_table
from bot.store.workspaces import HOME
from tests.outbox.conftest import Outbox
from tests.support.slack import said, texts

POST = "chat.postMessage"


def test_a_note_is_posted_once_and_carries_its_id(outbox: Outbox, slack: SlackSimulator) -> None:
    message_id = outbox.say("hello")

    outbox.run(5)

    assert texts(slack) == ["hello"]
    assert said(slack)[0].metadata == {"event_type": "hub_bot_message", "event_payload": {"message_id": message_id}}
    assert outbox.rows() == [(message_id, "sent", 1, None)]


def test_a_channel_gets_one_message_a_second_in_order(outbox: Outbox, slack: SlackSimulator) -> None:
    for number in range(4):
        outbox.say(f"note {number}")
        outbox.clock.advance(0.01)

    outbox.serve_due()
    assert texts(slack) == ["note 0"]
    assert outbox.serve_due() == 0
    outbox.run(1.2)
    assert texts(slack) == ["note 0", "note 1"]
    outbox.run(5)
    assert texts(slack) == ["note 0", "note 1", "note 2", "note 3"]


def test_channels_do_not_wait_for_each_other(outbox: Outbox, slack: SlackSimulator) -> None:
    for channel in (seed.GENERAL, seed.DEPLOYS):
        outbox.say(f"for {channel}", channel)
    slack.faults.add(SlackFault("rate_limited", method=POST, times=1, retry_after_seconds=40))

    outbox.run(3)
    assert len(texts(slack, seed.GENERAL) + texts(slack, seed.DEPLOYS)) == 1

    outbox.run(35)
    assert len(texts(slack, seed.GENERAL) + texts(slack, seed.DEPLOYS)) == 1, "Retry-After is obeyed"
    outbox.run(10)
    assert len(texts(slack, seed.GENERAL) + texts(slack, seed.DEPLOYS)) == 2


def test_an_outage_delays_and_loses_nothing(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault("unavailable", method=POST))
    outbox.say("during")
    outbox.run(3_600, step=2)
    assert outbox.states() == ["waiting"]
    before = len(slack.calls_to(POST))

    slack.faults.clear()
    outbox.run(90)

    assert texts(slack) == ["during"]
    assert before <= 3_600 / 30 + 6, "at most every half minute, once it is clear that Slack is away"


def test_what_fails_for_a_day_becomes_a_dead_letter(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault("unavailable", method=POST))
    outbox.say("doomed")
    outbox.run(60)
    outbox.clock.advance(86_400)
    outbox.run(60)

    assert outbox.states() == ["dead"]
    slack.faults.clear()
    outbox.say("next")
    outbox.run(5)
    assert texts(slack) == ["next"]


def test_a_lost_answer_may_double_a_message_and_both_carry_the_same_id(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault("reset", method=POST, times=1, after="after_accepting"))
    message_id = outbox.say("twice")

    outbox.run(10)

    assert texts(slack) == ["twice", "twice"]
    ids = {str(message.metadata["event_payload"]["message_id"]) for message in said(slack) if message.metadata}
    assert ids == {message_id}


def test_a_message_whose_blocks_are_refused_goes_as_text(outbox: Outbox, slack: SlackSimulator) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
    slack.faults.add(SlackFault("refused", method=POST, times=1, error="invalid_blocks"))
    outbox.say("", stream="s", message=Message("the words", (block,)))

    outbox.run(5)

    assert [(message.text, message.blocks) for message in said(slack)] == [("the words", [])]
    assert outbox.states() == ["sent"]


def test_a_message_that_keeps_failing_holds_back_its_own_stream_only(outbox: Outbox, slack: SlackSimulator) -> None:
    outbox.say("never taken", stream="acme/api")
    outbox.clock.advance(1)
    outbox.say("behind it", stream="acme/api")
    outbox.clock.advance(1)
    outbox.say("beside it", stream="acme/web")
    slack.faults.add(SlackFault("refused", method=POST, error="no_text", containing="never taken"))

    outbox.run(120)

    assert texts(slack) == ["beside it"]
    assert outbox.states() == ["waiting", "waiting", "sent"]


def test_a_closed_channel_is_suspended_until_somebody_resumes_it(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.acting_as(seed.ANA).archives(seed.DEPLOYS)
    outbox.say("kept", seed.DEPLOYS)
    outbox.run(30)
    assert outbox.suspended == [(seed.DEPLOYS, "is_archived")]
    assert outbox.states() == ["waiting"]
    calls = len(slack.calls_to(POST))
    outbox.run(300, step=5)
    assert len(slack.calls_to(POST)) == calls, "Slack is left alone"

    slack.acting_as(seed.ANA).unarchives(seed.DEPLOYS)
    outbox.store.write(lambda connection: lanes.resume(connection, Lane(HOME, seed.DEPLOYS), outbox.clock.now()))
    outbox.run(5)

    assert texts(slack, seed.DEPLOYS)[-1] == "kept"


def test_what_waits_in_a_suspended_channel_for_a_day_is_given_up(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.acting_as(seed.ANA).archives(seed.DEPLOYS)
    outbox.say("kept", seed.DEPLOYS)
    outbox.run(5)
    outbox.clock.advance(86_400)

    given_up = outbox.store.write(
        lambda connection: messages.give_up_in_suspended_lanes(connection, outbox.clock.now())
    )

    assert (given_up, outbox.states()) == (1, ["dead"])


def test_a_broken_installation_is_left_alone_for_half_a_minute(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.revoke_token()
    for number in range(3):
        outbox.say(f"note {number}", (seed.GENERAL, seed.DEPLOYS, seed.CREW)[number])
    outbox.run(20)
    assert len(slack.calls_to(POST)) == 1

    slack.reinstall()
    outbox.run(90)

    assert outbox.states() == ["sent", "sent", "sent"]


def test_a_lease_that_somebody_else_holds_by_now_sends_nothing(outbox: Outbox, slack: SlackSimulator) -> None:
    outbox.say("once")
    (old,) = outbox.claim()
    outbox.clock.advance(61)
    (new,) = outbox.claim()

    outbox.worker.serve(old)
    assert texts(slack) == []
    outbox.worker.serve(new)
    assert texts(slack) == ["once"]
    outbox.worker.serve(old)
    assert texts(slack) == ["once"]


def test_a_lane_is_leased_once(outbox: Outbox) -> None:
    outbox.say("x")

    assert len(outbox.claim()) == 1
    assert outbox.claim() == []
    outbox.clock.advance(59)
    assert outbox.claim() == []


def test_a_clock_that_is_set_back_stops_nothing(outbox: Outbox, slack: SlackSimulator) -> None:
    outbox.say("before")
    outbox.run(0)
    outbox.say("held up")
    slack.faults.add(SlackFault("unavailable", method=POST, times=2))
    outbox.run(2)
    outbox.say("more", seed.DEPLOYS)
    assert len(outbox.claim()) == 1  # By a process that dies.
    outbox.clock.step(-3_600)
    outbox.say("after")

    outbox.run(95)

    assert sorted(texts(slack)) == ["after", "before", "held up"]
    assert texts(slack, seed.DEPLOYS) == ["more"]


def test_nothing_is_due_when_all_is_said(outbox: Outbox) -> None:
    outbox.say("x")
    outbox.run(5)

    with outbox.store.read() as connection:
        row = connection.execute(select(lane_table)).one()
        assert (row.due_at, row.leased_until) == (None, None)
        assert lanes.due_in(connection, outbox.clock.now()) is None


def test_what_slack_has_is_noted_even_if_the_database_is_away_for_a_moment(
    outbox: Outbox, slack: SlackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.say("once")
    (lease,) = outbox.claim()
    write = outbox.store.write
    gone = iter([None, StoreUnavailableError("gone", cause="away", detail="")])  # After the message was sent.

    def write_at_times(work: Callable[[Connection], T]) -> T:
        if error := next(gone, None):
            raise error
        return write(work)

    monkeypatch.setattr(outbox.store, "write", write_at_times)
    outbox.worker.serve(lease)
    monkeypatch.undo()
    outbox.run(120)

    assert texts(slack) == ["once"]
    assert outbox.states() == ["sent"]


def test_a_person_who_takes_no_messages_makes_a_dead_letter(outbox: Outbox, slack: SlackSimulator) -> None:
    slack.faults.add(SlackFault("refused", method=POST, error="cannot_dm_bot", times=1))
    outbox.say("for you", seed.ANA)

    outbox.run(5)

    assert outbox.states() == ["dead"]
    assert outbox.suspended == []


def test_the_longest_rest_is_half_a_minute() -> None:
    assert timedelta(seconds=30) == lanes.LONGEST_REST
