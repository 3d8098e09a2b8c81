"""Automated builds: what asks for them, what becomes of them, and that nobody tells of them otherwise."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub import seed_builds
from bot.sandbox.hub.builds import Automation, Build, BuildRule
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT, ZOE_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.receiver import Receiver

Login = Callable[[str, str], dict[str, str]]

PATH = "acme/api"
HISTORY = "/v2/repositories/acme/api/buildhistory/"
ACTIONS = "/api/audit/v1/action/?include_related=true&limit=100&object=/api/repo/v1/repository/acme/api/"
SOURCES = "/api/build/v1/source/?image=acme/api"
RULES = (
    BuildRule("Branch", "main", "latest"),
    BuildRule("Branch", "develop", "edge"),
    BuildRule("Tag", r"/^v([0-9]+)\.([0-9]+)$/", r"{\1}.{\2}"),
    BuildRule("Branch", "/^feature-/", "{sourceref}"),
    BuildRule("Branch", "old", "old", is_active=False),
)


@pytest.fixture
def trigger(hub: HubSimulator) -> str:
    """The trigger URL of `acme/api`, of five rules."""
    return hub.add_builds(PATH, rules=RULES)


def builds(hub: HubSimulator) -> list[Build]:
    return automation(hub).builds


def automation(hub: HubSimulator) -> Automation:
    found = hub.state.repository(PATH).automation
    assert found is not None
    return found


def call(url: str, body: Any = None, **more: Any) -> requests.Response:
    return requests.post(url, json=body, timeout=5, allow_redirects=False, **more)


def read(hub: HubSimulator, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.get(f"{hub.url}{path}", headers=headers, timeout=5, allow_redirects=False)


# What is built


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        (None, ["latest", "edge"]),
        ({}, ["latest", "edge"]),
        ({"build": True}, ["latest", "edge"]),
        ({"build": "true"}, ["latest", "edge"]),
        ({"docker_tag": "edge"}, ["edge"]),
        ({"docker_tag": "old"}, []),
        ({"docker_tag": "none"}, []),
        ({"source_type": "Branch", "source_name": "main"}, ["latest"]),
        ({"source_type": "Branch", "source_name": "feature-x"}, ["feature-x"]),
        ({"source_type": "Branch", "source_name": "old"}, []),
        ({"source_type": "Tag", "source_name": "v1.22"}, ["1.22"]),
        ({"source_type": "Tag", "source_name": "main"}, []),
    ],
)
def test_the_body_chooses_the_rules(hub: HubSimulator, trigger: str, body: Any, tags: list[str]) -> None:
    answer = call(trigger, body)

    assert (answer.status_code, answer.json()) == (202, {})
    assert [build.docker_tag for build in builds(hub)] == tags


def test_a_form_builds_everything(hub: HubSimulator, trigger: str) -> None:
    assert requests.post(trigger, data={"build": "true"}, timeout=5).status_code == 202
    assert len(builds(hub)) == 2


@pytest.mark.parametrize(
    "body",
    [["main"], "main", {"docker_tag": 5}, {"source_type": "Branch"}, {"source_type": "branch", "source_name": "main"}],
)
def test_a_body_that_makes_no_sense_is_refused_and_builds_nothing(hub: HubSimulator, trigger: str, body: Any) -> None:
    answer = call(trigger, body)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert builds(hub) == []


def test_a_body_that_is_no_json_is_refused(trigger: str) -> None:
    assert requests.post(trigger, data=b"{", timeout=5).status_code == 400


def test_what_is_put_into_a_tag_is_not_looked_at_again() -> None:
    rule = BuildRule("Branch", r"/^(.+)-(.+)$/", r"{\1}{sourceref}")

    assert rule.tag_for("Branch", r"{\2}-x") == r"{\2}{\2}-x"


def test_a_build_waits_runs_and_pushes_its_tag(
    hub: HubSimulator, trigger: str, clock: SettableClock, state: HubState
) -> None:
    hub.builds.queue_seconds, hub.builds.build_seconds = 10, 60
    asked_at = clock.now
    before = state.repository(PATH).tags["latest"]

    def state_after(seconds: float) -> str:
        clock.advance(seconds=seconds)
        hub.builds.advance()
        return builds(hub)[0].state

    call(trigger, {"docker_tag": "latest"})

    assert [state_after(seconds) for seconds in (9, 1, 59)] == ["queued", "building", "building"]
    assert state.repository(PATH).tags["latest"] is before
    assert state_after(1) == "success"
    pushed = state.repository(PATH).tags["latest"]
    (build,) = builds(hub)
    assert pushed.digest != before.digest
    assert [image.platform for image in pushed.images] == [image.platform for image in before.images]
    # Two platforms, one index, two attestations: the last of them comes four seconds after the first.
    assert build.ended_at is not None
    assert pushed.pushed_at == build.ended_at + timedelta(seconds=4)
    assert (clock.now - asked_at).total_seconds() == 70


def test_a_build_goes_on_when_nobody_asks_and_brings_its_webhooks(
    hub: HubSimulator, trigger: str, clock: SettableClock, receiver: Receiver
) -> None:
    hub.add_webhook(PATH, receiver.url)

    call(trigger, {"source_type": "Tag", "source_name": "v1.22"})
    clock.advance(minutes=10)

    receiver.wait_for(1)
    assert receiver.payloads[0]["push_data"]["tag"] == "1.22"


def test_times_are_those_of_the_plan_however_late_anybody_looks(
    hub: HubSimulator, trigger: str, clock: SettableClock
) -> None:
    hub.builds.queue_seconds, hub.builds.build_seconds, hub.builds.most_at_once = 10, 60, 1
    asked_at = clock.now

    call(trigger)
    clock.advance(hours=1)
    hub.builds.advance()

    times = [(build.started_at, build.ended_at) for build in builds(hub)]
    seconds = [tuple((at - asked_at).total_seconds() for at in pair if at) for pair in times]
    assert seconds == [(10, 70), (70, 130)]


@pytest.mark.parametrize("outcome", ["error", "exception"])
def test_a_build_that_fails_pushes_nothing(
    hub: HubSimulator, trigger: str, clock: SettableClock, state: HubState, outcome: Any
) -> None:
    hub.builds.outcomes.append(outcome)
    before = state.repository(PATH).tags["latest"]

    call(trigger, {"docker_tag": "latest"})
    clock.advance(hours=1)
    hub.builds.advance()
    call(trigger, {"docker_tag": "latest"})

    assert [build.comes_to for build in builds(hub)] == [outcome, "success"]
    assert builds(hub)[0].state == outcome
    assert state.repository(PATH).tags["latest"] is before


def test_a_build_of_a_tag_that_must_not_change_fails(
    hub: HubSimulator, trigger: str, clock: SettableClock, state: HubState
) -> None:
    state.repository(PATH).immutable_rules = ("latest",)

    call(trigger, {"docker_tag": "latest"})
    clock.advance(hours=1)
    hub.builds.advance()

    assert builds(hub)[0].state == "error"


def test_a_build_of_what_cannot_be_a_tag_fails(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    call(trigger, {"source_type": "Branch", "source_name": "feature-/x"})
    clock.advance(hours=1)
    hub.builds.advance()

    assert (builds(hub)[0].docker_tag, builds(hub)[0].state) == ("feature-/x", "error")


def test_a_build_of_a_repository_that_is_gone_ends(
    hub: HubSimulator, trigger: str, clock: SettableClock, state: HubState
) -> None:
    call(trigger, {"docker_tag": "latest"})
    made = builds(hub)[0]
    state.delete_repository(PATH)
    clock.advance(hours=1)
    hub.builds.advance()

    assert made.state == "exception"


def test_a_clock_that_is_moved_back_does_not_stop_builds(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    call(trigger, {"docker_tag": "latest"})
    clock.advance(hours=-1)
    hub.builds.advance()

    assert builds(hub)[0].state == "success"


def test_a_canceled_build_pushes_nothing(
    hub: HubSimulator, trigger: str, clock: SettableClock, state: HubState
) -> None:
    before = state.repository(PATH).tags["latest"]
    call(trigger, {"docker_tag": "latest"})
    clock.advance(seconds=hub.builds.queue_seconds)

    canceled = hub.builds.cancel(PATH, builds(hub)[0].code)
    clock.advance(hours=1)
    hub.builds.advance()

    assert (canceled.state, canceled.started_at is not None) == ("canceled", True)
    assert state.repository(PATH).tags["latest"] is before
    with pytest.raises(ValueError, match="has ended"):
        hub.builds.cancel(PATH, canceled.code)
    with pytest.raises(KeyError):
        hub.builds.cancel(PATH, "none")
    with pytest.raises(KeyError):
        hub.builds.cancel("acme/site", canceled.code)


def test_nothing_begins_during_a_pause(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    hub.builds.pause()
    call(trigger, {"docker_tag": "latest"})
    clock.advance(hours=1)
    hub.builds.advance()
    assert builds(hub)[0].state == "queued"

    hub.builds.resume()
    hub.builds.advance()

    assert (builds(hub)[0].state, builds(hub)[0].started_at) == ("building", clock.now)


# What is not


def test_a_tag_that_waits_already_is_not_queued_again(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    for _ in range(3):
        assert call(trigger, {"docker_tag": "latest"}).status_code == 202
    assert len(builds(hub)) == 1

    clock.advance(seconds=hub.builds.queue_seconds)
    call(trigger, {"docker_tag": "latest"})

    assert [build.state for build in builds(hub)] == ["building", "queued"]


def test_no_more_than_30_builds_wait(hub: HubSimulator, trigger: str) -> None:
    for number in range(31):
        body = {"source_type": "Branch", "source_name": f"feature-{number}"}
        assert call(trigger, body).status_code == 202

    assert len(builds(hub)) == 30


def test_no_more_than_some_run_side_by_side(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    hub.builds.most_at_once = 2
    for number in range(3):
        call(trigger, {"source_type": "Branch", "source_name": f"feature-{number}"})
    clock.advance(seconds=hub.builds.queue_seconds)
    hub.builds.advance()

    assert [build.state for build in builds(hub)] == ["building", "building", "queued"]


@pytest.mark.parametrize(("position", "status"), [("accepted", 202), ("400", 400), ("429", 429)])
def test_how_an_ignored_request_is_answered_is_a_switch(
    hub: HubSimulator, trigger: str, position: Any, status: int
) -> None:
    hub.unknowns = Unknowns(trigger_refusal=position)
    assert call(trigger, {"docker_tag": "latest"}).status_code == 202

    again = call(trigger, {"docker_tag": "latest"})

    assert again.status_code == status
    if status != 202:
        assert again.json() == {"error": "A build for tag latest is already pending. Ignoring request."}
    assert call(trigger, {"docker_tag": "none"}).status_code == 202


def test_a_request_may_be_dropped_in_silence(hub: HubSimulator, trigger: str) -> None:
    hub.builds.drops_requests = True

    assert call(trigger).status_code == 202
    assert requests.post(hub.classic_trigger(PATH), timeout=5).text == "OK"
    assert builds(hub) == []


# The URL


def test_a_wrong_source_or_trigger_is_not_found(hub: HubSimulator, trigger: str) -> None:
    known = automation(hub)
    wrong_source = call(trigger.replace(known.source_uuid, known.trigger_uuid))
    wrong_trigger = call(trigger.replace(known.trigger_uuid, known.source_uuid))

    assert (wrong_source.status_code, wrong_source.json()) == (404, {"error": "Selected Source does not exist"})
    assert (wrong_trigger.status_code, wrong_trigger.json()) == (404, {"error": "Selected Trigger does not exist"})
    assert builds(hub) == []


def test_the_url_wants_its_slash_and_a_post(hub: HubSimulator, trigger: str) -> None:
    without_slash = call(trigger.rstrip("/"))

    assert (without_slash.status_code, without_slash.headers["location"]) == (301, trigger.removeprefix(hub.url))
    assert requests.get(trigger, timeout=5).status_code == 405
    assert builds(hub) == []


def test_the_url_is_the_whole_credential(hub: HubSimulator, trigger: str) -> None:
    answer = call(trigger, headers={"Authorization": "Bearer wrong"})

    assert answer.status_code == 202
    assert len(builds(hub)) == 2


def test_triggers_know_no_rate_limit(hub: HubSimulator, trigger: str) -> None:
    assert "x-ratelimit-limit" not in call(trigger).headers


def test_a_request_is_recorded_as_it_was(hub: HubSimulator, trigger: str) -> None:
    call(trigger, {"docker_tag": "edge"})

    (record,) = hub.requests
    assert (record.method, f"{hub.url}{record.path}", record.status) == ("POST", trigger, 202)
    assert (record.body, record.headers["content-type"]) == (b'{"docker_tag": "edge"}', "application/json")


@pytest.mark.parametrize(("position", "text"), [("object", "{}"), ("empty", ""), ("text", "OK")])
def test_the_body_of_the_answer_is_a_switch(hub: HubSimulator, trigger: str, position: Any, text: str) -> None:
    hub.unknowns = Unknowns(trigger_body=position)

    answer = call(trigger)

    assert (answer.status_code, answer.text) == (202, text)


def test_the_answer_may_tell_what_became_of_each_rule(hub: HubSimulator, trigger: str) -> None:
    hub.unknowns = Unknowns(trigger_body="entries")
    call(trigger, {"docker_tag": "edge"})

    latest, edge = call(trigger).json()

    assert latest == {
        "source_type": "Branch",
        "source_name": "main",
        "evaluated_tag_name": "latest",
        "build_code": builds(hub)[1].code,
        "msg": "Build submitted",
        "queued_for_retry": False,
    }
    assert edge["build_code"] is None
    assert edge["msg"] == "A build for tag edge is already pending. Ignoring request."


def test_a_repository_without_builds_has_no_trigger(hub: HubSimulator) -> None:
    with pytest.raises(ValueError, match="not set up"):
        hub.build_trigger("acme/site")
    with pytest.raises(KeyError):
        hub.add_builds("acme/none")


# The classic URL


@pytest.mark.parametrize(
    "sent", [{"data": {"build": "true"}}, {"json": {"build": True}}, {"json": {"docker_tag": "latest"}}, {}]
)
def test_the_classic_url_says_ok_and_builds(hub: HubSimulator, trigger: str, sent: Any) -> None:
    answer = requests.post(hub.classic_trigger(PATH), timeout=5, **sent)

    assert (answer.status_code, answer.text) == (200, "OK")
    assert "latest" in {build.docker_tag for build in builds(hub)}


@pytest.mark.parametrize("body", [{"docker_tag": "none"}, ["nonsense"], {"source_type": "branch"}])
def test_the_classic_url_says_ok_also_when_it_builds_nothing(hub: HubSimulator, trigger: str, body: Any) -> None:
    assert requests.post(hub.classic_trigger(PATH), json=body, timeout=5).text == "OK"
    assert builds(hub) == []


def test_the_classic_url_builds_once_in_five_minutes(hub: HubSimulator, trigger: str, clock: SettableClock) -> None:
    url = hub.classic_trigger(PATH)
    counts = []
    for seconds in (0, 100, 199, 1):
        clock.advance(seconds=seconds)
        assert requests.post(url, json={"docker_tag": "latest"}, timeout=5).text == "OK"
        counts.append(len(builds(hub)))

    assert counts == [1, 1, 1, 2]


def test_the_classic_url_builds_nothing_while_something_is_built(
    hub: HubSimulator, trigger: str, clock: SettableClock
) -> None:
    hub.builds.build_seconds = 600
    url = hub.classic_trigger(PATH)
    requests.post(url, json={"docker_tag": "latest"}, timeout=5)
    clock.advance(seconds=400)

    requests.post(url, json={"docker_tag": "edge"}, timeout=5)

    assert [build.state for build in builds(hub)] == ["building"]


def test_a_wrong_classic_url_is_an_unknown_page(hub: HubSimulator, trigger: str) -> None:
    for path in ("/u/acme/api/trigger/wrong/", "/u/acme/site/trigger/wrong/", "/u/acme/none/trigger/wrong/"):
        answer = requests.post(f"{hub.url}{path}", timeout=5)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert builds(hub) == []


# What goes wrong on the way


@pytest.mark.parametrize(("after", "built"), [("before_reading", 0), ("after_accepting", 2)])
@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_lost_answer_leaves_the_builds_asked_for_or_not(
    hub: HubSimulator, trigger: str, kind: Any, after: Any, built: int
) -> None:
    hub.faults.add(Fault(kind=kind, after=after))

    with pytest.raises(requests.ConnectionError):
        call(trigger)

    assert len(builds(hub)) == built
    assert [record.status for record in hub.requests] == [None]


@pytest.mark.parametrize(("after", "built"), [("before_reading", 0), ("after_accepting", 2)])
def test_a_hang_is_a_timeout_for_whoever_waits_less(hub: HubSimulator, trigger: str, after: Any, built: int) -> None:
    hub.faults.add(Fault(kind="hang", seconds=30, after=after))
    began = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        requests.post(trigger, timeout=0.1)

    assert time.monotonic() - began < 5
    assert len(builds(hub)) == built


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (
            Fault(kind="unavailable", shape="error_text"),
            503,
            '{"error":"Our service is temporarily unavailable. We\'ll be back soon!"}',
        ),
        (Fault(kind="unavailable", shape="error_text", status=400, text="Bad"), 400, '{"error":"Bad"}'),
        (Fault(kind="not_json"), 200, '{"count": 3, "results": ['),
    ],
)
def test_a_fault_answers_instead_and_nothing_is_built(
    hub: HubSimulator, trigger: str, fault: Fault, status: int, body: str
) -> None:
    hub.faults.add(fault)

    answer = call(trigger)

    assert (answer.status_code, answer.text) == (status, body)
    assert builds(hub) == []


# Who may read


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        (None, [404, 401, 404]),
        (("zoe", ZOE_PAT), [404, 200, 404]),
        (("ana", ANA_PAT), [200, 200, 200]),
        (("acme", ACME_OAT), [403, 200, 200]),
    ],
)
def test_builds_of_a_private_repository_are_for_its_people(
    hub: HubSimulator, login: Login, trigger: str, who: Any, statuses: list[int]
) -> None:
    call(trigger)
    headers = login(*who) if who else None

    answers = [read(hub, path, headers) for path in (HISTORY, ACTIONS, SOURCES)]

    assert [answer.status_code for answer in answers] == statuses


def test_the_audit_hides_what_a_stranger_may_not_read(hub: HubSimulator, login: Login, trigger: str) -> None:
    call(trigger)
    uuid = builds(hub)[0].uuid

    assert read(hub, ACTIONS, login("zoe", ZOE_PAT)).json()["objects"] == []
    assert read(hub, f"/api/audit/v1/action/{uuid}/", login("zoe", ZOE_PAT)).status_code == 404
    assert read(hub, f"/api/audit/v1/action/{uuid}/", login("ana", ANA_PAT)).status_code == 200


def test_builds_of_a_public_repository_are_for_all_but_in_the_audit(hub: HubSimulator) -> None:
    call(hub.add_builds("acme/site"))
    history = read(hub, HISTORY.replace("/api/", "/site/")).json()

    assert [entry["dockertag_name"] for entry in history["results"]] == ["latest"]
    assert read(hub, SOURCES.replace("/api", "/site", 2).replace("/site/build", "/api/build")).status_code == 200
    assert read(hub, "/api/audit/v1/action/?object=/api/repo/v1/repository/acme/site/").status_code == 401


@pytest.mark.parametrize("how", ["bearer", "password", "cookie"])
def test_the_audit_takes_a_bearer_a_password_or_the_sites_cookie(
    hub: HubSimulator, login: Login, trigger: str, how: str
) -> None:
    call(trigger)
    bearer = login("ana", ANA_PAT)
    url = f"{hub.url}{ACTIONS}"
    if how == "bearer":
        answer = requests.get(url, headers=bearer, timeout=5)
    elif how == "password":
        answer = requests.get(url, auth=("ana", "password-of-ana"), timeout=5)
    else:
        answer = requests.get(url, cookies={"token": bearer["Authorization"].partition(" ")[2]}, timeout=5)

    assert len(answer.json()["objects"]) == 2


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Basic !"}, {"Authorization": "Bearer x"}, {"Cookie": "token=x"}]
)
def test_the_audit_takes_nothing_else(hub: HubSimulator, trigger: str, headers: dict[str, str]) -> None:
    assert requests.get(f"{hub.url}{ACTIONS}", headers=headers, timeout=5).status_code == 401
    assert requests.get(f"{hub.url}{ACTIONS}", auth=("ana", "wrong"), timeout=5).status_code == 401


# What the views say


def test_the_history_counts_a_build_up(hub: HubSimulator, login: Login, trigger: str, clock: SettableClock) -> None:
    hub.builds.queue_seconds, hub.builds.build_seconds, hub.builds.most_at_once = 10, 80, 1
    ana = login("ana", ANA_PAT)
    call(trigger)

    def codes() -> list[int]:
        return [entry["status"] for entry in read(hub, HISTORY, ana).json()["results"]]

    seen = [codes()]
    for _ in range(9):
        clock.advance(seconds=10)
        seen.append(codes())

    assert [latest for _, latest in seen] == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [edge for edge, _ in seen] == [0] + [11] * 8 + [2]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("success", (10, "Success", "Success")),
        ("error", (-1, "Failed", "Failed")),
        ("exception", (-2, "Failed", "Failed")),
    ],
)
def test_each_view_has_its_own_word(
    hub: HubSimulator, login: Login, trigger: str, outcome: Any, words: tuple[int, str, str]
) -> None:
    ana = login("ana", ANA_PAT)
    hub.builds.outcomes.append(outcome)
    hub.builds.queue_seconds = hub.builds.build_seconds = 0
    call(trigger, {"docker_tag": "latest"})

    history = read(hub, HISTORY, ana).json()["results"][0]
    action = next(each for each in read(hub, ACTIONS, ana).json()["objects"] if "build_code" in each)
    (source,) = read(hub, SOURCES, ana).json()["objects"]

    assert (history["status"], action["state"], source["state"]) == words


def test_a_build_is_shown_with_its_log_and_commit(
    hub: HubSimulator, login: Login, trigger: str, clock: SettableClock
) -> None:
    ana = login("ana", ANA_PAT)
    automation(hub).commits["main"] = "0123456789abcdef0123456789abcdef01234567"
    hub.builds.outcomes.append("error")
    call(trigger, {"docker_tag": "latest"})
    clock.advance(minutes=5)

    listed = read(hub, HISTORY, ana).json()["results"][0]
    shown = read(hub, f"{HISTORY}{listed['build_code']}/", ana).json()
    results = shown.pop("build_results")
    action = read(hub, ACTIONS, ana).json()["objects"][0]
    detail = read(hub, action["resource_uri"], ana).json()

    assert shown == listed
    assert results["source_url"] == "https://github.com/acme/api"
    assert results["error"] == results["logs"].splitlines()[-1]
    assert automation(hub).commits["main"] in results["logs"]
    assert results["buildmetrics"]["error"] == listed["last_updated"]
    assert results["buildmetrics"]["uploaded"] is None
    assert (action["commit"], action["build_tag"]) == (automation(hub).commits["main"], "latest")
    assert (detail["logs"], detail["dockerfile"][:4]) == (results["logs"], "FROM")
    assert read(hub, f"{HISTORY}none/", ana).status_code == 404
    assert read(hub, "/api/audit/v1/action/none/", ana).status_code == 404
    assert read(hub, action["resource_uri"]).status_code == 401


def test_the_audit_tells_of_the_push_too_and_writes_times_as_mail_does(
    hub: HubSimulator, login: Login, trigger: str, clock: SettableClock
) -> None:
    call(trigger, {"docker_tag": "latest"})
    clock.advance(minutes=5)

    push, build = read(hub, ACTIONS, login("ana", ANA_PAT)).json()["objects"]

    assert (push["action"], "build_tag" in push) == ("Repository Push", False)
    ended_at = builds(hub)[0].ended_at
    assert isinstance(ended_at, datetime)
    assert parsedate_to_datetime(build["end_date"]) == ended_at.replace(microsecond=0)
    assert build["end_date"].endswith(" +0000")


def test_the_audit_lists_a_part_and_tells_where_the_next_one_is(hub: HubSimulator, login: Login, trigger: str) -> None:
    ana = login("ana", ANA_PAT)
    call(trigger)

    first = read(hub, ACTIONS.replace("limit=100", "limit=1"), ana).json()
    second = read(hub, first["meta"]["next"], ana).json()

    assert [len(page["objects"]) for page in (first, second)] == [1, 1]
    assert first["objects"] != second["objects"]
    assert (second["meta"]["next"], second["meta"]["total_count"]) == (None, 2)


@pytest.mark.parametrize("word", ["In Progress", "In progress"])
def test_what_the_audit_calls_a_running_build_is_a_switch(
    hub: HubSimulator, login: Login, trigger: str, clock: SettableClock, word: Any
) -> None:
    hub.unknowns = Unknowns(action_progress=word)
    call(trigger, {"docker_tag": "latest"})
    clock.advance(seconds=hub.builds.queue_seconds)

    assert read(hub, ACTIONS, login("ana", ANA_PAT)).json()["objects"][0]["state"] == word


@pytest.mark.parametrize(
    ("switch", "path"), [("build_history", HISTORY), ("build_actions", ACTIONS), ("build_sources", SOURCES)]
)
def test_whether_a_view_is_still_there_is_a_switch(
    hub: HubSimulator, login: Login, trigger: str, switch: str, path: str
) -> None:
    ana = login("ana", ANA_PAT)
    call(trigger)

    def read_at(position: str) -> requests.Response:
        hub.unknowns = Unknowns.model_validate({switch: position})
        return read(hub, path, ana)

    key = "results" if switch == "build_history" else "objects"
    assert len(read_at("present").json()[key]) > 0
    assert read_at("empty").json()[key] == []
    assert read_at("404").status_code == 404


@pytest.mark.parametrize(("position", "status"), [("empty", 200), ("404", 404)])
def test_a_repository_without_builds_has_nothing_to_tell(hub: HubSimulator, position: Any, status: int) -> None:
    hub.unknowns = Unknowns(unbuilt_history=position)

    history = read(hub, "/v2/repositories/acme/site/buildhistory/")
    source = read(hub, "/api/build/v1/source/?image=acme%2Fsite")

    assert history.status_code == status
    assert (source.status_code, source.json()["objects"]) == (200, [])
    assert read(hub, "/api/build/v1/source/?image=acme/none").status_code == 404


def test_a_source_without_a_build_is_neither_good_nor_bad(hub: HubSimulator, login: Login, trigger: str) -> None:
    (source,) = read(hub, SOURCES, login("ana", ANA_PAT)).json()["objects"]

    assert (source["state"], source["image"], source["owner"]) == ("Empty", "acme/api", "acme")
    assert len(source["build_settings"]) == len(RULES)


# The seed


def test_the_seeded_api_has_a_history_of_everything_that_agrees_with_its_tags() -> None:
    with HubSimulator() as hub:
        made, tags = builds(hub), hub.state.repository(PATH).tags
        url = hub.build_trigger(PATH)
        before = len(made)
        assert call(url).status_code == 202

    assert {build.state for build in made[:before]} == {"success", "error", "exception", "canceled"}
    newest = {build.docker_tag: build.ended_at for build in made[:before] if build.state == "success"}
    assert {tag: tags[tag].pushed_at for tag in newest} == newest
    assert [build.created_at for build in made] == sorted(build.created_at for build in made)
    assert url.endswith(f"/source/{seed_builds.SOURCE}/trigger/{seed_builds.TRIGGER}/call/")
    assert len(made) == before + 2
