"""What an answer offers to do: by whom it can be done, how often, and what becomes of the message."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from bot.chat.command import Confirmation, Offer
from bot.governance.roles import Person
from bot.sandbox.clock import MovableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.simulator import SlackSimulator
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import tickets
from bot.web.assignment import Assignment
from bot.web.desk import BUSY
from bot.web.front import TICKET_REFUSALS, Sizes
from bot.web.keeping import Keeping
from bot.web.offering import NO_BUTTONS, NOT_KEPT, OFFER_ACTIONS, REFUSALS, Offering
from bot.web.outgoing import AWAY
from bot.web.sharing import SHARED
from bot.web.tickets import KEPT, Tickets
from tests.support.slack import buttons_of, direct_message, said, texts
from tests.support.waiting import wait_until
from tests.web.conftest import ADMIN, MEMBER, OPERATOR, Bot, Words, click_on, dumps, running_bot

ACTIONS = "/actions/"


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as store:
        upgrade(store)
        yield store


def labels(bot: Bot, channel: str = seed.GENERAL) -> list[list[str]]:
    """Return what is on the buttons of each message."""
    return [[button["text"]["text"] for button in buttons_of(message)] for message in said(bot.slack, channel)]


def test_an_offer_is_a_button_under_the_private_answer_beside_the_one_to_share_it(bot: Bot) -> None:
    answer = bot.asked("plan it", user=OPERATOR)

    assert answer.ephemeral_for == OPERATOR
    apply, share = buttons_of(answer)
    assert (apply["text"]["text"], apply["style"]) == ("Apply", "primary")
    assert share["text"]["text"] == "Share"
    assert not bot.hands.ran


def test_pressing_it_does_it_and_the_message_says_so(bot: Bot) -> None:
    answer = bot.asked("plan it", user=OPERATOR)

    url = bot.press(answer, user=OPERATOR, label="Apply")

    wait_until(lambda: bot.slack.posts_to(url))
    (rewritten,) = said(bot.slack)
    assert (rewritten.ts, rewritten.ephemeral_for, rewritten.text) == (answer.ts, OPERATOR, "*done*")
    assert labels(bot) == [["Share"]]
    assert bot.hands.ran == ["applied"]


def test_it_is_done_once_however_often_it_is_pressed(bot: Bot) -> None:
    answer = bot.asked("plan it", user=OPERATOR)
    # Until the answer is there, so is the button.
    bot.slack.faults.add(SlackFault(kind="slow", path=ACTIONS, seconds=0.2))

    with ThreadPoolExecutor(5) as fingers:
        urls = list(fingers.map(lambda _: bot.press(answer, user=OPERATOR, label="Apply"), range(5)))

    wait_until(lambda: sum(bool(bot.slack.posts_to(url)) for url in urls) == 5)
    assert bot.hands.ran == ["applied"]
    assert sorted(texts(bot.slack)) == ["*done*", *[REFUSALS.taken] * 4]


@pytest.mark.parametrize(
    ("user", "channel", "value", "sentence"),
    [
        (OPERATOR, seed.GENERAL, "forged", REFUSALS.gone),
        (OPERATOR, seed.GENERAL, "", REFUSALS.gone),
        (ADMIN, seed.GENERAL, None, REFUSALS.foreign),
        (OPERATOR, seed.DEPLOYS, None, REFUSALS.foreign),
    ],
)
def test_an_offer_that_is_not_ones_own_does_nothing(
    bot: Bot, user: str, channel: str, value: str | None, sentence: str
) -> None:
    """Slack shows it to nobody else, so such a click is made by hand."""
    answer = bot.asked("plan it", user=OPERATOR)
    apply, _ = buttons_of(answer)
    forged = {**apply, "value": apply["value"] if value is None else value}
    url = bot.slack.issue_response_url(user=user, channel=channel)

    assert bot.post(urlencode({"payload": dumps(click_on(forged, url, user=user, channel=channel))})).ok

    wait_until(lambda: bot.slack.posts_to(url))
    refusal = said(bot.slack, channel)[-1]
    assert (refusal.ephemeral_for, refusal.text) == (user, sentence)
    assert not bot.hands.ran
    bot.press(answer, user=OPERATOR, label="Apply")
    wait_until(lambda: bot.hands.ran == ["applied"])


def test_after_a_restart_a_button_works_as_before(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        answer = bot.asked("plan it", user=OPERATOR)

    with running_bot(slack, store=store) as bot:
        bot.press(answer, user=OPERATOR, label="Apply")

        wait_until(lambda: texts(slack) == ["*done*"])
        assert bot.hands.ran == ["applied"]


def test_what_was_pressed_before_a_restart_is_not_done_again(slack: SlackSimulator, store: Store) -> None:
    with running_bot(slack, store=store) as bot:
        answer = bot.asked("plan it", user=OPERATOR)
        apply, _ = buttons_of(answer)
        bot.press(answer, user=OPERATOR, label="Apply")
        wait_until(lambda: texts(slack) == ["*done*"])

    with running_bot(slack, store=store) as bot:
        url = bot.slack.issue_response_url(user=OPERATOR, channel=seed.GENERAL)
        payload = click_on(apply, url, user=OPERATOR, channel=seed.GENERAL)
        assert bot.post(urlencode({"payload": dumps(payload)})).ok

        wait_until(lambda: texts(slack) == ["*done*", REFUSALS.taken])
        assert bot.hands.ran == []


def test_the_database_holds_nothing_that_a_button_could_carry(bot: Bot) -> None:
    apply, _ = buttons_of(bot.asked("plan it", user=OPERATOR))

    with bot.store.read() as connection:
        (row,) = connection.execute(select(tickets)).all()

    assert apply["value"] not in str(row)
    assert (row.user_id, row.team_id, row.channel) == (OPERATOR, seed.TEAM_ID, seed.GENERAL)
    assert row.expires_at - row.issued_at == KEPT


def test_while_the_database_is_away_an_answer_comes_without_buttons_and_says_so(bot: Bot) -> None:
    bot.store.close()

    answer = bot.asked("plan it", user=OPERATOR)

    assert answer.text == f"*planned*\n{NOT_KEPT}"
    assert labels(bot) == [["Share"]]


def test_a_press_while_the_database_is_away_does_nothing_and_says_so(slack: SlackSimulator, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    with closing(open_store(url)) as store:
        upgrade(store)
        with running_bot(slack, store=store) as bot:
            answer = bot.asked("plan it", user=OPERATOR)
            store.close()
            bot.press(answer, user=OPERATOR, label="Apply")
            wait_until(lambda: texts(slack) == ["*planned*", AWAY])
            assert bot.hands.ran == []

    with closing(open_store(url)) as store, running_bot(slack, store=store) as bot:
        bot.press(answer, user=OPERATOR, label="Apply")
        wait_until(lambda: bot.hands.ran == ["applied"])


def test_the_rights_of_the_moment_count_and_a_refusal_uses_nothing_up(bot: Bot) -> None:
    answer = bot.asked("plan it")

    bot.press(answer, label="Apply")
    wait_until(lambda: len(said(bot.slack)) == 2)
    assert said(bot.slack)[1].text.startswith("`plan it` needs an operator.")
    assert labels(bot) == [["Apply", "Share"], []]

    operator, plan = bot.slack.acting_as(OPERATOR), bot.asked("plan it", user=OPERATOR)
    bot.slack.state.people[OPERATOR].is_deleted = True
    operator.clicks(plan.channel, plan.ts, OFFER_ACTIONS[0])
    wait_until(lambda: "full members" in texts(bot.slack)[-1])
    assert not bot.hands.ran
    bot.slack.state.people[OPERATOR].is_deleted = False
    bot.press(plan, user=OPERATOR, label="Apply")
    wait_until(lambda: bot.hands.ran == ["applied"])


def test_what_is_shared_can_still_be_done(bot: Bot) -> None:
    bot.slack.pace.is_enabled = False
    answer = bot.asked("plan it", user=OPERATOR)

    bot.press(answer, user=OPERATOR, label="Share")
    wait_until(lambda: texts(bot.slack) == [f"*planned*\n{SHARED}", "*planned*"])
    assert labels(bot) == [["Apply"], []]
    bot.press(said(bot.slack)[0], user=OPERATOR, label="Apply")

    wait_until(lambda: texts(bot.slack) == ["*done*", "*planned*"])


def test_an_answer_with_an_offer_is_private_whatever_was_asked_for(bot: Bot) -> None:
    answer = bot.asked("plan it --share", user=OPERATOR)

    assert answer.ephemeral_for == OPERATOR
    assert labels(bot) == [["Apply", "Share"]]


def test_an_offer_in_answer_to_a_mention_works_in_its_thread(bot: Bot) -> None:
    first = bot.slack.state.messages(seed.GENERAL)[0]
    bot.mention("plan it", user=OPERATOR, thread_ts=first.ts)
    wait_until(lambda: said(bot.slack))
    (answer,) = said(bot.slack)
    assert (answer.ephemeral_for, answer.thread_ts, labels(bot)) == (OPERATOR, first.ts, [["Apply"]])

    bot.press(answer, user=OPERATOR)

    wait_until(lambda: texts(bot.slack) == ["*done*"])


def test_an_answer_that_comes_as_a_direct_message_says_that_the_button_is_missing(bot: Bot) -> None:
    bot.slack.faults.add(SlackFault(kind="reset", path="/commands/"))

    bot.command("plan it", user=OPERATOR)

    direct = direct_message(bot.slack, OPERATOR).id
    wait_until(lambda: texts(bot.slack, direct) == [f"*planned*\n{NO_BUTTONS}"])
    assert labels(bot, direct) == [[]]


def test_past_the_half_hour_of_its_response_url_the_outcome_comes_as_a_direct_message(bot: Bot) -> None:
    answer = bot.asked("plan slowly", user=OPERATOR)
    bot.press(answer, user=OPERATOR, label="Apply")
    assert bot.hands.waits.wait(5)
    assert isinstance(bot.slack.clock, MovableClock)
    bot.slack.clock.advance(minutes=31)

    bot.hands.gate.set()

    direct = direct_message(bot.slack, OPERATOR).id
    wait_until(lambda: texts(bot.slack, direct) == ["*said slowly*\nThat is all."])


def test_working_takes_the_button_away_and_becomes_the_outcome(hasty_bot: Bot) -> None:
    answer = hasty_bot.asked("plan slowly", user=OPERATOR)
    hasty_bot.press(answer, user=OPERATOR, label="Apply")

    wait_until(lambda: [text[:8] for text in texts(hasty_bot.slack)] == ["Working…"])
    assert labels(hasty_bot) == [[]]
    hasty_bot.hands.gate.set()

    wait_until(lambda: texts(hasty_bot.slack) == ["*said slowly*\nThat is all."])
    assert said(hasty_bot.slack)[0].ts == answer.ts


def test_a_failure_takes_the_place_of_the_plan(bot: Bot) -> None:
    answer = bot.asked("plan badly", user=OPERATOR)

    bot.press(answer, user=OPERATOR, label="Apply")

    wait_until(lambda: "Docker Hub does not show acme/none" in texts(bot.slack)[0])
    assert labels(bot) == [[]]


def test_a_press_that_finds_no_room_leaves_the_plan_as_it_is(slack: SlackSimulator) -> None:
    with running_bot(slack, sizes=Sizes(threads=1, queue_size=0, backoff_seconds=0.001)) as bot:
        answer = bot.asked("plan it", user=OPERATOR)
        wait_until(lambda: bot.command("wait", channel=seed.RANDOM).answer is None)
        assert bot.hands.waits.wait(5)

        bot.press(answer, user=OPERATOR, label="Apply")

        wait_until(lambda: texts(slack) == ["*planned*", BUSY])
        assert labels(bot) == [["Apply", "Share"], []]


def test_yes_is_not_said_beforehand_in_slack(bot: Bot) -> None:
    typed = bot.command("plan it --yes", user=OPERATOR)

    assert typed.answer is not None
    assert typed.answer.text == "`--yes` is for terminals: leave it out, and press the button under the answer."
    assert not bot.hands.ran


# An offer that asks for something before it is done


def test_an_offer_may_ask_with_a_form_first(bot: Bot) -> None:
    answer = bot.asked("plan typed", user=OPERATOR)
    bot.press(answer, user=OPERATOR, label="Apply")
    view = bot.opened_form(OPERATOR)
    assert labels(bot) == [["Apply", "Share"]]

    assert bot.submit(view, "acme/api", user=OPERATOR).is_ok

    wait_until(lambda: texts(bot.slack) == ["*done*"])
    assert said(bot.slack)[0].ts == answer.ts
    assert bot.hands.ran == ["acme/api"]


def test_who_closes_the_form_may_press_the_button_again(bot: Bot) -> None:
    answer = bot.asked("plan typed", user=OPERATOR)
    bot.press(answer, user=OPERATOR, label="Apply")
    first = bot.opened_form(OPERATOR)
    bot.slack.acting_as(OPERATOR).closes_view(first.id)

    bot.press(answer, user=OPERATOR, label="Apply")
    bot.submit(bot.opened_form(OPERATOR), "acme/api", user=OPERATOR)

    wait_until(lambda: bot.hands.ran == ["acme/api"])


def test_two_forms_of_one_offer_do_it_once(bot: Bot) -> None:
    answer = bot.asked("plan typed", user=OPERATOR)
    bot.press(answer, user=OPERATOR, label="Apply")
    first = bot.opened_form(OPERATOR)
    bot.press(answer, user=OPERATOR, label="Apply")
    wait_until(lambda: bot.view_of(OPERATOR) is not first)
    second = bot.opened_form(OPERATOR)
    bot.submit(second, "second", user=OPERATOR)
    wait_until(lambda: texts(bot.slack) == ["*done*"])

    bot.slack.state.stacks[OPERATOR] = [first]
    assert bot.submit(first, "first", user=OPERATOR).is_ok

    wait_until(lambda: texts(bot.slack) == ["*done*", REFUSALS.taken])
    assert bot.hands.ran == ["second"]


# The buttons themselves


def assignment(bot: Bot) -> Assignment:
    invocation = bot.router.parse("plan it")
    return Assignment(invocation, Person(MEMBER, seed.TEAM_ID), seed.GENERAL, received_at=0.0, is_public=False)


def offering(bot: Bot) -> Offering:
    return Offering(Tickets(bot.store, TICKET_REFUSALS), Keeping(bot.router))


def test_an_offer_that_is_hard_to_undo_asks_first(bot: Bot) -> None:
    confirm = Confirmation(title="Delete 3 tags?", question="They cannot be restored.", yes="Delete")
    offer = Offer(label="Delete", arguments=Words(), confirm=confirm)

    (button,) = offering(bot).buttons(assignment(bot), [offer])

    assert button["style"] == "danger"
    assert [button["confirm"][name]["text"] for name in ("title", "text", "confirm", "deny")] == [
        "Delete 3 tags?",
        "They cannot be restored.",
        "Delete",
        "Cancel",
    ]


def test_no_offers_need_no_database(bot: Bot) -> None:
    bot.store.close()

    assert offering(bot).buttons(assignment(bot), []) == []


def test_several_offers_have_buttons_of_their_own(bot: Bot) -> None:
    offers = [Offer(label=str(number), arguments=Words()) for number in range(6)]

    buttons = offering(bot).buttons(assignment(bot), offers[:5])

    assert [button["action_id"] for button in buttons] == list(OFFER_ACTIONS)
    assert len({button["value"] for button in buttons}) == 5
    assert [button.get("style") for button in buttons] == ["primary", None, None, None, None]
    with pytest.raises(ValueError, match="6 offers"):
        offering(bot).buttons(assignment(bot), offers)
