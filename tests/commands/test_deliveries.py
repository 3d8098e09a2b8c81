import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from bot.chat.command import Context
from bot.chat.place import Place
from bot.chat.router import Answer
from bot.document import Link
from bot.errors import AccessDeniedError, UsageError, UserError
from bot.governance.roles import Role
from bot.hub.auth import Credentials
from bot.pushes.ledger import Ledger
from bot.sandbox.hub.simulator import HubSimulator
from bot.store.errors import StoreUnavailableError
from bot.store.tables import messages
from tests.support.desk import NOW, Desk, small_hub, spoken
from tests.support.following import RECEIVER, FollowingDesk
from tests.support.ledger import Past


class Counter(FollowingDesk):
    """Asks as an operator in the channel C1, unless something else is said."""

    def ask_as(self, role: Role, text: str) -> Answer:
        self.role = role
        return self.ask(text)

    def says_in_the_terminal(self, text: str) -> list[str]:
        self.role, self.place = Role.ADMIN, None
        return self.says(text)

    def context(self) -> Context:
        ledger = Ledger(self.store, link=lambda channel, ts: f"https://acme.slack.com/archives/{channel}/p{ts}")
        context = super().context()
        assert context.pushes is not None
        return replace(context, pushes=replace(context.pushes, ledger=ledger))


@pytest.fixture
def counter() -> Iterator[Counter]:
    with HubSimulator(small_hub(), now=lambda: NOW) as hub:
        desk = Counter(hub, Credentials.from_values(), RECEIVER)
        desk.place = Place("C1", "U0OPS")
        yield desk
        desk.client.close()
        desk.store.close()


@pytest.fixture
def past(counter: Counter) -> Past:
    return Past(counter.store, NOW)


def test_deliveries_shows_what_became_of_the_pushes_of_this_channel(past: Past, counter: Counter) -> None:
    sent, failing = past.sent("C1", ts="1732.0001"), past.failing("C1")
    past.tell(past.push("acme/api:1.0", at=past.ago(minutes=9)), sent)
    past.tell(past.push("acme/api:1.1", at=past.ago(minutes=8)), failing)
    waiting = past.push("acme/web", at=past.ago(minutes=7))
    past.tell(waiting)
    past.tell(past.push("acme/db:1"), channel="C2")

    asked = counter.ask_as(Role.MEMBER, "deliveries")

    assert spoken(asked.document) == [
        "Deliveries to this channel",
        "When | Image | State | Message | Attempts | Last error | Id",
        f"2026-11-21 08:53 UTC | acme/web | waiting | – | 0 | – | {waiting}",
        f"2026-11-21 08:52 UTC | acme/api:1.1 | retrying | – | 3 | internal_error | {failing}",
        f"2026-11-21 08:51 UTC | acme/api:1.0 | delivered | open | 1 | – | {sent}",
        "3 deliveries, newest first.",
        "2 messages wait, the oldest since 2026-11-21 08:52 UTC; 1 of them failed before.",
        "An operator can retry or drop what failed.",
    ]
    (table,) = asked.document.tables()
    assert table.rows[2][3] == Link("open", "https://acme.slack.com/archives/C1/p1732.0001")


def test_where_nothing_failed_nothing_is_said_of_attempts_and_errors(past: Past, counter: Counter) -> None:
    sent = past.sent("C1")
    past.tell(past.push("acme/api:1.0"), sent)

    assert counter.says("deliveries")[1:] == [
        "When | Image | State | Message | Id",
        f"2026-11-21 08:55 UTC | acme/api:1.0 | delivered | open | {sent}",
        "1 delivery, newest first.",
    ]


