"""Serves the page, tells it what its person sees, and does what it asks.

Only for the browser on this machine: the server listens on loopback, answers to loopback names only (so that no foreign
name can be pointed at it) and takes changes from its own page only (so that no other page can make them).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from bot.sandbox.clock import MovableClock
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.page.acts import ACT, perform
from bot.sandbox.page.guide import Guide
from bot.sandbox.page.orders import HUB_ORDER, HubOrder, MoveClock, SetSlackNetwork, carry_out, move
from bot.sandbox.page.snapshot import MIMETYPES, clock_card, hub_card, workspace_as_seen
from bot.sandbox.page.weather import HubWeather, SlackWeather, Unacceptable
from bot.sandbox.service import Service
from bot.sandbox.slack.acting import NotAllowed, NotThere
from bot.sandbox.slack.simulator import SlackSimulator

LONG_POLL_SECONDS = 20.0
# A moved clock is followed within milliseconds; a follower that hangs is not waited for longer.
FOLLOWERS_SECONDS = 2.0
# Builds go on without anything happening in Slack.
BUILDING_POLL_SECONDS = 1.0

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Json = dict[str, Any]
BotState = Literal["up", "down"]


class PageServer(Service):
    """The page of one sandbox.

    Args:
        hub: The simulated Docker Hub.
        slack: The simulated Slack.
        clock: The time of both.
        guide: What the page knows of the app.
        bot_state: Tells whether the bot runs.
        port: The TCP port on loopback; 0 lets the system choose.

    Raises:
        OSError: The port is in use.
    """

    def __init__(
        self,
        hub: HubSimulator,
        slack: SlackSimulator,
        clock: MovableClock,
        *,
        guide: Guide = Guide(),  # noqa: B008 - frozen, so sharing it is safe.
        bot_state: Callable[[], BotState] = lambda: "up",
        port: int = 0,
    ) -> None:
        self._hub = hub
        self._slack = slack
        self._clock = clock
        self._guide = guide
        self._bot_state = bot_state
        self._hub_weather = HubWeather(hub)
        self._slack_weather = SlackWeather(slack)
        self._documents = _documents()
        hub.webhooks.on_sent = slack.state.touch
        self._server = HttpServer(self._answer, port)
        self._routes: Mapping[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/state"): self._state,
            ("GET", "/clock"): self._tell_time,
            ("POST", "/act"): self._act,
            ("POST", "/hub"): self._order_hub,
            ("POST", "/slack"): self._order_slack,
            ("POST", "/clock"): self._move_clock,
        }

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def clock_url(self) -> str:
        """Where another process can follow the sandbox's time."""
        return f"{self.url}/clock"

    def start(self) -> Self:
        """Begin to serve, in background threads."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for all threads."""
        self._slack.state.close()
        self._clock.close()
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        if not _is_from_here(request):
            return _refusal(HTTPStatus.FORBIDDEN, "This server talks to its own page only.")
        route = self._routes.get((request.method, request.path))
        if route is None:
            return self._document(request)
        try:
            return route(request)
        except ValidationError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, _first_sentence(error))
        except (Unacceptable, NotAllowed, NotThere) as error:
            return _json({"ok": False, "error": str(error)})

    # What the page reads

    def _state(self, request: Request) -> Answer:
        me = request.query.get("as", "")
        person = self._slack.state.people.get(me)
        if person is None or person.is_bot:
            return _refusal(HTTPStatus.NOT_FOUND, "There is no such person.")
        after = _number(request.query.get("after"))
        if after > self._slack.state.version:
            after = 0  # The page is older than this server.
        if request.query.get("wait") != "0":
            patience = BUILDING_POLL_SECONDS if self._hub.builds.is_busy else LONG_POLL_SECONDS
            self._slack.state.wait_for_change(after, patience)
        return _json(
            workspace_as_seen(self._slack, me, after)
            | {
                "app": self._app_card(),
                "clock": clock_card(self._clock(), self._clock.offset),
                "bot": {"state": self._bot_state(), "transport": self._transport()},
                "hub": hub_card(self._hub) | self._hub_weather.state(),
                "slack": {"network": self._slack_weather.network},
            }
        )

    def _app_card(self) -> Json:
        app = self._slack.app
        command = app.commands[0] if app.commands else None
        return {
            "id": app.id,
            "name": app.name,
            "bot_user": app.bot_user_id,
            "command": command.command if command else "",
            "usage_hint": command.usage_hint if command else "",
            "description": command.description if command else "",
            "verbs": [asdict(verb) for verb in self._guide.verbs],
            "shortcuts": [
                {"type": each.type, "name": each.name, "callback_id": each.callback_id} for each in app.shortcuts
            ],
            "tips": list(self._guide.tips),
        }

    def _transport(self) -> str:
        return "socket" if self._slack.app.uses_socket_mode else "http"

    def _tell_time(self, request: Request) -> Answer:
        """Answer whoever follows the clock: at once when it was moved since, else after a long wait."""
        after = _number(request.query.get("after"))
        version, offset = self._clock.wait_for_move(after, LONG_POLL_SECONDS)
        return _json({"version": version} | clock_card(self._clock(), offset))

    def _document(self, request: Request) -> Answer:
        if request.method not in {"GET", "HEAD"}:
            return _refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        if request.path.startswith("/files/"):
            return self._file(request)
        name = "index.html" if request.path == "/" else request.path.removeprefix("/")
        document = self._documents.get(name)
        if document is None:
            return _refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
        return Answer(200, document.read_bytes(), _TYPES[PurePosixPath(name).suffix], _HEADERS)

    def _file(self, request: Request) -> Answer:
        file = self._slack.state.files.get(unquote(request.path).split("/")[2])
        if file is None or file.content is None:
            return _refusal(HTTPStatus.NOT_FOUND, "There is no such file.")
        # Always as a download, never as a page of this origin.
        kind = MIMETYPES.get(file.name.rpartition(".")[2].lower(), "application/octet-stream")
        return Answer(200, file.content, f"{kind}; charset=utf-8", {**_HEADERS, "Content-Disposition": "attachment"})

    # What the page asks for

    def _act(self, request: Request) -> Answer:
        act = ACT.validate_json(request.body)
        person = self._slack.state.people.get(act.by)
        if person is None or person.is_bot or person.is_deleted:
            raise Unacceptable("There is no such person to act as.")
        found = perform(act, self._slack.acting_as(act.by), self._slack.app.bot_user_id)
        return _json({"ok": not {"error", "errors"} & found.keys(), **found})

    def _order_hub(self, request: Request) -> Answer:
        return self._carry_out(HUB_ORDER.validate_json(request.body))

    def _order_slack(self, request: Request) -> Answer:
        return self._carry_out(SetSlackNetwork.model_validate_json(request.body))

    def _carry_out(self, order: HubOrder | SetSlackNetwork) -> Answer:
        found = carry_out(order, self._hub_weather, self._slack_weather)
        self._slack.state.touch()
        return _json({"ok": True, **found})

    def _move_clock(self, request: Request) -> Answer:
        order = MoveClock.model_validate_json(request.body)
        person = self._slack.state.people.get(order.by)
        followers = self._clock.followers
        move(self._clock, order, person.timezone if person else "UTC")
        self._clock.wait_for_followers(followers, FOLLOWERS_SECONDS)
        self._slack.state.touch()
        return _json({"ok": True, **clock_card(self._clock(), self._clock.offset)})


def _is_from_here(request: Request) -> bool:
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    try:
        is_loopback = urlsplit(f"//{host}").hostname in _LOOPBACK_NAMES and "@" not in host
        return is_loopback and (origin is None or urlsplit(origin).netloc == host)
    except ValueError:  # A broken IPv6 address.
        return False


def _documents() -> Mapping[str, Traversable]:
    """Return the page's files by name, so that no path of a request is ever looked up on the disk."""
    root = files("bot.sandbox.page") / "static"
    folders = {"": root, "kit/": root / "kit"}
    return {
        prefix + each.name: each
        for prefix, folder in folders.items()
        for each in folder.iterdir()
        if PurePosixPath(each.name).suffix in _TYPES
    }


def _json(value: Json) -> Answer:
    # In ASCII: half a surrogate pair, which messages may hold, cannot be written in UTF-8.
    return Answer(200, json.dumps(value).encode(), "application/json", _HEADERS)


def _refusal(status: HTTPStatus, sentence: str) -> Answer:
    return Answer(status, json.dumps({"ok": False, "error": sentence}).encode(), "application/json", _HEADERS)


def _first_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and text.isascii() else 0
