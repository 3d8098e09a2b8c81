"""Everything around the bot goes away, is slow or full, and comes back: nothing is lost, and it is soon delivered.

In this process, on a clock that stands still unless it is moved; what needs real processes is at the end.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import FrozenClock
from bot.pushes.card import CONFIRMING
from bot.pushes.ledger import Ledger
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import ANONYMOUS_RATE_LIMIT, HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from tests.chaos.accounting import is_shown, message_id_of
from tests.chaos.inside import InsideBot, started
from tests.store.conftest import OpenStore
from tests.support.slack import acme

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
POST, UPDATE = "chat.postMessage", "chat.update"
HOUR = 3_600.0
RECOVERY_SECONDS = 90.0
"""Within which all is delivered once everything is well again."""


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


@pytest.fixture
def hub(clock: FrozenClock) -> Iterator[HubSimulator]:
    state = HubState()
    state.add_user("ana", password="-", joined_at=START)
    state.add_organization("acme", joined_at=START, members={"ana": "owner"})
    with HubSimulator(state, now=clock.now) as hub:
        yield hub


@pytest.fixture
def bot(opening: OpenStore, slack: SlackSimulator, hub: HubSimulator, clock: FrozenClock) -> InsideBot:
    return started(opening("sqlite://", now=clock.now), slack, hub, clock)


def ids(bot: InsideBot) -> Counter[str]:
    return Counter(message_id_of(message) for message in bot.seen())


class TestSlack:
    def test_an_hour_without_slack(self, bot: InsideBot, slack: SlackSimulator) -> None:
        slack.faults.add(SlackFault("unavailable"))
        for number in range(20):
            bot.push(f"acme/r{number % 4}", f"n{number:02d}")
            bot.run(HOUR / 20, step=15)
        assert bot.seen() == []

        slack.faults.clear()
        bot.recover(RECOVERY_SECONDS)

        assert set(ids(bot).values()) == {1}
        assert bot.states() == {"members placed": 20, "messages sent": len(bot.seen())}

    def test_slack_takes_messages_and_hangs_up(self, bot: InsideBot, slack: SlackSimulator) -> None:
        slack.faults.add(SlackFault("reset", method=POST, after="after_accepting", times=6))
        for number in range(3):
            bot.push(f"acme/r{number}", f"n{number}")
        bot.recover(RECOVERY_SECONDS)

        lost = [call for call in slack.calls_to(POST) if call.status is None and call.answer and call.answer["ok"]]
        assert lost
        assert sum(ids(bot).values()) == 3 + len(lost), "each lost answer costs one duplicate"
        assert len(ids(bot)) == 3, "which has the id of the other"
        assert bot.states() == {"members placed": 3, "messages sent": 3}

    def test_a_change_whose_answer_is_lost_is_made_again(
        self, bot: InsideBot, slack: SlackSimulator, hub: HubSimulator
    ) -> None:
        slack.faults.add(SlackFault("reset", method=UPDATE, after="before_reading", times=2))
        hub.lag_seconds = 20
        bot.push("acme/api", "n1")
        bot.recover(RECOVERY_SECONDS)

        (message,) = bot.seen()
        assert CONFIRMING not in message.text
        assert len(slack.calls_to(UPDATE)) == 3

    def test_a_message_that_slack_never_takes_holds_back_its_repository_alone(
        self, bot: InsideBot, slack: SlackSimulator
    ) -> None:
        slack.faults.add(SlackFault("refused", method=POST, error="msg_too_long", containing="poison"))
        bot.push("acme/bad", "poison")
        bot.run(10)
        for number in range(5):
            bot.push("acme/bad", f"behind{number}")
            bot.push("acme/good", f"beside{number}")
            bot.run(60)

        assert [tag for _, tag in bot.untold()] == ["poison", *(f"behind{number}" for number in range(5))]
        failed = Ledger(bot.store).deliveries(channel=seed.DEPLOYS, failed=True, limit=10).rows
        assert {str(row.repository) for row in failed} == {"acme/bad"}

        bot.clock.advance(24 * HOUR)
        bot.run(RECOVERY_SECONDS)

        assert [tag for _, tag in bot.untold()] == ["poison"]
        assert bot.states()["messages dead"] == 1

    def test_too_many_messages_for_slack_are_told_at_its_pace(self, bot: InsideBot, slack: SlackSimulator) -> None:
        channels = [f"C0ROOM{number}" for number in range(8)]
        bot.subscribe(*channels)
        for number in range(36):  # More than the 305 that Slack takes in a minute.
            bot.push(f"acme/r{number:02d}", f"n{number:02d}")
        bot.recover(60 + RECOVERY_SECONDS, channels, step=1)

        refused = [call for call in slack.calls_to(POST) if call.status == 429]
        assert 0 < len(refused) <= 2 * len(channels), "each lane learns of the limit once in a window"


class TestDockerHub:
    def test_pushes_are_told_while_it_is_away_and_confirmed_when_it_is_back(
        self, bot: InsideBot, hub: HubSimulator
    ) -> None:
        hub.faults.add(Fault("unavailable"))
        for number in range(5):
            bot.push(f"acme/r{number}", f"n{number}")
        bot.run(300, step=1)
        assert bot.untold() == []
        assert all(CONFIRMING in message.text for message in bot.seen())

        hub.faults.clear()
        bot.recover(RECOVERY_SECONDS)

        assert len(bot.seen()) == 5
        assert not any("confirm" in message.text for message in bot.seen())

    def test_after_a_quarter_of_an_hour_they_are_unconfirmed(self, bot: InsideBot, hub: HubSimulator) -> None:
        hub.faults.add(Fault("reset"))
        bot.push("acme/api", "n1")
        bot.run(16 * 60, step=2)

        (message,) = bot.seen()
        assert "unconfirmed: Docker Hub could not be asked" in message.text

    def test_minutes_of_lag_end_in_one_message(self, bot: InsideBot, hub: HubSimulator) -> None:
        hub.lag_seconds = 240
        bot.push("acme/api", "n1")
        bot.run(200, step=1)
        assert CONFIRMING in bot.seen()[0].text

        bot.recover(40 + RECOVERY_SECONDS)

        (message,) = bot.seen()
        assert "confirm" not in message.text

    def test_a_burst_of_repositories_keeps_to_the_limit(
        self, opening: OpenStore, hub: HubSimulator, slack: SlackSimulator, clock: FrozenClock
    ) -> None:
        bot = InsideBot(opening("sqlite://", now=clock.now), slack, hub, clock)
        repositories = 220
        rooms = [f"C0ROOM{number:02d}" for number in range(20)]
        for number in range(repositories):
            bot.subscribe(rooms[number % len(rooms)], image=f"acme/r{number:03d}")
        hub.clear_requests()
        for number in range(repositories):
            bot.push(f"acme/r{number:03d}", f"n{number:03d}")
        bot.recover(120 + RECOVERY_SECONDS, (), step=1)

        told = [message for room in rooms for message in bot.seen(room)]
        assert len(told) == repositories
        assert not any("confirm" in message.text for message in told)
        assert len([each for each in hub.requests if each.status == 200]) <= repositories * 1.1
        refused = Counter((each.when - START).total_seconds() // 60 for each in hub.requests if each.status == 429)
        assert not [minute for minute, count in refused.items() if count > 1]
        per_minute = Counter((each.when - START).total_seconds() // 60 for each in hub.requests)
        assert (
            max(per_minute.values()) <= ANONYMOUS_RATE_LIMIT * 2
        )  # The windows of the limit are not those of a clock.


class TestTheDatabase:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "test.db"

    @pytest.fixture
    def bot(
        self, opening: OpenStore, file: Path, slack: SlackSimulator, hub: HubSimulator, clock: FrozenClock
    ) -> InsideBot:
        return started(opening(f"sqlite:///{file}", now=clock.now, wait_seconds=0.1), slack, hub, clock)

    def test_while_it_is_locked_webhooks_are_refused_and_found_later(self, bot: InsideBot, file: Path) -> None:
        bot.push("acme/api", "before")
        with closing(sqlite3.connect(file, isolation_level=None)) as somebody_else:
            somebody_else.execute("BEGIN IMMEDIATE")
            bot.push_at_hub("acme/api", "refused")
            reply = bot.webhook("acme/api", "refused")
            bot.run(5, step=1)
            somebody_else.execute("ROLLBACK")
        assert (reply.status, reply.headers) == (503, {"Retry-After": "30"})

        bot.recover(RECOVERY_SECONDS)

        assert [message for message in bot.seen() if "refused" in message.text], "the lookout has found it"
        assert set(ids(bot).values()) == {1}

    def test_while_its_disk_is_full_webhooks_are_refused_and_found_later(self, bot: InsideBot) -> None:
        bot.push("acme/api", "before")
        pages = _pages(bot, 1)
        status, tag = 202, ""
        while status == 202 and len(bot.accepted) < 500:
            tag = f"t{len(bot.accepted):03d}"
            bot.push_at_hub("acme/web", tag)
            status = bot.webhook("acme/web", tag).status
        assert status == 503
        bot.run(10, step=1)

        _pages(bot, pages + 100_000)
        bot.recover(RECOVERY_SECONDS)

        assert any(is_shown(tag, message) for message in bot.seen()), "the lookout has found it"
        assert bot.states()["members placed"] == len(bot.accepted) + 1


class TestTheClock:
    @pytest.mark.parametrize("seconds", [-HOUR, HOUR])
    def test_it_is_set_while_much_is_under_way(
        self,
        bot: InsideBot,
        slack: SlackSimulator,
        hub: HubSimulator,
        clock: FrozenClock,
        seconds: float,
    ) -> None:
        hub.lag_seconds = 10
        slack.faults.add(SlackFault("unavailable", times=3))
        for number in range(8):
            bot.push(f"acme/r{number % 3}", f"n{number}")
            bot.run(2)
        clock.step(seconds)
        for number in range(8, 12):
            bot.push(f"acme/r{number % 3}", f"n{number}")
            bot.run(2)

        bot.recover(RECOVERY_SECONDS)

        assert set(ids(bot).values()) == {1}
        assert not any(CONFIRMING in message.text for message in bot.seen())


def _pages(bot: InsideBot, most: int) -> int:
    """Let the file have no more pages than that, or than it has; return how many that is."""
    return bot.store.write(
        lambda connection: int(connection.exec_driver_sql(f"PRAGMA max_page_count={most}").scalar_one())
    )
