import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState

ROOT = Path(__file__).parents[2]
NGINX = "/v2/namespaces/library/repositories/nginx"

Login = Callable[[str, str], dict[str, str]]


def test_without_a_state_there_is_the_seeded_organization() -> None:
    with HubSimulator() as hub:
        body = requests.get(f"{hub.url}{NGINX}/tags", timeout=5).json()

    assert body["count"] == 957


def test_requests_are_recorded_as_they_were(hub: HubSimulator, login: Login, clock: SettableClock) -> None:
    headers = login("ana", ANA_PAT)
    path = "/v2/namespaces/acme/repositories/none/tags/%2F"
    requests.delete(f"{hub.url}{path}?a=b", headers=headers, data="x", timeout=5)

    record = hub.requests[-1]

    assert (record.method, record.path) == ("DELETE", path)
    assert (record.query, record.body, record.status) == ({"a": "b"}, b"x", 404)
    assert record.headers["authorization"] == headers["Authorization"]
    assert (record.when, record.credential) == (clock.now, "pat")


@pytest.mark.parametrize(
    ("identifier", "secret", "kind"),
    [("ana", "password-of-ana", "password"), ("ana", ANA_PAT, "pat"), ("acme", ACME_OAT, "oat")],
)
def test_record_names_the_kind_of_credential(
    hub: HubSimulator, login: Login, identifier: str, secret: str, kind: str
) -> None:
    requests.get(f"{hub.url}{NGINX}", headers=login(identifier, secret), timeout=5)

    assert [record.credential for record in hub.requests] == ["anonymous", kind]


def test_records_are_found_by_path_and_forgotten(hub: HubSimulator) -> None:
    for path in (NGINX, "/v2/orgs/acme/", f"{NGINX}/tags"):
        requests.get(f"{hub.url}{path}", timeout=5)

    assert [record.path for record in hub.requests_to(NGINX)] == [NGINX, f"{NGINX}/tags"]
    hub.clear_requests()
    assert hub.requests == []


def test_record_is_there_before_the_answer_is(hub: HubSimulator) -> None:
    hub.faults.add(Fault(kind="unavailable"))
    for number in range(20):
        requests.get(f"{hub.url}{NGINX}", timeout=5)

        assert len(hub.requests) == number + 1


def test_latency_is_added_to_every_answer(hub: HubSimulator) -> None:
    hub.latency_seconds = 0.03
    began = time.monotonic()

    requests.get(f"{hub.url}{NGINX}", timeout=5)

    assert time.monotonic() - began >= 0.03


def test_latencies_of_many_clients_pass_side_by_side(hub: HubSimulator) -> None:
    hub.latency_seconds = 0.05
    threads = [
        threading.Thread(target=requests.get, args=(f"{hub.url}{NGINX}",), kwargs={"timeout": 5}) for _ in range(40)
    ]
    began = time.monotonic()

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {record.status for record in hub.requests} == {200}
    assert len(hub.requests) == 40
    # One after the other they would take 2 s.
    assert time.monotonic() - began < 1


def test_state_may_change_while_it_is_read(hub: HubSimulator, state: HubState) -> None:
    stop = threading.Event()

    def push() -> None:
        number = 0
        while not stop.is_set():
            state.push_tag("library/nginx", f"t{number % 50}", at=datetime.now(UTC))
            number += 1

    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        statuses = {requests.get(f"{hub.url}{NGINX}/tags", timeout=5).status_code for _ in range(10)}
    finally:
        stop.set()
        pusher.join()

    assert statuses == {200}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_prints_its_address_and_ends_on_a_signal(number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot.sandbox.hub", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        status = requests.get(f"{url}{NGINX}", timeout=5).status_code
        program.send_signal(number)
        program.wait(timeout=10)

    assert (status, program.returncode) == (200, 0)


def test_sandbox_imports_nothing_of_the_rest_of_the_bot() -> None:
    # The client and its simulator must not share a mistake.
    imported = set()
    for path in (ROOT / "bot" / "sandbox").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)

    roots = {name.partition(".")[0] for name in imported}
    assert roots <= {*sys.stdlib_module_names, "pydantic", "bot"}
    assert {name for name in imported if name.startswith("bot") and not name.startswith("bot.sandbox")} == set()
