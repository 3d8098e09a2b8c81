"""The simulated GitLab, as its public pages and its own specification have it."""

from typing import Any, get_args
from urllib.parse import quote

import pytest
import requests

from bot.sandbox.builders.gitlab import ACCESS_TOKEN, TRIGGER_TOKEN, GitLabSimulator, GitLabUnknowns
from bot.sandbox.builders.gitlab_state import PipelineStatus
from bot.sandbox.clock import SettableClock

PATH = "acme/backend/api"
PROJECT = f"/api/v4/projects/{quote(PATH, safe='')}"
TRIGGER = f"{PROJECT}/trigger/pipeline"
WISH = {"token": TRIGGER_TOKEN, "ref": "main"}


def post(gitlab: GitLabSimulator, path: str = TRIGGER, **sent: Any) -> requests.Response:
    return requests.post(f"{gitlab.url}{path}", timeout=5, **sent)


def get(gitlab: GitLabSimulator, path: str, token: str | None = ACCESS_TOKEN) -> requests.Response:
    headers = {"PRIVATE-TOKEN": token} if token else {}
    return requests.get(f"{gitlab.url}{path}", headers=headers, timeout=5)


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {**WISH, "variables[TAG]": "1.2"}},
        {"json": {**WISH, "variables": {"TAG": "1.2"}}},
        {"files": {name: (None, value) for name, value in {**WISH, "variables[TAG]": "1.2"}.items()}},
        {"params": {**WISH, "variables[TAG]": "1.2"}},
    ],
    ids=["form", "json", "multipart", "query"],
)
def test_a_trigger_makes_a_pipeline_in_whichever_form(gitlab: GitLabSimulator, sent: Any) -> None:
    answer = post(gitlab, **sent)

    (pipeline,) = gitlab.pipelines
    body = answer.json()
    assert answer.status_code == 201
    assert (body["id"], body["status"], body["ref"], body["sha"]) == (pipeline.id, "created", "main", pipeline.sha)
    assert body["web_url"] == f"{gitlab.url}/{PATH}/-/pipelines/{pipeline.id}"
    assert body["created_at"] == "2026-11-21T12:00:00.000Z"
    assert pipeline.variables == {"TAG": "1.2"}


def test_a_project_is_found_by_its_number_and_a_ref_in_the_path(gitlab: GitLabSimulator) -> None:
    number = get(gitlab, PROJECT).json()["id"]

    answer = post(gitlab, f"/api/v4/projects/{number}/ref/v1.0/trigger/pipeline", data={"token": TRIGGER_TOKEN})

    assert (answer.status_code, answer.json()["ref"], answer.json()["tag"]) == (201, "v1.0", True)


def test_a_project_tells_its_default_branch(gitlab: GitLabSimulator) -> None:
    found = get(gitlab, PROJECT).json()

    assert (found["path_with_namespace"], found["default_branch"]) == (PATH, "main")


# What is refused


