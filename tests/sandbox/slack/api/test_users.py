"""People and their groups. The pages named in these tests are below https://docs.slack.dev."""

from datetime import UTC, datetime

import pytest

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.api.workspace import (
    ANA,
    BO,
    BOT,
    GUS,
    MEI,
    OLD,
    OTHER_BOT,
    PARTNERS,
    PLATFORM,
    RANDOM,
    RETIRED,
    TEAM,
    Slack,
)

# users.info


def test_info_of_a_member(slack: Slack) -> None:
    """Source: /reference/objects/user-object."""
    user = slack.call("users.info", user=ANA)["user"]

    expected = {
        "id": ANA,
        "team_id": TEAM,
        "name": "ana",
        "real_name": "Ana Example",
        "deleted": False,
        "tz": "Europe/Berlin",
        "tz_offset": 3600,
        "tz_label": "CET",
        "is_admin": True,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
    }
    assert {name: user[name] for name in expected} == expected
    assert (user["profile"]["email"], user["profile"]["display_name"]) == ("ana@acme.example", "ana")
    assert "is_stranger" not in user
    assert "locale" not in user


def test_time_zone_is_that_of_the_day(slack: Slack, clock: SettableClock) -> None:
    clock.now = datetime(2026, 7, 1, tzinfo=UTC)

    user = slack.call("users.info", user=ANA)["user"]

    assert (user["tz_offset"], user["tz_label"]) == (7200, "CEST")


def test_locale_is_there_when_asked_for(slack: Slack) -> None:
    """Source: /reference/methods/users.info, `include_locale`."""
    assert slack.call("users.info", user=ANA, include_locale=True)["user"]["locale"] == "en-US"


def test_email_wants_a_scope_of_its_own(slack: Slack) -> None:
    """Source: /reference/methods/users.info, "email addresses"."""
    slack.bot_token.scopes = frozenset({"users:read"})

    assert "email" not in slack.call("users.info", user=ANA)["user"]["profile"]


def test_guest_is_restricted_and_in_one_channel_ultra_restricted(slack: Slack) -> None:
    """Source: /reference/objects/user-object, `is_restricted` and `is_ultra_restricted`."""
    first = slack.call("users.info", user=GUS)["user"]
    slack.state.conversations[RANDOM].members.add(GUS)
    second = slack.call("users.info", user=GUS)["user"]

    assert (first["is_restricted"], first["is_ultra_restricted"]) == (True, True)
    assert (second["is_restricted"], second["is_ultra_restricted"]) == (True, False)


def test_person_of_a_shared_channel_is_no_stranger_but_of_another_team(slack: Slack) -> None:
    """Source: /reference/objects/user-object, `is_stranger`: false for those who share a channel with the app."""
    user = slack.call("users.info", user=MEI)["user"]

    assert (user["team_id"], user["is_stranger"], user["is_restricted"]) == ("T0PARTNER", False, False)
    assert "email" not in user["profile"]


def test_person_who_shares_no_channel_is_a_stranger(slack: Slack) -> None:
    slack.state.conversations[PARTNERS].members.discard(BOT)

    assert slack.call("users.info", user=MEI)["user"]["is_stranger"]


def test_who_is_a_stranger_is_an_open_question(slack: Slack) -> None:
    """Source: /reference/methods/users.info, "shared channels", reads as if all foreigners were."""
    slack.unknowns = SlackUnknowns(is_stranger="every_foreigner")

    assert slack.call("users.info", user=MEI)["user"]["is_stranger"]


def test_little_is_told_of_the_deactivated(slack: Slack) -> None:
    user = slack.call("users.info", user=OLD)["user"]

    assert (user["deleted"], user["profile"]["real_name"]) == (True, "Old Example")
    assert user.keys().isdisjoint({"tz", "is_admin", "is_restricted", "real_name"})


def test_bot_is_told_apart(slack: Slack) -> None:
    user = slack.call("users.info", user=BOT)["user"]

    assert (user["is_bot"], user["profile"]["bot_id"], user["profile"]["api_app_id"]) == (
        True,
        "B0HUBBOT0",
        "A0HUBBOT0",
    )


@pytest.mark.parametrize("arguments", [{}, {"user": "U0NOBODY0"}, {"user": "ana"}])
def test_nobody_is_not_found(slack: Slack, arguments: dict[str, str]) -> None:
    assert slack.error("users.info", **arguments) == "user_not_found"


# users.list


def test_list_has_everybody_of_the_workspace_at_once(slack: Slack) -> None:
    """Source: /reference/methods/users.list: also the deactivated; all of them without a limit."""
    answer = slack.call("users.list")

    assert [each["id"] for each in answer["members"]] == [ANA, BO, GUS, OLD, BOT, OTHER_BOT]
    assert answer["response_metadata"] == {"next_cursor": ""}


def test_list_comes_in_pages_with_a_limit(slack: Slack) -> None:
    first = slack.call("users.list", limit=4)
    second = slack.call("users.list", limit=4, cursor=first["response_metadata"]["next_cursor"])

    assert [len(first["members"]), len(second["members"])] == [4, 2]
    assert second["response_metadata"]["next_cursor"] == ""


# users.lookupByEmail


def test_lookup_finds_by_email_whatever_the_case(slack: Slack) -> None:
    assert slack.call("users.lookupByEmail", email="Bo@acme.example")["user"]["id"] == BO


@pytest.mark.parametrize("email", ["nobody@acme.example", "old@acme.example", "mei@partner.example"])
def test_lookup_finds_neither_the_deactivated_nor_foreigners(slack: Slack, email: str) -> None:
    """Source: /reference/methods/users.lookupByEmail."""
    assert slack.error("users.lookupByEmail", email=email) == "users_not_found"


# usergroups.*


def test_groups_are_listed_without_their_users(slack: Slack) -> None:
    """Source: /reference/methods/usergroups.list."""
    (group,) = slack.call("usergroups.list")["usergroups"]

    assert (group["id"], group["handle"], group["name"], group["date_delete"]) == (
        PLATFORM,
        "platform",
        "Platform",
        0,
    )
    assert group.keys().isdisjoint({"users", "user_count"})


def test_groups_are_listed_with_what_is_asked_for(slack: Slack) -> None:
    answer = slack.call("usergroups.list", include_disabled=True, include_users=True, include_count=True)

    platform, retired = answer["usergroups"]
    assert (platform["users"], platform["user_count"]) == ([ANA, BO], 2)
    assert retired["id"] == RETIRED
    assert retired["date_delete"] > 0


def test_users_of_a_group(slack: Slack) -> None:
    """Source: /reference/methods/usergroups.users.list."""
    assert slack.call("usergroups.users.list", usergroup=PLATFORM) == {"ok": True, "users": [ANA, BO]}


def test_disabled_group_has_users_only_for_those_who_ask(slack: Slack) -> None:
    assert slack.error("usergroups.users.list", usergroup=RETIRED) == "no_such_subteam"
    assert slack.call("usergroups.users.list", usergroup=RETIRED, include_disabled=True)["users"] == [OLD]
    assert slack.error("usergroups.users.list", usergroup="S0NOWHERE") == "no_such_subteam"
    assert slack.error("usergroups.users.list") == "invalid_arguments"
