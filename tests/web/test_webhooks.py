"""Docker Hub's webhooks, over HTTP against the real server and a SQLite file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from bot.clock import SystemClock
from bot.pushes.intake import Intake
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import events
from bot.web.health import Health
from bot.web.routes import MOST_BODY_BYTES, build_routes
from bot.web.server import WebServer
from bot.web.webhooks import DockerHubWebhooks

PAYLOADS = Path(__file__).parents[1] / "pushes" / "payloads"
TODAY = (PAYLOADS / "push__2022_today.json").read_bytes()
SECRET, OLDER_SECRET = "a-path-secret-of-the-tests-1", "a-path-secret-of-the-tests-0"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/test.db")
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def origin(store: Store) -> Iterator[str]:
    webhooks = DockerHubWebhooks(Intake(store), [SECRET, OLDER_SECRET])
    server = WebServer(build_routes(Health((), SystemClock()), None, webhooks), "127.0.0.1", 0)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def post(origin: str, body: bytes = TODAY, *, secret: str = SECRET, **headers: str) -> requests.Response:
    return requests.post(f"{origin}/webhooks/dockerhub/{secret}", data=body, headers=headers, timeout=10)


def count(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(events)).scalar_one())


def shape(answer: requests.Response) -> tuple[Any, ...]:
    """What can be told from an answer, apart from the time."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "date"}
    return answer.status_code, answer.content, headers


def test_a_push_is_accepted_once(origin: str, store: Store) -> None:
    first, second = post(origin), post(origin)

    event = first.json()["event"]
    assert (first.status_code, first.json()) == (202, {"status": "accepted", "event": event})
    assert (second.status_code, second.json()) == (200, {"status": "duplicate", "event": event})
    assert count(store) == 1


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_every_recorded_payload_is_accepted(origin: str, path: Path) -> None:
    assert post(origin, path.read_bytes()).status_code == 202


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", ""]
)
def test_the_content_type_does_not_matter(origin: str, kind: str) -> None:
    assert post(origin, TODAY, **{"Content-Type": kind}).status_code == 202


def test_an_older_secret_still_lets_in(origin: str) -> None:
    assert post(origin, secret=OLDER_SECRET).status_code == 202


def test_a_rejected_payload_names_field_and_reason(origin: str, store: Store) -> None:
    payload = json.loads(TODAY)
    payload["push_data"]["tag"] = "<!channel>"

    answer = post(origin, json.dumps(payload).encode())

    assert answer.status_code == 400
    assert answer.json() == {
        "status": "rejected",
        "field": "push_data.tag",
        "reason": "This is not the name of a tag.",
    }
    assert count(store) == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/webhooks/dockerhub/wrong", TODAY),
        ("POST", f"/webhooks/dockerhub/{SECRET}x", TODAY),
        ("POST", f"/webhooks/dockerhub/{SECRET.upper()}", TODAY),
        ("POST", "/webhooks/dockerhub/%F0%9F%90%B3%FF", TODAY),
        ("POST", "/webhooks/dockerhub/", TODAY),
        ("POST", "/webhooks/dockerhub", TODAY),
        ("POST", "/webhooks/dockerhub/wrong", b"x" * (MOST_BODY_BYTES + 1)),
        ("POST", f"/webhooks/dockerhub/{SECRET}/more", TODAY),
        ("GET", f"/webhooks/dockerhub/{SECRET}", b""),
        ("PUT", f"/webhooks/dockerhub/{SECRET}", TODAY),
        ("DELETE", f"/webhooks/dockerhub/{SECRET}", b""),
        ("OPTIONS", f"/webhooks/dockerhub/{SECRET}", b""),
    ],
)
def test_who_does_not_know_the_secret_cannot_tell_that_there_is_a_route(
    origin: str, store: Store, method: str, path: str, body: bytes
) -> None:
    answer = requests.request(method, f"{origin}{path}", data=body, timeout=10)
    unknown = requests.request(method, f"{origin}/no/such/path", data=body, timeout=10)

    assert shape(answer) == shape(unknown)
    assert answer.status_code == 404
    assert count(store) == 0


def test_a_body_over_a_megabyte_is_too_large(origin: str, store: Store) -> None:
    assert post(origin, b" " * (MOST_BODY_BYTES - len(TODAY)) + TODAY).status_code == 202
    assert post(origin, b" " * MOST_BODY_BYTES + TODAY).status_code == 413


def test_without_a_database_the_sender_is_asked_to_come_back(origin: str, store: Store) -> None:
    store.close()

    answer = post(origin)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.json()["status"] == "unavailable"


def test_without_a_secret_there_is_no_route(origin: str) -> None:
    server = WebServer(build_routes(Health((), SystemClock()), None), "127.0.0.1", 0)
    server.start()

    answer = post(f"http://127.0.0.1:{server.port}")
    server.stop()

    assert answer.status_code == 404


def test_no_log_line_holds_the_secret(origin: str, caplog: pytest.LogCaptureFixture, store: Store) -> None:
    caplog.set_level("DEBUG")
    post(origin)
    post(origin, b"nonsense")
    post(origin, secret=OLDER_SECRET[:-1])
    store.close()
    post(origin)

    # What the client of this test says of itself is its own business.
    ours = [record for record in caplog.records if not record.name.startswith("urllib3")]
    assert {record.getMessage() for record in ours} >= {"webhook_accepted", "webhook_rejected"}
    assert not [record for record in ours if "path-secret" in f"{record.getMessage()} {record.__dict__}"]
