"""A Slack that others emulate, beside ours: the same story is told to both, and every difference has its reason.

npm `emulate`, which was written from Slack's pages by people who never saw this project. Where the two differ, Slack's
pages decide; `emulate_differences.py` says for each difference why it is kept.
"""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.sandbox.httpd import free_port
from bot.sandbox.slack import seed
from tests.witness import slack_story
from tests.witness.emulate_differences import KEPT
from tests.witness.node import HERE, end, environment, slack_packages
from tests.witness.our_slack import code_of, ours
from tests.witness.slack_story import Answer, Side, normal_form, outcome, story

START_SECONDS = 20.0
ANA_TOKEN = "xoxp-of-ana"
LISTED = {(each.where, what) for each in KEPT for what in each.what}
OBJECTS = {
    "channel": "a channel",
    "channels[]": "a channel",
    "files[]": "a file",
    "members[]": "a person",
    "message": "a message",
    "user": "a person",
    "view": "a view",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One call of the story: what each of the two answered, and in what they differ."""

    name: str
    our: Answer
    their: Answer
    differences: list[str]


@contextmanager
def emulate(folder: Path) -> Iterator[Side]:
    """Run the emulated Slack, with the people and channels of the story."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "seed.json").write_text(json.dumps(emulate_seed()))
    options: list[str | Path] = [
        "--service",
        "slack",
        "--port",
        str(port),
        "--base-url",
        url,
        "--seed",
        folder / "seed.json",
    ]
    program = slack_packages() / "node_modules" / ".bin" / "emulate"
    # By itself it listens on every interface.
    process = subprocess.Popen(
        ["node", "--require", HERE / "loopback.cjs", program, "start", *options],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(url, process)
        side = Side("emulate", url, lambda view: emulated_trigger(side, view), lambda: emulated_code(side))
        furnish(side)
        yield side
    finally:
        end(process)


def emulate_seed() -> dict[str, Any]:
    """Return what the emulated Slack begins with; an administrator, `#general` and `#random` are there anyway."""
    app = {
        "app_id": seed.APP_ID,
        "bot_id": seed.BOT_ID,
        "bot_user_id": seed.BOT_USER,
        "client_id": seed.CLIENT_ID,
        "client_secret": seed.CLIENT_SECRET,
        "name": "Hub Bot",
        "bot_name": "hub",
        "redirect_uris": [slack_story.REDIRECT],
        "scopes": list(slack_story.SCOPES),
    }
    bot = {"type": "bot", **{name: app[name] for name in ("app_id", "bot_id", "bot_user_id")}, "user_id": seed.BOT_USER}
    slack = {
        "team": {"name": "Acme", "domain": "acme"},
        "users": [
            {"name": "ana", "real_name": "Ana Alvarez", "email": "ana@acme.example", "is_admin": True},
            {"name": "mia", "real_name": "Mia Meyer", "email": "mia@acme.example"},
        ],
        "channels": [
            {"name": "deploys", "topic": "What goes out"},
            {"name": "release-crew", "topic": "Release day", "is_private": True},
            {"name": "hidden", "is_private": True},
            {"name": "attic"},
        ],
        "oauth_apps": [app],
        "tokens": [
            {"token": seed.BOT_TOKEN, "scopes": list(slack_story.SCOPES), **bot},
            {"token": slack_story.POOR_TOKEN, "scopes": ["chat:write"], **bot},
            {"token": ANA_TOKEN, "type": "user", "user": "ana", "scopes": [*slack_story.SCOPES, "groups:write"]},
        ],
        "strict_scopes": True,
    }
    return {"slack": slack}


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        try:
            requests.post(f"{url}/api/auth.test", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("emulate did not start")


def furnish(side: Side) -> None:
    """Bring the emulated workspace to where ours begins, through its own methods."""
    channels = side.call("conversations.list", token=ANA_TOKEN, types="public_channel,private_channel")["channels"]
    side.names = {each["name"]: each["id"] for each in channels}
    prepared = [
        side.call("conversations.join", channel=side["deploys"]),
        side.call("conversations.invite", token=ANA_TOKEN, channel=side["release-crew"], users=seed.BOT_USER),
        side.call("conversations.archive", token=ANA_TOKEN, channel=side["attic"]),
    ]
    assert all(answer["ok"] for answer in prepared), prepared


def emulated_trigger(side: Side, view_id: str) -> str:
    wanted = {"view_id": view_id} if view_id else {"user_id": side["ana"]}
    return str(side.call("views.generateTriggerId", **wanted)["trigger_id"])


def emulated_code(side: Side) -> str:
    form = {"user_id": side["ana"], "client_id": seed.CLIENT_ID, "redirect_uri": slack_story.REDIRECT}
    return code_of(requests.post(f"{side.url}/oauth/v2/authorize/callback", form, allow_redirects=False, timeout=5))


def differences(our: Answer, us: Side, their: Answer, them: Side) -> Iterator[str]:
    """Yield in what two answers to the same call differ: in their outcome, or else in what they tell."""
    if outcome(our) != outcome(their):
        yield f"{outcome(our)} / {outcome(their)}"
        return
    ours, theirs = normal_form(our, us), normal_form(their, them)
    for path in sorted(ours.keys() | theirs.keys(), key=str):
        if path not in theirs:
            yield f"{written(topmost_missing(path, theirs))}: only ours"
        elif path not in ours:
            yield f"{written(topmost_missing(path, ours))}: only theirs"
        elif ours[path] != theirs[path]:
            yield f"{written(path)}: {ours[path]} / {theirs[path]}"


def topmost_missing(path: slack_story.Path, other: Iterable[slack_story.Path]) -> slack_story.Path:
    """Return the beginning of a path from which on the other answer has nothing."""
    known = {each[:length] for each in other for length in range(len(each) + 1)}
    return next((path[:length] for length in range(len(path) + 1) if path[:length] not in known), path)


def written(path: slack_story.Path) -> str:
    """Return a path such as `members[].id`."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def where_and_what(name: str, our: Answer, difference: str) -> tuple[str, str]:
    """Return whose difference it is: that of a kind of object, wherever it is found, or that of one call."""
    for beginning, kind in OBJECTS.items():
        if difference.startswith(f"{beginning}."):
            is_direct = beginning == "channel" and "is_im" in our["channel"] and our["channel"]["is_im"]
            return "a direct message" if is_direct else kind, difference.removeprefix(f"{beginning}.")
    return name, difference


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Return what both were told and answered."""
    with ours() as us, emulate(tmp_path_factory.mktemp("emulate")) as them:
        return [
            Told(name, our, their, list(differences(our, us, their, them)))
            for (name, our), (_, their) in zip(story(us), story(them), strict=True)
        ]


@pytest.fixture
def found(told: list[Told]) -> set[tuple[str, str]]:
    return {where_and_what(each.name, each.our, what) for each in told for what in each.differences}


def test_no_difference_is_new(found: set[tuple[str, str]]) -> None:
    assert found - LISTED == set()


def test_no_listed_difference_has_vanished(found: set[tuple[str, str]]) -> None:
    assert LISTED - found == set()


def test_every_call_has_a_name_of_its_own(told: list[Told]) -> None:
    assert len({each.name for each in told}) == len(told)


def test_both_refuse_these_alike(told: list[Told]) -> None:
    """Otherwise the lists above would prove little: what is common was found by both on their own."""
    errors = {outcome(each.our) for each in told if outcome(each.our) == outcome(each.their)}

    assert errors == {
        "ok",
        "bad_redirect_uri",
        "channel_not_found",
        "duplicate_external_id",
        "exchanged_trigger_id",
        "file_not_found",
        "hash_conflict",
        "invalid_arguments",
        "invalid_client_id",
        "invalid_code",
        "invalid_metadata_format",
        "invalid_trigger_id",
        "is_archived",
        "message_not_found",
        "missing_scope",
        "no_text",
        "not_authed",
        "not_found",
        "push_limit_reached",
        "user_not_found",
        "users_list_not_supplied",
        "users_not_found",
    }
