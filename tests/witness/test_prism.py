"""The client against a mock server by others, which knows nothing but Docker's own OpenAPI document."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr

from bot.clock import FrozenClock, SystemClock
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import ImageReference, RepositoryName
from tests.support.shared import shared_file

ROOT = Path(__file__).parents[2]
PRISM = ROOT / ".tools" / "prism"
START_SECONDS = 40

API = RepositoryName("acme", "api")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # The installer writes this file last, so that half an installation is never mistaken for one.
    if not (PRISM / "installed.txt").exists():
        pytest.skip(f"{PRISM} is missing; `make tools` makes it")
    document = shared_file("hub-openapi.yaml")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command: list[str | Path] = [
        PRISM / "node_modules" / ".bin" / "prism",
        "mock",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        document,
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as prism:
        try:
            wait_for(port, prism)
            yield f"http://127.0.0.1:{port}"
        finally:
            prism.terminate()


def wait_for(port: int, prism: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and prism.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("prism did not start")


@pytest.fixture
def client(url: str) -> Iterator[HubClient]:
    credentials = Credentials.from_values(
        username="ana", token=SecretStr("dckr_pat_witness"), organization_tokens={"acme": SecretStr("dckr_oat_witness")}
    )
    with HubClient(HubUrls(url, url, url), credentials, SystemClock()) as client:
        yield client


def test_mock_refuses_what_the_document_forbids(url: str) -> None:
    # Otherwise the other tests would prove nothing.
    assert requests.get(f"{url}/v2/no/such/path", timeout=10).status_code == 404
    assert requests.post(f"{url}/v2/auth/token", json={"identifier": 7}, timeout=10).status_code >= 400


def test_login_and_repository_are_understood(client: HubClient) -> None:
    repository = client.repositories.get(API)

    assert (repository.name, repository.namespace) == ("my-app", "myorganization")
    assert client.credential_status("acme").refusal == ""


def test_list_of_repositories_ends_although_its_next_page_is_the_same_for_ever(client: HubClient) -> None:
    listing = client.repositories.list("docker", ordering="-last_updated")

    assert [repository.name for repository in listing] == ["highland_builder", "whalesay"]
    assert listing.total == 287
    assert not listing.is_complete


def test_tag_whose_images_are_an_object_is_understood(client: HubClient) -> None:
    tag = client.tags.get(API, "latest")

    assert tag.images
    assert tag.pushed_at is not None


def test_tags_are_understood(client: HubClient) -> None:
    assert list(client.tags.newest(API, 25))
    assert list(client.tags.list(API, limit=1))


def test_short_name_is_found(client: HubClient) -> None:
    assert client.find(ImageReference.parse("api"), "acme") == API


def test_budget_that_is_not_told_is_unknown(client: HubClient) -> None:
    assert client.rate_limits.get("acme") is None


def test_anonymous_calls_are_as_good_as_the_document_says(url: str) -> None:
    clock = FrozenClock(SystemClock().now())
    with HubClient(HubUrls(url, url, url), Credentials(), clock) as client:
        # Documented as open to anybody; tags are documented with a login, although the real service needs none.
        assert client.repositories.get(API).name == "my-app"
