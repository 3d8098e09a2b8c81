"""Calls to the outside, against real servers on loopback."""

import logging
import socket
import time
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.egress.client import LARGEST_BODY_BYTES, EgressAnswer, EgressClient, EgressRequest
from bot.egress.errors import EgressError, EgressRefusedError, EgressUnansweredError, EgressUnreachableError
from bot.egress.hosts import AllowedHosts
from tests.egress.servers import (
    OK,
    Diverted,
    NameServer,
    Respond,
    Server,
    certified,
    dripping,
    hanging_up,
    saying,
    serving,
    silent,
)

SECRET = "a-secret-of-the-egress-tests"
SHORT_SECONDS = 0.4


def calling(server: Server) -> EgressClient:
    return EgressClient(AllowedHosts(named=[f"127.0.0.1:{server.port}"]))


def request(server: Server, **options: object) -> EgressRequest:
    url = SecretStr(f"http://127.0.0.1:{server.port}/trigger/{SECRET}?token={SECRET}")
    return EgressRequest("POST", url, **options)  # type: ignore[arg-type]


def answer_to(respond: Respond, **options: object) -> EgressAnswer:
    with serving(respond) as server:
        return calling(server).send(request(server, **options))


def test_a_request_arrives_as_it_was_given_and_its_answer_comes_back() -> None:
    said = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX-Run: 7\r\n\r\ndone"
    with serving(saying(said)) as server:
        answer = calling(server).send(request(server, headers={"Content-Type": "application/json"}, body=b'{"a":1}'))

    assert (answer.status, answer.body, answer.is_whole) == (201, b"done", True)
    assert answer.headers["x-run"] == "7"
    head, _, body = server.heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST /trigger/{SECRET}?token={SECRET} HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert {"Content-Type: application/json", "Content-Length: 7", "Accept-Encoding: identity"} <= set(lines)
    assert any(line.startswith("User-Agent: hub-bot/") for line in lines)
    assert body == b'{"a":1}'


def test_headers_that_decide_where_a_request_ends_are_nobody_elses() -> None:
    with serving() as server:
        mine = {"host": "evil.example", "Content-Length": "999", "Transfer-Encoding": "chunked"}
        calling(server).send(request(server, headers=mine, body=b"x"))

    head = server.heard[0].lower()
    assert head.count(b"host:") == 1
    assert b"evil.example" not in head
    assert b"transfer-encoding" not in head
    assert b"content-length: 1\r\n" in head


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["http://169.254.169.254/", "http://127.0.0.1:1/", "file:///etc/passwd", "/again"])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int, location: str) -> None:
    said = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(saying(said)) as server:
        answer = calling(server).send(request(server))

    assert (answer.status, answer.headers["location"]) == (status, location)
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 408, 425, 429, 500, 502, 503, 504])
def test_nothing_is_asked_twice_whatever_the_status(status: int) -> None:
    with serving(saying(f"HTTP/1.1 {status} No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".encode())) as server:
        assert calling(server).send(request(server)).status == status

    assert len(server.heard) == 1


@pytest.mark.parametrize("respond", [hanging_up, silent, saying(b"this is no HTTP\r\n\r\n"), saying(b"HTTP/1.1 20")])
def test_without_an_answer_it_may_have_been_taken_and_is_not_asked_again(respond: Respond) -> None:
    with serving(respond) as server:
        with pytest.raises(EgressUnansweredError, match="may have taken the request"):
            calling(server).send(request(server, timeout_seconds=SHORT_SECONDS))

        assert len(server.heard) == 1


def test_where_nobody_listens_nothing_was_sent() -> None:
    with serving() as server:
        pass

    with pytest.raises(EgressUnreachableError, match="could not be reached; nothing was sent"):
        calling(server).send(request(server))


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500, b"HTTP/1.1 100 Continue\r\n\r\n" * 100],
    ids=["headers", "interim answers"],
)
def test_a_head_that_drips_is_no_answer_in_time(answer: bytes) -> None:
    began = time.monotonic()

    with pytest.raises(EgressUnansweredError, match="did not answer in time"):
        answer_to(dripping(answer), timeout_seconds=SHORT_SECONDS)

    assert time.monotonic() - began < SHORT_SECONDS + 2


