"""Modals and App Homes by `views.*`. The pages named in these tests are below https://docs.slack.dev."""

from typing import Any

import pytest

from bot.sandbox.slack import views
from bot.sandbox.slack.state import View
from bot.sandbox.slack.unknowns import SlackUnknowns
from tests.sandbox.slack.api.workspace import ANA, BO, MANIFEST, OTHER_BOT, TEAM, Slack

SECTION = {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "Sure?"}}


def modal(title: str = "Delete", **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [SECTION], **more}


def home(text: str = "Welcome") -> dict[str, Any]:
    section = {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": text}}
    return {"type": "home", "blocks": [section]}


def opened(slack: Slack, **more: Any) -> dict[str, Any]:
    answer = slack.call("views.open", trigger_id=slack.trigger(ANA), view=modal(**more))
    assert answer["ok"], answer
    view: dict[str, Any] = answer["view"]
    return view


def pushed(slack: Slack, **more: Any) -> dict[str, Any]:
    return slack.call("views.push", trigger_id=slack.trigger(ANA), view=modal(**more))


def stack(slack: Slack) -> list[str]:
    return [view.id for view in slack.state.stacks[ANA]]


# views.open


def test_opened_modal_is_answered_as_slack_keeps_it(slack: Slack) -> None:
    """Source: /reference/methods/views.open, the example response."""
    view = opened(slack, callback_id="delete", private_metadata="secret", notify_on_close=True)

    assert view == {
        "id": view["id"],
        "team_id": TEAM,
        "type": "modal",
        "title": {"type": "plain_text", "text": "Delete"},
        "submit": None,
        "close": None,
        "blocks": [SECTION],
        "callback_id": "delete",
        "private_metadata": "secret",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": True,
        "state": {"values": {}},
        "hash": view["hash"],
        "root_view_id": view["id"],
        "previous_view_id": None,
        "app_id": "A0HUBBOT0",
        "app_installed_team_id": TEAM,
        "bot_id": "B0HUBBOT0",
    }
    assert stack(slack) == [view["id"]]


def test_view_may_be_json_as_text(slack: Slack) -> None:
    view = '{"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []}'

    assert slack.call("views.open", trigger_id=slack.trigger(ANA), view=view)["ok"]


def test_trigger_opens_one_modal(slack: Slack) -> None:
    """Source: /interactivity/handling-user-interaction, trigger ids."""
    trigger_id = slack.trigger(ANA)
    assert slack.call("views.open", trigger_id=trigger_id, view=modal())["ok"]

    assert slack.error("views.open", trigger_id=trigger_id, view=modal()) == "exchanged_trigger_id"


def test_bad_view_leaves_the_trigger_for_another_try(slack: Slack) -> None:
    trigger_id = slack.trigger(ANA)
    assert slack.error("views.open", trigger_id=trigger_id, view=modal("x" * 25)) == "invalid_arguments"

    assert slack.call("views.open", trigger_id=trigger_id, view=modal())["ok"]


def test_view_without_a_trigger_is_refused(slack: Slack) -> None:
    answer = slack.call("views.open", view=modal())

    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: trigger_id"]


def test_invalid_view_is_pointed_at(slack: Slack) -> None:
    """Recorded in public reports of views.open: pointers lead from `/view`."""
    answer = slack.call("views.open", trigger_id=slack.trigger(ANA), view=modal("x" * 25))

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


@pytest.mark.parametrize("view", [None, "{", "[]", 5, {}, home()])
def test_what_is_no_modal_is_refused(slack: Slack, view: object) -> None:
    assert slack.error("views.open", trigger_id=slack.trigger(ANA), view=view) == "invalid_arguments"
    assert slack.state.stacks == {}


def test_view_of_more_than_250_kilobytes_is_too_large(slack: Slack) -> None:
    """Source: /reference/methods/views.open, `view_too_large`."""
    many = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}] * 90

    assert slack.error("views.open", trigger_id=slack.trigger(ANA), view=modal(blocks=many)) == "view_too_large"


def test_second_modal_takes_the_place_of_the_first(slack: Slack) -> None:
    opened(slack)

    second = opened(slack)

    assert stack(slack) == [second["id"]]


# views.push


def test_pushed_view_knows_what_is_below_it(slack: Slack) -> None:
    """Source: /surfaces/modals, the view stack."""
    first = opened(slack)
    second = pushed(slack)["view"]
    third = pushed(slack)["view"]

    assert stack(slack) == [first["id"], second["id"], third["id"]]
    assert (third["root_view_id"], third["previous_view_id"]) == (first["id"], second["id"])


def test_stack_holds_three_views(slack: Slack) -> None:
    """Source: /reference/methods/views.push, `push_limit_reached`."""
    opened(slack)
    pushed(slack)
    pushed(slack)

    assert pushed(slack)["error"] == "push_limit_reached"


def test_nothing_can_be_pushed_where_nothing_of_the_app_is_open(slack: Slack) -> None:
    """Source: /reference/methods/views.push, `not_found`."""
    assert pushed(slack)["error"] == "not_found"

    slack.state.stacks[ANA] = [View("V1", "h", "A0OTHER00", ANA, modal(), "V1")]
    assert pushed(slack)["error"] == "not_found"


# views.update


def test_update_replaces_the_view_and_its_hash(slack: Slack) -> None:
    view = opened(slack, callback_id="a")

    answer = slack.call("views.update", view_id=view["id"], hash=view["hash"], view=modal("Deleting…"))

    updated = answer["view"]
    assert (updated["id"], updated["title"]["text"], updated["callback_id"]) == (view["id"], "Deleting…", "")
    assert updated["hash"] != view["hash"]


