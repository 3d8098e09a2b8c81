"""No secret leaves the client but to Docker Hub: not in a log record, not in an error, not in a repr."""

import base64
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import HubError
from bot.hub.api import Call, Reply
from bot.hub.auth import Operation
from bot.hub.client import HubClient
from bot.images import RepositoryName
from bot.sandbox.hub import seed
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.simulator import HubSimulator
from tests.hub.conftest import MakeClient

API = RepositoryName("acme", "api")


def write(client: HubClient) -> Reply:
    path = "/v2/namespaces/acme/repositories"
    body = {"namespace": "acme", "name": "not a name", "description": "for your eyes only"}
    return client._api.send(Call(Operation.WRITE_REPOSITORY, "acme", "acme/new", path, method="POST", body=body))


USES: dict[str, Callable[[HubClient], Any]] = {
    "tags": lambda client: list(client.tags.newest(API, 25)),
    "repositories": lambda client: list(client.repositories.list("acme")),
    "missing tag": lambda client: client.tags.get(API, "no-such-tag"),
    "pull limit": lambda client: client.registry.pull_limit(),
    "write": write,
}
FAULTS = {
    "well": None,
    "429": Fault(kind="rate_limited", retry_after_seconds=30),
    "503": Fault(kind="unavailable"),
    "html": Fault(kind="html", status=200),
    "reset": Fault(kind="reset"),
    "truncated": Fault(kind="truncated"),
    "redirect": Fault(kind="redirect", location="https://evil.example/"),
}


def everything_about(records: list[logging.LogRecord]) -> str:
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in records)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_secrets_reach_neither_logs_nor_errors(
    hub: HubSimulator,
    make_client: MakeClient,
    caplog: pytest.LogCaptureFixture,
    *,
    fault: Fault | None,
    use: Callable[[HubClient], Any],
) -> None:
    told = ""
    with caplog.at_level(logging.DEBUG):
        for token in (seed.ANA_PAT, "dckr_pat_revoked_000000000000"):
            client = make_client("ana", token)
            if fault is not None:
                hub.faults.add(fault)
            try:
                use(client)
            except HubError as error:
                told += "".join(traceback.format_exception(error)) + repr(vars(error))
            hub.faults.clear()
            told += repr(client) + repr(vars(client)) + repr(client.credential_status("acme"))

    said = everything_about(caplog.records) + told
    bearers = {
        request.headers["authorization"].partition(" ")[2]
        for request in hub.requests
        if "authorization" in request.headers
    }
    pairs = {base64.b64encode(f"ana:{token}".encode()).decode() for token in (seed.ANA_PAT, "dckr_pat_revoked")}
    for secret in {"dckr_pat_", "for your eyes only", *bearers, *pairs}:
        assert secret not in said


def test_credentials_are_sent_to_the_login_only(hub: HubSimulator, make_client: MakeClient) -> None:
    client = make_client("ana", seed.ANA_PAT)

    for use in (USES["tags"], USES["repositories"]):
        use(client)

    carriers = {request.path for request in hub.requests if seed.ANA_PAT in f"{request.headers} {request.body!r}"}
    assert carriers == {"/v2/auth/token"}
