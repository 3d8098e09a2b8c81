"""From a typed line to what a channel reads: builds with everything real, between simulated services."""

import json
from datetime import timedelta
from http import HTTPStatus

import requests

from bot.builds.watching import Watcher
from bot.pushes.build_listeners import build_listeners
from bot.sandbox.builders.receiver import WebhookReceiver
from bot.sandbox.httpd import Answer
from bot.sandbox.hub.state import Image
from bot.store.workspaces import HOME
from tests.support.whole import BY_DOCKER_HUB, WholeDesk, open_whole_desk

HOOK, KEY = "hooks/a-secret-path-of-the-test", "a-signing-key-of-the-test"


def cards(desk: WholeDesk) -> list[str]:
    """Return the first line of each message in the channel."""
    return [message.text.split("\n")[0] for message in desk.messages()]


def test_a_build_that_fails_is_told_in_the_channel_that_subscribed() -> None:
    with open_whole_desk(file=BY_DOCKER_HUB) as desk:
        builds = desk.parts.patient_builds
        watcher = Watcher(desk.store, builds, lambda: build_listeners(desk.store, HOME, ()))
        asked = desk.ask("subscribe acme/api --builds failed")
        assert asked.lines[0] == "Subscribed: acme/api --builds failed."
        before = len(desk.messages())
        watcher.step()
        desk.hub.builds.outcomes.extend(["success", "error"])

        for _ in range(2):
            url = desk.hub.build_trigger("acme/api")
            assert requests.post(url, json={"docker_tag": "latest"}, timeout=5).status_code == HTTPStatus.ACCEPTED
            for _ in range(3):
                desk.clock.advance(300)
                watcher.step()
                desk.run(2)

        told = desk.messages()[before:]
        assert [message.text.split("\n")[0] for message in told] == ["*acme/api:latest* failed to build after 35 s."]
        assert "|open>" in told[0].text


def test_a_branch_that_nobody_builds_has_no_build_of_anothers() -> None:
    with open_whole_desk(file=BY_DOCKER_HUB) as desk:
        desk.ask("trigger acme/api --branch no-such-branch")
        desk.run(61, step=10)
        desk.ask("trigger acme/api edge")
        desk.run(300, step=10)

        lost, edge = cards(desk)
        assert lost == "*acme/api (branch no-such-branch)*: asked for."
        assert edge.startswith("*acme/api:edge*: built in ")
        listed = {line.split(" | ")[1]: line for line in desk.ask("builds acme/api").lines if " | " in line}
        assert listed["edge"].startswith("success | edge | ")
        assert listed["–"].startswith("requested * | – | ")

        desk.run(1_800, step=60)
        assert cards(desk)[0] == "*acme/api (branch no-such-branch)*: asked for, and dropped, it seems."


def test_of_builds_by_a_webhook_a_pushed_tag_tells_of_one_at_most_and_nobody_reads_its_address() -> None:
    with WebhookReceiver() as receiver:
        hook = f"{receiver.url}/{HOOK}"
        receiver.answer = lambda _: Answer(200, json.dumps({"id": f"b-17 at {hook}", "url": hook}).encode())
        file = f'[[builds]]\nrepository = "acme/api"\nprovider = "webhook"\ncooldown = "0s"\nsecret = "{hook} {KEY}"\n'
        allowed = {"HUB_BOT_ALLOWED_HOSTS": receiver.url.removeprefix("http://")}
        with open_whole_desk(file=file, environment=allowed) as desk:
            pushed_at = desk.clock.now() + timedelta(seconds=2)
            main = desk.ask("trigger acme/api --branch main")
            desk.clock.advance(1)
            other = desk.ask("trigger acme/api --branch other")
            image = Image("linux", "amd64", pushed_at=pushed_at)
            desk.hub.state.push_tag("acme/api", "nightly", at=pushed_at, images=[image])
            desk.run(120)

            assert len(receiver.received) == 2
            assert cards(desk) == [
                "*acme/api (branch main)*: `nightly` was updated 2 s later, so it was probably built.",
                "*acme/api (branch other)*: asked for.",
            ]
            listed = desk.ask("builds acme/api")
            assert "ebhook does not show builds" in listed.lines[-1]
            rows = sorted(line for line in listed.lines if " | " in line and not line.startswith("State"))
            when = f"{desk.clock.now():%Y-%m-%d} 09:00 UTC"
            assert rows == [f"requested | – | – | {when} | – | –", f"success, probably | nightly | – | {when} | – | –"]

            told = [answer.lines for answer in (main, other, listed)]
            seen = str([message.text for message in desk.messages()] + desk.replies() + told)
            kept = str([change.outcome for change in desk.changes()])
            assert HOOK not in seen + kept
            assert kept.count("'status': 200") == 2
