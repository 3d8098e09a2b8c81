"""Whatever people ask for and whenever anybody looks: a build is in one state, and every view tells the same one.

Requests are handed to the simulator as its server would: thousands of them are wanted here, and the wire is not.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.clock import SettableClock
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.hub.builds import Build, BuildRule
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from tests.sandbox.hub.conftest import NOW

PATH = "acme/site"
RULES = (BuildRule("Branch", "main", "latest"), BuildRule("Branch", "/^f/", "{sourceref}"))
MOST_AT_ONCE, MOST_PENDING = 2, 3
BASIC = f"Basic {base64.b64encode(b'ana:password-of-ana').decode()}"

# The tables of whoever reads the views, not of the simulator.
OF_HISTORY = {0: "queued", 11: "queued", 10: "success", -1: "failed", -2: "failed", -4: "canceled"}
OF_ACTION = {"Pending": "queued", "In Progress": "building", "Success": "success", "Failed": "failed"}
OF_SOURCE = {"Success": "success", "Failed": "failed", "Canceled": "canceled", "Pending": "queued"}

BODIES = st.one_of(
    st.none(),
    st.just({"docker_tag": "latest"}),
    st.sampled_from("abcd").map(lambda name: {"source_type": "Branch", "source_name": f"f{name}"}),
)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["call", "classic"]), BODIES),
    st.tuples(st.just("wait"), st.sampled_from([-40, 1, 7, 30, 31, 400])),
    st.tuples(st.just("outcome"), st.sampled_from(["error", "exception", "success"])),
    st.tuples(st.sampled_from(["cancel", "pause", "resume"]), st.none()),
)


@contextmanager
def farm() -> Iterator[tuple[HubSimulator, SettableClock]]:
    """A simulator whose `acme/site` is public, with rules for `latest` and for every branch that begins with an f."""
    clock, state = SettableClock(NOW), HubState()
    state.add_user("ana", password="password-of-ana", joined_at=NOW)
    state.create_repository("acme", "site", at=NOW)
    hub = HubSimulator(state, now=clock, rate_limit=10**9)
    try:
        hub.add_builds(PATH, rules=RULES)
        yield hub, clock
    finally:
        hub.stop()


def ask(hub: HubSimulator, method: str, url: str, body: Any = None, **headers: str) -> Answer:
    path, _, query = url.removeprefix(hub.url).partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    return hub._answer(Request(method, path, dict(parse_qsl(query)), query, headers, content, "127.0.0.1"))


def take(hub: HubSimulator, clock: SettableClock, step: tuple[str, Any]) -> None:
    match step:
        case ("call", body):
            assert ask(hub, "POST", hub.build_trigger(PATH), body).status == 202
        case ("classic", body):
            assert ask(hub, "POST", hub.classic_trigger(PATH), body).body == b"OK"
        case ("wait", seconds):
            clock.advance(seconds=seconds)
        case ("outcome", outcome):
            hub.builds.outcomes.append(outcome)
        case ("cancel", _):
            running = [build for build in builds(hub) if build.ended_at is None]
            if running:
                hub.builds.cancel(PATH, running[-1].code)
        case (what, _):
            getattr(hub.builds, what)()


def builds(hub: HubSimulator) -> list[Build]:
    hub.builds.advance()
    found = hub.state.repository(PATH).automation
    return found.builds if found else []


def views(hub: HubSimulator) -> tuple[list[Any], list[Any], list[Any]]:
    query = f"limit=500&object=/api/repo/v1/repository/{PATH}/"
    history = ask(hub, "GET", f"/v2/repositories/{PATH}/buildhistory/?page_size=100")
    actions = ask(hub, "GET", f"/api/audit/v1/action/?{query}", authorization=BASIC)
    sources = ask(hub, "GET", f"/api/build/v1/source/?image={PATH}")
    found = [json.loads(answer.body) for answer in (history, actions, sources)]
    return found[0]["results"], found[1]["objects"], found[2]["objects"]


def check(hub: HubSimulator, ended: dict[str, str]) -> None:
    history, actions, (source,) = views(hub)
    made = {build.code: build for build in builds(hub)}
    of_history = {
        each["build_code"]: OF_HISTORY.get(each["status"], "building" if each["status"] in range(2, 10) else "none")
        for each in history
    }
    of_actions = {
        each["build_code"]: OF_ACTION.get(each["state"], "canceled") for each in actions if "build_tag" in each
    }
    assert set(of_history) == set(of_actions) == set(made)
    assert of_history == of_actions
    newest = of_history[history[0]["build_code"]] if history else None
    assert OF_SOURCE.get(source["state"], "building") == newest or (newest is None and source["state"] == "Empty")
    states = list(of_history.values())
    assert states.count("building") <= MOST_AT_ONCE
    assert states.count("queued") <= MOST_PENDING
    pushes = sum(each["action"] == "Repository Push" for each in actions)
    assert pushes == states.count("success")
    # Nothing follows an end.
    assert all(of_history[code] == state for code, state in ended.items())
    ended.update({code: state for code, state in of_history.items() if state in {"success", "failed", "canceled"}})


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_a_build_is_always_in_one_state_and_every_view_agrees(steps: list[tuple[str, Any]]) -> None:
    with farm() as (hub, clock):
        hub.builds.most_at_once, hub.builds.most_pending = MOST_AT_ONCE, MOST_PENDING
        ended: dict[str, str] = {}
        for step in steps:
            take(hub, clock, step)
            check(hub, ended)
        hub.builds.resume()
        for _ in range(10):
            clock.advance(minutes=10)
        check(hub, ended)

    # In the end everything ended, and each success is the tag's content or was.
    made = builds(hub)
    assert all(build.ended_at is not None for build in made)
    assert all(build.started_at is not None for build in made if build.state != "canceled")
    tags = hub.state.repository(PATH).tags
    assert set(tags) == {build.docker_tag for build in made if build.state == "success"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True), st.integers(1, 3), st.integers(1, 300))
def test_it_does_not_matter_how_often_anybody_looks(names: list[str], room: int, every: int) -> None:
    """Looked at once in the end, or every few seconds: the builds have the same times."""

    def times(seconds_between: int) -> list[Any]:
        with farm() as (hub, clock):
            hub.builds.most_at_once = room
            for name in names:
                ask(hub, "POST", hub.build_trigger(PATH), {"source_type": "Branch", "source_name": f"f{name}"})
            while clock.now < NOW + timedelta(minutes=10):
                clock.advance(seconds=seconds_between)
                hub.builds.advance()
            return [(build.docker_tag, build.started_at, build.ended_at) for build in builds(hub)]

    assert times(every) == times(1_200)