def test_several_webhooks_of_one_push_are_one_row(past: Past, counter: Counter) -> None:
    message, later = past.sent("C1"), past.sent("C1")
    for minutes in (9, 8):
        past.tell(past.push("acme/api:1.0", at=past.ago(minutes=minutes)), message)
    past.tell(past.push("acme/api:latest", at=past.ago(minutes=7)), message)
    past.tell(past.push("acme/api:1.0", at=past.ago(minutes=6)), later)

    asked = counter.ask("deliveries")

    assert spoken(asked.document)[2:] == [
        f"2026-11-21 08:54 UTC | acme/api:1.0 | delivered | open | {later}",
        f"2026-11-21 08:53 UTC | acme/api:latest | delivered | open | {message}",
        f"2026-11-21 08:52 UTC | acme/api:1.0 | delivered | open | {message}",
        "3 deliveries, newest first.",
    ]
    assert asked.result is not None
    assert len(json.loads(asked.result.model_dump_json())["deliveries"]) == 4


@pytest.mark.parametrize(
    ("suspension", "said"),
    [
        ("not_in_channel", "I am not in the channel"),
        ("is_archived", "the channel is archived"),
        ("channel_not_found", "channel_not_found"),
    ],
)
def test_a_closed_channel_is_said_to_be_in_plain_words(
    past: Past, counter: Counter, suspension: str, said: str
) -> None:
    event = past.push()
    past.tell(event)
    past.lane("C1", suspended_at=NOW, suspension=suspension)

    assert counter.says("deliveries")[1:3] == [
        "When | Image | State | Message | Last error | Id",
        f"2026-11-21 08:55 UTC | acme/api:1.0 | channel closed to me | – | {said} | {event}",
    ]


@pytest.mark.parametrize(
    ("waiting", "failing", "said"),
    [
        (1, 0, "1 message waits since 2026-11-21 08:55 UTC."),
        (0, 1, "1 message waits since 2026-11-21 08:55 UTC; it failed before."),
        (2, 0, "2 messages wait, the oldest since 2026-11-21 08:55 UTC."),
        (0, 2, "2 messages wait, the oldest since 2026-11-21 08:55 UTC; all failed before."),
        (2, 1, "3 messages wait, the oldest since 2026-11-21 08:55 UTC; 1 of them failed before."),
    ],
)
def test_what_waits_is_counted_in_messages(past: Past, counter: Counter, waiting: int, failing: int, said: str) -> None:
    for message in (*(past.message("C1") for _ in range(waiting)), *(past.failing("C1") for _ in range(failing))):
        for _ in range(2):
            past.tell(past.push(), message)

    assert said in counter.says("deliveries")


def test_failed_shows_only_what_did_not_arrive_and_the_way_out(past: Past, counter: Counter) -> None:
    past.tell(past.push("acme/api:1.0"), past.sent("C1"))
    dead = past.dead("C1")
    past.tell(past.push("acme/api:1.1"), dead)

    assert counter.says("deliveries --failed")[2:] == [
        f"2026-11-21 08:55 UTC | acme/api:1.1 | dead letter | – | 90 | internal_error | {dead}",
        "1 delivery, not delivered.",
        "1 dead letter was given up and can be retried.",
        "/hub deliveries retry ID tries again now, drop ID gives up for good.",
    ]


def test_an_operator_sees_every_channel_and_what_no_channel_asked_for(past: Past, counter: Counter) -> None:
    unwanted = past.push("acme/other:1", at=past.ago(minutes=1))
    note = past.dead("U1", kind="note", created_at=past.ago(minutes=2))
    suspended = past.push("acme/db:1", at=past.ago(minutes=3))
    past.tell(suspended, channel="C2")
    past.lane("C2", suspended_at=NOW, suspension="is_archived")

    assert counter.says("deliveries --all") == [
        "Deliveries to every channel",
        "When | Image | Channel | State | Message | Attempts | Last error | Id",
        f"2026-11-21 08:59 UTC | acme/other:1 | – | unwanted | – | 0 | – | {unwanted}",
        f"2026-11-21 08:58 UTC | (note) | U1 | dead letter | – | 90 | internal_error | {note}",
        f"2026-11-21 08:57 UTC | acme/db:1 | C2 | channel closed to me | – | 0 | the channel is archived | {suspended}",
        "3 deliveries, newest first.",
        "1 message waits since 2026-11-21 08:57 UTC.",
        "1 dead letter was given up and can be retried.",
        "Slack lets nothing into 1 of the channels: invite the bot again, or retry.",
        "/hub deliveries retry ID tries again now, drop ID gives up for good.",
    ]


