from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.chat.forms import InputNeeded
from bot.chat.place import Place
from bot.chat.router import Answer, answer
from bot.document import CodeBlock
from bot.errors import AccessDeniedError, DeliveryError, UsageError
from bot.governance.roles import Role
from bot.slack.failures import Kind, SlackCallError
from bot.store.tables import mutes
from tests.support.desk import spoken
from tests.support.following import CHANNEL, FollowingDesk, open_following_desk

OTHER = "C0OTHER"
TEXT = '[[subscriptions]]\nchannel = "C0RELEASES"\nimage = "acme/api"\ntag = ["v*"]\n'


@pytest.fixture
def desk() -> Iterator[FollowingDesk]:
    with open_following_desk() as opened:
        yield opened


def give(desk: FollowingDesk, text: str, line: str = "subscriptions --import") -> Answer:
    """Type a command that asks for a text, and give it that."""
    asked = desk.ask(line).failure
    assert isinstance(asked, InputNeeded)
    invocation = desk.router.parse(line)
    filled = replace(invocation, arguments=asked.form.filled(invocation.arguments, {"text": text}))
    return answer(filled, desk.context())


def accept(desk: FollowingDesk, planned: Answer) -> Answer:
    """Take up the one offer that an answer makes."""
    assert planned.result is not None
    (offer,) = planned.result.offers
    assert offer.label == "Apply"
    invocation = desk.router.parse("subscriptions --import")
    return answer(replace(invocation, arguments=offer.arguments), desk.context())


def table(channel: str, image: str) -> str:
    return f'[[subscriptions]]\nchannel = "{channel}"\nimage = "{image}"\n'


def all_there(desk: FollowingDesk) -> list[tuple[str, str]]:
    return [(each.channel, str(each.pattern)) for each in desk.subscribing.subscriptions.all()]


