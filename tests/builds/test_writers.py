"""What Slack shows of a build: one message that is edited, its history in its thread."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.builds import build_rows
from bot.builds.following import Follower
from bot.builds.model import Accepted, Build, BuildState, ProviderKind, Setup
from bot.builds.writers import WRITERS
from bot.clock import FrozenClock
from bot.governance.proposals import Asker
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.outbox import lanes, messages
from bot.outbox.notes import KIND, NoteWriter
from bot.outbox.worker import LaneWorker
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message as Shown
from bot.slack.client import SlackClient
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.migrations import upgrade
from tests.builds.scene import API, GITHUB, LATEST, Source, ask
from tests.store.conftest import OpenStore
from tests.support.slack import acme, direct_message, said, texts

HERE = seed.GENERAL


@pytest.fixture
def slack(clock: FrozenClock) -> Iterator[SlackSimulator]:
    with acme(clock.now) as slack:
        yield slack


class Scene:
    """A follower and an outbox between a database and a simulated Slack."""

    def __init__(self, store: Store, slack: SlackSimulator, clock: FrozenClock, hub: HubClient) -> None:
        self.store = store
        self.clock = clock
        self.source = Source()
        self.follower = Follower(store, self.source, hub)
        client = SlackClient(seed.BOT_TOKEN, slack.api_url, timeout_seconds=2)
        self._worker = LaneWorker(
            store, client, {**WRITERS, KIND: NoteWriter()}, clock, on_suspended=lambda *_: None, draw=lambda: 0.0
        )

    def run(self, seconds: float) -> None:
        """Let time go by."""
        for _ in range(int(seconds)):
            self.clock.advance(1)
            while not self.follower.step():
                pass
            while leases := self.store.write(
                lambda connection: lanes.claim(connection, self.clock.now(), at_most=9, without=())
            ):
                for lease in leases:
                    self._worker.serve(lease)


@pytest.fixture
def store(opening: OpenStore, clock: FrozenClock) -> Store:
    """A database in memory: the others are looked at where rows are."""
    store = opening("sqlite://", now=clock.now)
    upgrade(store)
    return store


@pytest.fixture
def scene(store: Store, slack: SlackSimulator, clock: FrozenClock) -> Iterator[Scene]:
    with HubSimulator(HubState(), now=clock.now) as empty:
        hub = HubClient(HubUrls(empty.url, empty.url, empty.url), Credentials.from_values(), clock)
        yield Scene(store, slack, clock, hub)
        hub.close()


def roots(slack: SlackSimulator) -> list[Shown]:
    return [message for message in said(slack, HERE) if message.thread_ts in {None, message.ts}]


def test_one_message_is_edited_and_its_history_is_in_its_thread(scene: Scene, slack: SlackSimulator) -> None:
    ask(scene.store, scene.clock, channel=HERE)
    scene.run(3)
    (card,) = roots(slack)
    assert card.text.startswith("*acme/api:latest*: asked for.\nGitHub took it.\n*Asked* by <@U0ANA>, <!date^")

    for state in (BuildState.QUEUED, BuildState.BUILDING):
        scene.source.provider.found = Build(id="42", state=state)
        scene.run(20)
    started, ended = scene.clock.now(), scene.clock.now()
    scene.source.provider.found = Build(
        id="42",
        state=BuildState.FAILED,
        detail="<!channel> *boom*",
        commit="c0ffee" * 6,
        started_at=started,
        ended_at=ended.replace(minute=ended.minute + 4),
        log_url="https://github.com/acme/api/actions/runs/42",
    )
    scene.run(30)

    assert [message.ts for message in roots(slack)] == [card.ts]
    card = roots(slack)[0]
    assert card.text.startswith("*acme/api:latest*: failed after 4 min.\n")
    assert "*Commit* `c0ffeec0ffee`" in card.text
    assert "<https://github.com/acme/api/actions/runs/42|open>" in card.text
    assert "<!channel>" not in card.text
    assert notes(slack) == [
        "Queued.",
        "Building.",
        ("Failed (&lt;!channel&gt; ∗boom∗). It took 4 min. <https://github.com/acme/api/actions/runs/42|Log> <@U0ANA>"),
    ]


def notes(slack: SlackSimulator) -> list[str]:
    """Return what is said in threads."""
    return [message.text for message in said(slack, HERE) if message.thread_ts not in {None, message.ts}]


@pytest.mark.parametrize(
    ("setup", "shown", "headline", "note"),
    [
        (GITHUB, None, "and nothing was heard for long", "Stuck: nothing was heard for 5 min."),
        (
            GITHUB,
            [Build(id="41", state=BuildState.SUCCESS)],
            "and dropped, it seems",
            "Dropped, it seems: GitHub Actions shows its builds, and after 5 min this is not among them.",
        ),
        (
            Setup(repository=API, provider=ProviderKind.CLASSIC),
            None,
            "and dropped, it seems",
            "Dropped, it seems: Docker Hub says `OK` also when it builds nothing, and no tag came in 5 min.",
        ),
    ],
    ids=["stuck", "dropped", "dropped after an empty promise"],
)
def test_a_build_that_goes_nowhere_is_said_to(
    scene: Scene, slack: SlackSimulator, setup: Setup, shown: list[Build] | None, *, headline: str, note: str
) -> None:
    scene.source.setup = setup.model_copy(update={"stuck_after_seconds": 300.0})
    scene.source.provider.shown = shown
    ask(scene.store, scene.clock, channel=HERE, setup=scene.source.setup)

    scene.run(400)

    (card,) = roots(slack)
    assert card.text.startswith(f"*acme/api:latest*: asked for, {headline}.\nGitHub took it.\n")
    assert "; `/hub trigger acme/api` asks for it anew.\nchg_1" in card.text
    assert notes(slack) == [note]


def test_ten_builds_at_once_are_said_in_ten_seconds(scene: Scene, slack: SlackSimulator) -> None:
    for number in range(10):
        order = LATEST.model_copy(update={"repository": f"acme/api{number}"})
        ask(scene.store, scene.clock, channel=HERE, order=order, change_id=f"chg_{number}")

    scene.run(10)

    assert len(roots(slack)) == 10
    assert notes(slack) == []


def test_a_channel_without_us_costs_nobody_the_outcome(scene: Scene, slack: SlackSimulator) -> None:
    slack.state.conversations[HERE].members.discard(seed.BOT_USER)
    ask(scene.store, scene.clock, channel=HERE, asker=Asker(seed.ANA))
    scene.source.provider.found = Build(id="42", state=BuildState.SUCCESS)

    scene.run(60)

    assert texts(slack, HERE) == []
    (told,) = texts(slack, direct_message(slack, seed.ANA).id)
    assert told.startswith("*acme/api:latest*: built in 5 s.")
    assert f"I could not post this in <#{HERE}>: invite me there, and I can the next time." in told


def test_the_answer_of_a_provider_is_inert(scene: Scene, slack: SlackSimulator) -> None:
    ask(scene.store, scene.clock, channel=HERE, accepted=Accepted(said="<!here> *took* it"))

    scene.run(3)

    assert "<!here>" not in "".join(texts(slack, HERE))


def test_a_message_of_a_build_that_is_gone_says_so(store: Store, clock: FrozenClock) -> None:
    build_id = ask(store, clock)
    with store.read() as connection:
        card_id = build_rows.card_of(connection, build_rows.find(connection, build_id))
        card = messages.find(connection, card_id or "")
        assert card is not None
        orphan = replace(card, content={"build": "bld_0", "step": 0})
        said_of_it = {writer.write(connection, orphan, clock.now()) for writer in WRITERS.values()}

    assert said_of_it == {Message("(this build is no longer known)")}
