"""What Slack shows of a job: one message that is written anew now and then, and its results in the thread of that."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from bot.clock import FrozenClock
from bot.jobs.model import ItemState, Result
from bot.jobs.service import Jobs
from bot.jobs.writers import MOST_ROWS, WRITERS
from bot.outbox import lanes
from bot.outbox.worker import LaneWorker
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack.client import SlackClient
from bot.store.base import Store
from tests.jobs.orchard import KIND, Orchard, job_of, plant, runner_of
from tests.store.played import NOON
from tests.support.databases import open_database
from tests.support.slack import acme, buttons_of, direct_message, said

HERE = seed.GENERAL


class Scene:
    """A job between a database and a simulated Slack."""

    def __init__(self, store: Store, slack: SlackSimulator, clock: FrozenClock) -> None:
        self.store = store
        self.slack = slack
        self.clock = clock
        client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=5)
        self._worker = LaneWorker(store, client, WRITERS, clock, on_suspended=lambda *_: None, draw=lambda: 0.0)

    def run(self, orchard: Orchard, seconds: float) -> None:
        """Let time go by."""
        runner = runner_of(self.store, orchard, self.clock)
        for _ in range(int(seconds * 2)):
            while not runner.turn():
                pass
            while leases := self.store.write(
                lambda connection: lanes.claim(connection, self.clock.now(), at_most=9, without=())
            ):
                for lease in leases:
                    self._worker.serve(lease)
            self.clock.advance(0.5)


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = FrozenClock(NOON)
    with closing(open_database(clock.now)) as store, acme(clock.now) as slack:
        yield Scene(store, slack, clock)


def test_a_hundred_items_are_one_message_and_one_table(scene: Scene) -> None:
    labels = [f"{number:03}" for number in range(100)]
    plant(scene.store, labels, channel=HERE)

    scene.run(Orchard(labels), 30)
    (message,) = said(scene.slack, HERE)
    assert "of 100 apples picked" in message.text
    assert len(buttons_of(message)) == 1
    scene.run(Orchard(labels), 30)

    message, table = said(scene.slack, HERE)
    assert message.text.startswith("*Pick 100 apples*\nEnded: 100 of 100 apples picked.")
    assert "Asked* by <@U0ANA>" in message.text
    assert buttons_of(message) == []
    assert table.is_reply
    assert "099" in str(table.blocks)
    # At the first item, then every three seconds, and when it ends.
    assert len(scene.slack.calls_to("chat.postMessage")) == 2
    assert 10 < len(scene.slack.calls_to("chat.update")) <= 50 / 3 + 2


def test_more_results_come_as_a_file(scene: Scene) -> None:
    labels = [f"{number:03}" for number in range(MOST_ROWS + 1)]
    plant(scene.store, labels, channel=HERE)

    scene.run(Orchard(labels, per_second=1e9), 10)

    assert len(scene.slack.calls_to("files.completeUploadExternal")) == 1
    (call,) = scene.slack.calls_to("files.completeUploadExternal")
    assert call.arguments["thread_ts"] == said(scene.slack, HERE)[0].ts


def test_to_a_person_results_are_a_table_however_many(scene: Scene) -> None:
    labels = [f"{number:03}" for number in range(MOST_ROWS + 1)]
    plant(scene.store, labels, channel=seed.ANA)

    scene.run(Orchard(labels, per_second=1e9), 10)

    assert scene.slack.calls_to("files.completeUploadExternal") == []
    assert len(said(scene.slack, direct_message(scene.slack, seed.ANA).id)) == 2


def test_what_went_wrong_is_named_first_and_what_is_said_of_it_is_inert(scene: Scene) -> None:
    orchard = Orchard(["a", "b", "d"])
    orchard.results = {"d": Result(ItemState.FAILED, "It said: <!channel> *boo* `x`")}
    plant(scene.store, ["a", "b", "c", "d"], channel=HERE)

    scene.run(orchard, 5)

    (message, _) = said(scene.slack, HERE)
    assert "2 of 4 apples picked, 1 skipped, 1 failed." in message.text
    assert message.text.index("`d` failed: It said: &lt;!channel&gt;") < message.text.index("`c` skipped")


def test_a_job_that_is_being_stopped_has_no_button(scene: Scene) -> None:
    orchard = Orchard(["a", "b"])
    plant(scene.store, ["a", "b"], channel=HERE)
    scene.run(orchard, 0.5)
    Jobs(scene.store, {KIND: orchard}, scene.clock).stop(job_of(scene.store).id, by=seed.OMAR)

    scene.run(Orchard([]), 0)
    scene.run(orchard, 5)

    message = said(scene.slack, HERE)[0]
    assert "Stopped: 1 of 2 apples picked, 1 skipped." in message.text
    assert "*Stopped* by <@U0OMAR>" in message.text
    assert buttons_of(message) == []
