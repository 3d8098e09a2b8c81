"""Where a redirect of the registry may lead."""

import errno
import socket
from typing import Any

import pytest

from bot.clock import FrozenClock
from bot.hub import elsewhere, wire
from bot.hub.elsewhere import may_lead
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap
from bot.hub.wire import Request, Wire
from tests.hub.support import NOW

REGISTRY = "https://registry-1.docker.io"


@pytest.mark.parametrize(
    ("url", "registry", "may"),
    [
        ("https://cdn.example/x", REGISTRY, True),
        ("https://cdn.example:8443/x", REGISTRY, True),
        ("http://cdn.example/x", REGISTRY, False),
        ("https://ana:pw@cdn.example/x", REGISTRY, False),
        ("https:///x", REGISTRY, False),
        ("https://127.0.0.1/x", REGISTRY, False),
        ("http://localhost:5000/x", REGISTRY, False),
        ("http://localhost:5000/x", "http://127.0.0.1:5000", True),
        ("https://cdn.example/x", "http://127.0.0.1:5000", True),
        ("http://cdn.example/x", "http://127.0.0.1:5000", False),
        ("file://localhost/etc/passwd", "http://127.0.0.1:5000", False),
    ],
)
def test_https_leads_anywhere_and_loopback_only_to_itself(url: str, registry: str, *, may: bool) -> None:
    assert may_lead(url, registry=registry) is may


class Names:
    """Answers for the name server and the network: which addresses a host has, and what is connected to."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.connected: list[str] = []

    def look_up(self, _host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]

    def connect(self, address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        self.connected.append(address[0])
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")


def fetched(monkeypatch: pytest.MonkeyPatch, names: Names) -> Answer | Failure:
    """Ask a registry that sends us to a CDN, which is at these addresses."""
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    monkeypatch.setattr(elsewhere, "create_connection", names.connect)
    http = Wire(FrozenClock(NOW))
    send = http._send

    def first_redirects(session: Any, request: Request, url: str, headers: Any) -> Answer | Failure:
        if url.startswith(REGISTRY):
            return Answer(307, {"Location": "https://cdn.example/file"})
        assert "Authorization" not in headers
        return send(session, request, url, headers)

    monkeypatch.setattr(http, "_send", first_redirects)
    request = Request("GET", REGISTRY, "/v2/acme/api/blobs/x", expects_json=False, may_leave=True)
    try:
        return http.exchange(request, {"Authorization": "Bearer secret"})
    finally:
        http.close()


@pytest.mark.parametrize(
    "addresses", [["10.0.0.5"], ["127.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "10.0.0.5"], ["::ffff:10.0.0.5"]]
)
def test_a_name_that_leads_to_a_private_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    names = Names(*addresses)

    outcome = fetched(monkeypatch, names)

    assert isinstance(outcome, Failure)
    assert outcome.mishap is Mishap.REDIRECTED
    assert names.connected == []


def test_connections_go_to_the_addresses_that_were_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names("93.184.216.34", "93.184.216.35")

    outcome = fetched(monkeypatch, names)

    assert isinstance(outcome, Failure)
    assert outcome.mishap is Mishap.NOT_CONNECTED
    assert names.connected == ["93.184.216.34", "93.184.216.35"]


def test_other_requests_do_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    http = wire.Wire(FrozenClock(NOW))
    monkeypatch.setattr(http, "_send", lambda *_: Answer(307, {"Location": "https://cdn.example/file"}))

    outcome = http.exchange(Request("GET", REGISTRY, "/v2/acme/api/manifests/latest"), {})

    assert isinstance(outcome, Failure)
    assert outcome.mishap is Mishap.REDIRECTED
    http.close()
