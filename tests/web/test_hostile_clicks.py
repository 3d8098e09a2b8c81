"""Whoever can sign requests, or has what others have pressed: buttons and forms that were forged, stolen or repeated.

Slack's own clients send none of these, so they are made by hand. In the end nothing was done that should not have been,
and what was right still works.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from bot.chat.forms import NO_CHOICE, NOTHING_TYPED, ONE_LINE
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import tickets
from bot.web import asking, offering
from bot.web.asking import TOO_LONG
from bot.web.payloads import FORM_INPUT
from bot.web.slack import ACTIONS
from tests.support.slack import buttons_of, direct_message, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, MEMBER, OPERATOR, Bot, click_on, dumps, filled_form, put_in, running_bot, sign

TOKEN = "glptt-0123456789abcdefghij"
FORGED = ["", "forged", "0" * 64, "x" * 3_000, "\x00", "\ud83d", "' OR 1=1 --", "{}"]
GOOD = {"provider": "gitlab", "branch": "dev", "seconds": "1", "token": TOKEN}


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as store:
        upgrade(store)
        yield store


@pytest.fixture
def bot(slack: SlackSimulator, store: Store) -> Iterator[Bot]:
    slack.pace.is_enabled = False
    with running_bot(slack, store=store) as bot:
        yield bot


def press(bot: Bot, button: Mapping[str, Any], *, user: str, channel: str = seed.GENERAL, **body: Any) -> str:
    """Press a button by hand, and return its response URL."""
    url = bot.slack.issue_response_url(user=user, channel=channel)
    payload = {**click_on(button, url, user=user, channel=channel), **body}
    assert bot.post(urlencode({"payload": dumps(payload)})).status_code == 200
    return url


def refused(bot: Bot, button: Mapping[str, Any], *, user: str, channel: str = seed.GENERAL, **body: Any) -> str:
    """Press a button by hand, and return what its presser alone is told."""
    url = press(bot, button, user=user, channel=channel, **body)
    wait_until(lambda: bot.slack.posts_to(url))
    message = said(bot.slack, channel)[-1]
    assert message.ephemeral_for == user
    return message.text


def send(bot: Bot, form: dict[str, Any]) -> dict[str, str]:
    """Send a form by hand, and return what is said beside its inputs."""
    answer = bot.post(urlencode({"payload": dumps(form)}))
    assert answer.status_code == 200
    errors: dict[str, str] = answer.json()["errors"] if answer.text else {}
    return errors


def holding(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"state": {"values": {**put_in(values), **more}}}


def told(bot: Bot, user: str) -> list[str]:
    """Return what somebody was told by direct message."""
    return texts(bot.slack, direct_message(bot.slack, user).id)


# Buttons


@pytest.mark.parametrize("action_id", sorted(ACTIONS - set(offering.OFFER_ACTIONS[1:])))
def test_forged_values_do_nothing_on_any_button(bot: Bot, action_id: str) -> None:
    for value in FORGED:
        press(bot, {"action_id": action_id, "value": value}, user=ADMIN)

    bot.asked("say hello", channel=seed.RANDOM)
    assert bot.hands.ran == ["hello"]


def test_a_button_on_another_place_of_the_row_does_what_it_stands_for_and_nothing_else(bot: Bot) -> None:
    apply, share = buttons_of(bot.asked("plan it", user=OPERATOR))

    assert refused(bot, {**apply, "value": share["value"]}, user=OPERATOR) == offering.REFUSALS.gone
    press(bot, {**apply, "action_id": "offer_5"}, user=OPERATOR)

    wait_until(lambda: bot.hands.ran == ["applied"])


@pytest.mark.parametrize("user", [MEMBER, ADMIN, seed.GUS, seed.STEF])
def test_somebody_elses_button_does_nothing(bot: Bot, user: str) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))

    assert refused(bot, apply, user=user) == offering.REFUSALS.foreign
    assert not bot.hands.ran


def test_a_button_of_another_channel_or_workspace_does_nothing(bot: Bot) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))

    elsewhere = {"id": seed.PARTNER_TEAM_ID}
    assert refused(bot, apply, user=OPERATOR, channel=seed.RANDOM) == offering.REFUSALS.foreign
    assert refused(bot, apply, user=OPERATOR, team=elsewhere) == offering.REFUSALS.foreign
    assert refused(bot, apply, user=OPERATOR, channel=seed.RANDOM, team=elsewhere) == offering.REFUSALS.foreign

    assert not bot.hands.ran
    press(bot, apply, user=OPERATOR)
    wait_until(lambda: bot.hands.ran == ["applied"])


def test_an_old_button_does_nothing(bot: Bot, store: Store) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))
    age(store)

    assert refused(bot, apply, user=OPERATOR) == offering.REFUSALS.gone
    assert not bot.hands.ran


def age(store: Store) -> None:
    """Let half an hour pass for everything that was issued."""
    older = update(tickets).values(expires_at=tickets.c.expires_at - timedelta(minutes=30))
    store.write(lambda connection: connection.execute(older).rowcount)


def test_a_request_that_is_replayed_does_nothing_more(bot: Bot) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))
    url = bot.slack.issue_response_url(user=OPERATOR, channel=seed.GENERAL)
    body = urlencode({"payload": dumps(click_on(apply, url, user=OPERATOR, channel=seed.GENERAL))})
    timestamp = str(int(time.time()))
    signature = sign(body, timestamp)

    answers = [bot.post(body, timestamp=timestamp, signature=signature) for _ in range(3)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "")] * 3
    wait_until(lambda: bot.slack.posts_to(url))
    bot.asked("say hello", channel=seed.RANDOM)
    assert bot.hands.ran == ["applied", "hello"]
    assert len(bot.slack.posts_to(url)) == 1


def test_a_replay_with_another_signature_or_time_is_no_request(bot: Bot) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))
    url = bot.slack.issue_response_url(user=OPERATOR, channel=seed.GENERAL)
    body = urlencode({"payload": dumps(click_on(apply, url, user=OPERATOR, channel=seed.GENERAL))})
    late = str(int(time.time()) - 301)

    assert bot.post(body, timestamp=late, signature=sign(body, late)).status_code == 401
    assert bot.post(body, signature=sign(body, late)).status_code == 401
    assert bot.post(body, signature="v0=" + "0" * 64).status_code == 401
    assert not bot.hands.ran


@pytest.mark.parametrize("replicas", [1, 2])
def test_pressed_at_the_same_moment_it_is_done_once(slack: SlackSimulator, store: Store, replicas: int) -> None:
    slack.pace.is_enabled = False
    with ExitStack() as running:
        bots = [running.enter_context(running_bot(slack, store=store)) for _ in range(replicas)]
        apply, _ = buttons_of(bots[0].asked("plan it", user=OPERATOR))
        together = Barrier(8)

        def finger(number: int) -> str:
            together.wait(10)
            return press(bots[number % replicas], apply, user=OPERATOR)

        with ThreadPoolExecutor(8) as fingers:
            urls = list(fingers.map(finger, range(8)))
        wait_until(lambda: all(slack.posts_to(url) for url in urls))

        assert [ran for bot in bots for ran in bot.hands.ran] == ["applied"]
        assert texts(slack).count(offering.REFUSALS.taken) == 7


# Forms


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_form_sent_at_the_same_moment_is_taken_once(slack: SlackSimulator, store: Store, replicas: int) -> None:
    slack.pace.is_enabled = False
    with ExitStack() as running:
        bots = [running.enter_context(running_bot(slack, store=store)) for _ in range(replicas)]
        metadata = bots[-1].form("write").payload["private_metadata"]
        together = Barrier(6)

        def finger(number: int) -> object:
            together.wait(10)
            form = filled_form(metadata, "once", trigger_id=str(number))
            return send(bots[number % replicas], {**form, "trigger_id": str(number)})

        with ThreadPoolExecutor(6) as fingers:
            assert list(fingers.map(finger, range(6))) == [{}] * 6
        wait_until(lambda: len([*told(bots[0], MEMBER), *texts(slack)]) == 6)

        assert [ran for bot in bots for ran in bot.hands.ran] == ["once"]
        assert [*told(bots[0], MEMBER), *texts(slack)].count("*written*\nonce") == 1


def test_a_form_of_somebody_else_does_nothing_and_tells_nothing(bot: Bot) -> None:
    view = bot.form("setup", user=OPERATOR)
    metadata = view.payload["private_metadata"]

    assert send(bot, filled_form(metadata, user=MEMBER, **holding({"provider": "none"}))) == {}
    elsewhere = filled_form(metadata, user=OPERATOR, **holding(GOOD))
    elsewhere["team"] = {"id": seed.PARTNER_TEAM_ID}
    assert send(bot, elsewhere) == {}

    wait_until(lambda: told(bot, MEMBER) == [asking.REFUSALS.foreign])
    wait_until(lambda: told(bot, OPERATOR) == [asking.REFUSALS.foreign])
    assert not bot.hands.ran


def test_a_form_with_the_id_of_another_of_ones_own_is_that_other_one(bot: Bot) -> None:
    """What a form belongs to is what its id stands for; the blocks of the sender say nothing about that."""
    write = bot.form("write").payload["private_metadata"]
    bot.form("setup")

    assert send(bot, filled_form(write, **holding(GOOD))) == {"text": NOTHING_TYPED}
    assert send(bot, filled_form(write, **holding({**GOOD, "text": "mine"}))) == {}

    wait_until(lambda: bot.hands.ran == ["mine"])
    assert bot.hands.tokens == []


@pytest.mark.parametrize("value", FORGED)
def test_a_form_with_a_forged_id_does_nothing(bot: Bot, value: str) -> None:
    assert send(bot, filled_form(value, "x")) == {}

    wait_until(lambda: told(bot, MEMBER) == [asking.REFUSALS.gone])
    assert not bot.hands.ran


def test_the_id_of_a_button_opens_no_form_and_that_of_a_form_presses_no_button(bot: Bot) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))
    form_id = bot.form("write", user=OPERATOR).payload["private_metadata"].partition(" ")[0]

    assert refused(bot, {**apply, "value": form_id}, user=OPERATOR) == offering.REFUSALS.gone
    assert send(bot, filled_form(apply["value"], "x", user=OPERATOR)) == {}

    wait_until(lambda: told(bot, OPERATOR) == [asking.REFUSALS.gone])
    assert not bot.hands.ran


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"provider": NOTHING_TYPED, "seconds": NOTHING_TYPED, "token": NOTHING_TYPED}),
        ({**GOOD, "token": ""}, {"token": NOTHING_TYPED}),
        ({**GOOD, "provider": "circle"}, {"provider": NO_CHOICE}),
        ({**GOOD, "provider": "github\n"}, {}),
        ({**GOOD, "branch": "x" * 3_001}, {"branch": TOO_LONG}),
        ({**GOOD, "token": f"{TOKEN}\n{TOKEN}"}, {"token": ONE_LINE}),
        ({**GOOD, "seconds": "1e999"}, {"seconds": "Input should be less than or equal to 60."}),
    ],
)
def test_what_the_form_did_not_offer_is_refused_beside_its_field(
    bot: Bot, values: Mapping[str, str], errors: Mapping[str, str]
) -> None:
    view = bot.form("setup")

    assert send(bot, filled_form(view.payload["private_metadata"], **holding(values))) == errors

    if errors:
        assert not bot.hands.ran
        assert bot.submit(view, **GOOD).is_ok
    wait_until(lambda: len(bot.hands.ran) == 1)


def test_after_a_restart_the_same_is_refused(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        view = bot.form("setup")

    with running_bot(slack, store=store) as bot:
        assert bot.submit(view, provider="gitlab", branch="x" * 3_000, seconds="61", token=TOKEN).is_ok
        again = bot.opened_form(after=view)

        assert "60" in dumps(again.payload["blocks"][0])
        assert not bot.hands.ran


def test_more_blocks_than_the_form_has_are_left_out(bot: Bot) -> None:
    metadata = bot.form("setup").payload["private_metadata"]
    more = put_in({"is_agreed": "true", "words": "x", "agreed": "x" * 4_000})

    assert send(bot, filled_form(metadata, **holding(GOOD, **more))) == {}

    wait_until(lambda: bot.hands.ran == ["gitlab dev 1"])


@pytest.mark.parametrize(
    "odd",
    [
        {"text": {"another": {"value": "x"}}},
        {"text": {FORM_INPUT: {"value": {"deep": 1}}}},
        {"text": {FORM_INPUT: {"selected_option": []}}},
        {"text": []},
    ],
)
def test_inputs_that_slack_does_not_have_make_no_sense(bot: Bot, odd: Mapping[str, Any]) -> None:
    form = filled_form(bot.form("write").payload["private_metadata"], state={"values": odd})

    assert bot.post(urlencode({"payload": dumps(form)})).status_code == 400
    assert not bot.hands.ran


def test_an_old_form_does_nothing(bot: Bot, store: Store) -> None:
    view = bot.form("write")
    age(store)

    assert bot.submit(view, "x").is_ok

    wait_until(lambda: texts(bot.slack) == [asking.REFUSALS.gone])
    assert not bot.hands.ran


def test_a_form_that_lies_about_its_age_does_nothing(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        form_id = bot.form("write").payload["private_metadata"].partition(" ")[0]
    age(store)

    with running_bot(slack, store=store) as bot:
        send(bot, filled_form(f"{form_id} 99999999999", "x"))

        wait_until(lambda: told(bot, MEMBER) == [asking.REFUSALS.gone])
        assert not bot.hands.ran


def test_who_may_not_any_more_gets_nothing_from_a_form_of_before_the_restart(
    slack: SlackSimulator, store: Store
) -> None:
    with running_bot(slack, store=store) as bot:
        bot.press(bot.asked("plan typed", user=OPERATOR), user=OPERATOR, label="Apply")
        metadata = bot.opened_form(OPERATOR).payload["private_metadata"]
    slack.state.people[OPERATOR].role = "guest"

    with running_bot(slack, store=store) as bot:
        assert send(bot, filled_form(metadata, "x", user=OPERATOR)) == {}

        wait_until(lambda: "full members" in texts(slack)[-1])
        assert not bot.hands.ran


def test_what_is_asked_in_a_channel_of_two_organizations_stays_private_after_a_restart_too(
    slack: SlackSimulator, store: Store
) -> None:
    with running_bot(slack, store=store) as bot:
        view = bot.form("write --share", channel=seed.PARTNER)

    with running_bot(slack, store=store) as bot:
        bot.submit(view, "ours")

        wait_until(lambda: said(slack, seed.PARTNER))
        (answer,) = said(slack, seed.PARTNER)
        assert answer.ephemeral_for == MEMBER
        assert "people of another organization read this channel" in answer.text
