"""A Slack workspace on your own machine: a Web API, people who act, and apps that are really asked.

One origin plays slack.com, hooks.slack.com and files.slack.com; Socket Mode has a port of its own. Use it in a test as
a context manager, or run it by itself with `python -m bot.sandbox.slack --port 8081`.

What it knows comes from Slack's published pages and from what others recorded, never from the bot's own client.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Self

from bot.sandbox.clock import utc_now
from bot.sandbox.faults import FaultBox
from bot.sandbox.httpd import Answer, HttpServer, Request
from bot.sandbox.service import Service
from bot.sandbox.slack.acting import Acting
from bot.sandbox.slack.actor import Services
from bot.sandbox.slack.answers import html_answer
from bot.sandbox.slack.apps import App, TokenState
from bot.sandbox.slack.damage import answer_under
from bot.sandbox.slack.delivery import ACK_TIMEOUT_SECONDS, DeliveredRequest, Dispatcher
from bot.sandbox.slack.events import Events
from bot.sandbox.slack.faults import API_PREFIX, SlackFault
from bot.sandbox.slack.http_delivery import HttpDelivery
from bot.sandbox.slack.limits import CallQuota, MessagePace
from bot.sandbox.slack.oauth import AUTHORIZE_PATH
from bot.sandbox.slack.objects import DOWNLOAD_PREFIX
from bot.sandbox.slack.response_urls import RecordedPost, ResponseUrls, is_response_path
from bot.sandbox.slack.seed import acme_workspace, hub_bot, manifest_for
from bot.sandbox.slack.socket_mode import DisconnectReason, SocketModeServer
from bot.sandbox.slack.state import WorkspaceState
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.unknowns import SlackUnknowns
from bot.sandbox.slack.uploads import UPLOAD_PREFIX
from bot.sandbox.slack.web_api import RecordedCall, WebApi


class SlackSimulator(Service):
    """The simulated Slack.

    Attributes:
        state: The workspace; change it through its verbs, or act as somebody in it.
        app: The app that is installed.
        faults: What goes wrong with requests to Slack; empty at first.
        unknowns: The positions of the switches; may be replaced while running.
        clock: Where the simulator takes its time from.
        latency_seconds: How long every answer takes at least; may be changed while running.
        pace: How fast messages may follow each other; may be switched off.
        quota: How often methods may be called; may be switched off.
    """

    def __init__(
        self,
        state: WorkspaceState | None = None,
        app: App | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
        unknowns: SlackUnknowns = SlackUnknowns(),  # noqa: B008 - frozen, so sharing it is safe.
        ack_timeout_seconds: float = ACK_TIMEOUT_SECONDS,
        latency_seconds: float = 0.0,
    ) -> None:
        """Listen on loopback; `start` begins to answer.

        Args:
            state: The workspace; None for the one of `acme_workspace`.
            app: What is installed in it; None for a plain one in Socket Mode. An app with a bot of its own must have
                its account in the state.
            now: Returns the time, aware and UTC.
            port: The TCP port; 0 lets the system choose.
            unknowns: The positions of the switches.
            ack_timeout_seconds: How long the app has to acknowledge; real time.
            latency_seconds: How long every answer takes at least.
        """
        self.clock = now
        self.state = state if state is not None else acme_workspace(now, app.manifest if app else None)[0]
        self.app = app if app is not None else hub_bot(manifest_for(None))
        self.faults = FaultBox[SlackFault]()
        self.unknowns = unknowns
        self.latency_seconds = latency_seconds
        self.pace = MessagePace(now)
        self.quota = CallQuota(now)
        self._server = HttpServer(self._answer, port)
        self._http = HttpDelivery(now, ack_timeout_seconds)
        self._socket_mode = SocketModeServer(now, ack_timeout_seconds)
        self._dispatcher = Dispatcher(self._http, self._socket_mode, now)
        self._events = Events(self.state, self._apps, now, self._dispatcher.deliver)
        self._triggers = Triggers(now, self._positions)
        self._response_urls = self._make_response_urls()
        self._web_api = self._make_web_api()
        self._services = self._make_services()

    @property
    def url(self) -> str:
        """The simulator's origin, such as `http://127.0.0.1:43210`."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def api_url(self) -> str:
        """What clients take as their base address; ends in a slash."""
        return f"{self.url}{API_PREFIX}"

    @property
    def calls(self) -> list[RecordedCall]:
        """A copy of the log of the Web API, in the order in which calls were answered."""
        return self._web_api.calls

    @property
    def deliveries(self) -> list[DeliveredRequest]:
        """A copy of the log of what was sent to the app, in the order in which the outcomes were known."""
        return self._dispatcher.delivered

    @property
    def posts(self) -> list[RecordedPost]:
        """A copy of the log of what was posted to response URLs, in the order in which it was answered."""
        return self._response_urls.posts

    @property
    def ack_timeout_seconds(self) -> float:
        """How long the app has to acknowledge; real time."""
        return self._http.ack_timeout_seconds

    @ack_timeout_seconds.setter
    def ack_timeout_seconds(self, seconds: float) -> None:
        self._http.ack_timeout_seconds = self._socket_mode.ack_timeout_seconds = seconds

    @property
    def sockets(self) -> int:
        """How many WebSockets the app has open."""
        return self._socket_mode.connections(self.app)

    def calls_to(self, method: str) -> list[RecordedCall]:
        """Return the recorded calls of a method, such as `chat.postMessage`."""
        return [call for call in self.calls if call.method == method]

    def posts_to(self, url: str) -> list[RecordedPost]:
        """Return what was posted to one response URL."""
        return [post for post in self.posts if post.url == url]

    def clear_calls(self) -> None:
        """Forget the recorded calls of the Web API."""
        self._web_api.clear_calls()

    def keep_records(self, most: int) -> None:
        """Remember no more than the newest so many calls, posts and deliveries, and messages of each conversation."""
        self._web_api.records.keep(most)
        self._response_urls.records.keep(most)
        self._dispatcher.records.keep(most)
        self.state.messages_kept = most

    def acting_as(self, user_id: str) -> Acting:
        """Return somebody who can act.

        Raises:
            NotAllowed: Nobody can sign in with that account.
        """
        return Acting(self._services, user_id)

    def issue_response_url(self, *, user: str, channel: str) -> str:
        """Return a fresh response URL like that of a command, for a request that nobody in the workspace typed."""
        chain = self._response_urls.issue("commands", self.app, user=user, channel=channel)
        chain.is_acknowledged.set()
        return chain.url

    def settle(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until no event is under way or due by now; return whether that came in time."""
        return self._events.settle(timeout_seconds)

    def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """End the app's WebSockets, or warn of it."""
        self._socket_mode.disconnect(self.app, reason)

    def drop_sockets(self) -> None:
        """Break the app's WebSockets without a word, as a network does."""
        self._socket_mode.drop(self.app)

    # The life of an installation

    def revoke_token(self) -> None:
        """Revoke the bot's token; the app is told."""
        self._end_tokens("revoked")

    def uninstall(self) -> None:
        """Take the app out of the workspace; its commands are unknown from now on, and it is told.

        Source: https://docs.slack.dev/reference/events/app_uninstalled and
        https://docs.slack.dev/reference/events/tokens_revoked
        """
        with self.state.lock:
            self.app.is_installed = False
            self.state.people[self.app.bot_user_id].is_deleted = True
            self.state.touch()
        self._events.publish({"type": "app_uninstalled"}, only=self.app)
        self._end_tokens("account_inactive")

    def reinstall(self) -> None:
        """Install the app again; its token is good again."""
        with self.state.lock:
            self.app.is_installed = True
            self.state.people[self.app.bot_user_id].is_deleted = False
            for token in self.app.tokens.values():
                token.state = "active"
            self.state.touch()

    # Running

    def start(self) -> Self:
        """Begin to answer and to send events, in background threads."""
        self._server.start()
        self._socket_mode.start()
        self._events.start()
        return self

    def stop(self) -> None:
        """Break off what is under way, close every connection, and wait for all threads."""
        self._http.stop()
        self._socket_mode.stop()
        self._events.stop()
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        self._server.pause(self.latency_seconds)
        path = request.path
        if path.startswith(API_PREFIX):
            return self._web_api.answer(request)
        if is_response_path(path):
            answer = self._faulty(request, self._response_urls.answer)
            self._response_urls.record(request, answer)
            return answer
        if path.startswith(UPLOAD_PREFIX):
            return self._web_api.answer_upload(request)
        if path.startswith(DOWNLOAD_PREFIX):
            return self._web_api.answer_download(request)
        if path == AUTHORIZE_PATH:
            return self._web_api.answer_authorize(request)
        return html_answer(404, "There’s been a glitch…")

    def _faulty(self, request: Request, carry_out: Callable[[Request], Answer]) -> Answer:
        fault = self.faults.take(request.method, request.path, request.body)
        if fault is not None and fault.kind == "slow":
            self._server.pause(fault.seconds)
        return answer_under(fault, lambda: carry_out(request))

    def _apps(self) -> list[App]:
        return [self.app]

    def _positions(self) -> SlackUnknowns:
        return self.unknowns

    def _end_tokens(self, state: TokenState) -> None:
        with self.state.lock:
            for token in self.app.tokens.values():
                if token.kind == "bot":
                    token.state = state
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.app.bot_user_id]}}
        self._events.publish(event, only=self.app)

    def _make_response_urls(self) -> ResponseUrls:
        return ResponseUrls(
            self.state,
            self.clock,
            origin=lambda: self.url,
            unknowns=self._positions,
            pace=self.pace,
            publish=self._events.publish,
        )

    def _make_web_api(self) -> WebApi:
        return WebApi(
            state=self.state,
            apps=(self.app,),
            now=self.clock,
            unknowns=self._positions,
            origin=lambda: self.url,
            publish=self._events.publish,
            redeem_trigger=self._triggers.redeem,
            open_socket=self._socket_mode.open_url,
            faults=self.faults,
            pause=self._server.pause,
            pace=self.pace,
            quota=self.quota,
        )

    def _make_services(self) -> Services:
        return Services(
            state=self.state,
            apps=self._apps,
            now=self.clock,
            unknowns=self._positions,
            triggers=self._triggers,
            response_urls=self._response_urls,
            dispatcher=self._dispatcher,
            events=self._events,
        )
