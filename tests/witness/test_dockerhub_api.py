"""A client written by others, which has never seen this project, gets along with the simulator."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator

HERE = Path(__file__).parent
VENV = HERE.parents[1] / ".tools" / "dockerhub-api"


@pytest.fixture(scope="module")
def hub_and_story(tmp_path_factory: pytest.TempPathFactory) -> tuple[HubSimulator, dict[str, Any]]:
    """Return the simulator as the session left it, and what the client told of the session."""
    # The installer writes this file last, so that half an environment is never mistaken for one.
    if not (VENV / "installed.txt").exists():
        pytest.skip(f"{VENV} is missing; tests/witness/install_dockerhub_api.sh makes it")
    with HubSimulator() as hub:
        hub.faults.add(Fault(kind="rate_limited", path="/v2/namespaces/library/repositories/redis"))
        hub.faults.add(Fault(kind="unavailable", path="/v2/namespaces/library/repositories/alpine"))
        people = ["ana", seed.ANA_PAT, "acme", seed.ACME_OAT]
        finished = subprocess.run(
            [VENV / "bin" / "python", HERE / "dockerhub_api_session.py", hub.url, *people],
            capture_output=True,
            check=False,
            env={"HOME": str(tmp_path_factory.mktemp("home")), "NO_PROXY": "127.0.0.1"},
            text=True,
            timeout=50,
        )
    assert finished.returncode == 0, finished.stderr
    return hub, json.loads(finished.stdout)


@pytest.fixture
def story(hub_and_story: tuple[HubSimulator, dict[str, Any]]) -> dict[str, Any]:
    return hub_and_story[1]


def test_client_logs_in_and_reads_the_claims(story: dict[str, Any]) -> None:
    assert story["whoami"] == "ana"
    assert story["claims"] == ["exp", "iat", "sub"]


def test_client_lists_and_reads_repositories(story: dict[str, Any]) -> None:
    assert len(story["repositories"]) == 41
    assert story["repositories"] == sorted(story["repositories"])
    assert (story["repository"]["name"], story["repository"]["is_private"]) == ("api", True)
    assert (story["oat_repositories"], story["public_repositories"]) == (41, 13)
    assert story["rate_limit"] == ["limit", "remaining", "reset"]


def test_client_lists_and_reads_tags(hub_and_story: tuple[HubSimulator, dict[str, Any]], story: dict[str, Any]) -> None:
    latest = hub_and_story[0].state.repository("acme/api").tags["latest"]

    assert story["tags"] == 100
    assert story["tag"]["digest"] == latest.digest
    assert [image["architecture"] for image in story["tag"]["images"]] == ["amd64", "arm64"]
    assert story["manifest"]["Docker-Content-Digest"] == latest.digest


def test_client_sees_what_exists(story: dict[str, Any]) -> None:
    assert story["exists"] == [True, False, True, False]


def test_client_creates_a_repository(hub_and_story: tuple[HubSimulator, dict[str, Any]], story: dict[str, Any]) -> None:
    assert story["created"] == 201
    assert hub_and_story[0].state.repository("acme/from-witness").is_private


def test_client_understands_every_refusal(story: dict[str, Any]) -> None:
    repositories = "/v2/namespaces/acme/repositories"
    library = "/v2/namespaces/library/repositories"
    refusals = story["refusals"]

    # The client's own words around the simulator's; `ParameterError` is what it makes of 400 and 404.
    assert refusals["missing repository"] == f"ParameterError: HTTP 404 for GET {repositories}/none: object not found"
    assert refusals["private to strangers"] == f"ParameterError: HTTP 404 for GET {repositories}/api: object not found"
    assert refusals["page past the end"] == f"ParameterError: HTTP 404 for GET {repositories}: page not found"
    assert refusals["exists already"] == f"ParameterError: HTTP 400 for POST {repositories}"
    assert refusals["nothing may be created"] == f"AuthError: HTTP 401 for POST {repositories}: authentication required"
    assert refusals["bad bearer"] == f"AuthError: HTTP 401 for GET {library}/nginx: invalid or expired token"
    assert refusals["bad password"] == "AuthError: Docker Hub rejected the credentials for 'ana' (HTTP 401)."
    assert refusals["rate limit"].startswith(f"ApiError: HTTP 429 for GET {library}/redis: Rate limit exceeded")
    assert refusals["unavailable"].startswith(f"ApiError: HTTP 503 for GET {library}/alpine: Our service")
