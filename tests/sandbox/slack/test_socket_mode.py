"""Source: https://docs.slack.dev/apis/events-api/using-socket-mode."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.sandbox.clock import SettableClock
from bot.sandbox.slack import seed
from bot.sandbox.slack.delivery import Outcome, Parcel, ParcelKind, Retry
from bot.sandbox.slack.socket_mode import SocketModeServer
from tests.support.waiting import wait_until

APP = seed.hub_bot(seed.manifest_for(None))


@pytest.fixture
def server(clock: SettableClock) -> Iterator[SocketModeServer]:
    server = SocketModeServer(clock, ack_timeout_seconds=0.2)
    server.start()
    yield server
    server.stop()


def read(connection: ClientConnection) -> Any:
    return json.loads(connection.recv(timeout=5))


@contextmanager
def greeted(server: SocketModeServer) -> Iterator[ClientConnection]:
    """A connection that counts, for it was greeted."""
    with connect(server.open_url(APP)) as connection:
        read(connection)
        yield connection


def acknowledge(connection: ClientConnection, **payload: Any) -> Any:
    """Acknowledge the next request, and return it."""
    envelope = read(connection)
    connection.send(json.dumps({"envelope_id": envelope["envelope_id"], **payload}))
    return envelope


def deliver(
    server: SocketModeServer, kind: ParcelKind = "command", retry: Retry | None = None
) -> tuple[threading.Thread, list[Outcome]]:
    """Send a request in the background."""
    outcomes: list[Outcome] = []
    parcel = Parcel(kind, APP, None, {"text": "help"}, retry)
    thread = threading.Thread(target=lambda: outcomes.append(server.deliver(parcel)))
    thread.start()
    return thread, outcomes


def test_connection_is_greeted(server: SocketModeServer) -> None:
    with connect(server.open_url(APP)) as first:
        hello = read(first)
        with connect(server.open_url(APP)) as second:
            assert read(second)["num_connections"] == 2

    assert hello == {
        "type": "hello",
        "num_connections": 1,
        "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 3600},
        "connection_info": {"app_id": "A0HUBBOT"},
    }


def test_connection_for_tests_of_reconnecting_is_short(server: SocketModeServer) -> None:
    with connect(f"{server.open_url(APP)}&debug_reconnects=true") as connection:
        assert read(connection)["debug_info"]["approximate_connection_time"] == 360


def test_ticket_is_good_once(server: SocketModeServer) -> None:
    url = server.open_url(APP)
    with connect(url), pytest.raises(InvalidStatus) as refusal, connect(url):
        pass

    assert refusal.value.response.status_code == 403


def test_ticket_expires(server: SocketModeServer, clock: SettableClock) -> None:
    url = server.open_url(APP)
    clock.advance(seconds=30)

    with pytest.raises(InvalidStatus), connect(url):
        pass


@pytest.mark.parametrize("end", ["", "?ticket=made-up"])
def test_without_a_ticket_there_is_no_connection(server: SocketModeServer, end: str) -> None:
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{server.port}/link/{end}"):
        pass


def test_eleventh_connection_is_sent_away(server: SocketModeServer) -> None:
    """Up to ten connections may be open. Observed: the next one is told so in place of `hello`, and closed."""
    with ExitStack() as stack:
        for number in range(1, 11):
            assert read(stack.enter_context(connect(server.open_url(APP))))["num_connections"] == number
        with connect(server.open_url(APP)) as one_more:
            told = read(one_more)
            with pytest.raises(ConnectionClosed):
                one_more.recv(timeout=5)

        assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
        assert server.connections(APP) == 10


@pytest.mark.parametrize(
    ("kind", "type_", "accepts"),
    [("command", "slash_commands", True), ("interactive", "interactive", True), ("event", "events_api", False)],
)
def test_request_comes_in_an_envelope(server: SocketModeServer, kind: ParcelKind, type_: str, *, accepts: bool) -> None:
    with greeted(server) as connection:
        thread, outcomes = deliver(server, kind)
        envelope = acknowledge(connection)
        thread.join()

    assert (envelope["type"], envelope["accepts_response_payload"]) == (type_, accepts)
    assert envelope["payload"] == {"text": "help"}
    assert ("retry_attempt" in envelope) == (kind == "event")
    assert outcomes == [Outcome("accepted")]


def test_retry_says_which_one_it_is_and_why(server: SocketModeServer) -> None:
    with greeted(server) as connection:
        thread, _ = deliver(server, "event", Retry(1, "timeout"))
        envelope = acknowledge(connection)
        thread.join()

    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (1, "timeout")


def test_acknowledgement_may_carry_a_payload(server: SocketModeServer) -> None:
    with greeted(server) as connection:
        thread, outcomes = deliver(server)
        acknowledge(connection, payload={"text": "Hello"})
        thread.join()

    assert outcomes[0].decoded() == {"text": "Hello"}


def test_connections_take_turns(server: SocketModeServer) -> None:
    with greeted(server) as first, greeted(server) as second:
        seen = []
        for connection in (first, second, first, second):
            thread, outcomes = deliver(server)
            seen.append(acknowledge(connection)["payload"]["text"])
            thread.join()
            assert outcomes[0].is_accepted

    assert seen == ["help"] * 4


def test_acknowledgement_counts_on_its_own_connection_only(server: SocketModeServer) -> None:
    with greeted(server) as first, greeted(server) as second:
        thread, outcomes = deliver(server)
        envelope = read(first)
        second.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
        thread.join()

    assert outcomes == [Outcome("unacknowledged")]


@pytest.mark.parametrize(
    "nonsense", ["", "no json", "[]", "{}", '{"envelope_id": 7}', '{"envelope_id": "other"}', b"\0"]
)
def test_nonsense_is_no_acknowledgement(server: SocketModeServer, nonsense: str | bytes) -> None:
    with greeted(server) as connection:
        thread, outcomes = deliver(server)
        connection.send(nonsense)
        acknowledge(connection)
        thread.join()

    assert outcomes[0].is_accepted


def test_without_a_connection_the_app_is_unreachable(server: SocketModeServer) -> None:
    assert server.deliver(Parcel("command", APP, None, {})).kind == "unreachable"


def test_connection_that_is_lost_is_unreachable(server: SocketModeServer) -> None:
    server.ack_timeout_seconds = 30
    with greeted(server) as connection:
        thread, outcomes = deliver(server)
        read(connection)
    thread.join()

    assert outcomes == [Outcome("unreachable")]
    wait_until(lambda: server.connections(APP) == 0)


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
def test_disconnect_is_announced_and_carried_out(server: SocketModeServer, reason: Any) -> None:
    with greeted(server) as connection:
        server.disconnect(APP, reason)

        assert read(connection) == {
            "type": "disconnect",
            "reason": reason,
            "debug_info": {"host": "applink-sandbox"},
        }
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)


def test_warning_leaves_the_connection_open(server: SocketModeServer) -> None:
    with greeted(server) as connection:
        server.disconnect(APP, "warning")
        assert read(connection)["reason"] == "warning"

        thread, outcomes = deliver(server)
        acknowledge(connection)
        thread.join()

    assert outcomes[0].is_accepted


def test_connection_may_break_without_a_word(server: SocketModeServer) -> None:
    with greeted(server) as connection:
        server.drop(APP)

        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)
        wait_until(lambda: server.connections(APP) == 0)


def test_stop_ends_every_connection(clock: SettableClock) -> None:
    server = SocketModeServer(clock)
    server.start()
    with greeted(server) as connection:
        server.stop()

        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)


def test_server_that_never_started_may_be_stopped(clock: SettableClock) -> None:
    server = SocketModeServer(clock)

    server.stop()

    assert server.port == 0
