"""GitHub: what a workflow is given, which run is ours, and what its words mean."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.builds.model import Accepted, Build, BuildState, Order, ProviderKind, Ref, Setup
from bot.builds.providers.calling import Caller
from bot.builds.providers.github import GitHub
from bot.builds.providers.provider import Asked, BuildError, Refusal, SetupError
from bot.egress.client import EgressAnswer
from tests.builds.providers.support import (
    A_BRANCH,
    A_GIT_TAG,
    A_TAG,
    EVERYTHING,
    GITHUB_TOKEN,
    NOW,
    ORDERS,
    FakeEgress,
    answer,
    answering,
    secret_of,
    setup_of,
)

SETUP, SECRET = setup_of(ProviderKind.GITHUB), secret_of(ProviderKind.GITHUB)
WORKFLOW = "https://api.github.com/repos/acme/images/actions/workflows/build.yml"
RUN: dict[str, Any] = {
    "id": 30433642,
    "name": "Build",
    "head_branch": "main",
    "head_sha": "acb5820ced9479c074f688cc328bf03f341a511d",
    "event": "workflow_dispatch",
    "status": "completed",
    "conclusion": "success",
    "html_url": "https://github.com/acme/images/actions/runs/30433642",
    "created_at": "2026-11-21T09:00:01Z",
    "run_started_at": "2026-11-21T09:00:05Z",
    "updated_at": "2026-11-21T09:04:05Z",
}


def github_on(egress: FakeEgress) -> GitHub:
    return GitHub(Caller(egress))


def trigger(egress: FakeEgress, order: Order = EVERYTHING, setup: Setup = SETUP) -> Accepted:
    github = github_on(egress)
    return github.trigger(setup, github.prepare(setup, order, SECRET), SECRET)


@pytest.mark.parametrize(
    ("order", "body"),
    [
        (EVERYTHING, {"ref": "main", "return_run_details": True}),
        (A_TAG, {"ref": "main", "inputs": {"tag": "1.2"}, "return_run_details": True}),
        (A_BRANCH, {"ref": "staging", "return_run_details": True}),
        (A_GIT_TAG, {"ref": "v1.1", "return_run_details": True}),
    ],
)
def test_what_is_to_be_built_becomes_ref_and_inputs(order: Order, body: dict[str, Any]) -> None:
    egress = answering(EgressAnswer(204, {}, b""))

    assert trigger(egress, order) == Accepted(status=204)

    (sent,) = egress.sent
    assert egress.urls == [f"POST {WORKFLOW}/dispatches"]
    assert json.loads(sent.body or b"") == body
    assert sent.headers == {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "Content-Type": "application/json",
        "Authorization": f"Bearer {GITHUB_TOKEN}",
    }


def test_inputs_of_the_set_up_go_along() -> None:
    egress = answering(EgressAnswer(204, {}, b""))

    trigger(egress, A_TAG, setup_of(ProviderKind.GITHUB, inputs={"push": "true"}))

    assert json.loads(egress.sent[0].body or b"")["inputs"] == {"push": "true", "tag": "1.2"}


def test_a_server_of_ones_own_is_not_asked_for_what_it_may_not_know() -> None:
    egress = answering(EgressAnswer(204, {}, b""))

    trigger(egress, setup=setup_of(ProviderKind.GITHUB, url="https://ghe.example.com/api/v3/"))

    assert egress.urls == [
        "POST https://ghe.example.com/api/v3/repos/acme/images/actions/workflows/build.yml/dispatches"
    ]
    assert json.loads(egress.sent[0].body or b"") == {"ref": "main"}


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_what_is_shown_is_what_is_sent_but_for_the_token(order: Order) -> None:
    egress = answering(EgressAnswer(204, {}, b""))
    github = github_on(egress)
    prepared = github.prepare(SETUP, order, SECRET)

    github.trigger(SETUP, prepared, SECRET)

    sent = egress.sent[0]
    assert sent.url.get_secret_value() == prepared.address
    assert json.loads(sent.body or b"") == prepared.body
    assert prepared.headers["Authorization"] == "Bearer …"
    assert GITHUB_TOKEN not in "\n".join(prepared.lines())
    assert GITHUB_TOKEN not in repr(sent)


def test_run_details_are_taken_when_they_are_told() -> None:
    details = {
        "workflow_run_id": 30433642,
        "run_url": "https://api.github.com/repos/acme/images/actions/runs/30433642",
        "html_url": "https://github.com/acme/images/actions/runs/30433642",
    }

    assert trigger(answering(answer(details))) == Accepted(
        build_id="30433642", url="https://github.com/acme/images/actions/runs/30433642", status=200
    )


@pytest.mark.parametrize(
    "data", [{}, [], {"workflow_run_id": None}, {"workflow_run_id": True, "html_url": "https://evil.example/"}]
)
def test_a_success_with_odd_details_is_a_success(data: Any) -> None:
    assert trigger(answering(answer(data))) == Accepted(status=200)


def test_the_web_page_of_a_proxy_is_no_success() -> None:
    page = EgressAnswer(200, {"content-type": "text/html"}, b"<html>Sign in</html>")

    with pytest.raises(BuildError) as raised:
        trigger(answering(page))

    assert raised.value.refusal is Refusal.UNHEARD
    assert str(raised.value) == (
        "GitHub answered with a web page (HTTP 200). The build may have been queued; it is not asked for again."
    )


def test_a_refusal_is_told_in_the_words_of_github() -> None:
    refused = answer({"message": 'Unexpected inputs provided: ["tag"]', "documentation_url": "https://docs"}, 422)

    with pytest.raises(BuildError, match=r"Unexpected inputs provided: \[\"tag\"\]\)\. Nothing is built\.") as raised:
        trigger(answering(refused), A_TAG)
    assert (raised.value.refusal, raised.value.status) == (Refusal.WRONG, 422)


def test_404_names_both_explanations() -> None:
    with pytest.raises(BuildError) as raised:
        trigger(answering(answer({"message": "Not Found"}, 404)))

    assert str(raised.value) == (
        "GitHub does not show the workflow `build.yml` of `acme/images`: there is none, or the token may not see it "
        "(HTTP 404: Not Found). Nothing is built. Check the set-up: `/hub trigger setup acme/api`."
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"project": None}, "project"),
        ({"project": "acme"}, "project"),
        ({"project": "acme/.."}, "project"),
        ({"project": "acme/images/more"}, "project"),
        ({"workflow": None}, "workflow"),
        ({"workflow": "../../secrets"}, "workflow"),
        ({"workflow": "build"}, "workflow"),
        ({"branch": None}, "branch"),
        ({"url": "https://evil.example"}, "url"),
        ({"url": "http://api.github.com"}, "url"),
        ({"url": "https://api.github.com/?a=b"}, "url"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    egress = FakeEgress()

    with pytest.raises(SetupError) as raised:
        github_on(egress).check(setup_of(ProviderKind.GITHUB, **changes), SECRET)

    assert raised.value.field == field
    assert egress.sent == []


@pytest.mark.parametrize("secret", ["", "two words", "line\nbreak", "t\u00f6ken"])
def test_a_token_that_cannot_be_one_is_refused(secret: str) -> None:
    with pytest.raises(SetupError) as raised:
        github_on(FakeEgress()).check(SETUP, SecretStr(secret))

    assert raised.value.field == "secret"


def test_nothing_is_sent_when_the_set_up_has_changed_since() -> None:
    egress = FakeEgress()
    github = github_on(egress)
    prepared = github.prepare(SETUP, A_TAG, SECRET)

    with pytest.raises(BuildError, match="Nothing was sent"):
        github.trigger(setup_of(ProviderKind.GITHUB, workflow="other.yml"), prepared, SECRET)

    assert egress.sent == []


def test_trying_out_looks_the_workflow_up() -> None:
    egress = answering(answer({"id": 1, "name": "Build", "state": "active"}))

    found = github_on(egress).try_out(SETUP, SECRET)

    assert found == ("GitHub shows the workflow “Build” to this token. Whether it may start it, only a build tells.")
    assert egress.urls == [f"GET {WORKFLOW}"]


@pytest.mark.parametrize(
    ("told", "refusal", "sentence"),
    [
        (answer({"name": "Build", "state": "disabled_manually"}), Refusal.WRONG, "is switched off"),
        (answer({"message": "Not Found"}, 404), Refusal.WRONG, "there is none, or the token may not see it"),
        (answer({"message": "Bad credentials"}, 401), Refusal.FORBIDDEN, "does not take the token"),
        (EgressAnswer(200, {}, b"<html>"), Refusal.DOWN, "cannot be read"),
        (EgressAnswer(503, {}, b""), Refusal.DOWN, "is in trouble"),
    ],
)
def test_trying_out_says_why_it_does_not_work(told: EgressAnswer, refusal: Refusal, sentence: str) -> None:
    with pytest.raises(BuildError, match=sentence) as raised:
        github_on(answering(told)).try_out(SETUP, SECRET)

    assert raised.value.refusal is refusal
    assert "queued" not in str(raised.value)


def test_a_run_is_read() -> None:
    (build,) = (
        github_on(answering(answer({"workflow_runs": [RUN, "nonsense", {}]}))).recent(SETUP, SECRET, most=5) or ()
    )

    assert build == Build(
        id="30433642",
        state=BuildState.SUCCESS,
        detail="success",
        ref="main",
        commit="acb5820ced9479c074f688cc328bf03f341a511d",
        asked_at=NOW + timedelta(seconds=1),
        started_at=NOW + timedelta(seconds=5),
        ended_at=NOW + timedelta(seconds=245),
        log_url="https://github.com/acme/images/actions/runs/30433642",
    )
    assert build.seconds == 240


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", None, BuildState.QUEUED),
        ("requested", None, BuildState.QUEUED),
        ("waiting", None, BuildState.QUEUED),
        ("pending", None, BuildState.QUEUED),
        ("in_progress", None, BuildState.BUILDING),
        ("completed", "success", BuildState.SUCCESS),
        ("completed", "neutral", BuildState.SUCCESS),
        ("completed", "failure", BuildState.FAILED),
        ("completed", "timed_out", BuildState.FAILED),
        ("completed", "startup_failure", BuildState.FAILED),
        ("completed", "stale", BuildState.FAILED),
        ("completed", "cancelled", BuildState.CANCELED),
        ("completed", "skipped", BuildState.CANCELED),
        ("completed", "action_required", BuildState.QUEUED),
        ("completed", None, BuildState.UNKNOWN),
        ("thinking", None, BuildState.UNKNOWN),
        (None, None, BuildState.UNKNOWN),
    ],
)
def test_every_word_of_github_has_a_state(status: str | None, conclusion: str | None, state: BuildState) -> None:
    run = {**RUN, "status": status, "conclusion": conclusion}

    (build,) = github_on(answering(answer({"workflow_runs": [run]}))).recent(SETUP, None, most=5) or ()

    assert build.state is state
    assert (build.ended_at is not None) == state.is_final


def test_recent_asks_for_no_more_than_wanted_and_without_a_token_when_there_is_none() -> None:
    egress = answering(answer({"workflow_runs": [RUN] * 9}))

    assert len(github_on(egress).recent(SETUP, None, most=3) or ()) == 3

    assert egress.urls == [f"GET {WORKFLOW}/runs?per_page=3"]
    assert "Authorization" not in egress.sent[0].headers


def test_a_run_is_found_by_its_id() -> None:
    egress = answering(answer(RUN))

    build = github_on(egress).find(SETUP, SECRET, Asked(A_TAG, NOW, "30433642"))

    assert build is not None
    assert (build.id, build.tag) == ("30433642", "1.2")
    assert egress.urls == ["GET https://api.github.com/repos/acme/images/actions/runs/30433642"]


def test_a_run_that_is_not_shown_is_not_found() -> None:
    assert (
        github_on(answering(answer({"message": "Not Found"}, 404))).find(SETUP, SECRET, Asked(A_TAG, NOW, "1")) is None
    )


def test_without_an_id_the_first_run_since_on_the_same_branch_is_ours() -> None:
    def run(number: int, seconds: int, branch: str = "staging") -> dict[str, Any]:
        created = NOW + timedelta(seconds=seconds)
        return {**RUN, "id": number, "head_branch": branch, "created_at": created.isoformat()}

    runs = [run(5, 90), run(4, 3), run(3, 2, "main"), run(2, -1), run(1, -3)]
    egress = answering(answer({"workflow_runs": runs}))

    build = github_on(egress).find(SETUP, SECRET, Asked(A_BRANCH, NOW))

    assert build is not None
    assert (build.id, build.tag) == ("2", None)
    assert egress.urls == [
        f"GET {WORKFLOW}/runs?event=workflow_dispatch&created=%3E%3D2026-11-21T08%3A59%3A58Z&per_page=100"
    ]


def test_no_run_since_is_none() -> None:
    egress = answering(answer({"total_count": 0, "workflow_runs": []}))

    assert github_on(egress).find(SETUP, SECRET, Asked(A_TAG, NOW)) is None


@pytest.mark.parametrize("data", [None, [], "text", {"workflow_runs": None}, {"workflow_runs": [{"id": "x"}]}])
def test_whatever_is_in_a_list_nothing_breaks(data: Any) -> None:
    told = EgressAnswer(200, {}, json.dumps(data).encode())

    assert github_on(answering(told)).find(SETUP, SECRET, Asked(Order(repository="acme/api", ref=Ref.ALL), NOW)) is None


def test_a_link_with_the_token_in_it_is_not_kept() -> None:
    details = {"workflow_run_id": 7, "html_url": f"https://github.com/acme/images/actions/runs/7?token={GITHUB_TOKEN}"}

    assert trigger(answering(answer(details))) == Accepted(build_id="7", status=200)
