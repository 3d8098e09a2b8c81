"""Code and manifest say the same, both ways."""

import json
from typing import Any

import jsonschema
import pytest

from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.slack import blocks, scopes
from bot.slack.client import SlackClient
from bot.slack.manifest import COMMAND, bot_scopes, manifest
from bot.slack.message import Message
from bot.web.slack import ACTIONS, VIEWS
from tests.support.shared import shared_file
from tests.support.slack import trigger
from tests.web.conftest import running_bot

URL = "https://bot.example.com"
VARIANTS = [manifest(), manifest(public_url=URL)]
MODAL = blocks.modal(
    "X", blocks.text_input("X", block_id="x", action_id="x"), callback_id="x", private_metadata="", submit="X"
)


@pytest.mark.parametrize("variant", VARIANTS)
def test_slack_takes_the_manifest(variant: dict[str, Any]) -> None:
    schema = json.loads(shared_file("slack-manifest.schema.json").read_text())

    jsonschema.Draft7Validator(schema).validate(variant)


def test_the_socket_variant_has_no_address() -> None:
    assert "http" not in json.dumps(manifest())
    assert manifest()["settings"]["socket_mode_enabled"] is True


def test_the_http_variant_has_all_addresses() -> None:
    variant = manifest(public_url=f"{URL}/")

    assert variant["settings"]["socket_mode_enabled"] is False
    assert {
        variant["features"]["slash_commands"][0]["url"],
        variant["settings"]["event_subscriptions"]["request_url"],
        variant["settings"]["interactivity"]["request_url"],
    } == {f"{URL}/slack/events"}


def test_what_people_type_arrives_escaped() -> None:
    (command,) = manifest()["features"]["slash_commands"]

    assert (command["command"], command["should_escape"]) == ("/hub", True)


def test_what_the_code_listens_to_is_in_the_manifest_and_nothing_else_is(slack: SlackSimulator) -> None:
    with running_bot(slack) as bot:
        listened = {key for listener in bot.front.app._listeners for key in constraints_of(listener)}

    settings = manifest()["settings"]
    commands = {entry["command"] for entry in manifest()["features"]["slash_commands"]}
    assert commands == {COMMAND}
    assert listened == commands | set(settings["event_subscriptions"]["bot_events"]) | ACTIONS | VIEWS
    assert settings["interactivity"]["is_enabled"] is True


def constraints_of(listener: Any) -> set[str]:
    """Return the command, event, action or view that Bolt compares with, out of the matcher's closure."""
    cells = listener.matchers[0].func.__closure__ or ()
    return {cell.cell_contents for cell in cells if isinstance(cell.cell_contents, str)}


def test_every_method_that_is_called_has_its_scopes_and_no_scope_is_unused(
    slack: SlackSimulator, client: SlackClient
) -> None:
    slack.pace.is_enabled = False
    client.auth_test()
    ts = client.post_message(seed.CREW, Message("x")).ts
    client.update_message(seed.CREW, ts, Message("y"))
    client.post_ephemeral(seed.CREW, seed.ANA, Message("x"))
    client.send_file(seed.ANA, name="a.csv", content=b"x", comment="x")
    client.attach_file(seed.CREW, thread_ts=ts, name="a.csv", content=b"x", comment="x")
    client.is_shared_outside(seed.CREW)
    client.is_member(seed.CREW)
    client.is_shared_outside(seed.GENERAL)
    client.account(seed.ANA)
    client.usergroup_members(seed.PLATFORM)
    client.open_view(trigger(slack), MODAL)
    client.publish_home(seed.ANA, [{"type": "divider"}])
    public = {name for name in vars(SlackClient) if not name.startswith("_")}

    assert len(public) == 12, "a method of the client is not called here"
    assert {call.method for call in slack.calls} == set(scopes.METHODS)
    assert bot_scopes() == manifest()["oauth_config"]["scopes"]["bot"]
    assert bot_scopes() == [
        "app_mentions:read",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "groups:read",
        "im:write",
        "usergroups:read",
        "users:read",
    ]
