"""GitLab: what a pipeline is given, which pipeline is ours, and what its words mean."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.builds.model import Accepted, Build, BuildState, Order, ProviderKind, Setup
from bot.builds.providers.calling import Caller
from bot.builds.providers.gitlab import GitLab
from bot.builds.providers.provider import Asked, BuildError, Refusal, SetupError
from bot.egress.client import EgressAnswer
from tests.builds.providers.support import (
    A_BRANCH,
    A_GIT_TAG,
    A_TAG,
    EVERYTHING,
    GITLAB_TOKEN,
    NOW,
    ORDERS,
    FakeEgress,
    answer,
    answering,
    secret_of,
    setup_of,
)

SETUP, SECRET = setup_of(ProviderKind.GITLAB), secret_of(ProviderKind.GITLAB)
PROJECT = "https://gitlab.com/api/v4/projects/acme%2Fimages"
PIPELINE: dict[str, Any] = {
    "id": 257,
    "iid": 118,
    "sha": "91e2711a93e5d9e8dddfeb6d003b636b25bf6fc9",
    "ref": "main",
    "status": "success",
    "source": "trigger",
    "web_url": "https://gitlab.com/acme/images/-/pipelines/257",
    "created_at": "2026-11-21T09:00:01.227Z",
    "started_at": "2026-11-21T09:00:05.000Z",
    "finished_at": "2026-11-21T09:04:05.000Z",
}


def gitlab_on(egress: FakeEgress) -> GitLab:
    return GitLab(Caller(egress))


def trigger(egress: FakeEgress, order: Order = EVERYTHING, setup: Setup = SETUP) -> Accepted:
    gitlab = gitlab_on(egress)
    return gitlab.trigger(setup, gitlab.prepare(setup, order, SECRET), SECRET)


@pytest.mark.parametrize(
    ("order", "body"),
    [
        (EVERYTHING, {"ref": "main"}),
        (A_TAG, {"ref": "main", "variables": {"TAG": "1.2"}}),
        (A_BRANCH, {"ref": "staging"}),
        (A_GIT_TAG, {"ref": "v1.1"}),
    ],
)
def test_what_is_to_be_built_becomes_ref_and_variables(order: Order, body: dict[str, Any]) -> None:
    egress = answering(answer(PIPELINE, 201))

    accepted = trigger(egress, order)

    assert accepted == Accepted(build_id="257", url="https://gitlab.com/acme/images/-/pipelines/257", status=201)
    assert egress.urls == [f"POST {PROJECT}/trigger/pipeline"]
    assert json.loads(egress.sent[0].body or b"") == {"token": GITLAB_TOKEN, **body}


def test_the_token_is_in_the_body_alone() -> None:
    egress = answering(answer(PIPELINE, 201))

    trigger(egress)

    (sent,) = egress.sent
    assert GITLAB_TOKEN not in f"{sent.url.get_secret_value()} {sent.headers} {sent!r}"


def test_a_gitlab_of_ones_own_and_variables_of_the_set_up() -> None:
    egress = answering(answer(PIPELINE, 201))
    setup = setup_of(ProviderKind.GITLAB, url="https://ghe.example.com/gitlab/", project="17", inputs={"PUSH": "yes"})

    accepted = trigger(egress, A_TAG, setup)

    assert egress.urls == ["POST https://ghe.example.com/gitlab/api/v4/projects/17/trigger/pipeline"]
    assert json.loads(egress.sent[0].body or b"")["variables"] == {"PUSH": "yes", "TAG": "1.2"}
    assert accepted.url is None  # It leads to another host than this GitLab's.


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_what_is_shown_is_what_is_sent_but_for_the_token(order: Order) -> None:
    egress = answering(answer(PIPELINE, 201))
    gitlab = gitlab_on(egress)
    prepared = gitlab.prepare(SETUP, order, SECRET)

    gitlab.trigger(SETUP, prepared, SECRET)

    assert GITLAB_TOKEN not in "\n".join(prepared.lines())
    assert isinstance(prepared.body, dict)
    assert json.loads(egress.sent[0].body or b"") == {**prepared.body, "token": GITLAB_TOKEN}
    assert prepared.body["token"] == "…"


@pytest.mark.parametrize(
    "told", [EgressAnswer(201, {}, b'{"id": 2'), answer({}, 201), answer([], 201), answer(None, 201)]
)
def test_a_success_without_details_is_a_success(told: EgressAnswer) -> None:
    assert trigger(answering(told)) == Accepted(status=told.status)


def test_the_web_page_of_a_sign_in_is_no_success() -> None:
    with pytest.raises(BuildError) as raised:
        trigger(answering(EgressAnswer(200, {"content-type": "text/html"}, b"<html>Sign in</html>")))

    assert raised.value.refusal is Refusal.UNHEARD


@pytest.mark.parametrize(
    ("status", "data", "refusal", "sentence"),
    [
        (400, {"message": {"base": ["Reference not found"]}}, Refusal.WRONG, "Reference not found"),
        (400, {"message": {"base": "Insufficient permissions"}}, Refusal.WRONG, "Insufficient permissions"),
        (400, {"error": "token is missing"}, Refusal.WRONG, "token is missing"),
        (401, {"message": "401 Unauthorized"}, Refusal.FORBIDDEN, "does not take the trigger token"),
        (404, {"message": "404 Not Found"}, Refusal.WRONG, "`acme/images`, or this is not its trigger token"),
        (429, {"message": {"error": "Retry later"}}, Refusal.THROTTLED, "is asked too often"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_gitlab(status: int, data: Any, refusal: Refusal, sentence: str) -> None:
    with pytest.raises(BuildError) as raised:
        trigger(answering(answer(data, status)))

    assert (raised.value.refusal, raised.value.status) == (refusal, status)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"project": None}, "project"),
        ({"project": "images"}, "project"),
        ({"project": "acme/../images"}, "project"),
        ({"branch": None}, "branch"),
        ({"url": "https://evil.example"}, "url"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SetupError) as raised:
        gitlab_on(FakeEgress()).check(setup_of(ProviderKind.GITLAB, **changes), SECRET)

    assert raised.value.field == field


def test_a_pipeline_is_found_by_its_id_without_the_token() -> None:
    egress = answering(answer(PIPELINE))

    build = gitlab_on(egress).find(SETUP, SECRET, Asked(A_TAG, NOW, "257"))

    assert build == Build(
        id="257",
        state=BuildState.SUCCESS,
        detail="success",
        tag="1.2",
        ref="main",
        commit="91e2711a93e5d9e8dddfeb6d003b636b25bf6fc9",
        asked_at=NOW + timedelta(seconds=1, milliseconds=227),
        started_at=NOW + timedelta(seconds=5),
        ended_at=NOW + timedelta(seconds=245),
        log_url="https://gitlab.com/acme/images/-/pipelines/257",
    )
    assert egress.urls == [f"GET {PROJECT}/pipelines/257"]
    assert GITLAB_TOKEN not in str(egress.sent[0].headers)


def test_without_an_id_the_first_pipeline_since_on_the_same_branch_is_ours() -> None:
    def pipeline(number: int, seconds: int) -> dict[str, Any]:
        created = NOW + timedelta(seconds=seconds)
        return {"id": number, "ref": "staging", "status": "running", "created_at": created.isoformat()}

    listed = [pipeline(4, 60), pipeline(3, 1), {**pipeline(2, 0), "ref": "main"}, pipeline(1, -3)]
    egress = answering(answer(listed), answer({**PIPELINE, "id": 3, "status": "running"}))

    build = gitlab_on(egress).find(SETUP, SECRET, Asked(A_BRANCH, NOW))

    assert build is not None
    assert (build.id, build.state, build.ended_at) == ("3", BuildState.BUILDING, None)
    assert egress.urls == [
        f"GET {PROJECT}/pipelines?source=trigger&ref=staging&per_page=100",
        f"GET {PROJECT}/pipelines/3",
    ]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_not_everybody_may_see_is_not_told(status: int) -> None:
    for build_id in ("257", None):
        gitlab = gitlab_on(answering(answer({"message": "no"}, status)))
        assert gitlab.find(SETUP, SECRET, Asked(A_TAG, NOW, build_id)) is None
        assert gitlab.recent(SETUP, SECRET, most=5) is None


def test_a_gitlab_that_is_away_is_an_error() -> None:
    with pytest.raises(BuildError) as raised:
        gitlab_on(answering(EgressAnswer(502, {}, b""))).recent(SETUP, SECRET, most=5)

    assert raised.value.refusal is Refusal.DOWN
    assert "queued" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", BuildState.QUEUED),
        ("waiting_for_resource", BuildState.QUEUED),
        ("waiting_for_callback", BuildState.QUEUED),
        ("preparing", BuildState.QUEUED),
        ("pending", BuildState.QUEUED),
        ("scheduled", BuildState.QUEUED),
        ("manual", BuildState.QUEUED),
        ("running", BuildState.BUILDING),
        ("canceling", BuildState.BUILDING),
        ("success", BuildState.SUCCESS),
        ("failed", BuildState.FAILED),
        ("canceled", BuildState.CANCELED),
        ("skipped", BuildState.CANCELED),
        ("thinking", BuildState.UNKNOWN),
        (None, BuildState.UNKNOWN),
    ],
)
def test_every_word_of_gitlab_has_a_state(status: str | None, state: BuildState) -> None:
    egress = answering(answer([{**PIPELINE, "status": status}]))

    (build,) = gitlab_on(egress).recent(SETUP, None, most=5) or ()

    assert build.state is state
    assert (build.ended_at is not None) == state.is_final
    assert egress.urls == [f"GET {PROJECT}/pipelines?per_page=5"]


def test_a_trigger_token_can_only_be_tried_by_building() -> None:
    egress = FakeEgress()

    assert gitlab_on(egress).try_out(SETUP, SECRET) is None
    assert egress.sent == []
