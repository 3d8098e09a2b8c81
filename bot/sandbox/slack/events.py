"""Events: who gets which, and the three further attempts when an app does not acknowledge one.

Source: https://docs.slack.dev/apis/events-api and the pages below https://docs.slack.dev/reference/events
"""

import heapq
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.sandbox.slack.apps import App
from bot.sandbox.slack.delivery import Outcome, OutcomeKind, Parcel, Retry
from bot.sandbox.slack.payloads import event_callback, message_object
from bot.sandbox.slack.state import Conversation, Message, WorkspaceState

RETRY_DELAYS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
# "By default, we will not attempt to deliver an event that is more than two hours late."
TOO_LATE = timedelta(hours=2)
RETRY_REASONS: Mapping[OutcomeKind, str] = {
    "timeout": "http_timeout",
    "refused": "http_error",
    "unreachable": "connection_failed",
    "too_many_redirects": "too_many_redirects",
    "ssl_error": "ssl_error",
    "unacknowledged": "timeout",
}
SENDERS = 4
# How soon a moved clock is noticed, real time.
POLL_SECONDS = 0.02

MESSAGE_TYPES = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
# Without the scope an app may not even subscribe. Events that are not here need none.
SCOPES: Mapping[str, frozenset[str]] = {
    "app_mention": frozenset({"app_mentions:read"}),
    "message.channels": frozenset({"channels:history"}),
    "message.groups": frozenset({"groups:history"}),
    "message.im": frozenset({"im:history"}),
    "member_joined_channel": frozenset({"channels:read", "groups:read"}),
    "member_left_channel": frozenset({"channels:read", "groups:read"}),
    "channel_left": frozenset({"channels:read"}),
    "channel_archive": frozenset({"channels:read"}),
    "channel_unarchive": frozenset({"channels:read"}),
    "group_left": frozenset({"groups:read"}),
    "group_archive": frozenset({"groups:read"}),
    "group_unarchive": frozenset({"groups:read"}),
}
# Everybody with the scope learns of public channels; for all others one has to be there.
WORKSPACE_WIDE = frozenset({"channel_archive", "channel_unarchive"})
# These tell an app that it has just lost what all others presuppose.
FAREWELLS = frozenset({"app_uninstalled", "tokens_revoked", "channel_left", "group_left"})


@dataclass(order=True, slots=True)
class _Due:
    """An attempt that waits for its time."""

    at: datetime
    number: int
    parcel: Parcel = field(compare=False)
    happened_at: datetime = field(compare=False)


