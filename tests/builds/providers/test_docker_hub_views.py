"""Builds as Docker Hub tells of them: whichever views answer, and which builds are ours."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.model import Build, BuildState, Order, Ref
from bot.builds.providers.docker_hub_views import DockerHubViews, together
from bot.builds.providers.provider import Asked
from bot.clock import FrozenClock
from bot.errors import HubError, RateLimitedError, UnavailableError
from bot.hub.api import Api, HubUrls
from bot.hub.client import HubClient, Remembered
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from tests.builds.providers.support import A_BRANCH, A_GIT_TAG, A_TAG, EVERYTHING, NOW
from tests.hub.support import FakeWire, Sent, json_answer, make_api

HISTORY = "/v2/repositories/acme/api/buildhistory/"
ACTIONS = "/api/audit/v1/action/"
SOURCE = "/api/build/v1/source/"
COMMIT = "4d1a6227c0ffee00112233445566778899aabbcc"
UUID = "26f82056-c6af-4f9a-8180-c4659ee77b91"
GONE = json_answer({"detail": "Object not found"}, 404)
NO_LOGIN = json_answer({"error": "Unauthorized"}, 401)
EMPTY = {HISTORY: json_answer({"results": []}), ACTIONS: json_answer({"objects": []})}
AWAY = json_answer({"error": "Our service is temporarily unavailable. We'll be back soon!"}, 503)
WEB_PAGE = Answer(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html>")
TOO_MANY = json_answer({"detail": "Rate limit exceeded", "error": False}, 429, retry_after="3000")


class Hub(HubClient):
    """A client whose every answer is given, by path; what is not given is gone."""

    def __init__(self, answers: Mapping[str, Outcome]) -> None:
        clock = FrozenClock(NOW)

        def respond(sent: Sent) -> Outcome:
            return answers.get(sent.request.path, GONE)

        self.wire = FakeWire(respond, clock)
        api: Api = make_api(self.wire, clock=clock)
        self._assemble(api, HubUrls(), Remembered(clock))

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order, without what was asked again."""
        return list(dict.fromkeys(sent.request.path for sent in self.wire.sent))


def entry(code: str, seconds: float, *, status: int = 10, tag: str = "latest", lasts: float = 60) -> dict[str, Any]:
    created = NOW + timedelta(seconds=seconds)
    updated = created + timedelta(seconds=lasts)
    times = {"created_date": created.isoformat(), "last_updated": updated.isoformat()}
    return {"id": 1, "status": status, "build_code": code, "dockertag_name": tag, **times}


def action(code: str, seconds: float, *, state: str = "Success", tag: str = "latest") -> dict[str, Any]:
    def rfc(moment: datetime) -> str:
        return f"{moment:%a, %d %b %Y %H:%M:%S} +0000"

    created = NOW + timedelta(seconds=seconds)
    return {
        "build_code": code,
        "build_tag": tag,
        "commit": COMMIT,
        "state": state,
        "created": rfc(created),
        "start_date": rfc(created + timedelta(seconds=5)),
        "end_date": rfc(created + timedelta(seconds=65)),
    }


def history(*entries: dict[str, Any]) -> Outcome:
    return json_answer({"count": len(entries), "next": None, "results": list(entries)})


def actions(*entries: dict[str, Any]) -> Outcome:
    return json_answer({"objects": list(entries)})


def source(state: str | None, uuid: str = "5f0b") -> Outcome:
    return json_answer({"objects": [{"uuid": uuid, "state": state}]})


def find(answers: Mapping[str, Outcome], order: Order = A_TAG, build_id: str | None = None) -> Build | None:
    return DockerHubViews(Hub(answers)).find(Asked(order, NOW, build_id))


def recent(answers: Mapping[str, Outcome], most: int = 5) -> list[Build] | None:
    found = DockerHubViews(Hub(answers)).recent("acme/api", most=most)
    return None if found is None else list(found)


