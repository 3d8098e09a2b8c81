"""Subscribing: what the channel sees, what the person is told, what is kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.chat.place import Place
from bot.chat.router import Answer
from bot.document import Document
from bot.errors import DeliveryError, UsageError
from bot.governance.roles import Role
from bot.images import RepositoryName
from bot.pushes import history
from bot.pushes.intake import Intake, Source
from bot.pushes.payload import Push
from bot.pushes.state import ChannelFacts, state_parts
from bot.pushes.subscriptions import Added, ChannelState, Origin, Subscriptions, Wish
from bot.pushes.webhook_setup import Receiver
from bot.sandbox.hub.faults import Fault
from bot.slack.render import render
from bot.store.errors import StoreUnavailableError
from bot.store.tables import images, lanes, mutes
from bot.store.workspaces import HOME
from tests.support.desk import PAT, spoken
from tests.support.following import CHANNEL, OPERATOR, RECEIVER, SECRET, FollowingDesk, open_following_desk

URL = f"https://bot.example.com/webhooks/dockerhub/{SECRET}"
ASK_AN_ADMIN = "To have pushes told at once, an admin sets a webhook: /hub subscribe acme/api --create-webhook."
CREATE = " Or let me set it: /hub subscribe acme/api --create-webhook."
HOW_TO = (
    "To have pushes told at once, acme/api needs a webhook: on its Webhooks page at Docker Hub, set the name hub-bot "
    "and the address below. It is a secret, and shown this once.{} Until then I look for pushes every hour."
)


@pytest.fixture
def desk() -> Iterator[FollowingDesk]:
    with open_following_desk() as opened:
        yield opened


def state(desk: FollowingDesk) -> ChannelState:
    return desk.subscribing.subscriptions.of_channel(CHANNEL)


def subscribed(desk: FollowingDesk, image: str) -> ChannelState:
    desk.ask(f"subscribe {image}")
    return state(desk)


def again(desk: FollowingDesk, image: str) -> list[str]:
    """Unsubscribe, subscribe, and return what the person is told of the latter."""
    desk.ask(f"unsubscribe {image}")
    return desk.says(f"subscribe {image}")


def mute(desk: FollowingDesk, repository: str, *, by: str) -> None:
    row = {"workspace": HOME, "channel": CHANNEL, "repository": repository, "muted_by": by}
    until = {"until_at": desk.clock.now() + timedelta(hours=3)}
    desk.store.write(lambda connection: connection.execute(insert(mutes).values(row | until)).rowcount)


def push_comes(desk: FollowingDesk, repository: str, source: Source) -> None:
    """Have a push become known to the bot."""
    name = RepositoryName.parse(repository)
    Intake(desk.store).take(Push(name, "1.0", desk.clock.now(), "ana"), source=source)


def failure(outcome: Answer) -> str:
    assert outcome.failure is not None
    return str(outcome.failure)


def refused(code: str, *, permanent: bool = True) -> DeliveryError:
    return DeliveryError(f"Slack refused chat.postMessage: {code}.", permanent=permanent, code=code)


def test_the_channel_sees_all_that_it_hears_of_and_the_person_what_changed(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/empty")

    assert desk.says("subscribe acme/api --tag v* --not-tag '*-rc*'") == [
        "Subscribed: acme/api --tag 'v*' --not-tag '*-rc*'.",
        (
            "To have pushes told at once, an admin sets a webhook: "
            "/hub subscribe acme/api --tag 'v*' --not-tag '*-rc*' --create-webhook."
        ),
    ]
    assert desk.channel.said == [
        [
            "U0OPERATOR subscribed this channel to acme/empty.",
            "1.: acme/empty, every push, since 2026-11-21 09:00 UTC",
        ],
        [
            "U0OPERATOR subscribed this channel to acme/api --tag 'v*' --not-tag '*-rc*'.",
            "1.: acme/empty, every push, since 2026-11-21 09:00 UTC",
            "2.: acme/api --tag 'v*' --not-tag '*-rc*', since 2026-11-21 09:00 UTC",
        ],
    ]


def test_in_the_channel_nobody_is_named_but_who_asked(desk: FollowingDesk) -> None:
    desk.place = Place(CHANNEL, "U0OTHER")
    desk.ask("subscribe acme/empty")
    mute(desk, "acme/empty", by="U0MUTER")
    desk.place = Place(CHANNEL, OPERATOR)

    desk.ask("subscribe acme/api")
    desk.ask("unsubscribe acme/api")

    for said in desk.channel.said[-2:]:
        assert [line for line in said if "U0" in line] == [said[0]]
        assert said[1].endswith("; muted until 2026-11-21 12:00 UTC")


def test_the_list_of_a_channel_has_numbers_and_no_bullets_in_slack(desk: FollowingDesk) -> None:
    message = render(Document("", tuple(state_parts(ChannelFacts.of(subscribed(desk, "acme/api"))))))

    assert message.text.startswith("*1.* `acme/api`, every push, since <!date^")
    assert not any(each["type"] == "rich_text_list" for block in message.blocks for each in block["elements"])


def test_a_tag_with_the_image_is_a_filter(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api:1.27 --tag v*")

    assert [str(each) for each in state(desk).subscriptions] == ["acme/api --tag 1.27 --tag 'v*'"]


def test_other_filters_replace_and_the_old_ones_are_told(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")

    assert desk.says("subscribe acme/api --semver ^2")[0] == (
        "Other filters: acme/api --semver '^2' (it had --tag 'v*')."
    )
    assert desk.channel.said[-1] == [
        "U0OPERATOR changed the filters of acme/api: now --semver '^2', before --tag 'v*'.",
        "1.: acme/api --semver '^2', since 2026-11-21 09:00 UTC",
    ]
    desk.ask("subscribe acme/api")
    assert desk.channel.said[-1][0] == (
        "U0OPERATOR changed the filters of acme/api: now every push, before --semver '^2'."
    )


def test_the_same_again_is_not_said_twice_in_the_channel(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")

    assert desk.says("subscribe acme/api")[0] == "Subscribed already: acme/api. This channel hears of:"
    assert len(desk.channel.said) == 1


def test_the_same_again_opens_a_suspended_channel(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    values = {"suspended_at": desk.clock.now(), "suspension": "not_in_channel"}
    desk.store.write(lambda connection: connection.execute(lanes.update().values(values)).rowcount)
    assert desk.says("subscriptions")[-1].startswith("Suspended since 2026-11-21 09:00 UTC: Slack does not let me post")

    desk.channel.refusal = refused("not_in_channel")
    assert "Nothing was saved" in failure(desk.ask("subscribe acme/api"))
    assert state(desk).suspended_at is not None

    desk.channel.refusal = None
    desk.ask("subscribe acme/api")
    assert state(desk).suspended_at is None
    assert desk.channel.said[-1][0] == "U0OPERATOR subscribed this channel again to acme/api."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            refused("not_in_channel"),
            "I am not in this channel: type `/invite @Hub Bot`, then the same command again. Nothing was saved.",
        ),
        (
            refused("channel_not_found"),
            (
                "Slack does not show me this conversation. If it is a private channel, type `/invite @Hub Bot`, then "
                "the same command again. Nothing was saved."
            ),
        ),
        (refused("is_archived"), "Slack does not let me post here (`is_archived`). Nothing was saved."),
        (
            refused("ratelimited", permanent=False),
            "Slack did not take the confirmation just now (`ratelimited`). Nothing was saved; try again in a moment.",
        ),
        (
            DeliveryError("Slack gave no usable answer to chat.postMessage.", permanent=False),
            (
                "Slack did not take the confirmation: Slack gave no usable answer to chat.postMessage. "
                "Nothing was saved; try again in a moment."
            ),
        ),
    ],
)
def test_where_slack_refuses_nothing_is_saved(desk: FollowingDesk, error: DeliveryError, said: str) -> None:
    desk.channel.refusal = error

    assert failure(desk.ask("subscribe acme/api --test")) == said
    assert state(desk).subscriptions == ()
    assert desk.channel.samples == []


def test_what_cannot_be_saved_is_taken_back_in_the_channel(desk: FollowingDesk) -> None:
    desk.channel.after_post = desk.store.close

    outcome = desk.ask("subscribe acme/api")

    assert isinstance(outcome.failure, StoreUnavailableError)
    assert desk.channel.said == [["I could not save the subscription to acme/api. Nothing has changed here."]]


def test_a_short_name_is_ours_or_official_and_the_answer_says_which(desk: FollowingDesk) -> None:
    ours, official = desk.says("subscribe api"), desk.says("subscribe nginx")

    assert ours[0].startswith("Subscribed: acme/api.")
    assert "api was read as acme/api; for the official image write library/api." in ours
    assert official[0].startswith("Subscribed: library/nginx.")
    assert "nginx is the official image: acme has no repository of that name." in official
    assert desk.says("subscribe api-*")[0].startswith("Subscribed: acme/api-*.")


def test_other_peoples_images_are_looked_for(desk: FollowingDesk) -> None:
    assert desk.says("subscribe library/nginx")[-1] == (
        "Docker Hub sends me no webhook for library/nginx: I look for pushes about every 10 minutes."
    )


def test_a_repository_that_is_not_seen_is_subscribed_to_and_that_is_said(desk: FollowingDesk) -> None:
    said = desk.says("subscribe acme/apii")

    assert said[1] == "Docker Hub shows no acme/apii. Check the name, or whether my token may read it."
    assert [str(each) for each in state(desk).subscriptions] == ["acme/apii"]


@pytest.mark.parametrize("typed", ["nope", "library/nope"])
def test_an_official_image_that_is_not_there_is_refused(desk: FollowingDesk, typed: str) -> None:
    assert failure(desk.ask(f"subscribe {typed}")) == "There is no official image `nope`."
    assert state(desk).subscriptions == ()
    assert desk.channel.said == []


@pytest.mark.parametrize("typed", ["acme/api", "library/nginx"])
def test_while_docker_hub_is_away_nobody_knows_what_there_is(desk: FollowingDesk, typed: str) -> None:
    desk.hub.faults.add(Fault(kind="unavailable"))

    assert desk.says(f"subscribe {typed}")[1].startswith(f"I could not see whether {typed} exists. Docker Hub ")
    assert [str(each) for each in state(desk).subscriptions] == [typed]


def test_only_an_admin_sees_the_address_and_once(desk: FollowingDesk) -> None:
    assert desk.says("subscribe acme/api")[-1] == ASK_AN_ADMIN
    desk.role = Role.ADMIN

    desk.ask("unsubscribe acme/api")
    outcome = desk.ask("subscribe acme/api")

    assert desk.says("subscribe acme/empty")[-1] == URL
    assert outcome.result is not None
    assert SECRET not in f"{outcome.result.model_dump_json()} {outcome.result!r}"
    assert outcome.document is not None
    assert spoken(outcome.document)[-2:] == [HOW_TO.format(CREATE), URL]
    assert not any(URL in line for line in again(desk, "acme/api"))
    desk.role = Role.OPERATOR
    assert not any("webhook" in line for line in again(desk, "acme/api"))
    assert not any(SECRET in line for said in desk.channel.said for line in said)


def test_what_is_subscribed_to_already_needs_no_advice(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    desk.ask("subscribe library/nginx")

    for role in (Role.OPERATOR, Role.ADMIN):
        desk.role = role
        assert not any("webhook" in line for line in desk.says("subscribe acme/api"))
        assert not any("webhook" in line for line in desk.says("subscribe library/nginx"))


def test_what_operators_are_sent_to_an_admin_for_is_told_although_nothing_changes(desk: FollowingDesk) -> None:
    hint = "To have pushes told at once, an admin sets a webhook: /hub subscribe acme/* tells them how."
    assert desk.says("subscribe acme/*")[-1] == hint

    desk.role = Role.ADMIN

    said = desk.says("subscribe acme/*")
    assert said[-2].startswith("To have pushes told at once, each repository of acme/* needs a webhook: ")
    assert "--create-webhook" not in said[-2]
    assert said[-1] == URL
    assert URL not in desk.says("subscribe acme/*")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_once_a_webhook_has_come_nobody_needs_to_set_it(desk: FollowingDesk, role: Role) -> None:
    desk.role = role
    push_comes(desk, "acme/api", "webhook")
    push_comes(desk, "acme/empty", "listing")

    assert not any("webhook" in line for line in desk.says("subscribe acme/api"))
    assert any("webhook" in line for line in desk.says("subscribe acme/empty"))
    assert any("webhook" in line for line in desk.says("subscribe acme/*"))


@pytest.mark.parametrize(
    ("receiver", "problem"),
    [
        (Receiver(None, RECEIVER.secret), "I do not know how Docker Hub reaches me: HUB_BOT_PUBLIC_URL is not set."),
        (
            Receiver("https://bot.example.com"),
            "Docker Hub cannot tell me of pushes: HUB_BOT_WEBHOOK_SECRET is not set.",
        ),
        (
            Receiver("https://bot.example.com/" + "x" * 200, RECEIVER.secret),
            (
                "The address of my webhook is longer than the 255 characters that Docker Hub takes: shorten "
                "HUB_BOT_WEBHOOK_SECRET."
            ),
        ),
    ],
)
def test_without_an_address_the_setting_to_fill_is_named(receiver: Receiver, problem: str) -> None:
    with open_following_desk(receiver=receiver) as desk:
        desk.role = Role.ADMIN

        how_often = "every hour" if receiver.secret else "about every 10 minutes"
        assert desk.says("subscribe acme/api")[-1] == f"{problem} Meanwhile I look for pushes {how_often}."


@pytest.mark.parametrize("is_subscribed", [False, True])
def test_subscribing_ends_a_mute_of_the_same_repository(desk: FollowingDesk, *, is_subscribed: bool) -> None:
    if is_subscribed:
        desk.ask("subscribe acme/api")
    mute(desk, "acme/api", by="U0MUTER")
    mute(desk, "acme/empty", by="U0MUTER")

    said = desk.says("subscribe acme/api")

    assert "The mute of acme/api is lifted." in said
    again_ = "again " if is_subscribed else ""
    assert desk.channel.said[-1] == [
        f"U0OPERATOR subscribed this channel {again_}to acme/api. The mute of acme/api is lifted.",
        "1.: acme/api, every push, since 2026-11-21 09:00 UTC",
    ]
    assert [str(each.repository) for each in state(desk).mutes] == ["acme/empty"]
    assert not any("muted" in line for line in said)


def test_a_pattern_ends_no_mute_of_one_repository(desk: FollowingDesk) -> None:
    mute(desk, "acme/api", by="U0MUTER")

    desk.ask("subscribe acme/*")

    assert desk.channel.said[-1][1].endswith("; muted acme/api until 2026-11-21 12:00 UTC")
    assert len(state(desk).mutes) == 1


def test_a_mute_of_another_channel_stays(desk: FollowingDesk) -> None:
    mute(desk, "acme/api", by="U0MUTER")
    desk.place = Place("C0OTHER", OPERATOR)

    desk.ask("subscribe acme/api")

    assert len(state(desk).mutes) == 1


def test_a_mute_that_stays_is_not_said_to_be_lifted(desk: FollowingDesk) -> None:
    class AwayAfterwards(Subscriptions):
        def add(self, wish: Wish, *, by: str | None, origin: Origin = Origin.COMMAND) -> Added:
            added = super().add(wish, by=by, origin=origin)
            desk.store.close()
            return added

    mute(desk, "acme/api", by="U0MUTER")
    desk.subscribing.subscriptions = AwayAfterwards(desk.store, HOME)

    said = desk.says("subscribe acme/api")

    assert said[0] == "Subscribed: acme/api."
    assert said[1].startswith("The subscription is saved, but the mute of acme/api could not be lifted: ")
    assert desk.channel.said[-1] == [
        "U0OPERATOR subscribed this channel to acme/api.",
        "1.: acme/api, every push, since 2026-11-21 09:00 UTC; muted until 2026-11-21 12:00 UTC",
    ]


def test_a_sample_push_goes_to_this_channel_only(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag '*-rc*,1.27' --test")
    desk.ask("subscribe acme/web-* --test")

    assert desk.channel.samples == [(CHANNEL, "acme/api", "1.27"), (CHANNEL, "acme/web-example", "latest")]


def test_the_webhook_is_created_where_the_credential_can() -> None:
    with open_following_desk(username="ana", token=PAT) as desk:
        desk.role = Role.ADMIN

        assert desk.says("subscribe acme/api --create-webhook")[-1] == "The webhook hub-bot of acme/api is created."
        assert desk.says("subscribe acme/api --create-webhook")[-1] == "acme/api has the webhook already."
        # Then nobody needs to be told how to do it by hand.
        assert not any("webhook" in line for line in again(desk, "acme/api"))


def test_where_the_webhook_cannot_be_created_it_says_why_and_how_it_is_done(desk: FollowingDesk) -> None:
    desk.role = Role.ADMIN

    said = desk.says("subscribe acme/api --create-webhook")

    assert said[-3].startswith("I could not create the webhook. No credential in the settings may be used for")
    assert said[-2:] == [HOW_TO.format(""), URL]


@pytest.mark.parametrize(
    ("typed", "role", "said"),
    [
        ("acme/api", Role.OPERATOR, "`--create-webhook` is for admins. Nothing was done."),
        ("acme/*", Role.ADMIN, "`--create-webhook` takes one repository, not a pattern. Nothing was done."),
        ("library/nginx", Role.ADMIN, "`library` is not among our namespaces"),
    ],
)
def test_a_webhook_is_created_for_admins_in_our_own_repositories(
    desk: FollowingDesk, typed: str, role: Role, said: str
) -> None:
    desk.role = role

    assert failure(desk.ask(f"subscribe {typed} --create-webhook")).startswith(said)
    assert state(desk).subscriptions == ()
    assert desk.channel.said == []


def test_a_terminal_is_no_channel(desk: FollowingDesk) -> None:
    desk.place = None

    outcome = desk.ask("subscribe acme/api")

    assert isinstance(outcome.failure, UsageError)
    assert "put `[[subscriptions]]` into the file of `HUB_BOT_CONFIG`" in str(outcome.failure)


def test_channels_are_kept_apart(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")
    desk.place = Place("C0OTHER", "U0OTHER")

    assert desk.says("subscriptions") == ["Subscriptions", "No pushes are announced here now."]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("subscribe */api", "<image>: `*/api`: the namespace must be a name; write `acme/*` or `acme/api-*`."),
        ("subscribe acme/api --tag 'a b'", "`--tag`: `a b` is not a pattern for tags"),
        ("subscribe acme/api --semver soon", "`--semver`: `soon` is not a range of versions"),
        ("subscribe acme/api --platform 'linux arm'", "`--platform`: `linux arm` is not a platform"),
        ("subscribe acme/api --tags v1", "`subscribe` has no option `--tags`."),
        ("subscribe", "`subscribe` needs <image>."),
    ],
)
def test_what_cannot_be_understood_calls_nothing(desk: FollowingDesk, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        desk.ask(typed)

    assert str(raised.value).startswith(said)
    assert desk.paths() == []


def test_what_the_tags_point_at_is_noted_so_that_the_first_push_shows_its_change(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api")

    with desk.store.read() as connection:
        known = connection.execute(select(images.c.repository, images.c.tag)).all()
        latest = history.latest(connection, HOME, "acme/api", "1.0.0")
    assert {row.repository for row in known} == {"acme/api"}
    assert latest is not None


def test_subscribing_works_although_the_tags_cannot_be_read(desk: FollowingDesk) -> None:
    desk.hub.faults.add(Fault("unavailable", path="/v2/namespaces/acme/repositories/api/tags"))

    assert desk.says("subscribe acme/api")[0] == "Subscribed: acme/api."


def test_builds_are_a_subscription_of_their_own_and_the_channel_sees_both(desk: FollowingDesk) -> None:
    desk.ask("subscribe acme/api --tag v*")

    said = desk.says("subscribe acme/api --builds failed")

    assert said == [
        "Subscribed: acme/api --builds failed.",
        "I look for builds every 5 minutes, and tell of those that end from now on.",
        "This is about builds alone: pushes are a subscription of their own, without --builds.",
    ]
    assert desk.channel.said[-1] == [
        "U0OPERATOR subscribed this channel to acme/api --builds failed.",
        "1.: acme/api --tag 'v*', since 2026-11-21 09:00 UTC",
        "2.: acme/api --builds failed, since 2026-11-21 09:00 UTC",
    ]
    assert desk.says("subscribe acme/api --builds all")[0] == (
        "Other filters: acme/api --builds all (it had --builds failed)."
    )
    assert "Of a pattern, I look at the repositories that /hub trigger setup knows." in (
        desk.says("subscribe 'acme/*' --builds failed")
    )


@pytest.mark.parametrize("option", ["--test", "--create-webhook"])
def test_what_is_about_pushes_goes_not_with_builds(desk: FollowingDesk, option: str) -> None:
    desk.role = Role.ADMIN

    assert failure(desk.ask(f"subscribe acme/api --builds failed {option}")) == (
        "`--test` and `--create-webhook` are about pushes, and `--builds` is not. Nothing was done."
    )
    assert state(desk).subscriptions == ()


@pytest.mark.parametrize("option", ["--pusher ana", "--not-pusher ana", "--platform arm64", "--threads day"])
def test_filters_of_pushes_go_not_with_builds(desk: FollowingDesk, option: str) -> None:
    with pytest.raises(UsageError, match=r"^`builds` goes with tags and versions"):
        desk.ask(f"subscribe acme/api --builds all {option}")
