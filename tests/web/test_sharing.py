"""The Share button: what it shows to whom, and how often."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.document import Document
from bot.governance.roles import Person, Role
from bot.web.shares import FOREIGN, GONE, KEPT_SECONDS, TAKEN, CannotShareError, Share, Shares
from bot.web.sharing import NOT_TAKEN, SHARED
from tests.support.fake_slack import TEAM
from tests.web.conftest import MEMBER, OPERATOR, Bot, button_of

ANA = Person(MEMBER, TEAM)


def test_the_button_posts_the_answer_and_goes_away(bot: Bot) -> None:
    (answer,) = bot.asked("say hello").shown

    outcome = bot.press(button_of(answer.blocks))

    bot.slack.wait_until(lambda: len(outcome.uses) == 2)
    public, rewritten = outcome.uses
    assert (public["response_type"], public["replace_original"]) == ("in_channel", False)
    assert public["text"] == "*said hello*\nThat is all."
    assert public["blocks"][-1]["elements"][0]["text"] == f"<@{MEMBER}> asked `/hub say hello`"
    assert (rewritten["response_type"], rewritten["replace_original"]) == ("ephemeral", True)
    assert rewritten["text"] == f"*said hello*\nThat is all.\n{SHARED}"
    assert not [block for block in rewritten["blocks"] if block["type"] == "actions"]


def test_a_button_works_once_however_often_it_is_pressed(bot: Bot) -> None:
    (answer,) = bot.asked("say hello").shown
    button = button_of(answer.blocks)

    with ThreadPoolExecutor(5) as fingers:
        outcomes = list(fingers.map(lambda _: bot.press(button), range(5)))

    bot.slack.wait_until(lambda: all(outcome.uses for outcome in outcomes))
    first = [outcome.uses[0] for outcome in outcomes]
    assert sum(use["response_type"] == "in_channel" for use in first) == 1
    assert [use["text"] for use in first if use["response_type"] == "ephemeral"] == [TAKEN] * 4


@pytest.mark.parametrize(
    ("user", "channel", "value", "sentence"),
    [
        (MEMBER, "C0OURS", "forged", GONE),
        (MEMBER, "C0OURS", "", GONE),
        (OPERATOR, "C0OURS", None, FOREIGN),
        (MEMBER, "C0ELSEWHERE", None, FOREIGN),
    ],
)
def test_a_button_that_is_not_ones_own_does_nothing(
    bot: Bot, user: str, channel: str, value: str | None, sentence: str
) -> None:
    (answer,) = bot.asked("say hello").shown
    button = button_of(answer.blocks)

    outcome = bot.press({**button, "value": button["value"] if value is None else value}, user=user, channel=channel)

    bot.slack.wait_until(lambda: outcome.uses)
    assert outcome.seen == [sentence]
    rightful = bot.press(button)
    bot.slack.wait_until(lambda: rightful.shown)
    assert rightful.shown[0].payload["response_type"] == "in_channel"


def test_a_person_who_lost_the_right_can_share_no_more(bot: Bot) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}
    (answer,) = bot.asked("say hello --share", user=OPERATOR, channel="C0BOTH").shown
    bot.slack.users[OPERATOR] = {"deleted": True}

    outcome = bot.press(button_of(answer.blocks), user=OPERATOR, channel="C0BOTH")

    bot.slack.wait_until(lambda: outcome.uses)
    assert "full members" in outcome.seen[0]


def test_in_a_channel_of_two_organizations_a_member_cannot_share(bot: Bot) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}
    (answer,) = bot.asked("say hello", channel="C0BOTH").shown

    outcome = bot.press(button_of(answer.blocks), channel="C0BOTH")

    bot.slack.wait_until(lambda: outcome.rewritten)
    assert outcome.rewritten is not None
    assert outcome.rewritten.text.endswith("An operator can share it.")
    assert not outcome.shown


def test_in_a_channel_of_two_organizations_an_operator_is_asked_again(bot: Bot) -> None:
    bot.slack.channels["C0BOTH"] = {"id": "C0BOTH", "is_ext_shared": True}
    (answer,) = bot.asked("say hello", user=OPERATOR, channel="C0BOTH").shown

    first = bot.press(button_of(answer.blocks), user=OPERATOR, channel="C0BOTH")
    bot.slack.wait_until(lambda: first.rewritten)
    assert first.rewritten is not None
    second = bot.press(button_of(first.rewritten.blocks), user=OPERATOR, channel="C0BOTH")

    bot.slack.wait_until(lambda: len(second.uses) == 2)
    assert second.uses[0]["response_type"] == "in_channel"


def test_a_share_that_slack_does_not_take_is_said(bot: Bot) -> None:
    (answer,) = bot.asked("say hello").shown
    outcome = bot.slack.response_url(is_of_button=True)
    outcome.refusals = 2

    bot.press(button_of(answer.blocks), url=outcome)

    bot.slack.wait_until(lambda: len(outcome.uses) == 3)
    assert outcome.seen == [NOT_TAKEN]


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def share(title: str = "answer") -> Share:
    return Share(person=ANA, channel_id="C1", document=Document(title), verb="say", line="say", role=Role.MEMBER)


def test_a_share_is_good_for_half_an_hour() -> None:
    watch = Watch()
    shares = Shares(monotonic=watch)
    share_id = shares.offer(share())

    watch.now = KEPT_SECONDS - 1
    assert shares.find(share_id, ANA, "C1") == share()
    watch.now = KEPT_SECONDS
    with pytest.raises(CannotShareError, match="too old"):
        shares.find(share_id, ANA, "C1")


def test_only_so_many_shares_are_kept() -> None:
    shares = Shares(monotonic=Watch(), most=2)
    ids = [shares.offer(share(str(number))) for number in range(3)]

    with pytest.raises(CannotShareError, match="too old"):
        shares.find(ids[0], ANA, "C1")
    assert shares.find(ids[2], ANA, "C1").document.title == "2"


def test_a_share_is_bound_to_the_workspace_too() -> None:
    shares = Shares(monotonic=Watch())

    with pytest.raises(CannotShareError, match="Only the person who asked"):
        shares.find(shares.offer(share()), Person(MEMBER, "T0OTHER"), "C1")