@pytest.mark.parametrize(
    ("wish", "body"),
    [
        ({}, {"error": "ref is missing, token is missing"}),
        ({"ref": "main"}, {"error": "token is missing"}),
        ({"token": TRIGGER_TOKEN}, {"error": "ref is missing"}),
        ({**WISH, "token": ["x"]}, {"error": "token is invalid"}),
        ({**WISH, "ref": "gone"}, {"message": {"base": ["Reference not found"]}}),
        ({**WISH, "variables": "x"}, {"error": "variables is invalid"}),
        ({**WISH, "variables": {"A": 1}}, {"message": "variables needs to be a map of key-valued strings"}),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(gitlab: GitLabSimulator, wish: Any, body: Any) -> None:
    answer = post(gitlab, json=wish)

    assert (answer.status_code, answer.json()) == (400, body)
    assert gitlab.pipelines == []


def test_a_body_that_is_no_json_is_refused(gitlab: GitLabSimulator) -> None:
    assert post(gitlab, data=b"{", headers={"Content-Type": "application/json"}).status_code == 400


def test_a_project_may_take_no_variables(gitlab: GitLabSimulator) -> None:
    project = gitlab.add_project("acme/strict")
    project.takes_variables = False
    gitlab.add_trigger("acme/strict")
    path = "/api/v4/projects/acme%2Fstrict/trigger/pipeline"

    refused = post(gitlab, path, json={**WISH, "variables": {"TAG": "1"}})

    assert refused.status_code == 400
    assert refused.json() == {"message": {"base": ["Insufficient permissions to set pipeline variables"]}}
    assert post(gitlab, path, json=WISH).status_code == 201


def test_a_project_may_have_nothing_to_do(gitlab: GitLabSimulator) -> None:
    gitlab.add_project("acme/idle").has_jobs = False
    gitlab.add_trigger("acme/idle")

    answer = post(gitlab, "/api/v4/projects/acme%2Fidle/trigger/pipeline", json=WISH)

    assert answer.status_code == 400
    assert "will not run" in answer.json()["message"]["base"][0]


@pytest.mark.parametrize(("position", "status"), [("404", 404), ("401", 401)])
def test_what_a_wrong_token_gets_is_a_switch(gitlab: GitLabSimulator, position: Any, status: int) -> None:
    gitlab.unknowns = GitLabUnknowns(wrong_token=position)

    assert post(gitlab, json={**WISH, "token": "wrong"}).status_code == status
    assert post(gitlab, "/api/v4/projects/acme%2Fgone/trigger/pipeline", json=WISH).status_code == 404
    assert gitlab.pipelines == []


def test_the_token_of_another_project_is_a_wrong_one(gitlab: GitLabSimulator) -> None:
    gitlab.add_project("acme/other")

    answer = post(gitlab, "/api/v4/projects/acme%2Fother/trigger/pipeline", json=WISH)

    assert (answer.status_code, answer.json()) == (404, {"message": "404 Not Found"})


def test_a_trigger_needs_a_project(gitlab: GitLabSimulator) -> None:
    with pytest.raises(KeyError):
        gitlab.add_trigger("acme/gone")


@pytest.mark.parametrize("path", ["/api/v4/other", f"{PROJECT}/gone", f"{PROJECT}/pipelines/1", f"{PROJECT}/ref/main"])
def test_what_is_not_there_is_not_found(gitlab: GitLabSimulator, path: str) -> None:
    assert get(gitlab, path).status_code == 404


# What is told


def test_a_pipeline_is_told_of_as_it_moves(gitlab: GitLabSimulator, clock: SettableClock) -> None:
    pipeline_id = post(gitlab, json=WISH).json()["id"]
    (pipeline,) = gitlab.pipelines

    def told() -> tuple[Any, ...]:
        found = get(gitlab, f"{PROJECT}/pipelines/{pipeline_id}").json()
        return found["status"], found["started_at"], found["finished_at"], found["duration"]

    assert told() == ("created", None, None, None)
    clock.advance(seconds=10)
    pipeline.start()
    assert told() == ("running", "2026-11-21T12:00:10.000Z", None, None)
    clock.advance(minutes=4)
    pipeline.finish("failed")
    assert told() == ("failed", "2026-11-21T12:00:10.000Z", "2026-11-21T12:04:10.000Z", 240)


@pytest.mark.parametrize("status", get_args(PipelineStatus))
def test_a_pipeline_may_be_in_any_status(gitlab: GitLabSimulator, status: PipelineStatus) -> None:
    pipeline_id = post(gitlab, json=WISH).json()["id"]
    gitlab.pipelines[0].wait(status)

    assert get(gitlab, f"{PROJECT}/pipelines/{pipeline_id}").json()["status"] == status


def test_pipelines_are_listed_newest_first_and_by_what_is_asked(gitlab: GitLabSimulator) -> None:
    first, second, third = (post(gitlab, json={**WISH, "ref": ref}).json()["id"] for ref in ("main", "v1.0", "main"))
    gitlab.pipelines[0].finish("success")

    def listed(query: str = "") -> list[int]:
        return [each["id"] for each in get(gitlab, f"{PROJECT}/pipelines?{query}").json()]

    assert listed() == [third, second, first]
    assert listed("ref=main&source=trigger") == [third, first]
    assert listed("status=success") == [first]
    assert listed("source=push") == []
    assert listed("per_page=2&page=2") == [first]


def test_a_public_project_can_be_read_by_all(gitlab: GitLabSimulator) -> None:
    gitlab.add_project("acme/public", is_public=True)
    gitlab.add_trigger("acme/public")
    pipeline_id = post(gitlab, "/api/v4/projects/acme%2Fpublic/trigger/pipeline", json=WISH).json()["id"]
    path = f"/api/v4/projects/acme%2Fpublic/pipelines/{pipeline_id}"

    assert get(gitlab, path, token=None).status_code == 200
    assert get(gitlab, path, token="wrong").status_code == 401


@pytest.mark.parametrize(("position", "status"), [("404", 404), ("403", 403), ("401", 401)])
def test_what_a_stranger_gets_of_a_private_one_is_a_switch(gitlab: GitLabSimulator, position: Any, status: int) -> None:
    gitlab.unknowns = GitLabUnknowns(private_pipeline=position)
    pipeline_id = post(gitlab, json=WISH).json()["id"]
    path = f"{PROJECT}/pipelines/{pipeline_id}"

    assert get(gitlab, path, token=None).status_code == status
    assert get(gitlab, path).status_code == 200


def test_a_trigger_token_reads_nothing(gitlab: GitLabSimulator) -> None:
    pipeline_id = post(gitlab, json=WISH).json()["id"]
    url = f"{gitlab.url}{PROJECT}/pipelines/{pipeline_id}"

    assert get(gitlab, f"{PROJECT}/pipelines/{pipeline_id}", token=TRIGGER_TOKEN).status_code == 401
    assert requests.get(url, headers={"Authorization": f"Bearer {ACCESS_TOKEN}"}, timeout=5).status_code == 200