def test_the_terminal_shows_every_channel(past: Past, counter: Counter) -> None:
    past.tell(past.push(), channel="C7")

    assert counter.says_in_the_terminal("deliveries")[0] == "Deliveries to every channel"
    assert counter.says_in_the_terminal("deliveries --channel C1") == [
        "Deliveries to C1",
        "No pushes in the last 30 days.",
    ]


def test_more_than_the_limit_is_said_to_be_there(past: Past, counter: Counter) -> None:
    for _ in range(3):
        past.tell(past.push(), state="muted")

    assert counter.says("deliveries --limit 2")[-1] == "2 deliveries, newest first. There are more: --limit 8"
    assert counter.says("deliveries --limit 3")[-1] == "3 deliveries, newest first."


def test_nothing_is_said_as_nothing(counter: Counter) -> None:
    assert counter.says("deliveries") == ["Deliveries to this channel", "No pushes in the last 30 days."]
    assert counter.says("deliveries --failed") == ["Deliveries to this channel", "Nothing has failed."]
    assert counter.says("deliveries retry --all") == [
        "Trying again",
        "Nothing has failed: there is nothing to try again.",
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("deliveries --all", "Looking at other channels"),
        ("deliveries --channel C2", "Looking at other channels"),
        ("deliveries retry msg_1", "`deliveries retry`"),
        ("deliveries retry --all", "`deliveries retry`"),
        ("deliveries drop msg_1", "`deliveries drop`"),
    ],
)
def test_members_see_their_own_channel_and_act_on_none(counter: Counter, line: str, what: str) -> None:
    refused = counter.ask_as(Role.MEMBER, line)

    assert isinstance(refused.failure, AccessDeniedError)
    assert str(refused.failure).startswith(f"{what} needs an operator.")


def test_a_member_may_name_the_channel_they_are_in(counter: Counter) -> None:
    assert (
        spoken(counter.ask_as(Role.MEMBER, "deliveries --channel <#C1|general>").document)[0]
        == "Deliveries to this channel"
    )


def test_a_refused_retry_changes_nothing(past: Past, counter: Counter) -> None:
    message = past.dead("C1")
    past.tell(past.push(), message)

    counter.ask_as(Role.MEMBER, f"deliveries retry {message}")

    assert past.row(messages, message)["state"] == "dead"


def test_retry_says_what_is_tried_again_and_what_is_not(past: Past, counter: Counter) -> None:
    dead, sent = past.dead("C1"), past.sent("C2", at=past.ago(hours=1))
    event, muted = past.push(), past.push()
    past.tell(event, dead)
    past.tell(event, sent, channel="C2")
    past.tell(muted, state="muted")

    assert counter.says(f"deliveries retry {event} {muted} ev_0") == [
        "Trying again",
        f"- {dead} to C1: tried again now. It comes after pushes that were later.",
        f"- {sent} to C2: nothing to retry, it was delivered 2026-11-21 08:00 UTC.",
        f"- {muted} to C1: nothing to retry, the channel had muted the repository.",
        "- ev_0: there is no such delivery in the last 30 days.",
    ]
    assert past.row(messages, dead)["state"] == "waiting"


def test_retry_says_that_a_suspended_channel_is_open_again(past: Past, counter: Counter) -> None:
    event = past.push()
    past.tell(event)
    past.lane("C1", suspended_at=NOW, suspension="is_archived")

    (said,) = counter.says(f"deliveries retry {event}")[1:]

    assert said.startswith(f"- {event} to C1: tried again now. ")
    assert said.endswith(" The channel was closed to me; it is not any more, unless Slack refuses again.")