def test_a_body_that_drips_is_cut_off_in_time_and_the_status_counts() -> None:
    began = time.monotonic()

    # The head alone takes a quarter of a second, and more on a busy machine.
    seconds = 3 * SHORT_SECONDS
    answer = answer_to(
        dripping(b"HTTP/1.1 202 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900, every_seconds=0.005),
        timeout_seconds=seconds,
    )

    assert (answer.status, answer.is_whole) == (202, False)
    assert len(answer.body) < 900
    assert time.monotonic() - began < seconds + 2


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nnonsense\r\n", b"short"),
    ],
)
def test_a_body_that_was_cut_off_says_so(said: bytes, body: bytes) -> None:
    answer = answer_to(saying(said))

    assert (answer.status, answer.body, answer.is_whole) == (200, body, False)


@pytest.mark.parametrize("framing", [b"Content-Length: 3000000", b"Connection: close"])
def test_no_more_than_a_mebibyte_is_read(framing: bytes) -> None:
    answer = answer_to(saying(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + b"x" * 3_000_000))

    assert (len(answer.body), answer.is_whole) == (LARGEST_BODY_BYTES, False)


def test_no_proxy_and_no_netrc_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ana password netrc-password")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving() as proxy, serving() as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        calling(server).send(request(server))

    assert (len(server.heard), proxy.heard) == (1, [])
    assert b"authorization" not in server.heard[0].lower()


# The host is looked up once, and called where that said.


def https(server: Server, names: NameServer, tls: object = None, **options: object) -> tuple[EgressClient, Diverted]:
    diverted = Diverted(server, **options)  # type: ignore[arg-type]
    hosts = AllowedHosts(named=["ci.example.com"])
    return EgressClient(hosts, resolve=names, connect=diverted, tls=tls), diverted  # type: ignore[arg-type]


CI = EgressRequest("GET", SecretStr(f"https://CI.example.com./{SECRET}"))


def test_the_address_that_was_checked_is_the_one_that_is_called(tmp_path: Path) -> None:
    shown, trusting = certified(tmp_path, "ci.example.com")
    names = NameServer(["10.1.2.3"], ["127.0.0.1"], ["169.254.169.254"])
    with serving(tls=shown) as server:
        client, diverted = https(server, names, trusting)
        assert client.send(CI).status == 200

    assert names.asked == ["ci.example.com"]
    assert diverted.tried == [("10.1.2.3", 443)]
    assert server.names == ["ci.example.com"]
    assert b"\r\nHost: ci.example.com\r\n" in server.heard[0]


def test_the_next_address_is_tried_only_while_nothing_was_sent(tmp_path: Path) -> None:
    shown, trusting = certified(tmp_path, "ci.example.com")
    names = NameServer(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    with serving(hanging_up, tls=shown) as server:
        client, diverted = https(server, names, trusting, dead=["10.0.0.1"])
        with pytest.raises(EgressUnansweredError):
            client.send(CI)

    assert [address for address, _ in diverted.tried] == ["10.0.0.1", "10.0.0.2"]
    assert len(server.heard) == 1


@pytest.mark.parametrize("name", ["other.example.com", "example.com", "*.ci.example.com"])
def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path, name: str) -> None:
    shown, trusting = certified(tmp_path, name)
    with serving(tls=shown) as server:
        client, _ = https(server, NameServer(["10.1.2.3"]), trusting)
        with pytest.raises(EgressUnreachableError, match="certificate"):
            client.send(CI)

    assert server.heard == []


def test_a_certificate_of_nobody_we_know_is_not_trusted(tmp_path: Path) -> None:
    shown, _ = certified(tmp_path, "ci.example.com")
    with serving(tls=shown) as server:
        client, _ = https(server, NameServer(["10.1.2.3"]))
        with pytest.raises(EgressUnreachableError, match="certificate"):
            client.send(CI)

    assert server.heard == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["10.0.0.5", "169.254.169.254"],
        ["10.0.0.5", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["::1"],
        ["fe80::1"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],  # noqa: S104 - Nothing is bound.
        ["::"],
        ["224.0.0.1"],
        ["64:ff9b::7f00:1"],
    ],
)
def test_a_listed_name_that_leads_to_this_machine_or_nowhere_is_refused(addresses: list[str]) -> None:
    with serving() as server:
        client, diverted = https(server, NameServer(addresses))
        with pytest.raises(EgressRefusedError, match=r"`ci\.example\.com` is not called"):
            client.send(CI)

    assert (diverted.tried, server.heard) == ([], [])