def test_the_history_alone_is_enough() -> None:
    assert recent({HISTORY: history(entry("b2", 100, status=3), entry("b1", 0, status=-1))}) == [
        Build(
            id="b2",
            state=BuildState.BUILDING,
            detail="cloned",
            tag="latest",
            asked_at=NOW + timedelta(seconds=100),
            log_url="https://hub.docker.com/r/acme/api/builds/b2/",
        ),
        Build(
            id="b1",
            state=BuildState.FAILED,
            detail="error",
            tag="latest",
            asked_at=NOW,
            started_at=NOW,
            ended_at=NOW + timedelta(seconds=60),
            log_url="https://hub.docker.com/r/acme/api/builds/b1/",
        ),
    ]


def test_the_actions_alone_are_enough() -> None:
    assert recent({ACTIONS: actions(action(UUID, 0))}) == [
        Build(
            id=UUID,
            state=BuildState.SUCCESS,
            detail="Success",
            tag="latest",
            commit=COMMIT,
            asked_at=NOW,
            started_at=NOW + timedelta(seconds=5),
            ended_at=NOW + timedelta(seconds=65),
            log_url=f"https://hub.docker.com/repository/registry-1.docker.io/acme/api/builds/{UUID}",
        )
    ]


def test_the_same_build_in_two_views_is_one_that_knows_more() -> None:
    both = {HISTORY: history(entry("b1", 0, status=2)), ACTIONS: actions(action("b1", 0), action("b0", -50))}

    found = recent(both)

    assert found is not None
    assert [(build.id, build.state, build.commit) for build in found] == [
        ("b1", BuildState.SUCCESS, COMMIT),
        ("b0", BuildState.SUCCESS, COMMIT),
    ]


def test_builds_are_newest_first_and_no_more_than_wanted() -> None:
    both = {
        HISTORY: history(entry("b3", 30), entry("b1", 10)),
        ACTIONS: actions(action("b4", 40), action("b2", 20)),
    }

    assert [build.id for build in recent(both, most=3) or ()] == ["b4", "b3", "b2"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Success", BuildState.SUCCESS),
        ("Failed", BuildState.FAILED),
        ("In progress", BuildState.BUILDING),
        ("Odd", BuildState.UNKNOWN),
    ],
)
def test_where_only_the_last_state_is_told_it_is_a_build_without_times(state: str, expected: BuildState) -> None:
    assert recent({**EMPTY, SOURCE: source(state)}) == [Build(id="source:5f0b", state=expected, detail=state)]


@pytest.mark.parametrize(
    "gone", [GONE, NO_LOGIN, WEB_PAGE, json_answer([]), json_answer({"error": "no"}, 400), Answer(404)]
)
def test_views_that_are_gone_tell_of_no_builds(gone: Outcome) -> None:
    answers = dict.fromkeys((HISTORY, ACTIONS, SOURCE), gone)

    assert recent(answers) is None
    assert find(answers) is None
    assert recent({**answers, HISTORY: history(entry("b1", 0))}) is not None
    assert recent({**answers, ACTIONS: actions(action("b1", 0))}) is not None
    assert recent({**answers, SOURCE: source("Success")}) is not None


def test_no_builds_anywhere_is_none() -> None:
    assert recent({**EMPTY, SOURCE: json_answer({"objects": []})}) is None
    assert recent({**EMPTY, SOURCE: source(None)}) is None


@pytest.mark.parametrize(("trouble", "error"), [(AWAY, UnavailableError), (TOO_MANY, RateLimitedError)])
def test_a_view_in_trouble_matters_only_when_no_other_knows(trouble: Outcome, error: type[HubError]) -> None:
    assert recent({HISTORY: history(entry("b1", 0)), ACTIONS: trouble}) is not None
    with pytest.raises(error):
        recent({HISTORY: trouble, ACTIONS: GONE})
    with pytest.raises(error):
        find({HISTORY: GONE, ACTIONS: trouble})
    with pytest.raises(error):
        recent({SOURCE: trouble})


