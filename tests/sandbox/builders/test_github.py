"""The simulated GitHub, as its public pages and public reports have it."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.builders.github import (
    NEWER_VERSION,
    TOKEN,
    GitHubSimulator,
    GitHubUnknowns,
    secondary_limit,
)
from bot.sandbox.builders.github_search import is_within_search
from bot.sandbox.builders.github_state import Conclusion, RunStatus
from bot.sandbox.clock import SettableClock

ACTIONS = "/repos/acme/api/actions"
DISPATCHES = f"{ACTIONS}/workflows/build.yml/dispatches"


def ask(
    github: GitHubSimulator, method: str, path: str, *, token: str | None = TOKEN, body: Any = None, **headers: str
) -> requests.Response:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, f"{github.url}{path}", headers=sent, json=body, timeout=5)


def dispatch(github: GitHubSimulator, **body: Any) -> requests.Response:
    return ask(github, "POST", DISPATCHES, body={"ref": "main", **body})


def test_a_dispatch_starts_a_run_and_says_nothing(github: GitHubSimulator) -> None:
    answer = dispatch(github, inputs={"tag": "1.2"})

    (run,) = github.runs
    assert (answer.status_code, answer.content) == (204, b"")
    assert (run.head_branch, run.inputs, run.status, run.conclusion) == ("main", {"tag": "1.2"}, "queued", None)


@pytest.mark.parametrize("how", ["by the field", "by the version"])
def test_a_dispatch_tells_the_run_when_asked_to(github: GitHubSimulator, how: str) -> None:
    if how == "by the field":
        answer = dispatch(github, return_run_details=True)
    else:
        answer = ask(github, "POST", DISPATCHES, body={"ref": "main"}, X_GitHub_Api_Version=NEWER_VERSION)

    (run,) = github.runs
    assert answer.status_code == 200
    assert answer.json() == {
        "workflow_run_id": run.id,
        "run_url": f"{github.url}{ACTIONS}/runs/{run.id}",
        "html_url": f"https://github.com/acme/api/actions/runs/{run.id}",
    }


@pytest.mark.parametrize(("position", "status", "runs"), [("told", 200, 1), ("not_told", 204, 1), ("refused", 422, 0)])
def test_whether_the_run_is_told_is_a_switch(github: GitHubSimulator, position: Any, status: int, runs: int) -> None:
    github.unknowns = GitHubUnknowns(run_details=position)

    answer = dispatch(github, return_run_details=True)

    assert (answer.status_code, len(github.runs)) == (status, runs)


def test_a_run_is_told_of_as_it_moves(github: GitHubSimulator, clock: SettableClock) -> None:
    dispatch(github)
    (run,) = github.runs
    path = f"{ACTIONS}/runs/{run.id}"

    def told() -> tuple[str, str | None, str, str]:
        found = ask(github, "GET", path).json()
        return found["status"], found["conclusion"], found["run_started_at"], found["updated_at"]

    assert told() == ("queued", None, "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z")
    clock.advance(seconds=10)
    run.start()
    assert told() == ("in_progress", None, "2026-11-21T12:00:10Z", "2026-11-21T12:00:10Z")
    clock.advance(minutes=4)
    run.finish("failure")
    assert told() == ("completed", "failure", "2026-11-21T12:00:10Z", "2026-11-21T12:04:10Z")


@pytest.mark.parametrize("status", get_args(RunStatus))
def test_a_run_may_wait_in_any_word(github: GitHubSimulator, status: RunStatus) -> None:
    dispatch(github)
    github.runs[0].wait(status)

    assert ask(github, "GET", f"{ACTIONS}/runs/{github.runs[0].id}").json()["status"] == status


@pytest.mark.parametrize("conclusion", get_args(Conclusion))
def test_a_run_may_end_in_any_word(github: GitHubSimulator, conclusion: Conclusion) -> None:
    dispatch(github)
    github.runs[0].finish(conclusion)

    assert ask(github, "GET", f"{ACTIONS}/runs/{github.runs[0].id}").json()["conclusion"] == conclusion


def test_a_workflow_is_found_by_file_and_by_id(github: GitHubSimulator) -> None:
    by_file = ask(github, "GET", f"{ACTIONS}/workflows/build.yml").json()
    by_id = ask(github, "GET", f"{ACTIONS}/workflows/{by_file['id']}").json()

    assert by_file == by_id
    assert (by_file["path"], by_file["state"]) == (".github/workflows/build.yml", "active")
    assert ask(github, "POST", f"{ACTIONS}/workflows/{by_file['id']}/dispatches", body={"ref": "main"}).ok


def test_a_github_of_ones_own_has_its_api_under_a_path(github: GitHubSimulator) -> None:
    assert ask(github, "GET", f"/api/v3{ACTIONS}/workflows/build.yml").status_code == 200


def test_names_are_not_case_sensitive(github: GitHubSimulator) -> None:
    assert ask(github, "GET", "/repos/Acme/API/actions/workflows/build.yml").status_code == 200


@pytest.mark.parametrize("ref", ["v1.0", "refs/tags/v1.0", "refs/heads/develop", "develop"])
def test_a_ref_is_a_branch_or_a_tag(github: GitHubSimulator, ref: str) -> None:
    assert dispatch(github, ref=ref).status_code == 204
    assert github.runs[0].head_branch == ref.rpartition("/")[2]


# What is refused


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ref": "gone"}, "No ref found for: gone"),
        ({"ref": "main", "inputs": {"foo": "1"}}, 'Unexpected inputs provided: ["foo"]'),
        ({}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
        ({"ref": "main", "foo": 1}, 'Invalid request.\n\n"foo" is not a permitted key.'),
        ({"ref": "main", "inputs": "x"}, "Invalid request.\n\nFor 'properties/inputs', the value is not an object."),
    ],
)
def test_a_dispatch_that_makes_no_sense_is_refused(github: GitHubSimulator, body: Any, message: str) -> None:
    answer = ask(github, "POST", DISPATCHES, body=body)

    assert (answer.status_code, answer.json()["message"]) == (422, message)
    assert github.runs == []


def test_a_workflow_without_the_trigger_cannot_be_dispatched(github: GitHubSimulator) -> None:
    github.add_workflow("acme/api", "test.yml", is_dispatchable=False)

    answer = ask(github, "POST", f"{ACTIONS}/workflows/test.yml/dispatches", body={"ref": "main"})

    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "Workflow does not have 'workflow_dispatch' trigger",
    )


def test_a_workflow_that_is_switched_off_cannot_be_dispatched(github: GitHubSimulator) -> None:
    github.add_workflow("acme/api", "off.yml").is_active = False

    answer = ask(github, "POST", f"{ACTIONS}/workflows/off.yml/dispatches", body={"ref": "main"})

    assert answer.status_code == 422
    assert ask(github, "GET", f"{ACTIONS}/workflows/off.yml").json()["state"] == "disabled_manually"


def test_a_required_input_must_be_given(github: GitHubSimulator) -> None:
    github.add_workflow("acme/api", "strict.yml", required_inputs=["tag"])
    path = f"{ACTIONS}/workflows/strict.yml/dispatches"

    assert ask(github, "POST", path, body={"ref": "main"}).json()["message"] == "Required input 'tag' not provided"
    assert ask(github, "POST", path, body={"ref": "main", "inputs": {"tag": "1"}}).status_code == 204


def test_a_body_that_is_no_json_is_refused(github: GitHubSimulator) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for content in (b"{", b"[]"):
        assert requests.post(f"{github.url}{DISPATCHES}", data=content, headers=headers, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [(None, 404, "Not Found"), ("ghp_wrong", 401, "Bad credentials")],
)
def test_a_stranger_does_not_even_see_a_private_repository(
    github: GitHubSimulator, token: str | None, status: int, message: str
) -> None:
    for method, path in (("POST", DISPATCHES), ("GET", f"{ACTIONS}/workflows/build.yml")):
        answer = ask(github, method, path, token=token, body={"ref": "main"})
        assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert github.runs == []


def test_a_public_repository_can_be_read_by_all_and_dispatched_by_its_own(github: GitHubSimulator) -> None:
    github.add_repository("acme/site", is_private=False)
    github.add_workflow("acme/site")
    elsewhere = github.add_token("github_pat_elsewhere", repositories=["acme/other"])
    path = "/repos/acme/site/actions/workflows/build.yml"
    body = {"ref": "main"}

    assert ask(github, "GET", path, token=None).status_code == 200
    assert ask(github, "POST", f"{path}/dispatches", token=None, body=body).status_code == 401
    assert ask(github, "POST", f"{path}/dispatches", token=elsewhere, body=body).status_code == 403
    assert ask(github, "GET", f"{ACTIONS}/workflows/build.yml", token=elsewhere).status_code == 404


def test_a_token_that_may_only_read_dispatches_nothing(github: GitHubSimulator) -> None:
    reader = github.add_token("github_pat_reader", may_dispatch=False)

    answer = ask(github, "POST", DISPATCHES, token=reader, body={"ref": "main"})

    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by personal access token")
    assert ask(github, "GET", f"{ACTIONS}/workflows/build.yml", token=reader).status_code == 200


def test_a_revoked_token_is_good_no_more(github: GitHubSimulator) -> None:
    github.revoke_token(TOKEN)

    assert dispatch(github).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        f"{ACTIONS}/workflows/gone.yml",
        f"{ACTIONS}/workflows/gone.yml/runs",
        f"{ACTIONS}/runs/1",
        f"{ACTIONS}/gone",
        "/repos/acme/gone/actions/workflows/build.yml",
        "/gone",
    ],
)
def test_what_is_not_there_is_not_found(github: GitHubSimulator, path: str) -> None:
    answer = ask(github, "GET", path)

    assert (answer.status_code, answer.json()["message"], answer.json()["status"]) == (404, "Not Found", "404")


def test_the_run_of_another_repository_is_not_found(github: GitHubSimulator) -> None:
    github.add_workflow("acme/other")
    dispatch(github)

    assert ask(github, "GET", f"/repos/acme/other/actions/runs/{github.runs[0].id}").status_code == 404


def test_whoever_does_not_say_who_they_are_is_refused(github: GitHubSimulator) -> None:
    answer = requests.get(f"{github.url}{ACTIONS}/runs", headers={"User-Agent": ""}, timeout=5)

    assert answer.status_code == 403
    assert "User-Agent" in answer.text


def test_a_version_that_there_is_not_is_refused(github: GitHubSimulator) -> None:
    assert ask(github, "GET", f"{ACTIONS}/runs", X_GitHub_Api_Version="2020-01-01").status_code == 400


# How much may be asked


def test_every_answer_tells_the_budget(github: GitHubSimulator, clock: SettableClock) -> None:
    for remaining in (4_999, 4_998):
        headers = ask(github, "GET", f"{ACTIONS}/gone").headers
        assert headers["x-ratelimit-limit"] == "5000"
        assert headers["x-ratelimit-remaining"] == str(remaining)
        assert int(headers["x-ratelimit-reset"]) == int(clock.now.timestamp()) + 3_600


def test_a_budget_that_is_spent_is_a_403_until_it_is_new(github: GitHubSimulator, clock: SettableClock) -> None:
    github.rate_limit = 1
    dispatch(github)

    refused = dispatch(github)

    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert refused.json()["message"].startswith("API rate limit exceeded")
    assert len(github.runs) == 1
    clock.advance(hours=1)
    assert dispatch(github).status_code == 204


def test_too_much_at_once_is_a_403_with_a_budget_left(github: GitHubSimulator) -> None:
    github.faults.add(secondary_limit(retry_after_seconds=30, times=1))

    refused = dispatch(github)

    assert (refused.status_code, refused.headers["retry-after"]) == (403, "30")
    assert "secondary rate limit" in refused.json()["message"]
    assert dispatch(github).status_code == 204


# Lists


def runs_of(github: GitHubSimulator, query: str = "") -> list[int]:
    found = ask(github, "GET", f"{ACTIONS}/workflows/build.yml/runs?{query}").json()
    return [run["run_number"] for run in found["workflow_runs"]]


def test_runs_are_listed_newest_first_and_by_what_is_asked(github: GitHubSimulator, clock: SettableClock) -> None:
    for ref in ("main", "develop", "main"):
        dispatch(github, ref=ref)
        clock.advance(minutes=1)
    github.runs[0].finish("failure")

    assert runs_of(github) == [3, 2, 1]
    assert runs_of(github, "branch=main&event=workflow_dispatch") == [3, 1]
    assert runs_of(github, "event=push") == []
    assert runs_of(github, "status=failure") == runs_of(github, "status=completed") == [1]
    assert runs_of(github, "created=%3E%3D2026-11-21T12:01:00Z") == [3, 2]
    assert runs_of(github, f"head_sha={github.runs[1].head_sha}") == [2]


def test_the_list_of_a_workflow_has_no_run_of_another(github: GitHubSimulator) -> None:
    github.add_workflow("acme/api", "test.yml")
    dispatch(github)

    assert ask(github, "GET", f"{ACTIONS}/workflows/test.yml/runs").json()["total_count"] == 0
    assert ask(github, "GET", f"{ACTIONS}/runs").json()["total_count"] == 1


def test_lists_have_pages(github: GitHubSimulator) -> None:
    for _ in range(3):
        dispatch(github)

    first = ask(github, "GET", f"{ACTIONS}/runs?per_page=2")
    second = requests.get(first.links["next"]["url"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)

    assert first.json()["total_count"] == second.json()["total_count"] == 3
    assert [len(page.json()["workflow_runs"]) for page in (first, second)] == [2, 1]
    assert "next" not in second.links


def test_a_list_may_lag_behind_the_run_itself(github: GitHubSimulator, clock: SettableClock) -> None:
    github.unknowns = GitHubUnknowns(run_lists="late")
    github.lag_seconds = 5

    dispatch(github)

    assert runs_of(github) == []
    assert ask(github, "GET", f"{ACTIONS}/runs/{github.runs[0].id}").status_code == 200
    clock.advance(seconds=5)
    assert runs_of(github) == [1]


# Searches by time

MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the time zone.


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@given(MOMENTS, MOMENTS)
def test_each_time_is_before_within_or_after_another(moment: datetime, other: datetime) -> None:
    text = written(other)
    found = [is_within_search(moment, f"{sign}{text}") for sign in ("<", "", ">")]

    assert sum(found) == 1
    assert is_within_search(moment, f"<={text}") == (found[0] or found[1])
    assert is_within_search(moment, f">={text}") == (found[1] or found[2])


@given(MOMENTS, st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9)))
def test_a_range_holds_its_ends(moment: datetime, width: timedelta) -> None:
    end = moment + width
    search = f"{written(moment)}..{written(end)}"

    assert is_within_search(moment, search)
    assert is_within_search(end, search)
    assert not is_within_search(end + timedelta(seconds=1), search)
    assert is_within_search(end, f"{written(moment)}..*")


@pytest.mark.parametrize("search", ["yesterday", ">=", "..", "2026-13-01", ">=2026-11-21..x"])
def test_a_search_that_nobody_can_read_finds_nothing(search: str) -> None:
    assert not is_within_search(datetime(2026, 11, 21, tzinfo=UTC), search)


def test_a_day_is_all_of_it() -> None:
    last = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)

    assert is_within_search(last, "2026-11-21")
    assert is_within_search(last, "2026-11-20..2026-11-21")
    assert not is_within_search(last, ">2026-11-21")
