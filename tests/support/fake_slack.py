"""Slack as far as the bot uses it, on this machine: the Web API, response URLs and Socket Mode.

It records what it is asked, keeps Slack's rules where the bot has to live with them (five uses of a response URL, what
can be replaced and what not), and misbehaves on demand. Nothing in it is shared with the code it tests.
"""

import json
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

TEAM = "T0HOME"
BOT_USER = "U0BOT"
TOKEN = "xoxb-fake-token"
APP_TOKEN = "xapp-fake-token"
GRANTED = "chat:write,commands"
_PATIENCE_SECONDS = 5.0


@dataclass
class Call:
    """One call of the Web API."""

    method: str
    arguments: dict[str, Any]
    token: str


@dataclass
class Shown:
    """A message that people can see."""

    payload: dict[str, Any]
    channel: str = ""
    user: str = ""
    """Who sees it; everybody in the channel when empty."""
    thread_ts: str = ""
    ts: str = ""

    @property
    def text(self) -> str:
        return str(self.payload.get("text", ""))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.payload.get("blocks") or [])


@dataclass
class ResponseUrl:
    """One response_url: what was sent to it, and what of that can be seen.

    A command's url replaces what was posted through it before; a button's, the message that the button stands in.
    """

    address: str
    is_of_button: bool = False
    uses: list[dict[str, Any]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    rewritten: Shown | None = None
    refuses_blocks: bool = False
    is_dead: bool = False
    refusals: int = 0
    resets: int = 0
    delay_seconds: float = 0.0

    @property
    def seen(self) -> list[str]:
        """The texts that can be seen now, oldest first."""
        return [message.text for message in self.shown]

    def take(self, payload: dict[str, Any]) -> tuple[int, str]:
        """Do what a use asks for."""
        self.uses.append(payload)
        if self.is_dead or len(self.uses) > 5:
            return 404, "used_url"
        if self.refusals:
            self.refusals -= 1
            return 500, "internal_error"
        if self.refuses_blocks and payload.get("blocks"):
            return 500, json.dumps({"ok": False, "error": "invalid_blocks"})
        if payload.get("delete_original"):
            assert self.shown, "nothing to delete"
            del self.shown[-1]
            return 200, "ok"
        message = Shown(payload, user="" if payload["response_type"] == "in_channel" else "asker")
        if payload.get("replace_original") and self.is_of_button:
            self.rewritten = message
        elif payload.get("replace_original") and self.shown:
            assert self.shown[-1].user == message.user, "the visibility of a message is fixed for life"
            self.shown[-1] = message
        else:
            self.shown.append(message)
        return 200, "ok"


class FakeSlack:
    """A server on this machine.

    Attributes:
        calls: Every call of the Web API, in order.
        messages: What was posted through the Web API and can be seen.
        files: What was uploaded: name, content, comment, by channel.
        users: What `users.info` answers, by user id; whoever is not in it is a full member.
        channels: What `conversations.info` answers, by channel id; others are not found.
        usergroups: Members by user-group id.
        redirects: Where a path is redirected to.
        is_down: Whether the Web API answers 503 to everything.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.messages: list[Shown] = []
        self.files: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.users: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {"C0OURS": {"id": "C0OURS"}}
        self.usergroups: dict[str, list[str]] = {}
        self.redirects: dict[str, str] = {}
        self.is_down = False
        self.refuses_blocks = False
        self._faults: dict[str, deque[tuple[int, dict[str, Any], dict[str, str]]]] = defaultdict(deque)
        self._whole: dict[str, str] = {}
        self._uploads: dict[str, dict[str, Any]] = {}
        self._response_urls: dict[str, ResponseUrl] = {}
        self._changed = threading.Condition()
        self._server = _HttpServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.sockets = FakeSockets()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/"

    def close(self) -> None:
        self.sockets.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def response_url(self, *, is_of_button: bool = False) -> ResponseUrl:
        """Return a fresh response_url."""
        path = f"/commands/{TEAM}/{len(self._response_urls)}/s3cr3t"
        self._response_urls[path] = url = ResponseUrl(self.origin + path, is_of_button)
        return url

    def fail(self, method: str, error: str, *, status: int = 200, **headers: str) -> None:
        """Let the next call of the method fail."""
        self._faults[method].append((status, {"ok": False, "error": error}, headers))

    def answer_whole(self, method: str, answer: str | dict[str, Any]) -> None:
        """Let every call of the method have this answer: an object, or the very text of a body."""
        self._whole[method] = answer if isinstance(answer, str) else json.dumps(answer)

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the arguments of the calls of a method."""
        return [call.arguments for call in list(self.calls) if call.method == method]

    def wait_until(self, is_so: Callable[[], object]) -> None:
        """Return when it is so; every request of the bot is a chance."""
        with self._changed:
            assert self._changed.wait_for(is_so, timeout=_PATIENCE_SECONDS), f"it never came: {self.calls[-5:]}"

    def handle(self, path: str, body: bytes, token: str) -> tuple[int, str, dict[str, str]] | None:
        """Answer a request; None: the connection is to be broken."""
        if url := self._response_urls.get(path):
            time.sleep(url.delay_seconds)
        with self._changed:
            try:
                return self._answer(path, body, token)
            finally:
                self._changed.notify_all()

    def _answer(self, path: str, body: bytes, token: str) -> tuple[int, str, dict[str, str]] | None:
        if url := self._response_urls.get(path):
            if url.resets:
                url.resets -= 1
                url.uses.append({"reset": True})
                return None
            return *url.take(json.loads(body)), {}
        if path in self.redirects:
            return 307, "", {"Location": self.redirects[path]}
        if path.startswith("/upload/"):
            self._uploads[path.removeprefix("/upload/")]["content"] = body
            return 200, "OK", {}
        return self._call(path.removeprefix("/api/"), body, token)

    def _call(self, method: str, body: bytes, token: str) -> tuple[int, str, dict[str, str]]:
        arguments = _arguments(body)
        self.calls.append(Call(method, arguments, token))
        if self.is_down:
            return 503, "<html>down</html>", {}
        if method in self._whole:
            return 200, self._whole[method], {}
        if self._faults[method]:
            status, answer, headers = self._faults[method].popleft()
            return status, json.dumps(answer), headers
        answer = self._method(method, arguments)
        return 200, json.dumps(answer), {"x-oauth-scopes": GRANTED}

    def _method(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if handler is None:
            return {"ok": False, "error": "unknown_method"}
        answer = handler(arguments)
        return answer if "error" in answer else {"ok": True, **answer}

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": TEAM, "user_id": BOT_USER, "bot_id": "B0BOT"}

    def _users_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        user = {"id": arguments["user"], "team_id": TEAM}
        return {"user": {**user, **self.users.get(arguments["user"], {})}}

    def _usergroups_users_list(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"users": self.usergroups.get(arguments["usergroup"], [])}

    def _conversations_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = self.channels.get(arguments["channel"])
        return {"channel": channel} if channel else {"error": "channel_not_found", "ok": False}

    def _conversations_open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": arguments["users"].replace("U", "D", 1)}}

    def _chat_postMessage(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name.
        return self._keep(arguments, user="")

    def _chat_postEphemeral(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name.
        return self._keep(arguments, user=arguments["user"])

    def _keep(self, arguments: dict[str, Any], *, user: str) -> dict[str, Any]:
        if self.refuses_blocks and arguments.get("blocks"):
            return {"ok": False, "error": "invalid_blocks"}
        ts = f"17000.{len(self.messages):04}"
        thread_ts = str(arguments.get("thread_ts", ""))
        self.messages.append(Shown(arguments, arguments["channel"], user, thread_ts, ts))
        return {"ts": ts, "channel": arguments["channel"]}

    def _chat_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.refuses_blocks and arguments.get("blocks"):
            return {"ok": False, "error": "invalid_blocks"}
        for message in self.messages:
            if message.ts == arguments["ts"] and not message.user:
                message.payload = arguments
                return {"ts": message.ts}
        return {"ok": False, "error": "message_not_found"}

    def _files_getUploadURLExternal(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name.
        file_id = f"F{len(self._uploads)}"
        self._uploads[file_id] = {"name": arguments["filename"], "length": int(arguments["length"])}
        return {"file_id": file_id, "upload_url": f"{self.origin}/upload/{file_id}"}

    def _files_completeUploadExternal(self, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's name.
        for each in arguments["files"]:
            upload = self._uploads[each["id"]]
            assert len(upload["content"]) == upload["length"]
            comment = arguments.get("initial_comment", "")
            self.files[arguments["channel_id"]].append({**upload, "comment": comment})
        return {"files": [{"id": each["id"]} for each in arguments["files"]]}

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"url": self.sockets.url}


class FakeSockets:
    """The WebSocket side of Socket Mode."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._connection: ServerConnection | None = None
        self._changed = threading.Condition()
        self._acks: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        """The address that `apps.connections.open` hands out; the server starts when it is first asked for."""
        if self._server is None:
            self._server = serve(self._talk, "127.0.0.1", 0)
            self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
            self._thread.start()
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/link"

    def send(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an envelope and return what the bot acknowledged it with."""
        envelope_id = f"envelope-{len(self._acks)}-{time.monotonic_ns()}"
        with self._changed:
            assert self._changed.wait_for(lambda: self._connection, timeout=_PATIENCE_SECONDS), "nobody connected"
            assert self._connection is not None
            self._connection.send(json.dumps({"type": kind, "envelope_id": envelope_id, "payload": payload}))
            assert self._changed.wait_for(lambda: envelope_id in self._acks, timeout=_PATIENCE_SECONDS), "no ack"
            return self._acks[envelope_id]

    def drop(self) -> None:
        """Break the connection."""
        assert self._connection is not None
        self._connection.close()
        self._connection = None

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()

    def _talk(self, connection: ServerConnection) -> None:
        with self._changed:
            self._connection = connection
            self._changed.notify_all()
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        try:
            for received in connection:
                ack = json.loads(received)
                with self._changed:
                    self._acks[ack["envelope_id"]] = ack
                    self._changed.notify_all()
        except ConnectionClosed:
            return


class _HttpServer(ThreadingHTTPServer):
    """Says nothing when the bot did not wait for an answer."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _arguments(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        return dict(json.loads(body))
    arguments: dict[str, Any] = dict(parse_qsl(body.decode()))
    if "files" in arguments:
        arguments["files"] = json.loads(arguments["files"])
    return arguments


def _handler(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            answer = slack.handle(self.path, body, token)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, text, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            kind = "application/json" if text.startswith("{") else "text/plain"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked is in the records."""

    return Handler


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """Run a fake Slack."""
    slack = FakeSlack()
    try:
        yield slack
    finally:
        slack.close()