def test_the_first_build_of_the_tag_since_is_ours() -> None:
    entries = history(
        entry("b5", 90, tag="1.2", status=0),
        entry("b4", 1, tag="1.2", status=4),
        entry("b3", 0.5, tag="latest"),
        entry("b1", -3, tag="1.2"),
    )

    build = find({HISTORY: entries})

    assert build is not None
    assert (build.id, build.state, build.tag) == ("b4", BuildState.BUILDING, "1.2")


def test_a_clock_two_seconds_behind_ours_does_no_harm() -> None:
    assert find({HISTORY: history(entry("b1", -2, tag="1.2", status=0))}) is not None
    assert find({HISTORY: history(entry("b1", -2.1, tag="1.2", status=0))}) is None


def test_a_build_that_is_known_by_now_stays_ours() -> None:
    entries = history(entry("b5", 30, tag="1.2", status=0), entry("b4", 1, tag="1.2", status=-1))

    build = find({HISTORY: entries}, build_id="b5")

    assert build is not None
    assert (build.id, build.state) == ("b5", BuildState.QUEUED)


def test_builds_of_one_trigger_are_one_that_fails_when_one_of_them_does() -> None:
    def found(*statuses: int) -> Build | None:
        entries = [entry(f"b{n}", n, tag=f"t{n}", status=status) for n, status in enumerate(statuses)]
        later = entry("b9", 60, tag="t9", status=-1)
        return find({HISTORY: history(later, *reversed(entries))}, EVERYTHING)

    queued, building, failed, done = found(0, 11), found(10, 0), found(10, -1, 10), found(10, 10)

    assert [build and build.state for build in (queued, building, failed, done)] == [
        BuildState.QUEUED,
        BuildState.BUILDING,
        BuildState.FAILED,
        BuildState.SUCCESS,
    ]
    assert failed is not None
    assert (failed.id, failed.detail) == ("b0", "2 of 3 succeeded, failed: t1")
    assert failed.log_url == "https://hub.docker.com/r/acme/api/builds/b1/"
    assert failed.ended_at == NOW + timedelta(seconds=62)
    assert building is not None
    assert building.ended_at is None


def test_a_build_that_has_ended_is_read_in_full() -> None:
    results = {
        "buildmetrics": {
            "started": (NOW + timedelta(seconds=20)).isoformat(),
            "finished": (NOW + timedelta(seconds=50)).isoformat(),
        },
        "source_branch": "staging",
        "logs": f"HEAD is now at {COMMIT}",
    }
    answers = {
        HISTORY: history(entry("b1", 0, tag="1.2")),
        f"{HISTORY}b1/": json_answer({"build_results": results}),
    }

    build = find(answers)

    assert build is not None
    assert (build.seconds, build.ref, build.commit) == (30, "staging", COMMIT)


@pytest.mark.parametrize("trouble", [GONE, AWAY, WEB_PAGE, json_answer({"build_results": None})])
def test_a_build_without_its_details_is_better_than_none(trouble: Outcome) -> None:
    build = find({HISTORY: history(entry("b1", 0, tag="1.2")), f"{HISTORY}b1/": trouble})

    assert build is not None
    assert (build.state, build.seconds) == (BuildState.SUCCESS, 60)


def test_details_are_read_only_when_it_has_ended() -> None:
    hub = Hub({HISTORY: history(entry("b1", 0, tag="1.2", status=3))})

    DockerHubViews(hub).find(Asked(A_TAG, NOW))

    assert hub.paths == [HISTORY, ACTIONS]


def test_an_old_end_in_the_configuration_is_not_taken_for_ours() -> None:
    assert find({SOURCE: source("Success")}) is None

    running = find({SOURCE: source("In progress")})
    assert running is not None
    assert running.state is BuildState.BUILDING

    ended = find({SOURCE: source("Failed")}, build_id=running.id)
    assert ended is not None
    assert ended.state is BuildState.FAILED


def test_a_branch_is_told_by_time_alone_where_the_branch_is_not_told() -> None:
    build = find({HISTORY: history(entry("b1", 1, tag="edge", status=0))}, A_BRANCH)

    assert build is not None
    assert build.id == "b1"