@pytest.mark.parametrize(
    "addresses", [["10.0.0.5"], ["192.168.1.1"], ["fd00::5"], ["8.8.8.8", "10.0.0.5"], ["127.0.0.1"]]
)
def test_docker_hub_is_called_at_public_addresses_only(addresses: list[str]) -> None:
    with serving() as server:
        diverted = Diverted(server)
        client = EgressClient(AllowedHosts(), resolve=NameServer(addresses), connect=diverted)
        with pytest.raises(EgressRefusedError, match=r"`hub\.docker\.com` is not called"):
            client.send(
                EgressRequest("POST", SecretStr("https://hub.docker.com/api/build/v1/source/1/trigger/2/call/"))
            )

    assert diverted.tried == []


def test_localhost_that_leads_elsewhere_is_refused() -> None:
    client = EgressClient(AllowedHosts(named=["localhost:8080"]), resolve=NameServer(["10.0.0.5"]))

    with pytest.raises(EgressRefusedError, match="should lead to this machine"):
        client.send(EgressRequest("GET", SecretStr("http://localhost:8080/")))


@pytest.mark.parametrize("answers", [[], ["not an address"]])
def test_a_name_without_an_address_is_not_reached(answers: list[str]) -> None:
    client = EgressClient(AllowedHosts(named=["ci.example.com"]), resolve=NameServer(answers))

    with pytest.raises(EgressUnreachableError, match="has no address; nothing was sent"):
        client.send(CI)


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    def slow(*_: object, **__: object) -> list[tuple[object, ...]]:
        time.sleep(1)
        return []

    client = EgressClient(AllowedHosts(named=["ci.example.com"]), resolve=slow)
    began = time.monotonic()

    with pytest.raises(EgressUnreachableError, match="could not be looked up in time"):
        client.send(EgressRequest("GET", CI.url, timeout_seconds=0.05))

    assert time.monotonic() - began < 0.9


def test_this_machine_over_ipv6_is_called_if_it_is_listed() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(address="::1") as server:
        client = EgressClient(AllowedHosts(named=[f"[::1]:{server.port}"]))
        assert client.send(EgressRequest("GET", SecretStr(f"http://[::1]:{server.port}/"))).status == 200

    assert f"Host: [::1]:{server.port}\r\n".encode() in server.heard[0]


# Secrets stay where they belong.


@pytest.mark.parametrize("bad", ["line\r\nX-Injected: 1", "snow☃man", "nul\0"])
def test_what_no_header_can_hold_is_refused_before_anything_is_sent(bad: str) -> None:
    with serving() as server, pytest.raises(EgressRefusedError, match="cannot be sent"):
        calling(server).send(request(server, headers={"Authorization": f"Bearer {SECRET}{bad}"}))

    assert server.heard == []


@pytest.mark.parametrize(
    "respond",
    [
        saying(OK),
        hanging_up,
        saying(b"nonsense"),
        saying(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\nok"),
        saying(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_no_secret_reaches_a_log_an_error_or_a_repr(respond: Respond, caplog: pytest.LogCaptureFixture) -> None:
    told = ""
    with caplog.at_level(logging.DEBUG), serving(respond) as server:
        asked = request(server, headers={"PRIVATE-TOKEN": SECRET}, body=SECRET.encode())
        client = calling(server)
        try:
            told += repr(client.send(asked))
        except EgressError as error:
            told += "".join(traceback.format_exception(error)) + repr(vars(error))
        told += repr(asked) + repr(client.hosts.target(asked.url))

    assert SECRET not in told
    assert SECRET not in "".join(f"{record.getMessage()}{vars(record)}" for record in caplog.records)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("bot.")] == ["egress_request"]
