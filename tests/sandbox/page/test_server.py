"""The page's server: what a person sees, what may be ordered, and who may not order anything."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from bot.sandbox.httpd import free_port
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.seed import manifest_for
from bot.sandbox.slack.state import File, Message
from tests.sandbox.hub.receiver import running_receiver
from tests.sandbox.page.conftest import PageOfTests
from tests.support.waiting import wait_until


def texts(seen: dict[str, list[dict[str, str]]], channel: str) -> list[str]:
    return [each["text"] for each in seen["messages"] if each["channel"] == channel]


# What is seen


def test_the_page_and_its_parts_are_served_with_a_strict_policy(page: PageOfTests) -> None:
    document = page.get("/")

    assert document.headers["content-type"] == "text/html; charset=utf-8"
    assert document.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.get("/dom.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert page.get("/kit/blocks.css").headers["content-type"] == "text/css; charset=utf-8"
    assert page.get("/icon.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path", ["/nothing.js", "/../server.py", "/..%2fserver.py", "/static/dom.js", "/dom", "/files/F1/x"]
)
def test_nothing_else_is_served(page: PageOfTests, path: str) -> None:
    assert page.get(path).status_code == 404


def test_a_person_sees_the_workspace(page: PageOfTests) -> None:
    seen = page.seen_by("U0ANA")

    assert seen["workspace"] == {"id": "T0ACME", "name": "Acme", "domain": "acme"}
    assert seen["app"]["command"] == "/hub"
    assert seen["app"]["verbs"][0]["options"] == [{"name": "--wide", "help": "More columns."}]
    assert seen["app"]["tips"] == ["/hub tags acme/api"]
    assert seen["bot"] == {"state": "down", "transport": "http"}
    assert seen["hub"]["network"] == "up"
    assert (seen["hub"]["token"], seen["hub"]["webhooks"], seen["hub"]["data"]) == ("good", "prompt", "fresh")
    assert {"name": "acme/api", "is_private": True}.items() <= next(
        each for each in seen["hub"]["repositories"] if each["name"] == "acme/api"
    ).items()
    assert seen["slack"] == {"network": "up"}
    assert seen["clock"]["offset_seconds"] == 0


def test_nobody_sees_what_is_not_theirs(page: PageOfTests) -> None:
    ana, guest = (
        {each["name"] for each in page.seen_by(user)["conversations"] if each["name"]} for user in ("U0ANA", "U0GUS")
    )

    assert {"general", "release-crew"} <= ana
    assert guest == {"deploys"}


def test_the_apps_direct_message_is_told_to_be_read_only_when_it_is(page: PageOfTests) -> None:
    opened = page.post("/act", {"as": "U0ANA", "do": "open_im", "user": "U0HUBBOT"}).json()["channel"]
    manifest = page.sandbox.slack.app.manifest

    def is_read_only() -> bool:
        found = next(each for each in page.seen_by("U0ANA")["conversations"] if each["id"] == opened)
        return bool(found["is_read_only"])

    manifest["features"]["app_home"]["messages_tab_read_only_enabled"] = True
    assert is_read_only()
    manifest["features"]["app_home"]["messages_tab_read_only_enabled"] = False
    assert not is_read_only()


def test_a_page_that_nobody_looks_at_is_answered_at_once(page: PageOfTests) -> None:
    version = page.seen_by("U0ANA")["version"]
    began_at = time.monotonic()

    seen = page.get(f"/state?as=U0ANA&after={version}&wait=0").json()

    assert (seen["version"], seen["messages"]) == (version, [])
    assert time.monotonic() - began_at < 5


def test_only_the_asker_sees_what_is_ephemeral(page: PageOfTests) -> None:
    page.post("/act", {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "/nonsense"})

    ana, mia = (page.seen_by(user)["messages"] for user in ("U0ANA", "U0MIA"))

    assert [each["subtype"] for each in ana if each["is_ephemeral"]] == ["slackbot"]
    assert not [each for each in mia if each["is_ephemeral"]]


def test_what_is_typed_is_seen_by_the_others(page: PageOfTests) -> None:
    answer = page.post("/act", {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "a < b & c"})

    assert answer.json() == {"ok": True}
    assert texts(page.seen_by("U0MIA"), "C0GENERAL")[-1] == "a &lt; b &amp; c"


def test_a_command_to_a_bot_that_is_down_fails_as_in_slack(page: PageOfTests) -> None:
    page.post("/act", {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "/hub tags acme/api"})

    assert "dispatch_failed" in texts(page.seen_by("U0ANA"), "C0GENERAL")[-1]


def test_only_what_changed_is_told_again(page: PageOfTests) -> None:
    version = page.seen_by("U0ANA")["version"]

    page.post("/act", {"as": "U0MIA", "do": "type", "channel": "C0GENERAL", "text": "hello"})
    seen = page.seen_by("U0ANA", after=version)

    assert [each["text"] for each in seen["messages"]] == ["hello"]


def test_a_deleted_message_is_told_once_and_then_never_again(page: PageOfTests) -> None:
    page.post("/act", {"as": "U0MIA", "do": "type", "channel": "C0GENERAL", "text": "oops"})
    before = page.seen_by("U0MIA")
    ts = before["messages"][-1]["ts"]

    page.post("/act", {"as": "U0MIA", "do": "delete_message", "channel": "C0GENERAL", "ts": ts})

    assert page.seen_by("U0MIA", after=before["version"])["messages"][-1]["is_deleted"] is True
    assert ts not in [each["ts"] for each in page.seen_by("U0MIA")["messages"]]


def test_a_page_that_waits_hears_of_a_change_at_once(page: PageOfTests) -> None:
    version = page.seen_by("U0ANA")["version"]
    began_at = time.monotonic()
    timer = threading.Timer(
        0.1, page.post, ("/act", {"as": "U0MIA", "do": "type", "channel": "C0GENERAL", "text": "hi"})
    )
    timer.start()

    seen = page.seen_by("U0ANA", after=version)
    timer.join()

    assert texts(seen, "C0GENERAL") == ["hi"]
    assert time.monotonic() - began_at < 5


def test_a_page_older_than_the_server_begins_anew(page: PageOfTests) -> None:
    seen = page.seen_by("U0ANA", after=10**9)

    assert seen["since"] == 0
    assert seen["messages"]


def test_an_uploaded_file_is_a_download(page: PageOfTests) -> None:
    state = page.sandbox.slack.state
    state.files["F1"] = File("F1", "a b.csv", "Tags", 4, "U0HUBBOT", page.sandbox.clock(), content=b"a,b\n")

    answer = page.get("/files/F1/a%20b.csv")

    assert (answer.content, answer.headers["content-disposition"]) == (b"a,b\n", "attachment")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


# Who may order nothing


def test_a_foreign_name_for_this_machine_is_refused(page: PageOfTests) -> None:
    assert page.get("/state?as=U0ANA", Host="evil.example").status_code == 403


def test_another_page_cannot_act(page: PageOfTests) -> None:
    order = {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "forged"}

    assert page.post("/act", order, Origin="https://evil.example").status_code == 403
    assert page.post("/act", order, Origin="null").status_code == 403
    assert page.post("/act", order, Origin=page.url).json() == {"ok": True}


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {"do": "type"},
        {"as": "U0ANA", "do": "dance"},
        {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": 5},
        {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "x", "more": 1},
        {"as": "U0ANA", "do": "type", "channel": "C0GENERAL", "text": "x" * 20_000},
        {"as": "U0ANA", "do": "click", "container": {"type": "moon"}, "block_id": "a", "action_id": "b"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(page: PageOfTests, order: object) -> None:
    answer = page.post("/act", order)

    assert answer.status_code == 400
    assert answer.json()["ok"] is False
    assert answer.json()["error"]


def test_nobody_acts_as_the_bot_or_as_a_stranger_to_the_workspace(page: PageOfTests) -> None:
    for user in ("U0HUBBOT", "U0NOBODY"):
        answer = page.post("/act", {"as": user, "do": "type", "channel": "C0GENERAL", "text": "x"})

        assert answer.json() == {"ok": False, "error": "There is no such person to act as."}


def test_a_guest_cannot_write_where_guests_are_not(page: PageOfTests) -> None:
    answer = page.post("/act", {"as": "U0GUS", "do": "type", "channel": "C0GENERAL", "text": "let me in"})

    assert answer.json()["ok"] is False
    assert "let me in" not in texts(page.seen_by("U0ANA"), "C0GENERAL")


def test_a_click_on_what_is_not_there_is_refused(page: PageOfTests) -> None:
    ts = page.seen_by("U0ANA")["messages"][-1]["ts"]
    container = {"type": "message", "channel": "C0GENERAL", "ts": ts}

    answer = page.post(
        "/act", {"as": "U0ANA", "do": "click", "container": container, "block_id": "b", "action_id": "a"}
    )

    assert answer.json()["ok"] is False


def test_a_click_that_nobody_hears_is_told(page: PageOfTests) -> None:
    state, app = page.sandbox.slack.state, page.sandbox.slack.app
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "block_id": "b", "elements": [button]}]
    message = Message("C0GENERAL", state.new_ts(), app.bot_user_id, "Go?", app_id=app.id, blocks=blocks)
    state.add_message(message)
    container = {"type": "message", "channel": "C0GENERAL", "ts": message.ts}

    answer = page.post(
        "/act", {"as": "U0ANA", "do": "click", "container": container, "block_id": "b", "action_id": "go"}
    )

    assert answer.json()["ok"] is False
    assert answer.json()["error"]


# The panel


def test_a_push_is_there(page: PageOfTests) -> None:
    order = {"do": "push_tag", "repository": "acme/api", "tag": "9.0.0", "platforms": ["linux/amd64", "linux/arm64/v8"]}

    digest = page.post("/hub", order).json()["digest"]

    tag = page.sandbox.hub.state.repository("acme/api").tags["9.0.0"]
    assert (tag.digest, [image.architecture for image in tag.images]) == (digest, ["amd64", "arm64"])
    assert (
        next(each for each in page.seen_by("U0ANA")["hub"]["repositories"] if each["name"] == "acme/api")["tags"][0]
        == "9.0.0"
    )


@pytest.mark.parametrize(
    "change",
    [{"repository": "acme/none"}, {"tag": "not a tag"}, {"platforms": []}, {"platforms": ["amd64"]}, {"state": "up"}],
)
def test_a_push_of_nonsense_is_refused(page: PageOfTests, change: dict[str, object]) -> None:
    order = {"do": "push_tag", "repository": "acme/api", "tag": "9.0.0", "platforms": ["linux/amd64"], **change}

    answer = page.post("/hub", order)

    assert answer.json()["ok"] is False
    assert "9.0.0" not in page.sandbox.hub.state.repository("acme/api").tags


def pushed(page: PageOfTests, **change: object) -> dict[str, Any]:
    """Push to acme/web:latest as the form does, and return the answer."""
    order = {"do": "push_tag", "repository": "acme/web", "tag": "latest", "platforms": ["linux/amd64"], **change}
    found: dict[str, Any] = page.post("/hub", order).json()
    return found


def rolled_back(page: PageOfTests, repository: str, tag: str) -> dict[str, Any]:
    found: dict[str, Any] = page.post("/hub", {"do": "roll_back_tag", "repository": repository, "tag": tag}).json()
    return found


def test_a_push_may_be_larger_than_the_last(page: PageOfTests) -> None:
    web = page.sandbox.hub.state.repository("acme/web")
    before = web.tags["latest"].images[0].size_bytes or 0

    pushed(page, grow_percent=25)

    assert web.tags["latest"].images[0].size_bytes == round(before * 1.25)


def test_a_rollback_brings_the_image_before_back(page: PageOfTests) -> None:
    web = page.sandbox.hub.state.repository("acme/web")
    released = web.tags["latest"]
    pushed(page)

    answer = rolled_back(page, "acme/web", "latest")

    assert answer["digest"] == web.tags["latest"].digest == released.digest
    assert web.tags["latest"].images == released.images


@pytest.mark.parametrize(("repository", "tag"), [("acme/web", "latest"), ("acme/api", "stable")])
def test_released_tags_have_something_to_go_back_to(page: PageOfTests, repository: str, tag: str) -> None:
    assert rolled_back(page, repository, tag)["ok"] is True


@pytest.mark.parametrize("tag", ["1.0.0", "none"])
def test_what_never_changed_cannot_go_back(page: PageOfTests, tag: str) -> None:
    answer = rolled_back(page, "acme/web", tag)

    assert answer["error"] == f"acme/web:{tag} has pointed at no other image, so there is none to go back to."


def test_a_push_is_told_to_the_bot(page: PageOfTests) -> None:
    with running_receiver() as bot:
        page.sandbox.announce_pushes_to(bot.url.removesuffix("/hook"))

        answer = pushed(page)
        bot.wait_for(1)

    settings = page.sandbox.environment()
    assert settings["HUB_BOT_PUBLIC_URL"] == bot.url.removesuffix("/hook")
    secret = settings["HUB_BOT_WEBHOOK_SECRET"]
    assert len(secret) >= 24
    assert bot.requests[0].path == f"/webhooks/dockerhub/{secret}"
    assert bot.payloads[0]["push_data"]["pusher"] == "ana"
    assert answer["webhooks"] == 1


def test_every_repository_of_the_organization_tells_the_bot_and_no_other(page: PageOfTests) -> None:
    page.sandbox.announce_pushes_to("http://127.0.0.1:9")

    namespaces = page.sandbox.hub.state.repositories
    assert {len(each.pipelines) for each in namespaces["acme"].values()} == {1}
    assert not any(each.pipelines for each in namespaces["library"].values())
    assert pushed(page, repository="library/nginx")["webhooks"] == 0


@pytest.mark.parametrize(
    ("weather", "order", "announced", "arrived"),
    [
        ("prompt", {}, 5, 1),  # The others come over the next seconds.
        ("prompt", {"webhooks": 3}, 3, 1),
        ("prompt", {"webhooks": 0}, 0, 0),
        ("late", {}, 5, 0),
        ("doubled", {}, 10, 2),
        ("lost", {}, 0, 0),
        ("lost", {"webhooks": 3}, 0, 0),
    ],
)
def test_webhooks_have_weather(
    page: PageOfTests, weather: str, order: dict[str, int], announced: int, arrived: int
) -> None:
    page.post("/hub", {"do": "webhooks", "state": weather})
    assert page.seen_by("U0ANA")["hub"]["webhooks"] == weather
    page.sandbox.hub.announcement = replace(page.sandbox.hub.announcement, spacing_seconds=60)
    with running_receiver() as bot:
        page.sandbox.announce_pushes_to(bot.url.removesuffix("/hook"))

        answer = pushed(page, platforms=["linux/amd64", "linux/arm64/v8"], **order)

        assert answer["webhooks"] == announced
        assert page.sandbox.hub.webhooks.settle()
        assert len(bot.requests) == arrived


def test_the_page_is_told_how_webhooks_fared(page: PageOfTests) -> None:
    page.sandbox.announce_pushes_to(f"http://127.0.0.1:{free_port()}")

    pushed(page)

    def card() -> dict[str, Any]:
        found: dict[str, Any] = page.get("/state?as=U0ANA&after=0&wait=0").json()["hub"]
        return found

    wait_until(lambda: card()["webhooks_sent"])
    assert (card()["webhooks_sent"], card()["webhooks_failed"]) == (1, 1)


def test_docker_hubs_data_may_lag(page: PageOfTests) -> None:
    def shown() -> str:
        url = f"{page.sandbox.hub.url}/v2/namespaces/acme/repositories/gateway/tags/latest"
        digest: str = requests.get(url, timeout=5).json()["digest"]
        return digest

    page.post("/hub", {"do": "data", "state": "lagging"})
    before = shown()

    digest = pushed(page, repository="acme/gateway")["digest"]

    assert (shown(), page.seen_by("U0ANA")["hub"]["data"]) == (before, "lagging")
    page.post("/clock", {"advance_seconds": 20})
    assert shown() == digest


@pytest.mark.parametrize(
    "change", [{"webhooks": -1}, {"webhooks": 1_000}, {"grow_percent": -100}, {"grow_percent": "x"}]
)
def test_a_push_out_of_bounds_is_refused(page: PageOfTests, change: dict[str, object]) -> None:
    assert pushed(page, **change)["ok"] is False


def test_the_network_breaks_and_heals(page: PageOfTests) -> None:
    page.post("/hub", {"do": "network", "state": "down"})
    fault = page.sandbox.hub.faults.take("GET", "/v2/")
    assert fault is not None
    assert fault.kind == "reset"
    assert page.seen_by("U0ANA")["hub"]["network"] == "down"

    page.post("/hub", {"do": "network", "state": "up"})
    assert page.sandbox.hub.faults.take("GET", "/v2/") is None


def test_the_token_expires_and_is_renewed(page: PageOfTests) -> None:
    tokens = page.sandbox.hub.state.personal_tokens.values()

    page.post("/hub", {"do": "token", "state": "expired"})
    assert not any(token.is_active for token in tokens)

    page.post("/hub", {"do": "token", "state": "good"})
    assert all(token.is_active for token in tokens)


def test_slack_breaks_and_heals(page: PageOfTests) -> None:
    page.post("/slack", {"do": "network", "state": "limited"})
    fault = page.sandbox.slack.faults.take("POST", "/api/chat.postMessage")
    assert fault is not None
    assert fault.kind == "rate_limited"

    page.post("/slack", {"do": "network", "state": "up"})
    assert page.sandbox.slack.faults.take("POST", "/api/chat.postMessage") is None


def test_the_time_moves_for_everything(page: PageOfTests) -> None:
    answer = page.post("/clock", {"to": "tomorrow 09:00", "as": "U0ANA"}).json()

    hub, slack = page.sandbox.hub.clock(), page.sandbox.slack.clock()
    assert answer["now"][11:16] in {"07:00", "08:00"}  # Nine in Berlin, in summer or in winter.
    assert abs(hub - slack) < timedelta(seconds=1)

    page.post("/clock", {"advance_seconds": 3600})
    assert page.sandbox.slack.clock() - slack >= timedelta(hours=1)

    page.post("/clock", {"reset": True})
    assert page.seen_by("U0ANA")["clock"]["offset_seconds"] == 0


@pytest.mark.parametrize(
    "order", [{}, {"reset": True, "advance_seconds": 1}, {"advance_seconds": 1e300}, {"to": "noon"}, []]
)
def test_the_clock_takes_one_order_at_a_time(page: PageOfTests, order: object) -> None:
    assert page.post("/clock", order).status_code == 400


# Start and stop


def test_stopping_does_not_wait_for_those_who_wait() -> None:
    sandbox = Sandbox(manifest_for(None)).start()
    page = PageOfTests(sandbox)
    version = page.seen_by("U0ANA")["version"]
    waiting = threading.Thread(target=_ask_in_vain, args=(page, version))
    waiting.start()
    time.sleep(0.1)
    began_at = time.monotonic()

    sandbox.stop()
    waiting.join()

    assert time.monotonic() - began_at < 3


def _ask_in_vain(page: PageOfTests, version: int) -> None:
    try:
        page.seen_by("U0ANA", after=version)
    except OSError:
        return  # The connection was closed; requests' errors are OSErrors.


def test_a_port_in_use_is_an_error_of_the_system() -> None:
    port = free_port()
    with Sandbox(manifest_for(None), port=port), pytest.raises(OSError, match="in use"):
        Sandbox(manifest_for(None), port=port)


# Organizations


def test_the_page_shows_seats_and_invites_and_lets_one_be_accepted(page: PageOfTests) -> None:
    def acme() -> dict[str, Any]:
        found: list[dict[str, Any]] = page.get("/state?as=U0ANA&after=0&wait=0").json()["hub"]["organizations"]
        return next(each for each in found if each["name"] == "acme")

    invite = {"invitee": "lena@acme.example", "role": "member", "team": "web"}
    assert acme() == {"name": "acme", "members": 6, "seats": 10, "seats_used": 7, "invites": [invite]}
    order = {"do": "accept_invite", "organization": "acme", "invitee": "lena@acme.example"}

    accepted, again = page.post("/hub", order).json(), page.post("/hub", order).json()

    assert accepted["user"] == "lena"
    assert "lena@acme.example has no invite to acme." in again["error"]
    assert (acme()["members"], acme()["seats_used"], acme()["invites"]) == (7, 7, [])


# Builds


def builds_of(page: PageOfTests, repository: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = page.get("/state?as=U0ANA&after=0&wait=0").json()["hub"]["builds"]
    return next(each for each in found if each["repository"] == repository)


def trigger(page: PageOfTests, repository: str) -> None:
    assert requests.post(builds_of(page, repository)["trigger_url"], json={}, timeout=5).status_code == 202


def test_the_page_shows_what_is_built_and_the_url_that_asks_for_it(page: PageOfTests) -> None:
    assert builds_of(page, "acme/web")["last"] == []
    trigger(page, "acme/web")

    assert builds_of(page, "acme/web")["last"] == [{"tag": "latest", "state": "queued"}]
    page.post("/clock", {"advance_seconds": 6})
    assert builds_of(page, "acme/web")["last"] == [{"tag": "latest", "state": "building"}]
    page.post("/clock", {"advance_seconds": 30})
    assert builds_of(page, "acme/web")["last"] == [{"tag": "latest", "state": "success"}]


def test_a_page_hears_soon_how_a_build_goes_on(page: PageOfTests) -> None:
    trigger(page, "acme/web")
    version = page.seen_by("U0ANA")["version"]
    began = time.monotonic()

    page.seen_by("U0ANA", after=version)

    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("state", "came_of_it"), [("failing", "error"), ("paused", "queued"), ("working", "success")])
def test_builds_can_be_let_fail_or_wait(page: PageOfTests, state: str, came_of_it: str) -> None:
    assert page.post("/hub", {"do": "build_farm", "state": state}).json()["ok"]
    trigger(page, "acme/web")

    page.post("/clock", {"advance_seconds": 60})

    assert page.get("/state?as=U0ANA&after=0&wait=0").json()["hub"]["build_farm"] == state
    assert builds_of(page, "acme/web")["last"] == [{"tag": "latest", "state": came_of_it}]


def test_a_request_for_a_build_can_be_forgotten(page: PageOfTests) -> None:
    page.post("/hub", {"do": "build_farm", "state": "dropping"})
    trigger(page, "acme/web")

    assert builds_of(page, "acme/web")["last"] == []
    page.post("/hub", {"do": "build_farm", "state": "working"})
    trigger(page, "acme/web")
    assert builds_of(page, "acme/web")["last"] == [{"tag": "latest", "state": "queued"}]


def test_a_vulnerability_becomes_known_in_all_that_has_the_package_until_it_is_built_anew(page: PageOfTests) -> None:
    scout, state = page.sandbox.hub.scout, page.sandbox.hub.state

    def has_it(repository: str) -> bool:
        digest = state.repository(repository).tags["latest"].images[0].digest or ""
        return published["id"] in {each.id for each in scout.findings(digest)}

    published = page.post("/hub", {"do": "publish_vulnerability", "severity": "CRITICAL"}).json()
    another = page.post("/hub", {"do": "publish_vulnerability", "severity": "LOW"}).json()

    assert (published["package"], published["repositories"]) == ("openssl", 17)
    assert another["id"] != published["id"]
    assert (has_it("acme/web"), has_it("acme/cache")) == (True, False)
    page.post("/hub", {"do": "push_tag", "repository": "acme/web", "tag": "latest", "platforms": ["linux/amd64"]})
    assert not has_it("acme/web")
    assert page.post("/hub", {"do": "publish_vulnerability", "severity": "AWFUL"}).status_code == 400