def test_update_of_what_has_changed_since_is_a_conflict(slack: Slack) -> None:
    """Source: /surfaces/modals, "handling race conditions"."""
    view = opened(slack)
    slack.call("views.update", view_id=view["id"], view=modal("Second"))

    assert slack.error("views.update", view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
    assert slack.state.stacks[ANA][0].payload["title"]["text"] == "Second"


def test_update_forgets_the_errors_of_the_last_submission(slack: Slack) -> None:
    view = opened(slack)
    slack.state.stacks[ANA][0].errors = {"s": "No."}

    slack.call("views.update", view_id=view["id"], view=modal())

    assert slack.state.stacks[ANA][0].errors == {}


def test_view_is_found_by_the_id_that_the_app_chose(slack: Slack) -> None:
    """Source: /reference/methods/views.update, `external_id`."""
    view = opened(slack, external_id="mine")

    updated = slack.call("views.update", external_id="mine", view=modal(external_id="mine"))

    assert updated["view"]["id"] == view["id"]
    assert slack.error("views.update", external_id="other", view=modal()) == "not_found"


def test_external_id_is_for_one_view(slack: Slack) -> None:
    opened(slack, external_id="mine")

    trigger_id = slack.trigger(BO)
    assert slack.error("views.open", trigger_id=trigger_id, view=modal(external_id="mine")) == "duplicate_external_id"
    assert pushed(slack, external_id="mine")["error"] == "duplicate_external_id"


def test_view_that_is_gone_or_of_another_app_is_not_found(slack: Slack) -> None:
    view = opened(slack)
    foreign = View("V1", "h", "A0OTHER00", BO, modal(), "V1")
    slack.state.stacks[BO] = [foreign]
    views.close_view(slack.state, slack.state.stacks[ANA][0], is_cleared=False)

    assert slack.error("views.update", view_id=view["id"], view=modal()) == "not_found"
    assert slack.error("views.update", view_id="V1", view=modal()) == "not_found"


def test_update_must_say_which_view(slack: Slack) -> None:
    answer = slack.call("views.update", view=modal())

    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: view_id"]


# Closing


def test_closing_a_view_shows_the_one_below(slack: Slack) -> None:
    first = opened(slack)
    second = pushed(slack)["view"]
    third = pushed(slack)["view"]
    _, middle, _ = slack.state.stacks[ANA]

    gone = views.close_view(slack.state, middle, is_cleared=False)

    assert [view.id for view in gone] == [third["id"], second["id"]]
    assert stack(slack) == [first["id"]]


def test_clearing_closes_the_whole_modal(slack: Slack) -> None:
    opened(slack)
    pushed(slack)
    top = slack.state.stacks[ANA][-1]

    assert len(views.close_view(slack.state, top, is_cleared=True)) == 2
    assert stack(slack) == []
    assert views.close_view(slack.state, top, is_cleared=True) == []


# views.publish


def test_home_is_published_for_one_person(slack: Slack) -> None:
    """Source: /reference/methods/views.publish, the example response."""
    view = slack.call("views.publish", user_id=ANA, view=home())["view"]

    assert (view["type"], view["root_view_id"], view["blocks"]) == ("home", view["id"], home()["blocks"])
    assert list(slack.state.homes) == [(slack.app.id, ANA)]


def test_home_that_is_published_again_stays_the_same_view(slack: Slack) -> None:
    first = slack.call("views.publish", user_id=ANA, view=home())["view"]

    second = slack.call("views.publish", user_id=ANA, view=home("Again"), hash=first["hash"])["view"]

    assert second["id"] == first["id"]
    assert slack.error("views.publish", user_id=ANA, view=home(), hash=first["hash"]) == "hash_conflict"
    assert slack.call("views.publish", user_id=ANA, view=home())["ok"]


def test_home_can_be_updated_like_any_view(slack: Slack) -> None:
    view = slack.call("views.publish", user_id=ANA, view=home())["view"]

    updated = slack.call("views.update", view_id=view["id"], view=home("Again"))["view"]

    assert (updated["id"], updated["blocks"]) == (view["id"], home("Again")["blocks"])
    assert slack.error("views.update", view_id=view["id"], view=modal()) == "invalid_arguments"


@pytest.mark.parametrize("user_id", ["U0NOBODY0", OTHER_BOT])
def test_home_is_for_people(slack: Slack, user_id: str) -> None:
    """Source: /reference/methods/views.publish, the example of an error."""
    assert slack.call("views.publish", user_id=user_id, view=home()) == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["invalid `user_id`"]},
    }


def test_home_takes_no_modal(slack: Slack) -> None:
    assert slack.error("views.publish", user_id=ANA, view=modal()) == "invalid_arguments"


def test_app_without_a_home_tab_cannot_publish(slack: Slack) -> None:
    slack.app.manifest = {**MANIFEST, "features": {}}

    assert slack.error("views.publish", user_id=ANA, view=home()) == "not_enabled"


def test_views_can_be_changed_without_the_web_api(slack: Slack) -> None:
    unknowns = SlackUnknowns()
    view = views.open_view(slack.state, slack.app, ANA, modal(), unknowns)
    first_hash = view.hash
    views.push_view(slack.state, slack.app, ANA, modal("Second"), unknowns)

    views.update_view(slack.state, view, modal("First again"), unknowns, expected_hash=first_hash)

    assert [each.payload["title"]["text"] for each in slack.state.stacks[ANA]] == ["First again", "Second"]
