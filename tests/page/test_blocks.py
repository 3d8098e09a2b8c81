"""Block Kit on the page: every kind of block, modals and the App Home, with an app of the tests' own behind them."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.sandbox.httpd import Answer
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import seed
from bot.sandbox.slack.blockkit import blocks_problems
from bot.sandbox.slack.state import Message
from bot.sandbox.slack.views import open_view, publish_home
from tests.page.conftest import opened
from tests.sandbox.slack.blockkit.exemplars import BLOCKS
from tests.sandbox.slack.receiver import Received, Receiver, receiving

HOSTILE = "<img src=x onerror=alert(1)> \u202e" + "x" * 300
CONFIRM = {
    "title": {"type": "plain_text", "text": "Delete the tag?"},
    "text": {"type": "plain_text", "text": "It cannot be brought back."},
    "confirm": {"type": "plain_text", "text": "Delete"},
    "deny": {"type": "plain_text", "text": "Cancel"},
    "style": "danger",
}
MODAL = {
    "type": "modal",
    "callback_id": "watch",
    "title": {"type": "plain_text", "text": "Watch a repository"},
    "submit": {"type": "plain_text", "text": "Watch"},
    "close": {"type": "plain_text", "text": "Not now"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Repository"},
            "element": {"type": "plain_text_input", "action_id": "name"},
        },
        {
            "type": "input",
            "block_id": "kind",
            "optional": True,
            "label": {"type": "plain_text", "text": "Tell me about"},
            "element": {
                "type": "checkboxes",
                "action_id": "kind",
                "options": [
                    {"text": {"type": "plain_text", "text": each}, "value": each} for each in ("Pushes", "Sizes")
                ],
            },
        },
    ],
}

PROVIDERS = [
    {"text": {"type": "plain_text", "text": "GitHub Actions"}, "value": "github"},
    {"text": {"type": "plain_text", "text": "GitLab"}, "value": "gitlab"},
]
SETUP = {
    "type": "modal",
    "callback_id": "setup",
    "title": {"type": "plain_text", "text": "Set up builds"},
    "submit": {"type": "plain_text", "text": "Set up"},
    "blocks": [
        {
            "type": "input",
            "block_id": "provider",
            "label": {"type": "plain_text", "text": "Who builds"},
            "element": {
                "type": "static_select",
                "action_id": "input",
                "options": PROVIDERS,
                "initial_option": PROVIDERS[0],
                "focus_on_load": True,
            },
        },
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Project"},
            "element": {"type": "plain_text_input", "action_id": "name", "initial_value": "acme/site"},
        },
        {
            "type": "input",
            "block_id": "branch",
            "optional": True,
            "label": {"type": "plain_text", "text": "Branch"},
            "element": {"type": "plain_text_input", "action_id": "input"},
        },
    ],
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    manifest = seed.manifest_for(receiver.url)
    manifest["features"]["app_home"]["home_tab_enabled"] = True
    with Sandbox(manifest) as sandbox:
        yield sandbox


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Page]:
    with opened(browser, request.node.name) as open_at:
        yield open_at(f"{sandbox.page.url}/?as={seed.ANA}#{seed.GENERAL}")


def posted(sandbox: Sandbox, *blocks: Mapping[str, Any], text: str = "words") -> None:
    state, app = sandbox.slack.state, sandbox.slack.app
    named = [{"block_id": f"b{number}", **block} for number, block in enumerate(blocks)]
    state.add_message(Message(seed.GENERAL, state.new_ts(), app.bot_user_id, text, app_id=app.id, blocks=named))


def last(page: Page) -> Locator:
    return page.get_by_role("log").get_by_role("article").last


@pytest.mark.parametrize("are_hostile", [False, True])
def test_every_kind_of_block_is_drawn(page: Page, sandbox: Sandbox, *, are_hostile: bool) -> None:
    """Also those that belong elsewhere, and words that look like markup: nothing may break the page."""
    for name in sorted(BLOCKS):
        posted(sandbox, _with_hostile_words(BLOCKS[name]) if are_hostile else BLOCKS[name], text=name)

        drawn = page.get_by_role("log").get_by_role("article").last
        expect(drawn).to_have_attribute("data-ts", sandbox.slack.state.messages(seed.GENERAL)[-1].ts)
        expect(drawn.locator(".blocks > *").first, f"{name} shows nothing").to_be_attached()
    assert page.locator("img[src='x'], script:not([src])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_dangerous_button_asks_first(page: Page, sandbox: Sandbox, receiver: Receiver) -> None:
    button = {
        "type": "button",
        "action_id": "delete",
        "style": "danger",
        "text": {"type": "plain_text", "text": "Delete 1.0"},
        "value": "v",
        "confirm": CONFIRM,
    }
    posted(sandbox, {"type": "actions", "elements": [button]})

    last(page).get_by_role("button", name="Delete 1.0").click()
    page.get_by_role("dialog", name="Delete the tag?").get_by_role("button", name="Cancel").click()
    assert receiver.received == []
    last(page).get_by_role("button", name="Delete 1.0").click()
    page.get_by_role("dialog", name="Delete the tag?").get_by_role("button", name="Delete").click()

    action = receiver.wait_for(1)[0].payload["actions"][0]
    assert (action["action_id"], action["value"]) == ("delete", "v")


def test_a_choice_is_sent(page: Page, sandbox: Sandbox, receiver: Receiver) -> None:
    options = [{"text": {"type": "plain_text", "text": each}, "value": each.lower()} for each in ("Week", "Month")]
    select = {
        "type": "static_select",
        "action_id": "span",
        "placeholder": {"type": "plain_text", "text": "How long"},
        "options": options,
    }
    posted(sandbox, {"type": "actions", "elements": [select]})

    last(page).get_by_role("combobox").select_option("Month")

    action = receiver.wait_for(1)[0].payload["actions"][0]
    assert action["selected_option"] == options[1]


def test_a_modal_is_filled_in_refused_mended_and_taken(page: Page, sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answer = _refusing("acme", {"name": "Name a repository, like acme/api."})
    with sandbox.slack.state.lock:
        open_view(sandbox.slack.state, sandbox.slack.app, seed.ANA, MODAL, sandbox.slack.unknowns)
    dialog = page.get_by_role("dialog", name="Watch a repository")

    dialog.get_by_role("textbox", name="Repository").fill("acme")
    dialog.get_by_role("checkbox", name="Sizes").check()
    dialog.get_by_role("button", name="Watch", exact=True).click()
    expect(dialog.get_by_text("Name a repository, like acme/api.")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Repository")).to_have_value("acme")
    expect(dialog.get_by_role("checkbox", name="Sizes")).to_be_checked()

    dialog.get_by_role("textbox", name="Repository").fill("acme/api")
    dialog.get_by_role("button", name="Watch", exact=True).click()
    expect(dialog).to_have_count(0)

    values = receiver.wait_for(2)[1].payload["view"]["state"]["values"]
    assert values["name"]["name"]["value"] == "acme/api"
    assert [each["value"] for each in values["kind"]["kind"]["selected_options"]] == ["Sizes"]


def test_a_menu_in_a_modal_is_chosen_from_refused_mended_and_taken(
    page: Page, sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.answer = _refusing("acme", {"provider": "GitLab does not build acme."})
    with sandbox.slack.state.lock:
        open_view(sandbox.slack.state, sandbox.slack.app, seed.ANA, SETUP, sandbox.slack.unknowns)
    dialog = page.get_by_role("dialog", name="Set up builds")
    menu, name = dialog.get_by_role("combobox", name="Who builds"), dialog.get_by_role("textbox", name="Project")
    expect(menu.locator("option:checked")).to_have_text("GitHub Actions")
    expect(name).to_have_value("acme/site")
    expect(menu).to_be_focused()

    menu.select_option("GitLab")
    name.fill("acme")
    dialog.get_by_role("button", name="Set up", exact=True).click()
    expect(dialog.get_by_text("GitLab does not build acme.")).to_be_visible()
    expect(menu.locator("option:checked")).to_have_text("GitLab")
    expect(menu).to_be_focused()
    name.fill("acme/api")
    dialog.get_by_role("button", name="Set up", exact=True).click()
    expect(dialog).to_have_count(0)

    values = receiver.wait_for(2)[1].payload["view"]["state"]["values"]
    assert values["provider"]["input"]["selected_option"]["value"] == "gitlab"
    assert (values["name"]["name"]["value"], values["branch"]["input"]["value"]) == ("acme/api", None)


def test_escape_closes_a_modal_and_the_app_is_told(page: Page, sandbox: Sandbox, receiver: Receiver) -> None:
    open_view(sandbox.slack.state, sandbox.slack.app, seed.ANA, MODAL, sandbox.slack.unknowns)
    expect(page.get_by_role("dialog", name="Watch a repository")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert receiver.wait_for(1)[0].payload["type"] == "view_closed"


def test_the_app_home_is_shown_and_the_app_hears_of_it(page: Page, sandbox: Sandbox, receiver: Receiver) -> None:
    view = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Good morning, Ana"}}]}
    publish_home(sandbox.slack.state, sandbox.slack.app, seed.ANA, view, sandbox.slack.unknowns)

    page.get_by_role("region", name="Apps").get_by_role("link").click()
    page.get_by_role("tab", name="Home").click()

    expect(page.get_by_text("Good morning, Ana")).to_be_visible()
    assert [event["type"] for event in (receiver.wait_for(1)[0].payload["event"],)] == ["app_home_opened"]


def test_the_exemplars_are_what_slack_takes() -> None:
    """So that the first test above is about blocks that occur."""
    accepted = [name for name, block in BLOCKS.items() if not blocks_problems([block], "message")]

    assert len(accepted) > len(BLOCKS) / 2


def _refusing(wrong: str, errors: Mapping[str, str]) -> Callable[[Received], Answer]:
    def answer(received: Received) -> Answer:
        given = received.payload["view"]["state"]["values"]["name"]["name"]["value"]
        body = {"response_action": "errors", "errors": dict(errors)} if given == wrong else {}
        return Answer(200, json.dumps(body).encode() if body else b"")

    return answer


def _with_hostile_words(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _with_hostile_words(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_hostile_words(each, key) for each in value]
    is_for_people = key in {"text", "title", "alt_text", "label", "caption", "name", "description", "value", "x_label"}
    return (
        HOSTILE if isinstance(value, str) and is_for_people and not re.fullmatch(r"plain_text|mrkdwn", value) else value
    )
