"""One lane's turn: decide what to send, send it, keep what came of it, until there is nothing to do just now."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.errors import DeliveryError
from bot.outbox import lanes, messages
from bot.outbox.backoff import LONGEST_SECONDS, backoff_seconds
from bot.outbox.lanes import Lane, LaneState, Lease
from bot.outbox.throttle import EVERYWHERE, Throttle
from bot.outbox.writers import Attachment, MessageRow, Writers
from bot.slack.client import Posted, SlackClient
from bot.slack.failures import Kind, SlackCallError
from bot.slack.message import Message
from bot.store.base import Store
from bot.store.errors import StoreUnavailableError
from bot.store.failures import is_of_the_database

logger = logging.getLogger(__name__)

EVENT_TYPE = "hub_bot_message"
SPACING = timedelta(seconds=1)
"""Between two messages of a channel. Source: https://docs.slack.dev/apis/web-api/rate-limits"""
_STALE_SECONDS = lanes.LEASE.total_seconds() - 40
"""What was decided so long ago is decided anew: a file takes three calls of ten seconds, within the lease."""
_STORE_RETRY_SECONDS = 0.5
_CHANGES = "chat.update"
_SHORTEST_REST = timedelta(seconds=1)
_NEVER_CHANGED = "never_changed"
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "invalid_thread_ts"})


SuspensionHook = Callable[[Connection, Lane, str, datetime], None]
"""What else is to be done, in the same transaction, when a lane is closed to us; with Slack's word for why, and now."""


@dataclass(frozen=True)
class Chosen:
    """A message that is to be sent, or changed, now.

    Attributes:
        message: As it was when it was chosen.
        decided_at: When that was, in monotonic seconds.
        thread_ts: The message under which it goes.
    """

    message: MessageRow
    decided_at: float
    thread_ts: str | None = None


@dataclass(frozen=True)
class Sent:
    """What came of it.

    Attributes:
        chosen: Of what.
        posted: Where it is; None: nowhere, or nobody knows.
        error: Why not; None for a message that was not even tried.
        is_file: Whether it was a file.
    """

    chosen: Chosen
    posted: Posted | None = None
    error: DeliveryError | None = None
    is_file: bool = False

    @property
    def kind(self) -> Kind | None:
        """What to do about the failure; None: there was none."""
        if self.error is None:
            return None
        return self.error.kind if isinstance(self.error, SlackCallError) else Kind.RETRY

    @property
    def may_be_there(self) -> bool:
        """Whether Slack may count it as a message of the channel."""
        return self.posted is not None or self.kind is Kind.RETRY


class NotWrittenError(DeliveryError):
    """A message could not be put into words: a bug of ours, which must not keep the channel's other messages."""

    def __init__(self) -> None:
        super().__init__("The message could not be written.", permanent=False, code="crashed")