def in_full(**branches: str) -> dict[str, Outcome]:
    """Return the builds in full, by name, each from a branch."""
    results = {name: {"source_branch": branch, "buildmetrics": {}} for name, branch in branches.items()}
    return {f"{HISTORY}{name}/": json_answer({"build_results": each}) for name, each in results.items()}


@pytest.mark.parametrize("status", [0, 3, 10, -1])
@pytest.mark.parametrize("order", [A_BRANCH, A_GIT_TAG])
def test_a_build_from_another_branch_is_not_ours_however_far_it_is(order: Order, status: int) -> None:
    answers = {HISTORY: history(entry("b1", 1, tag="edge", status=status)), **in_full(b1="develop")}

    assert find(answers, order) is None


def test_the_first_build_from_the_branch_is_ours() -> None:
    entries = history(entry("b3", 40), entry("b2", 30), entry("b1", 1))

    build = find({HISTORY: entries, **in_full(b1="develop", b2="staging", b3="staging")}, A_BRANCH)

    assert build is not None
    assert (build.id, build.ref) == ("b2", "staging")


def test_for_a_branch_only_a_few_builds_are_looked_at_in_full() -> None:
    hub = Hub({HISTORY: history(*(entry(f"b{number}", number) for number in range(20)))})

    DockerHubViews(hub).find(Asked(A_BRANCH, NOW, "b7"))

    assert len([path for path in hub.paths if path.startswith(f"{HISTORY}b")]) == 5
    assert f"{HISTORY}b7/" in hub.paths


def test_what_fits_another_order_better_is_left_to_that() -> None:
    edge = Asked(Order(repository="acme/api", ref=Ref.DOCKER_TAG, name="edge"), NOW + timedelta(seconds=60))
    entries = {HISTORY: history(entry("b2", 63, tag="latest", status=0), entry("b1", 61, tag="edge", status=0))}

    def of(asked: Asked) -> str | None:
        build = DockerHubViews(Hub(entries)).find(asked)
        return build.id if build else None

    assert of(Asked(A_BRANCH, NOW, others=(edge,))) == "b2"
    assert of(Asked(EVERYTHING, NOW, others=(edge,))) == "b2"
    assert of(replace(edge, others=(Asked(A_BRANCH, NOW, "b1"),))) == "b1"


def test_a_build_that_is_known_is_shown_though_it_turns_out_to_be_of_another_branch() -> None:
    answers = {HISTORY: history(entry("b2", 30), entry("b1", 1)), **in_full(b1="develop", b2="staging")}

    build = find(answers, A_BRANCH, build_id="b1")

    assert build is not None
    assert (build.id, build.ref) == ("b1", "develop")


def test_a_build_that_is_known_and_shown_no_more_is_not_taken_for_a_later_one() -> None:
    answers = {HISTORY: history(entry("b5", 30, tag="1.2"))}

    assert find(answers, build_id="b4") is None
    assert find(answers, build_id="source:5f0b") is not None


@pytest.mark.parametrize("state", ["Empty", "empty", "", None])
def test_a_repository_that_was_never_built_has_no_build(state: str | None) -> None:
    assert recent({**EMPTY, SOURCE: source(state)}) is None
    assert find({SOURCE: source(state)}, build_id="source:5f0b") is None


_STATES = st.sampled_from(list(BuildState))


@given(states=st.lists(_STATES, min_size=1, max_size=6))
def test_several_builds_have_ended_when_each_has_and_succeeded_when_each_did(states: list[BuildState]) -> None:
    builds = [Build(id=str(number), state=state) for number, state in enumerate(states)]

    one = together(builds)

    assert one.id == "0"
    assert one.state.is_final == all(state.is_final for state in states)
    assert (one.state is BuildState.SUCCESS) == all(state is BuildState.SUCCESS for state in states)
    if one.state.is_final:
        assert (one.state is BuildState.FAILED) == (BuildState.FAILED in states)
