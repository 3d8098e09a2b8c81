"""Buttons under announcements of pushes, whoever presses them; and channels that let the bot in again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection, delete, select

from bot.clock import FrozenClock
from bot.digest.writers import ALL_ACTION
from bot.outbox import lanes as lane_rows
from bot.outbox.lanes import Lane
from bot.pushes.card import INSPECT_ACTION, MUTE_ACTION, TAGS_ACTION, UNMUTE_ACTION
from bot.pushes.channels import Channels
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import lanes, members, messages, mutes
from bot.store.workspaces import HOME
from bot.web.announced import GONE
from bot.web.outgoing import AWAY
from tests.pushes.post import Post
from tests.support.slack import buttons_of, said
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, MEMBER, OPERATOR, Bot, click_on, dumps, running_bot

FOLDED_SECONDS = 30.0
BUTTONS = (INSPECT_ACTION, TAGS_ACTION, MUTE_ACTION)
WITH_DIGESTS = (*BUTTONS, ALL_ACTION)


@dataclass
class World:
    """A bot that announces pushes to acme/api in #deploys, and the one announcement that it made there."""

    bot: Bot
    post: Post
    card: Message

    def clicks(self, action_id: str, user: str) -> None:
        """Let somebody press a button of the announcement."""
        assert self.bot.slack.acting_as(user).clicks(self.card.channel, self.card.ts, action_id).is_ok

    def clicks_by_hand(self, action_id: str, value: str, *, channel: str = seed.DEPLOYS, user: str = OPERATOR) -> None:
        """Press a button that is on nobody's screen."""
        url = self.bot.slack.issue_response_url(user=user, channel=channel)
        payload = click_on({"action_id": action_id, "value": value}, url, user=user, channel=channel)
        assert self.bot.post(urlencode({"payload": dumps(payload)})).status_code == 200

    def told(self, *, user: str, channel: str = seed.DEPLOYS) -> str:
        """Return what somebody was told privately; nobody else was told anything."""
        wait_until(lambda: self._private(channel))
        (message,) = self._private(channel)
        assert message.ephemeral_for == user
        return message.text

    def muted(self) -> list[tuple[str, str, str]]:
        """Return what is muted where, and who did it."""
        columns = mutes.c.channel, mutes.c.repository, mutes.c.muted_by
        with self.post.store.read() as connection:
            return [(row.channel, row.repository, row.muted_by) for row in connection.execute(select(*columns))]

    def suspend(self, channel: str = seed.DEPLOYS) -> None:
        """Give a channel up, as the outbox does."""
        lane, now = Lane(HOME, channel), self.post.clock.now()

        def close(connection: Connection) -> None:
            lane_rows.wake(connection, [lane], now)
            lane_rows.suspend(connection, lane, why="is_archived", now=now)

        self.post.store.write(close)

    def forget(self) -> None:
        """Delete every message, as pruning does."""

        def prune(connection: Connection) -> None:
            connection.execute(delete(members))
            connection.execute(delete(messages))

        self.post.store.write(prune)

    def is_suspended(self, channel: str = seed.DEPLOYS) -> bool:
        """Tell whether a channel is given up."""
        with self.post.store.read() as connection:
            found = connection.execute(select(lanes.c.suspended_at).where(lanes.c.channel == channel)).scalar()
        return found is not None

    def _private(self, channel: str) -> list[Message]:
        return [message for message in said(self.bot.slack, channel) if message.ephemeral_for]


@pytest.fixture
def world(slack: SlackSimulator) -> Iterator[World]:
    clock = FrozenClock(datetime.now(UTC))
    store = open_store("sqlite://", now=clock.now)
    upgrade(store)
    slack.pace.is_enabled = False
    with running_bot(slack, channels=Channels(store)) as bot:
        post = Post(store, slack, clock)
        post.subscribe()
        post.push("1.0")
        post.read_back("1.0")
        post.run(FOLDED_SECONDS)
        (card,) = said(slack, seed.DEPLOYS)
        assert [button["action_id"] for button in buttons_of(card)] == list(BUTTONS)
        yield World(bot, post, card)
    store.close()


# Who presses


@pytest.mark.parametrize(
    ("action_id", "user", "question"),
    [
        (INSPECT_ACTION, MEMBER, "acme/api:1.0"),
        (TAGS_ACTION, MEMBER, "acme/api"),
        (INSPECT_ACTION, OPERATOR, "acme/api:1.0"),
        (TAGS_ACTION, OPERATOR, "acme/api"),
    ],
)
def test_members_are_answered_privately(world: World, action_id: str, user: str, question: str) -> None:
    world.bot.slack.acting_as(user).joins(seed.DEPLOYS)

    world.clicks(action_id, user)

    assert world.told(user=user) == f"*said {question}*\nThat is all."
    assert world.bot.hands.ran == [question]
    assert len(buttons_of(world.card)) == 3


def test_an_operator_mutes_a_repository_for_a_day(world: World) -> None:
    world.bot.slack.acting_as(OPERATOR).joins(seed.DEPLOYS)

    world.clicks(MUTE_ACTION, OPERATOR)

    assert world.told(user=OPERATOR).startswith("`acme/api` is muted in this channel until <!date^")
    assert world.muted() == [(seed.DEPLOYS, "acme/api", OPERATOR)]
    world.post.run(1.0)
    card = said(world.bot.slack, seed.DEPLOYS)[0]
    assert [button["action_id"] for button in buttons_of(card)] == [INSPECT_ACTION, TAGS_ACTION, UNMUTE_ACTION]


