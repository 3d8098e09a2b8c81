"""Response URLs: the way back to where somebody typed a command or clicked, without a token.

Each takes five posts within thirty minutes. What is posted is the app's, for the person alone unless it says
`in_channel`; channels that the bot is not in are no obstacle.

Source: https://docs.slack.dev/interactivity/handling-user-interaction. That the five are counted by what was taken, and
what unknown and outlived addresses answer, is inferred.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from bot.sandbox.clock import is_within
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.records import Records
from bot.sandbox.slack.answers import json_answer, text_answer, too_many_requests
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.call import ArgumentsOfCall, Refusal
from bot.sandbox.slack.events import change_event, deletion_event, message_event
from bot.sandbox.slack.limits import MessagePace, RateLimited
from bot.sandbox.slack.payloads import message_object
from bot.sandbox.slack.posting import Content, checked_content
from bot.sandbox.slack.state import TIMESTAMP, Message, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns

UrlKind = Literal["commands", "actions", "app-actions", "app"]

MAX_USES = 5
# Over the internet an acknowledgement that was sent first arrives first, for a post needs a new connection. On one
# machine the post would overtake it. Real time.
HEAD_START_SECONDS = 0.1
LIFETIME = timedelta(minutes=30)
PREFIXES: tuple[str, ...] = ("/commands/", "/actions/", "/app-actions/", "/app/")
FIRST_NUMBER = 397_700_885_554
NOT_FOUND = 404
# A demo may run for weeks; nobody uses addresses of so long ago.
CHAINS_KEPT = 10_000


@dataclass(slots=True)
class Chain:
    """What belongs to one response URL.

    Attributes:
        url: As the app got it.
        app: Whose messages these will be.
        user: Who typed or clicked.
        channel: Where.
        issued_at: By the simulator's clock, UTC.
        source: The `ts` of the app's message with the button; None for a command, whose line is the person's own.
        newest: The `ts` of what the app last posted; this is what later posts of a command's chain can replace.
        uses: How many posts were taken.
        is_acknowledged: Set when the message in the acknowledgement of a command, if there is one, was shown.
    """

    url: str
    app: App
    user: str
    channel: str
    issued_at: datetime
    source: str | None = None
    newest: str | None = None
    uses: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_acknowledged: threading.Event = field(default_factory=threading.Event)

    @property
    def original(self) -> str | None:
        """The `ts` of the message that `replace_original` and `delete_original` are about."""
        return self.source or self.newest


@dataclass(frozen=True, slots=True)
class RecordedPost:
    """One post to a response URL, with what it was answered.

    Attributes:
        url: The address.
        payload: The JSON that was posted; None when it was no object.
        status: None when the connection was reset instead of answered.
        answer: The body of the answer, also when it was cut off or lost; `ok` for a post that was taken.
        when: By the simulator's clock, UTC.
    """

    url: str
    payload: Mapping[str, Any] | None
    status: int | None
    answer: str
    when: datetime


class ResponseUrls:
    """Issues response URLs, and answers what is posted to them. Safe to use from any thread.

    Args:
        state: Where the messages go.
        now: Returns the time, aware and UTC.
        origin: Returns the simulator's own origin.
        unknowns: Returns the positions of the switches.
        pace: How fast messages may follow each other.
        publish: Sends an event to the apps that subscribe to its type.
    """

    def __init__(
        self,
        state: WorkspaceState,
        now: Callable[[], datetime],
        *,
        origin: Callable[[], str],
        unknowns: Callable[[], SlackUnknowns],
        pace: MessagePace,
        publish: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._state = state
        self._now = now
        self._origin = origin
        self._unknowns = unknowns
        self._pace = pace
        self._publish = publish
        self._lock = threading.Lock()
        self._numbers = count(FIRST_NUMBER)
        self._chains: dict[str, Chain] = {}
        self.records = Records[RecordedPost]()

    @property
    def posts(self) -> list[RecordedPost]:
        """A copy of the log, in the order in which posts were answered; the newest 100,000 of them."""
        return self.records.copy()

    def issue(self, kind: UrlKind, app: App, *, user: str, channel: str, source: Message | None = None) -> Chain:
        """Return a new chain with its URL.

        Args:
            kind: What the path begins with.
            app: Who may use it.
            user: Who typed or clicked.
            channel: Where.
            source: The message with the button, when it is the app's own.
        """
        with self._lock:
            path = f"/{kind}/{self._state.team_id}/{next(self._numbers)}/{secrets.token_urlsafe(18)}"
            own = source.ts if source is not None and source.app_id == app.id else None
            chain = Chain(f"{self._origin()}{path}", app, user, channel, self._now(), own)
            self._chains[path] = chain
            while len(self._chains) > CHAINS_KEPT:
                del self._chains[next(iter(self._chains))]
        if kind != "commands":
            chain.is_acknowledged.set()  # What acknowledges a click shows nothing.
        return chain

    def answer(self, request: Request) -> Answer:
        """Answer a request to one of `PREFIXES`."""
        with self._lock:
            chain = self._chains.get(request.path)
        if chain is None or request.method != "POST" or not chain.app.is_installed:
            return text_answer(NOT_FOUND, "no_service")
        chain.is_acknowledged.wait(HEAD_START_SECONDS)
        with chain.lock:
            spent = self._why_spent(chain)
            return self._spent(spent) if spent else self._take(chain, request.body)

    def record(self, request: Request, answer: Answer) -> None:
        """Write down a post and its answer, which may be that of a fault."""
        post = RecordedPost(
            url=f"{self._origin()}{request.path}",
            payload=_json_object(request.body),
            status=None if answer.delivery == "reset" else answer.status,
            answer=answer.body.decode(errors="replace"),
            when=self._now(),
        )
        self.records.add(post)

    def respond(self, chain: Chain, body: Mapping[str, Any], *, is_paced: bool = True) -> Message | None:
        """Do what a body says, as if posted; an acknowledgement may hold one too, and uses nothing up.

        Args:
            chain: Where it belongs.
            body: The decoded JSON.
            is_paced: Whether it may be refused for coming too fast; it counts either way.

        Returns:
            What was posted or replaced; None when there was only something to delete.

        Raises:
            Refusal: Slack would not take it.
            RateLimited: It comes too fast after another message.
        """
        arguments = ArgumentsOfCall(body)
        original = self._state.message(chain.channel, chain.original) if chain.original else None
        content = self._content(arguments)
        with self._state.lock:
            if arguments.flag("delete_original") and original is not None:
                self._delete(original)
                original = None
            if content is None:
                return None
            if original is not None and arguments.flag("replace_original", default=self._replaces(chain)):
                return self._replace(original, content)
            message = self._post(chain, content, arguments, is_paced=is_paced)
        if message.ephemeral_for is None:
            self._publish(message_event(message, self._state))
        return message

    def _why_spent(self, chain: Chain) -> str | None:
        if not is_within(LIFETIME, chain.issued_at, self._now()):
            return "expired_url"
        return "used_url" if chain.uses >= MAX_USES else None

    def _spent(self, error: str) -> Answer:
        form = self._unknowns().spent_response_url
        return text_answer(NOT_FOUND, error) if form == "404_text" else _json_refusal(error, int(form[:3]))

    def _take(self, chain: Chain, body: bytes) -> Answer:
        try:
            self.respond(chain, _decoded(body))
        except Refusal as refusal:
            form = self._unknowns().response_url_refusal
            return (
                text_answer(400, refusal.error) if form == "400_text" else _json_refusal(refusal.error, int(form[:3]))
            )
        except RateLimited as limit:
            return too_many_requests(limit.seconds)
        chain.uses += 1
        return text_answer(200, "ok")

    def _content(self, arguments: ArgumentsOfCall) -> Content | None:
        """Return what there is to show; None when a body deletes, and no more."""
        has_content = any(arguments.values.get(name) for name in ("text", "blocks", "attachments"))
        if arguments.flag("delete_original") and not has_content:
            return None
        # Reported by users of Bolt: the total over all blocks is not checked on this way.
        return checked_content(arguments.values, self._unknowns(), has_total=False)

    def _replaces(self, chain: Chain) -> bool:
        return chain.source is not None and self._unknowns().replace_original_default == "true"

    def _delete(self, message: Message) -> None:
        before = message_object(message, self._state)
        message.is_deleted = True
        self._state.message_changed(message)
        if message.ephemeral_for is None:
            self._publish(deletion_event(message, self._state, before))

    def _replace(self, message: Message, content: Content) -> Message:
        """Give a message new content; who sees it stays the same for life."""
        before = message_object(message, self._state)
        message.text, message.blocks, message.attachments = content.text, content.blocks, content.attachments
        self._state.message_changed(message)
        if message.ephemeral_for is None:
            self._publish(change_event(message, self._state, before))
        return message

    def _post(self, chain: Chain, content: Content, arguments: ArgumentsOfCall, *, is_paced: bool) -> Message:
        is_for_all = arguments.text("response_type") == "in_channel"
        if self._state.conversations[chain.channel].is_archived:
            raise Refusal("is_archived")
        seconds = self._pace.spend(chain.channel) if is_for_all else 0
        if seconds and is_paced:
            raise RateLimited(seconds)
        message = Message(
            channel=chain.channel,
            ts=self._state.new_ts(),
            user=chain.app.bot_user_id,
            text=content.text,
            app_id=chain.app.id,
            blocks=content.blocks,
            attachments=content.attachments,
            thread_ts=_thread_ts(arguments) if is_for_all else None,
            ephemeral_for=None if is_for_all else chain.user,
        )
        chain.newest = message.ts
        return self._state.add_message(message)


def is_response_path(path: str) -> bool:
    """Tell whether a path is that of a response URL."""
    return path.startswith(PREFIXES)


def _decoded(body: bytes) -> Mapping[str, Any]:
    decoded = _json_object(body)
    if decoded is None:
        raise Refusal("invalid_payload")
    return decoded


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _json_refusal(error: str, status: int) -> Answer:
    return json_answer({"ok": False, "error": error}, status)


def _thread_ts(arguments: ArgumentsOfCall) -> str | None:
    wanted = arguments.text("thread_ts")
    if wanted and not TIMESTAMP.fullmatch(wanted):
        raise Refusal("invalid_thread_ts")
    return wanted or None
