"""Automated builds, from literal answers of each of Docker Hub's three views."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import HubError, NotFoundError, UnauthorizedError, UnexpectedResponseError
from bot.hub.builds import STATUSES, Action, BuildDetail, Builds, BuildSource, HistoryEntry, Progress, progress_of
from bot.hub.protocol import Answer
from bot.hub.retrying import Outcome
from bot.images import RepositoryName
from tests.hub.support import PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api, scripted, unhurried

API = RepositoryName("acme", "api")
COMMIT = "4d1a6227c0ffee00112233445566778899aabbcc"
ENTRY = {
    "id": 2153829,
    "status": 10,
    "created_date": "2015-10-26T06:45:37.285000Z",
    "last_updated": "2015-10-26T06:47:59.416000Z",
    "build_code": "bbbpzdnonww2xnhbqycjcv8",
    "dockertag_name": "latest",
    "cause": None,
}
ACTION = {
    "action": "Build in 'master' (4d1a6227)",
    "build_code": "26f82056-c6af-4f9a-8180-c4659ee77b91",
    "build_tag": "latest",
    "commit": COMMIT,
    "source_repo": "acme/api",
    "state": "In Progress",
    "created": "Wed, 17 Sep 2014 08:26:22 +0000",
    "start_date": "Wed, 17 Sep 2014 08:27:00 +0000",
    "end_date": None,
    "uuid": "c72b5469-9006-4a35-b381-242f877b74d8",
    "resource_uri": "/api/audit/v1/action/c72b5469-9006-4a35-b381-242f877b74d8/",
}
SOURCE = {
    "image": "acme/api",
    "owner": "acme",
    "provider": "Github",
    "repository": "api",
    "state": "Success",
    "uuid": "5f0b3c1e-2a47-4d0c-9a56-000000000001",
}
WEB_PAGE = Answer(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Docker Hub</title>")


def builds_from(*outcomes: Outcome) -> tuple[Builds, FakeWire]:
    wire = FakeWire(scripted(*outcomes))
    return Builds(make_api(wire)), wire


def url_of(sent: Sent) -> str:
    return sent.request.url


def test_history_reads_the_recorded_entry() -> None:
    builds, wire = builds_from(json_answer({"count": 1, "next": None, "previous": None, "results": [ENTRY]}))

    (entry,) = builds.history(API, 25)

    assert entry == HistoryEntry(
        id=2153829,
        status=10,
        created_date=datetime(2015, 10, 26, 6, 45, 37, 285000, tzinfo=UTC),
        last_updated=datetime(2015, 10, 26, 6, 47, 59, 416000, tzinfo=UTC),
        build_code="bbbpzdnonww2xnhbqycjcv8",
        dockertag_name="latest",
    )
    assert (entry.progress, entry.word, entry.code) == (Progress.SUCCESS, "done", "bbbpzdnonww2xnhbqycjcv8")
    assert [url_of(sent) for sent in wire.sent] == [
        "https://hub.docker.com/v2/repositories/acme/api/buildhistory/?page_size=25"
    ]


@pytest.mark.parametrize(
    ("status", "progress"),
    [
        (-4, Progress.CANCELED),
        (-3, Progress.ERROR),
        (-2, Progress.ERROR),
        (-1, Progress.ERROR),
        (0, Progress.QUEUED),
        (1, Progress.QUEUED),
        *((status, Progress.BUILDING) for status in range(2, 10)),
        (10, Progress.SUCCESS),
        (11, Progress.QUEUED),
        (12, Progress.UNKNOWN),
        (None, Progress.UNKNOWN),
    ],
)
def test_every_status_means_what_the_site_of_docker_hub_shows(status: int | None, progress: Progress) -> None:
    assert progress_of(status) is progress
    assert HistoryEntry(status=status).progress is progress


def test_only_minus_three_is_missing_in_the_table() -> None:
    assert set(range(-4, 12)) - set(STATUSES) == {-3}


def test_a_build_in_full_tells_when_it_ran_and_from_what() -> None:
    results = {
        "build_code": "bbb",
        "buildmetrics": {"created": "2015-10-26T06:45:37Z", "started": "2015-10-26T06:46:00Z", "finished": None},
        "source_branch": "main",
        "logs": f"Cloning into 'bbb'...\nHEAD is now at {COMMIT} Fix\nsha256:{'0' * 64}",
    }
    results["buildmetrics"]["error"] = "2015-10-26T06:47:59Z"  # type: ignore[index]
    builds, wire = builds_from(json_answer({**ENTRY, "build_results": results}))

    detail = builds.detail(API, "bbb")

    assert detail.buildmetrics.started == datetime(2015, 10, 26, 6, 46, tzinfo=UTC)
    assert detail.ended_at == datetime(2015, 10, 26, 6, 47, 59, tzinfo=UTC)
    assert (detail.source_branch, detail.commit) == ("main", COMMIT)
    assert url_of(wire.sent[0]) == "https://hub.docker.com/v2/repositories/acme/api/buildhistory/bbb/"


def test_a_digest_is_no_commit() -> None:
    assert BuildDetail(logs=f"Digest: sha256:{'a' * 64}").commit is None


def test_a_build_without_results_has_no_details() -> None:
    assert builds_from(json_answer(ENTRY))[0].detail(API, "bbb") == BuildDetail()


@pytest.mark.parametrize("code", ["", ".", ".."])
def test_no_build_is_named_by_dots(code: str) -> None:
    builds, wire = builds_from(json_answer({}))

    with pytest.raises(ValueError, match="parts of a path"):
        builds.detail(API, code)
    assert wire.sent == []


def test_actions_reads_builds_and_leaves_out_what_is_none() -> None:
    push = {"action": "Repository Push", "state": "Success", "uuid": "1", "created": "2021-01-01T00:00:00Z"}
    builds, wire = builds_from(json_answer({"objects": [push, ACTION, "nonsense"], "meta": {"total_count": 3}}))

    (action,) = builds.actions(API, 25)

    assert action == Action(
        uuid="c72b5469-9006-4a35-b381-242f877b74d8",
        build_code="26f82056-c6af-4f9a-8180-c4659ee77b91",
        build_tag="latest",
        commit=COMMIT,
        state="In Progress",
        created=datetime(2014, 9, 17, 8, 26, 22, tzinfo=UTC),
        start_date=datetime(2014, 9, 17, 8, 27, tzinfo=UTC),
        end_date=None,
    )
    assert url_of(wire.sent[0]) == (
        "https://hub.docker.com/api/audit/v1/action/?include_related=true&limit=25"
        "&object=%2Fapi%2Frepo%2Fv1%2Frepository%2Facme%2Fapi%2F"
    )


@pytest.mark.parametrize(
    ("state", "progress"),
    [
        ("Pending", Progress.QUEUED),
        ("In Progress", Progress.BUILDING),
        ("In progress", Progress.BUILDING),
        ("Success", Progress.SUCCESS),
        ("Failed", Progress.ERROR),
        ("Canceled", Progress.CANCELED),
        ("Something else", Progress.ERROR),
        (None, Progress.UNKNOWN),
    ],
)
def test_states_of_actions_are_compared_whatever_their_case(state: str | None, progress: Progress) -> None:
    assert Action(state=state).progress is progress


@pytest.mark.parametrize("text", ["Wed, 99 Sep 2014 08:26:22 +0000", "yesterday", "", "x" * 100_000, 17, None])
def test_a_time_that_cannot_be_read_is_not_known(text: Any) -> None:
    assert Action.model_validate({"created": text if text != 17 else []}).created is None


def test_actions_are_read_with_the_login_and_not_given_without() -> None:
    def respond(sent: Sent) -> Outcome:
        if sent.request.path == "/v2/auth/token":
            return json_answer({"access_token": jwt()})
        return json_answer({"objects": [ACTION]}) if sent.bearer else json_answer({"detail": "No"}, 401)

    assert len(Builds(make_api(FakeWire(respond), PAT_OF_ANA)).actions(API, 5)) == 1
    with pytest.raises(UnauthorizedError):
        Builds(make_api(FakeWire(respond))).actions(API, 5)


def test_source_reads_the_last_state() -> None:
    builds, wire = builds_from(json_answer({"meta": {}, "objects": [SOURCE]}))

    source = builds.source(API)

    assert source == BuildSource(
        uuid="5f0b3c1e-2a47-4d0c-9a56-000000000001", state="Success", owner="acme", repository="api", provider="Github"
    )
    assert source.progress is Progress.SUCCESS
    assert url_of(wire.sent[0]) == "https://hub.docker.com/api/build/v1/source/?image=acme%2Fapi"


@pytest.mark.parametrize("objects", [[], None])
def test_no_source_is_no_automated_builds(objects: Any) -> None:
    assert builds_from(json_answer({"objects": objects}))[0].source(API) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_answer({"detail": "Object not found"}, 404), NotFoundError),
        (json_answer({"error": "No"}, 401), UnauthorizedError),
        (json_answer(["a list"]), UnexpectedResponseError),
        (WEB_PAGE, HubError),
        (Answer(404, {"Content-Type": "text/html"}, b"<html></html>"), NotFoundError),
    ],
)
def test_a_view_that_is_gone_says_so(answer: Answer, error: type[HubError]) -> None:
    with pytest.raises(error):
        list(builds_from(answer)[0].history(API, 5))
    with pytest.raises(error):
        builds_from(answer)[0].actions(API, 5)
    with pytest.raises(error):
        builds_from(answer)[0].source(API)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ENTRY, *ACTION]), inner, max_size=5),
    max_leaves=10,
)


@settings(unhurried, max_examples=50)
@given(entry=st.fixed_dictionaries({}, optional=dict.fromkeys([*ENTRY, *ACTION, *SOURCE], _JSON)))
def test_whatever_is_in_an_entry_the_others_are_read(entry: dict[str, Any]) -> None:
    history = json_answer({"results": [entry, {**ENTRY, "build_code": "the good one"}]})
    actions = json_answer({"objects": [entry, {**ACTION, "build_code": "the good one"}]})

    assert "the good one" in [found.code for found in builds_from(history)[0].history(API, 5)]
    assert "the good one" in [found.code for found in builds_from(actions)[0].actions(API, 5)]
    builds_from(json_answer({"objects": [entry]}))[0].source(API)
    builds_from(json_answer({"build_results": entry}))[0].detail(API, "bbb")