def test_every_member_sees_what_the_channel_hears_of(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")
    desk.role = Role.MEMBER

    assert desk.says("subscriptions") == [
        "Subscriptions of this channel",
        "1.: acme/api --tag 'v*', since 2026-11-21 09:00 UTC by U0OPERATOR",
    ]


def test_muted_ones_are_marked(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/*")
    row = {
        "workspace": "home",
        "channel": CHANNEL,
        "repository": "acme/api",
        "until_at": desk.clock.now() + timedelta(hours=3),
        "muted_by": "U0MUTER",
    }
    desk.store.write(lambda connection: connection.execute(insert(mutes).values(row)).rowcount)

    assert desk.says("subscriptions")[1].endswith("; muted acme/api until 2026-11-21 12:00 UTC by U0MUTER")


def test_operators_see_every_channel(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    desk.place = Place("C0OTHER", "U0OTHER")
    desk.ask("subscribe acme/empty")

    assert desk.says("subscriptions --all") == [
        "Subscriptions",
        "In C0OTHER",
        "1.: acme/empty, every push, since 2026-11-21 09:00 UTC by U0OTHER",
        "In C0RELEASES",
        "1.: acme/api, every push, since 2026-11-21 09:00 UTC by U0OPERATOR",
    ]
    desk.role = Role.MEMBER
    assert isinstance(desk.ask("subscriptions --all").failure, AccessDeniedError)


def test_an_export_can_be_imported(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")
    assert desk.says("subscriptions --export") == ["Subscriptions", TEXT]

    planned = give(desk, TEXT)

    assert spoken(planned.document) == ["Subscriptions", "= 1 unchanged", "Everything is as the text says."]
    assert planned.result is not None
    assert planned.result.offers == ()


def test_an_import_says_first_and_does_then(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")

    planned = give(desk, TEXT, "subscriptions --import --remove")

    plan = "+ C0RELEASES acme/api --tag 'v*'\n- C0RELEASES acme/empty"
    assert spoken(planned.document) == ["Subscriptions", plan, "Nothing was changed yet."]
    assert all_there(desk) == [(CHANNEL, "acme/empty")]
    assert spoken(accept(desk, planned).document) == ["Subscriptions", plan, "Done."]
    assert all_there(desk) == [(CHANNEL, "acme/api")]


def test_what_was_not_shown_is_not_done(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")
    planned = give(desk, TEXT, "subscriptions --import --remove")
    desk.ask("subscribe acme/new")

    again = accept(desk, planned)

    assert spoken(again.document)[1:] == [
        "+ C0RELEASES acme/api --tag 'v*'\n- C0RELEASES acme/empty\n- C0RELEASES acme/new",
        "Nothing was changed, because things are no longer as they were: this is what it takes now.",
    ]
    assert len(all_there(desk)) == 2
    assert spoken(accept(desk, again).document)[-1] == "Done."
    assert all_there(desk) == [(CHANNEL, "acme/api")]


def test_an_import_removes_nothing_unless_asked_and_nothing_elsewhere(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")
    desk.place = Place(OTHER, "U0OTHER")
    desk.ask("subscribe acme/empty")

    accept(desk, give(desk, TEXT))
    assert len(all_there(desk)) == 3
    accept(desk, give(desk, TEXT, "subscriptions --import --remove"))
    assert all_there(desk) == [(OTHER, "acme/empty"), (CHANNEL, "acme/api")]


def test_each_channel_that_an_import_changes_is_told_what_it_hears_of_now(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")
    desk.place = Place("C0UNTOUCHED", "U0OTHER")
    desk.ask("subscribe acme/empty")
    desk.channel.said.clear()
    text = TEXT + table(OTHER, "acme/*") + table("C0UNTOUCHED", "acme/empty")

    accept(desk, give(desk, text))

    assert desk.channel.said == [
        [
            "What is announced here was changed by an import, as U0OTHER asked:",
            "1.: acme/*, every push, since 2026-11-21 09:00 UTC",
        ],
        [
            "What is announced here was changed by an import, as U0OTHER asked:",
            "1.: acme/empty, every push, since 2026-11-21 09:00 UTC",
            "2.: acme/api --tag 'v*', since 2026-11-21 09:00 UTC",
        ],
    ]


def test_a_channel_that_hears_no_more_is_told_so_too(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")
    planned = give(desk, table(CHANNEL, "acme/new"), "subscriptions --import --remove")
    desk.channel.said.clear()

    accept(desk, planned)

    assert desk.channel.said[0][1].startswith("1.: acme/new, every push")


def test_a_plan_that_nobody_applies_is_told_to_no_channel(desk: FollowingDesk) -> None:
    give(desk, TEXT)

    assert desk.channel.said == []


def test_channels_that_cannot_be_told_are_named_to_who_asked(desk: FollowingDesk) -> None:
    planned = give(desk, TEXT + table(OTHER, "acme/*"))
    desk.channel.refusal = DeliveryError("Slack refused.", permanent=True, code="not_in_channel")

    applied = accept(desk, planned)

    assert spoken(applied.document)[2:] == [
        "Done.",
        "It is done, but I could not say so in these channels:",
        "- C0OTHER: I am not in it, or it is gone: type /invite @Hub Bot there.",
        "- C0RELEASES: I am not in it, or it is gone: type /invite @Hub Bot there.",
    ]
    assert len(all_there(desk)) == 2
    assert applied.result is not None
    assert [each["channel"] for each in applied.result.model_dump()["untold"]] == [OTHER, CHANNEL]


def test_a_token_that_is_no_good_is_tried_once(desk: FollowingDesk) -> None:
    planned = give(desk, TEXT + table(OTHER, "acme/*"))
    desk.channel.refusal = SlackCallError("chat.postMessage", kind=Kind.INSTALL_BROKEN, code="invalid_auth")

    said = spoken(accept(desk, planned).document)

    assert desk.channel.tries == 1
    assert said[-2:] == [f"- {each}: Slack refused chat.postMessage: invalid_auth." for each in (OTHER, CHANNEL)]


def test_a_database_that_goes_away_after_it_was_done_is_no_failure(desk: FollowingDesk) -> None:
    planned = give(desk, TEXT + table(OTHER, "acme/*"))
    desk.channel.after_post = desk.store.close

    said = spoken(accept(desk, planned).document)

    assert said[2:4] == ["Done.", "It is done, but I could not say so in these channels:"]
    assert said[4].startswith("- C0RELEASES: ")


def test_a_text_with_problems_changes_nothing(desk: FollowingDesk) -> None:
    outcome = give(desk, "[[subscriptions]]")

    assert str(outcome.failure) == (
        "[[subscriptions]] no. 1, `channel`: this is missing.\n[[subscriptions]] no. 1, `image`: this is missing."
    )


def test_a_text_that_names_nothing_says_so(desk: FollowingDesk) -> None:
    assert spoken(give(desk, "# nothing yet\n").document) == ["Subscriptions", "The text names no subscriptions."]


@pytest.mark.parametrize(
    "typed",
    [
        TEXT.translate({ord('"'): "“"}),
        TEXT.replace('"C0', "“C0").replace('S"', "S”").replace(" ", "\u00a0"),
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
    ],
)
def test_what_clients_make_of_quotes_and_blanks_is_undone(desk: FollowingDesk, typed: str) -> None:
    assert spoken(give(desk, typed).document)[1] == "+ C0RELEASES acme/api --tag 'v*'"


def test_quotes_that_are_part_of_a_value_stay(desk: FollowingDesk) -> None:
    outcome = give(desk, table(CHANNEL, "acme/api") + 'tag = ["“v1”"]\n')

    assert "“v1”" in str(outcome.failure), "as it was written, and not as a text that is no TOML"


def test_a_long_plan_is_shown_whole(desk: FollowingDesk) -> None:
    names = [f"acme/repository-with-a-long-name-{number:03}" for number in range(200)]

    document = give(desk, "".join(table(CHANNEL, name) for name in names)).document

    blocks = [part.text for part in document.parts if isinstance(part, CodeBlock)]
    assert max(map(len, blocks)) <= 2_500
    assert [each.removeprefix("+ C0RELEASES ") for block in blocks for each in block.split("\n")] == names


@pytest.mark.parametrize("line", ["subscriptions --import", "subscriptions --import --remove"])
def test_a_member_is_not_asked_for_a_text(desk: FollowingDesk, line: str) -> None:
    desk.role = Role.MEMBER

    assert isinstance(desk.ask(line).failure, AccessDeniedError)
    assert desk.router.parse(line).role is Role.OPERATOR


@pytest.mark.parametrize(
    "typed",
    [
        "subscriptions --remove",
        "subscriptions --import --all",
        "subscriptions --import --export",
        "subscriptions --import x",
        "subscriptions --apply",
    ],
)
def test_options_that_contradict_each_other_are_refused(desk: FollowingDesk, typed: str) -> None:
    with pytest.raises(UsageError):
        desk.ask(typed)


def test_without_a_database_the_setting_to_fill_is_named(desk: FollowingDesk) -> None:
    context = replace(desk.context(), pushes=None)

    outcome = answer(desk.router.parse("subscriptions"), context)

    assert "set `HUB_BOT_WEBHOOK_SECRET`" in str(outcome.failure)