def test_a_member_mutes_nothing_and_is_told_who_can(world: World) -> None:
    world.bot.slack.acting_as(MEMBER).joins(seed.DEPLOYS)

    world.clicks(MUTE_ACTION, MEMBER)

    assert world.told(user=MEMBER) == f"`Mute` needs an operator. Ask <@{ADMIN}>."
    assert world.muted() == []


def test_rights_to_mute_are_those_of_the_moment(world: World) -> None:
    operator = world.bot.slack.acting_as(OPERATOR)
    operator.joins(seed.DEPLOYS)
    world.bot.asked("change it", user=OPERATOR, channel=seed.RANDOM)
    world.bot.slack.state.people[OPERATOR].is_deleted = True

    operator.clicks(world.card.channel, world.card.ts, MUTE_ACTION)

    assert "full members" in world.told(user=OPERATOR)
    assert world.muted() == []


@pytest.mark.parametrize(
    ("action_id", "name"), [(INSPECT_ACTION, "inspect"), (TAGS_ACTION, "tags"), (MUTE_ACTION, "Mute")]
)
def test_a_guest_is_refused(world: World, action_id: str, name: str) -> None:
    if seed.GUS not in world.bot.slack.state.conversations[seed.DEPLOYS].members:
        world.bot.slack.acting_as(ADMIN).invites(seed.GUS, seed.DEPLOYS)

    world.clicks(action_id, seed.GUS)

    assert world.told(user=seed.GUS).startswith(f"`{name}` is for full members of the workspace")
    assert (world.bot.hands.ran, world.muted()) == ([], [])


# What is pressed


@pytest.mark.parametrize("action_id", WITH_DIGESTS)
@pytest.mark.parametrize("value", ["", "forged", "msg_000000000000000000000000", "\x00", "x" * 2_000, "\ud83d"])
def test_a_forged_id_leads_nowhere(world: World, action_id: str, value: str) -> None:
    world.clicks_by_hand(action_id, value)

    assert world.told(user=OPERATOR) == GONE
    assert (world.bot.hands.ran, world.muted()) == ([], [])


@pytest.mark.parametrize("action_id", WITH_DIGESTS)
def test_an_id_of_another_channel_leads_nowhere(world: World, action_id: str) -> None:
    stolen = buttons_of(world.card)[0]["value"]

    world.clicks_by_hand(action_id, stolen, channel=seed.GENERAL)

    assert world.told(user=OPERATOR, channel=seed.GENERAL) == GONE
    assert (world.bot.hands.ran, world.muted()) == ([], [])


@pytest.mark.parametrize("action_id", BUTTONS)
def test_a_message_that_was_forgotten_says_so(world: World, action_id: str) -> None:
    world.bot.slack.acting_as(OPERATOR).joins(seed.DEPLOYS)
    world.forget()

    world.clicks(action_id, OPERATOR)

    assert world.told(user=OPERATOR) == GONE


@pytest.mark.parametrize("action_id", BUTTONS)
def test_while_the_database_is_away_one_is_told_so(world: World, action_id: str) -> None:
    world.bot.slack.acting_as(OPERATOR).joins(seed.DEPLOYS)
    world.post.store.close()

    world.clicks(action_id, OPERATOR)

    assert world.told(user=OPERATOR) == AWAY


# Channels that open again


def test_where_the_bot_is_invited_it_announces_again_and_says_so(world: World) -> None:
    world.suspend()
    admin = world.bot.slack.acting_as(ADMIN)
    admin.joins(seed.DEPLOYS)
    admin.removes(seed.BOT_USER, seed.DEPLOYS)

    admin.invites(seed.BOT_USER, seed.DEPLOYS)

    wait_until(lambda: not world.is_suspended())
    world.post.run(1.0)
    assert world.post.texts()[-1].startswith("I am back, and pushes are announced here again")


def test_where_somebody_else_is_invited_nothing_changes(world: World) -> None:
    world.suspend()
    admin = world.bot.slack.acting_as(ADMIN)
    admin.joins(seed.DEPLOYS)

    admin.invites(OPERATOR, seed.DEPLOYS)

    assert world.bot.slack.settle()
    world.bot.asked("say hello", channel=seed.RANDOM)
    assert world.is_suspended()


@pytest.mark.parametrize("channel", [seed.DEPLOYS, seed.CREW])
def test_a_channel_that_is_archived_no_more_hears_again(world: World, channel: str) -> None:
    """Public and private ones have events of their own."""
    world.suspend(channel)
    operator = world.bot.slack.acting_as(OPERATOR)
    operator.archives(channel)

    operator.unarchives(channel)

    wait_until(lambda: not world.is_suspended(channel))


def test_a_channel_that_was_never_closed_hears_nothing_of_it(world: World) -> None:
    admin = world.bot.slack.acting_as(ADMIN)
    admin.joins(seed.DEPLOYS)
    admin.archives(seed.DEPLOYS)

    admin.unarchives(seed.DEPLOYS)

    assert world.bot.slack.settle()
    world.bot.asked("say hello", channel=seed.RANDOM)
    world.post.run(1.0)
    assert [message.ts for message in world.post.seen()] == [world.card.ts]


def test_without_the_database_an_invitation_is_acknowledged_and_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    admin = world.bot.slack.acting_as(ADMIN)
    admin.joins(seed.DEPLOYS)
    admin.removes(seed.BOT_USER, seed.DEPLOYS)
    world.post.store.close()

    admin.invites(seed.BOT_USER, seed.DEPLOYS)

    wait_until(lambda: "channel_not_resumed" in caplog.text)
    assert world.bot.slack.settle()
    assert all(delivery.outcome.status == 200 for delivery in world.bot.slack.deliveries)