class Events:
    """Publishes events to the apps that subscribe to them. Safe to use from any thread.

    Args:
        state: Where they happen.
        apps: Returns the apps of the workspace.
        now: Returns the time, aware and UTC; retries wait by it.
        deliver: Sends one request and waits for its acknowledgement.
    """

    def __init__(
        self,
        state: WorkspaceState,
        apps: Callable[[], Sequence[App]],
        now: Callable[[], datetime],
        deliver: Callable[[Parcel], Outcome],
    ) -> None:
        self._state = state
        self._apps = apps
        self._now = now
        self._deliver = deliver
        self._numbers = count()
        self._due: list[_Due] = []
        self._under_way = 0
        self._is_stopped = False
        self._changed = threading.Condition()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="sandbox-event")
        self._clerk = threading.Thread(target=self._keep_sending, name="sandbox-events", daemon=True)

    def start(self) -> None:
        """Begin to send, in background threads."""
        self._clerk.start()

    def stop(self) -> None:
        """Drop what waits, and wait for what is under way."""
        with self._changed:
            self._is_stopped = True
            self._due.clear()
            self._changed.notify_all()
        if self._clerk.is_alive():
            self._clerk.join()
        self._senders.shutdown(cancel_futures=True)

    def publish(self, event: Mapping[str, Any], *, only: App | None = None) -> None:
        """Send an event to every app that subscribes to its type and may know of it; returns before it is sent.

        Args:
            event: The inner event, such as `{"type": "member_joined_channel", "user": …, "channel": …}`; `event_ts` is
                added when it is missing.
            only: The app that it is about; None for all.
        """
        happened = {**event, "event_ts": event.get("event_ts") or event.get("ts") or self._state.new_ts()}
        channel = self._state.conversations.get(str(event.get("channel", "")))
        for app in self._apps() if only is None else (only,):
            if _concerns(app, subscription_of(happened), channel):
                self._add(app, happened, channel)

    def settle(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until nothing is under way or due by now; return whether that came in time."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_seconds)

    def _add(self, app: App, event: Mapping[str, Any], channel: Conversation | None) -> None:
        at = self._now()
        payload = event_callback(
            app,
            self._state,
            event,
            event_id=f"Ev{secrets.token_hex(5).upper()}",
            at=at,
            is_shared=channel is not None and channel.is_shared,
        )
        self._enqueue(_Due(at, next(self._numbers), Parcel("event", app, app.events_url, payload), at))

    def _enqueue(self, due: _Due) -> None:
        with self._changed:
            if not self._is_stopped:
                heapq.heappush(self._due, due)
                self._changed.notify_all()

    def _is_idle(self) -> bool:
        return self._under_way == 0 and not self._is_one_due()

    def _is_one_due(self) -> bool:
        """Tell whether the next one is to be sent; also one planned for a time that the clock was moved back from."""
        now = self._now()
        return bool(self._due) and (self._due[0].at <= now or self._due[0].at > now + max(RETRY_DELAYS))

    def _keep_sending(self) -> None:
        with self._changed:
            while not self._is_stopped:
                while self._is_one_due():
                    self._under_way += 1
                    self._senders.submit(self._send, heapq.heappop(self._due))
                self._changed.wait(POLL_SECONDS if self._due else None)

    def _send(self, due: _Due) -> None:
        sent_at = self._now()
        try:
            if sent_at - due.happened_at <= TOO_LATE:
                self._after(due, self._deliver(due.parcel), sent_at)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _after(self, due: _Due, outcome: Outcome, sent_at: datetime) -> None:
        """Plan the next attempt of an event that was not acknowledged, while there is one.

        It waits from the time of sending: whoever sees an attempt arrive may move the clock at once.
        """
        number = due.parcel.retry.number if due.parcel.retry else 0
        if outcome.is_accepted or outcome.forbids_retry or number >= len(RETRY_DELAYS):
            return
        retry = Retry(number + 1, RETRY_REASONS.get(outcome.kind, "unknown_error"))
        at = sent_at + RETRY_DELAYS[number]
        self._enqueue(replace(due, at=at, number=next(self._numbers), parcel=replace(due.parcel, retry=retry)))


def channel_type(conversation: Conversation) -> str:
    """Return what events call a kind of conversation."""
    return {"public": "channel", "private": "group"}.get(conversation.kind, conversation.kind)


def message_event(message: Message, state: WorkspaceState) -> dict[str, Any]:
    """Return the event of a new message."""
    return _of_message(message, state, message_object(message, state), event_ts=message.ts)


def change_event(message: Message, state: WorkspaceState, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of a changed message; `before` is what it was, as `message_object` writes it."""
    told = {"message": message_object(message, state), "previous_message": dict(before)}
    return _of_message(message, state, {"subtype": "message_changed", **told}, event_ts=state.new_ts())


def deletion_event(message: Message, state: WorkspaceState, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of a deleted message; `before` is what it was, as `message_object` writes it."""
    told = {"deleted_ts": message.ts, "previous_message": dict(before)}
    return _of_message(message, state, {"subtype": "message_deleted", **told}, event_ts=state.new_ts())


def _of_message(message: Message, state: WorkspaceState, told: Mapping[str, Any], *, event_ts: str) -> dict[str, Any]:
    hidden = {"hidden": True} if "previous_message" in told else {}
    where = {"channel": message.channel, "channel_type": channel_type(state.conversations[message.channel])}
    return {"type": "message", **told, **hidden, **where, "ts": event_ts, "event_ts": event_ts}


def subscription_of(event: Mapping[str, Any]) -> str:
    """Return the name under which apps subscribe to an event: messages have one for each kind of conversation."""
    kind = str(event["type"])
    return MESSAGE_TYPES.get(str(event.get("channel_type")), kind) if kind == "message" else kind


def _concerns(app: App, name: str, channel: Conversation | None) -> bool:
    """Tell whether an app gets an event: it subscribes, has the scope, is installed, and is in the conversation."""
    if name in FAREWELLS or name not in app.bot_events:
        return name in app.bot_events
    has_scope = name not in SCOPES or bool(SCOPES[name] & app.scopes)
    is_there = channel is None or name in WORKSPACE_WIDE or app.bot_user_id in channel.members
    return app.is_installed and app.has_active_bot and has_scope and is_there