def test_retry_all_is_about_this_channel_or_the_one_that_is_named(past: Past, counter: Counter) -> None:
    for channel in ("C1", "C1", "C2"):
        past.tell(past.push(), past.dead(channel), channel=channel)

    assert counter.says("deliveries retry --all")[1:] == ["- C1: 2 messages are tried again now."]
    assert counter.says("deliveries retry --all --channel C2")[1:] == ["- C2: 1 message is tried again now."]
    assert len(counter.says_in_the_terminal("deliveries retry --all")) == 3


def test_drop_is_for_good_and_tells_what_goes_with_it(past: Past, counter: Counter) -> None:
    message = past.failing("C1")
    for _ in range(2):
        past.tell(past.push(), message)

    dropped = counter.says(f"deliveries drop {message}")
    again = counter.ask(f"deliveries drop {message} {message}")
    retried = counter.says(f"deliveries retry {message}")

    assert dropped == ["Dropping", f"- {message} to C1: dropped for good. 2 pushes in it are not told."]
    assert spoken(again.document)[1:] == [f"- {message} to C1: nothing to drop, it was dropped, and that is for good."]
    assert not again.is_good
    assert retried[1:] == [f"- {message} to C1: nothing to retry, it was dropped, and that is for good."]


def test_what_may_be_on_its_way_is_said_to_be(past: Past, counter: Counter) -> None:
    message = past.message("C1", attempts=1)
    past.tell(past.push(), message)
    past.lane("C1", leased_until=past.ago(seconds=-30))

    assert counter.says(f"deliveries drop {message}")[1:] == [
        f"- {message} to C1: not dropped, because it may be going to Slack just now. Look again in a minute."
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("deliveries rerty msg_1", "`deliveries` does not know `rerty`; it can `retry` and `drop`."),
        ("deliveries retry", "What is there to retry? Name ids, or `--all` for everything that failed;"),
        ("deliveries drop", "What is there to drop? Name ids; `deliveries --failed` shows them."),
        ("deliveries drop --all", "What is dropped is gone for good, so name each by its id."),
        ("deliveries retry msg_1 --all", "Name ids, or say `--all`, not both."),
        ("deliveries retry acme/api:1.0", "`acme/api:1.0` is not an id; they begin with `msg_` or `ev_`."),
        ("deliveries retry --all --failed", "`--failed` and `--limit` are for looking, not for `retry`."),
        ("deliveries drop msg_1 --channel C1", "An id says by itself which channel it is in: leave `--channel` out."),
        ("deliveries --all --channel C1", "`--all` and `--channel` exclude each other."),
        ("deliveries --channel general", "`--channel`: `general` is not a channel; mention it, or write its id"),
    ],
)
def test_words_that_do_not_fit_are_explained(counter: Counter, line: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        counter.ask(line)

    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("deliveries msg_1", "/hub deliveries retry msg_1"),
        ("deliveries rerty", "/hub deliveries retry"),
        ("deliveries xyz", ""),
    ],
)
def test_the_nearest_right_thing_is_named(counter: Counter, line: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as refused:
        counter.ask(line)

    assert refused.value.suggestion == suggestion


def test_without_a_database_it_says_so(desk: Desk) -> None:
    failure = desk.ask("deliveries").failure

    assert isinstance(failure, UserError)
    assert str(failure) == "Nothing is known of deliveries here: there is no database."


def test_a_database_that_is_away_is_said_to_be(counter: Counter) -> None:
    counter.store.close()

    assert isinstance(counter.ask("deliveries").failure, StoreUnavailableError)


def test_the_json_has_every_fact_and_not_the_question(past: Past, counter: Counter) -> None:
    message = past.failing("C1")
    past.tell(past.push("acme/api:1.0", source="listing"), message)

    result = counter.ask("deliveries").result
    assert result is not None
    told = json.loads(result.model_dump_json())

    assert set(told) == {"channel", "deliveries", "has_more", "backlog", "outcomes", "retried", "unknown_ids"}
    (row,) = told["deliveries"]
    assert (row["message_id"], row["source"], row["failing_since"]) == (message, "listing", "2026-11-21T08:56:00Z")
    assert datetime.fromisoformat(row["due_at"]) > NOW
    assert told["backlog"]["waiting"] == 1