class LaneWorker:
    """Looks after one lane at a time; one instance serves several threads.

    Args:
        store: Where everything is kept.
        slack: Where messages go.
        writers: Who writes messages, by kind.
        clock: The time.
        on_suspended: Called when a channel is closed to us.
        draw: Gives random numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        store: Store,
        slack: SlackClient,
        writers: Writers,
        clock: Clock,
        *,
        on_suspended: SuspensionHook,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._slack = slack
        self._writers = writers
        self._clock = clock
        self._on_suspended = on_suspended
        self._draw = draw
        self._stopping = threading.Event()
        self.throttle = Throttle(clock.monotonic)

    def stop(self) -> None:
        """Let every lane's turn end after what is being sent just now."""
        self._stopping.set()

    def serve(self, lease: Lease) -> None:
        """Send what the lane has to send.

        Raises:
            StoreUnavailableError: The database is away, and nothing was sent that is not noted.
        """
        sent: Sent | None = None
        while (chosen := self._decide(lease, sent)) is not None:
            sent = self._send(chosen)

    def _decide(self, lease: Lease, sent: Sent | None) -> Chosen | None:
        """Note what came of the last sending, and return what is next; None: the turn is over."""

        def decide(connection: Connection) -> Chosen | None:
            decided_at = self._clock.monotonic()
            now = self._store.now(connection)
            state = lanes.hold(connection, lease, now)
            if state is None:
                if sent is not None:
                    self._note_late(connection, sent, now)
                return None
            if sent is not None:
                state = self._note(connection, sent, state, now)
            chosen = self._guarded_next(connection, lease, state, now)
            return None if chosen is None else replace(chosen, decided_at=decided_at)

        if sent is None:
            return self._store.write(decide)
        while True:
            try:
                return self._store.write(decide)
            except StoreUnavailableError as error:
                # What Slack has must be noted, or it would be sent twice. Only the process's end is a reason to go.
                if self._stopping.wait(_STORE_RETRY_SECONDS):
                    logger.warning("sent_and_not_noted", extra={"message_id": sent.chosen.message.id})
                    raise
                logger.debug("noting_again", extra={"cause": error.cause})

    def _guarded_next(self, connection: Connection, lease: Lease, state: LaneState, now: datetime) -> Chosen | None:
        """Decide in a savepoint: a bug in that must not take back the note of what Slack has."""
        try:
            with connection.begin_nested():
                return self._next(connection, lease, state, now)
        except Exception as error:
            if is_of_the_database(error):
                raise
            logger.exception("lane_crashed", extra={"channel": lease.lane.channel})
            lanes.release(connection, lease, due_at=now + lanes.LONGEST_REST)
            return None

    def _next(self, connection: Connection, lease: Lease, state: LaneState, now: datetime) -> Chosen | None:
        lane = lease.lane
        if state.is_suspended or self._stopping.is_set():
            lanes.release(connection, lease, due_at=None if state.is_suspended else now)
            return None
        rest = max(state.rest, timedelta(seconds=self.throttle.seconds_left(EVERYWHERE)))
        if rest > timedelta(0):
            lanes.release(connection, lease, due_at=now + min(rest, lanes.LONGEST_REST))
            return None
        looks = [writer.gather(connection, lane, now) for writer in set(self._writers.values())]
        message = self._chosen(connection, lane, now)
        if message is None:
            lanes.release(connection, lease, due_at=self._look_again(connection, lane, looks, now))
            return None
        decided_at = self._clock.monotonic()
        if message.is_sent:
            return Chosen(message, decided_at)
        thread_ts = message.thread_ts or messages.thread_of(connection, message)
        messages.begin(connection, message, thread_ts=thread_ts)
        return Chosen(message, decided_at, thread_ts)

    def _chosen(self, connection: Connection, lane: Lane, now: datetime) -> MessageRow | None:
        """Return what comes next: a new message, unless changing an old one has waited for long."""
        post = messages.next_post(connection, lane, now)
        if self.throttle.seconds_left(_CHANGES) > 0:
            return post
        since = now if post is None else now - messages.PATIENCE_WITH_POSTS
        return messages.next_change(connection, lane, since) or post

    def _look_again(
        self, connection: Connection, lane: Lane, looks: list[datetime | None], now: datetime
    ) -> datetime | None:
        post, change = messages.next_due(connection, lane)
        if change is not None:
            change = max(change, now + timedelta(seconds=self.throttle.seconds_left(_CHANGES)))
        moments = [moment for moment in (*looks, post, change) if moment is not None]
        return min(max(min(moments), now + _SHORTEST_REST), now + lanes.LONGEST_REST) if moments else None

    def _send(self, chosen: Chosen) -> Sent:
        is_file = False
        try:
            content = self._write(chosen.message)
            is_file = isinstance(content, Attachment)
            if self._clock.monotonic() - chosen.decided_at > _STALE_SECONDS:
                return Sent(chosen)
            return Sent(chosen, self._call(chosen, content))
        except DeliveryError as error:
            return Sent(chosen, error=error, is_file=is_file)

    def _write(self, message: MessageRow) -> Message | Attachment:
        try:
            with self._store.read() as connection:
                content = self._writers[message.kind].write(connection, message, self._store.now(connection))
        except StoreUnavailableError:
            raise
        except Exception as error:
            logger.exception("message_not_written", extra={"message_id": message.id, "kind": message.kind})
            raise NotWrittenError from error
        return content.without_blocks() if message.is_plain and isinstance(content, Message) else content

    def _call(self, chosen: Chosen, content: Message | Attachment) -> Posted:
        message = chosen.message
        channel = message.lane.channel
        if isinstance(content, Attachment):
            self._slack.attach_file(
                channel,
                thread_ts=content.thread_ts,
                name=content.name,
                content=content.content,
                comment=content.comment,
            )
            return Posted(channel, "")
        if message.is_sent and message.ts:
            place = Posted(message.posted_channel or channel, message.ts)
            self._slack.update_message(place.channel, place.ts, content)
            return place
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"message_id": message.id}}
        return self._slack.post_message(channel, content, thread_ts=chosen.thread_ts, metadata=metadata)

    def _note(self, connection: Connection, sent: Sent, state: LaneState, now: datetime) -> LaneState:
        """Keep what came of it, and return what that makes of the lane."""
        lane = sent.chosen.message.lane
        if sent.posted is not None:
            self._note_posted(connection, sent.chosen.message, sent.posted, now)
        elif sent.error is not None:
            self._note_failure(connection, sent, sent.error, now)
        if sent.kind is Kind.CHANNEL and not lane.is_direct:
            return replace(state, is_suspended=True)
        rest = state.rest
        if sent.may_be_there:
            rest = SPACING
        elif sent.kind is Kind.WAIT and sent.error is not None and not sent.chosen.message.is_sent:
            rest = timedelta(seconds=sent.error.retry_after_seconds or LONGEST_SECONDS)
        if rest > state.rest:
            lanes.pace(connection, lane, now, rest)
        return replace(state, rest=rest)

    def _note_late(self, connection: Connection, sent: Sent, now: datetime) -> None:
        """Keep what Slack has although somebody else leases the lane by now, unless they have begun to send it too."""
        message = sent.chosen.message
        if sent.posted is None or message.is_sent:
            return
        lanes.lock(connection, message.lane)
        if messages.waits_since(connection, message, attempts=message.attempts + 1):
            self._note_posted(connection, message, sent.posted, now)

    def _note_posted(self, connection: Connection, message: MessageRow, posted: Posted, now: datetime) -> None:
        if message.is_sent:
            messages.note_changed(connection, message)
            return
        messages.note_sent(connection, message, channel=posted.channel, ts=posted.ts or None, now=now)
        if message.sent_at is None:
            self._hook(connection, lambda: self._writers[message.kind].sent(connection, message, now))
        waited = round((now - message.created_at).total_seconds(), 3)
        facts = {"message_id": message.id, "kind": message.kind, "channel": message.lane.channel}
        logger.info("message_sent", extra={**facts, "attempts": message.attempts + 1, "waited_seconds": waited})

    def _hook(self, connection: Connection, hook: Callable[[], None]) -> None:
        """Do what follows, in a savepoint: a bug in it must not take back the note of what Slack said."""
        try:
            with connection.begin_nested():
                hook()
        except Exception as error:
            if is_of_the_database(error):
                raise
            logger.exception("hook_crashed")

    def _note_failure(self, connection: Connection, sent: Sent, error: DeliveryError, now: datetime) -> None:
        message = sent.chosen.message
        word = error.code or "no_answer"
        facts = {"message_id": message.id, "channel": message.lane.channel, "attempts": message.attempts + 1}
        logger.warning("message_not_sent", extra={**facts, "error": word})
        if sent.chosen.thread_ts and not message.is_sent and word in _THREAD_GONE:
            messages.note_thread_gone(connection, message, now=now)
            return
        match sent.kind:
            case Kind.CHANNEL:
                self._note_closed(connection, message, word, now)
            case Kind.OUR_BUG if not message.is_plain:
                messages.note_plain(connection, message, error=word, now=now)
            case Kind.STATE if message.is_sent:
                self._note_unchangeable(connection, message, word, now)
            case _ if messages.is_hopeless(message, now):
                self._give_up(connection, message, now)
            case Kind.WAIT:
                seconds = error.retry_after_seconds or LONGEST_SECONDS
                if message.is_sent:
                    self.throttle.hold(_CHANGES, seconds)
                until = now + min(timedelta(seconds=seconds), lanes.LONGEST_REST)
                messages.note_failure(connection, message, error=word, now=now, due_at=until)
            case Kind.INSTALL_BROKEN:
                if not sent.is_file:  # Files need rights of their own; messages may go all the same.
                    self.throttle.hold(EVERYWHERE, LONGEST_SECONDS)
                until = now + lanes.LONGEST_REST
                messages.note_failure(connection, message, error=word, now=now, due_at=until)
            case _:
                seconds = backoff_seconds(message.attempts + 1, self._draw())
                until = now + timedelta(seconds=seconds)
                messages.note_failure(connection, message, error=word, now=now, due_at=until)

    def _note_closed(self, connection: Connection, message: MessageRow, word: str, now: datetime) -> None:
        messages.note_failure(connection, message, error=word, now=now, due_at=now)
        if message.lane.is_direct:  # Nobody invites us into a person.
            self._give_up(connection, message, now)
            return
        lanes.suspend(connection, message.lane, why=word, now=now)
        self._hook(connection, lambda: self._on_suspended(connection, message.lane, word, now))

    def _note_unchangeable(self, connection: Connection, message: MessageRow, word: str, now: datetime) -> None:
        if self._writers[message.kind].needs_reposting(connection, message):
            messages.note_reposting(connection, message, error=word, now=now)
        else:
            messages.note_changed(connection, message, error=word)

    def _give_up(self, connection: Connection, message: MessageRow, now: datetime) -> None:
        facts = {"message_id": message.id, "channel": message.lane.channel, "attempts": message.attempts}
        logger.error("message_given_up", extra=facts)
        if message.is_sent:
            self._note_unchangeable(connection, message, _NEVER_CHANGED, now)
        else:
            messages.give_up(connection, message)
