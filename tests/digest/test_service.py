"""Setting a digest: said in the channel first, saved only when Slack has taken that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from bot.clock import FrozenClock
from bot.digest.knowledge import Tell
from bot.digest.rows import read_image
from bot.digest.service import Digests
from bot.errors import DeliveryError, UnavailableError, UserError
from bot.fleet.model import Scope
from bot.fleet.sweeps import Sweeps, subject_of
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.pushes.subscriptions import Change
from bot.store.errors import StoreUnavailableError
from bot.store.tables import lanes, messages
from bot.store.workspaces import HOME
from tests.digest.scheduled import CHANNEL, HOUR, Mornings, wish
from tests.support.databases import open_database
from tests.support.following import Channel

EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
BY = "U0OPERATOR"


class Desk:
    """Sets digests, before a Docker Hub that nobody asks.

    Attributes:
        channel: What is said.
        looked: What was looked at while somebody waited.
        problem: What that raises.
    """

    def __init__(self) -> None:
        clock = FrozenClock(EVENING)
        self.mornings = Mornings(open_database(clock.now), clock)
        self.channel = Channel()
        self.looked: list[Scope] = []
        self.problem: Exception | None = None
        knowledge = replace(self.mornings.knowledge, look=self._look)
        self.digests = Digests(self.mornings.store, knowledge, post=self.channel.post, update=self.channel.update)
        nowhere = "http://127.0.0.1:1"
        self.hub = HubClient(HubUrls(nowhere, nowhere, nowhere), Credentials.from_values(), clock)

    def _look(self, scope: Scope, _hub: HubClient, tell: Tell) -> None:
        tell("looking")
        self.looked.append(scope)
        if self.problem:
            raise self.problem


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()
    yield found
    found.hub.close()
    found.mornings.store.close()


def test_a_new_one_begins_with_how_everything_is(desk: Desk) -> None:
    told: list[str] = []

    done = desk.digests.set(wish(), desk.hub, by=BY, tell=lambda progress: told.append(str(progress)))

    assert (done.put.change, done.notes, told) == (Change.ADDED, (), ["looking"])
    assert desk.looked == [wish().wanted.scope]
    ((said,),) = desk.channel.said
    assert said == (
        "U0OPERATOR set the digest morning: 09:00 UTC, every day, about acme. The first one comes 2026-11-21 09:00 UTC."
    )
    digest = desk.mornings.register.find(CHANNEL, "morning")
    assert digest is not None
    assert digest.baseline is not None
    assert digest.baseline["hours"] == int(EVENING.timestamp()) // HOUR


def test_for_another_time_nothing_has_to_be_looked_at(desk: Desk) -> None:
    desk.digests.set(wish(), desk.hub, by=BY)

    desk.digests.set(wish("10:00"), desk.hub, by=BY)

    assert len(desk.looked) == 1
    changed, before = desk.channel.said[-1]
    assert changed.startswith("U0OPERATOR changed the digest morning: 10:00 UTC, every day, about acme. The next one ")
    assert before == "Before: 09:00 UTC, every day."


def test_other_images_are_said_to_begin_anew(desk: Desk) -> None:
    desk.digests.set(wish(), desk.hub, by=BY)

    desk.digests.set(wish(scope=Scope(("other",))), desk.hub, by=BY)

    assert len(desk.looked) == 2
    assert desk.channel.said[-1][-1] == "It is about other images now, and tells what changes from now on."


def test_where_docker_hub_does_not_answer_the_rest_is_done_later(desk: Desk) -> None:
    desk.problem = UnavailableError("the repositories of acme")

    done = desk.digests.set(wish(), desk.hub, by=BY)

    assert done.notes[0].startswith("I could not look at everything just now, and go on with that. Docker Hub is not")
    assert done.put.digest.baseline_at is None
    assert [scope for scope, _ in desk.mornings.asked] == [wish().wanted.scope]


def test_what_was_not_looked_at_to_the_end_is_said(desk: Desk) -> None:
    desk.mornings.is_fresh = False

    done = desk.digests.set(wish(), desk.hub, by=BY)

    assert done.notes == (
        "Not everything could be looked at just now; I go on with that, and the first digest tells what changed since.",
    )


def test_what_docker_hub_does_not_show_is_said_when_it_is_set(desk: Desk) -> None:
    images = tuple(read_image(f"acme/nosuch:{number}") for number in range(7))
    problems = {subject_of(each): "Docker Hub does not show it (asked with @acme)" for each in images}
    sweeps = Sweeps(desk.mornings.store, HOME)
    desk.mornings.store.write(lambda connection: sweeps.note(connection, problems))

    done = desk.digests.set(wish(scope=Scope((), images)), desk.hub, by=BY)

    assert (len(done.notes), done.notes[-1]) == (6, "So it is with 2 more.")
    assert done.notes[0] == (
        "`acme/nosuch:0`: Docker Hub does not show it (asked with @acme). The digest is set all the same."
    )


def test_a_pause_that_is_longer_than_pushes_are_kept_says_so(desk: Desk) -> None:
    digest = desk.digests.set(wish(), desk.hub, by=BY).put.digest

    assert desk.digests.pause(digest, EVENING + timedelta(days=29), by=BY) == ()
    assert desk.digests.pause(digest, EVENING + timedelta(days=31), by=BY) == (
        "That is long: pushes are kept for 30 days, so it will not tell of older ones.",
    )


def test_a_report_is_kept_longer_than_its_message(desk: Desk) -> None:
    desk.digests.set(wish(), desk.hub, by=BY)
    desk.mornings.step_at("2026-11-21 09:00")
    (standing,) = desk.mornings.register.every()
    assert standing.last is not None
    report_id = standing.last.id
    desk.mornings.store.write(lambda connection: connection.execute(delete(messages)).rowcount)

    assert desk.digests.report(report_id, CHANNEL).report.count == 15
    with pytest.raises(UserError, match="is not kept any more"):
        desk.digests.report(report_id, "C0OTHER")


def test_where_slack_refuses_nothing_is_saved(desk: Desk) -> None:
    desk.channel.refusal = DeliveryError("Slack refused.", permanent=True, code="not_in_channel")

    with pytest.raises(UserError, match=r"^I am not in this channel: .* Nothing was saved\.$"):
        desk.digests.set(wish(), desk.hub, by=BY)

    assert desk.mornings.register.every() == ()


def test_what_cannot_be_saved_is_taken_back_in_the_channel(desk: Desk) -> None:
    desk.channel.after_post = desk.mornings.store.close

    with pytest.raises(StoreUnavailableError):
        desk.digests.set(wish(), desk.hub, by=BY)

    assert desk.channel.said == [["I could not save the digest morning. Nothing has changed here."]]


def test_of_two_who_set_the_same_at_once_the_second_changes_it(desk: Desk) -> None:
    def another() -> None:
        desk.channel.after_post = lambda: None
        desk.mornings.register.put(wish("08:00"), by="U0OTHER", taken=None)

    desk.channel.after_post = another

    done = desk.digests.set(wish("09:00"), desk.hub, by=BY)

    assert done.put.change is Change.REPLACED
    (standing,) = desk.mornings.register.every()
    assert (f"{standing.digest.wish.schedule.at:%H:%M}", standing.digest.created_by) == ("09:00", BY)


def test_the_same_again_is_said_in_the_channel_only_to_open_it(desk: Desk) -> None:
    desk.digests.set(wish(), desk.hub, by=BY)
    assert desk.digests.set(wish(), desk.hub, by=BY).put.change is Change.UNCHANGED
    assert len(desk.channel.said) == 1

    row = {"workspace": HOME, "channel": CHANNEL, "due_at": None, "suspended_at": EVENING, "suspension": "is_archived"}
    desk.mornings.store.write(lambda connection: connection.execute(lanes.insert().values(row)).rowcount)
    desk.digests.set(wish(), desk.hub, by=BY)

    assert desk.channel.said[-1][0].startswith("U0OPERATOR set once more the digest morning: 09:00 UTC")
    assert not desk.mornings.register.every()[0].is_closed


def test_what_is_ended_twice_is_gone_already(desk: Desk) -> None:
    digest = desk.digests.set(wish(), desk.hub, by=BY).put.digest

    assert desk.digests.off(digest, by=BY) == ()
    with pytest.raises(UserError, match="The digest `morning` is gone already"):
        desk.digests.off(digest, by=BY)
    with pytest.raises(UserError, match="The digest `morning` is gone"):
        desk.digests.pause(digest, None, by=BY)


def test_where_the_channel_cannot_be_told_what_was_done_stays_done(desk: Desk) -> None:
    digest = desk.digests.set(wish(), desk.hub, by=BY).put.digest
    desk.channel.refusal = DeliveryError("Slack refused.", permanent=True, code="is_archived")

    assert desk.digests.off(digest, by=BY) == ("I could not say so in the channel: Slack refused.",)
    assert desk.mornings.register.every() == ()


def test_looking_at_the_next_one_moves_nothing(desk: Desk) -> None:
    digest = desk.digests.set(wish(), desk.hub, by=BY).put.digest
    desk.mornings.clock.advance(3 * HOUR)

    assert desk.digests.preview(digest, desk.hub).count == 3
    assert desk.digests.preview(digest, desk.hub).count == 3
    assert desk.digests.standing(digest).count == 3
    assert len(desk.looked) == 3

    desk.mornings.step_at("2026-11-21 09:00")
    assert len(desk.mornings.hours_told()) == 15
