"""One lane's turn: decide what to send, send it, keep what came of it, until there is nothing to do just now."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

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

logger = logging.getLogger(__name__)

EVENT_TYPE = "hub_bot_message"
SPACING = timedelta(seconds=1)
"""Between two messages of a channel. Source: https://docs.slack.dev/apis/web-api/rate-limits"""
_STALE_SECONDS = lanes.LEASE.total_seconds() - 20
"""What was decided so long ago is decided anew: sending may take ten seconds, and the lease must outlast it."""
_STORE_RETRY_SECONDS = 0.5
_CHANGES = "chat.update"
_SHORTEST_REST = timedelta(seconds=1)
_CRASHED, _NEVER_CHANGED = "crashed", "never_changed"
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "invalid_thread_ts"})


SuspensionHook = Callable[[Connection, Lane, str, datetime], None]
"""What else is to be done, in the same transaction, when a lane is closed to us; with Slack's word for why, and now."""


@dataclass(frozen=True)
class Sending:
    """Something that was decided to be sent, and when (monotonic seconds)."""

    message: MessageRow
    content: Message | Attachment
    decided_at: float
    thread_ts: str | None = None


@dataclass(frozen=True)
class Sent:
    """What came of it: where it is, or why it is not."""

    sending: Sending
    posted: Posted | None = None
    error: DeliveryError | None = field(default=None)


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
        while (sending := self._decide(lease, sent)) is not None:
            sent = self._send(sending)

    def _decide(self, lease: Lease, sent: Sent | None) -> Sending | None:
        """Note what came of the last sending, and return the next; None: the turn is over."""

        def decide(connection: Connection) -> Sending | None:
            now = self._store.now(connection)
            state = lanes.hold(connection, lease, now)
            if state is None:
                return None
            if sent is not None and self._note(connection, sent, now):
                state = LaneState(paced_until=now + SPACING, is_suspended=state.is_suspended)
                lanes.pace(connection, lease.lane, now + SPACING)
            elif sent is not None and _closes_channel(sent):
                state = LaneState(paced_until=None, is_suspended=True)
            return self._next(connection, lease, state, now)

        if sent is None:
            return self._store.write(decide)
        while True:
            try:
                return self._store.write(decide)
            except StoreUnavailableError as error:
                # What Slack has must be noted, or it would be sent twice. Only the process's end is a reason to go.
                if self._stopping.wait(_STORE_RETRY_SECONDS):
                    logger.warning("sent_and_not_noted", extra={"message_id": sent.sending.message.id})
                    raise
                logger.debug("noting_again", extra={"cause": error.cause})

    def _next(self, connection: Connection, lease: Lease, state: LaneState, now: datetime) -> Sending | None:
        lane = lease.lane
        if state.is_suspended or self._stopping.is_set():
            lanes.release(connection, lease, due_at=None if state.is_suspended else now)
            return None
        wait = max(self._pause(state, now), timedelta(seconds=self.throttle.seconds_left(EVERYWHERE, lane.channel)))
        if wait > timedelta(0):
            lanes.release(connection, lease, due_at=now + min(wait, lanes.LONGEST_REST))
            return None
        looks = [writer.gather(connection, lane, now) for writer in set(self._writers.values())]
        while (message := self._chosen(connection, lane, now)) is not None:
            sending = self._written(connection, message, now)
            if sending is not None:
                return sending
        lanes.release(connection, lease, due_at=self._look_again(connection, lane, looks, now))
        return None

    def _pause(self, state: LaneState, now: datetime) -> timedelta:
        """Return how long to wait before posting again; a moment further ahead than any pause is from another clock."""
        left = (state.paced_until or now) - now
        return left if left <= SPACING else timedelta(0)

    def _chosen(self, connection: Connection, lane: Lane, now: datetime) -> MessageRow | None:
        """Return what comes next: a new message, unless changing an old one has waited for long."""
        post = messages.next_post(connection, lane, now)
        if self.throttle.seconds_left(_CHANGES) > 0:
            return post
        since = now if post is None else now - messages.PATIENCE_WITH_POSTS
        return messages.next_change(connection, lane, since) or post

    def _written(self, connection: Connection, message: MessageRow, now: datetime) -> Sending | None:
        """Return what to send; None when it is not sent now, which is noted."""
        if messages.is_hopeless(message, now):
            self._give_up(connection, message, now)
            return None
        try:
            content = self._writers[message.kind].write(connection, message, now)
        except SQLAlchemyError:
            raise
        except Exception:
            # A bug in one message must not keep the others of its channel.
            logger.exception("message_not_written", extra={"message_id": message.id, "kind": message.kind})
            self._put_off(connection, message, _CRASHED, now)
            return None
        if message.is_plain and isinstance(content, Message):
            content = content.without_blocks()
        if message.is_sent:
            return Sending(message, content, self._clock.monotonic())
        thread_ts = message.thread_ts or messages.thread_of(connection, message)
        messages.begin(connection, message, thread_ts=thread_ts)
        return Sending(message, content, self._clock.monotonic(), thread_ts)

    def _look_again(
        self, connection: Connection, lane: Lane, looks: list[datetime | None], now: datetime
    ) -> datetime | None:
        moments = [moment for moment in (*looks, messages.next_due(connection, lane)) if moment is not None]
        if not moments:
            return None
        # What is due and was not sent is held up by Slack's limit on changes.
        return min(max(min(moments), now + _SHORTEST_REST / 5), now + lanes.LONGEST_REST)

    def _send(self, sending: Sending) -> Sent:
        if self._clock.monotonic() - sending.decided_at > _STALE_SECONDS:
            return Sent(sending)
        message, content = sending.message, sending.content
        try:
            if isinstance(content, Attachment):
                self._slack.attach_file(
                    message.lane.channel,
                    thread_ts=content.thread_ts,
                    name=content.name,
                    content=content.content,
                    comment=content.comment,
                )
                return Sent(sending, Posted(message.lane.channel, ""))
            if message.is_sent and message.ts:
                channel = message.posted_channel or message.lane.channel
                self._slack.update_message(channel, message.ts, content)
                return Sent(sending, Posted(channel, message.ts))
            metadata = {"event_type": EVENT_TYPE, "event_payload": {"message_id": message.id}}
            channel = message.lane.channel
            posted = self._slack.post_message(channel, content, thread_ts=sending.thread_ts, metadata=metadata)
            return Sent(sending, posted)
        except DeliveryError as error:
            return Sent(sending, error=error)

    def _note(self, connection: Connection, sent: Sent, now: datetime) -> bool:
        """Keep what came of it; return whether Slack counted it as a message of the channel."""
        message = sent.sending.message
        if sent.error is not None:
            self._note_failure(connection, sent.sending, sent.error, now)
            return False
        if sent.posted is None:  # Not sent: deciding took too long.
            return False
        if message.is_sent:
            messages.note_changed(connection, message)
        else:
            messages.note_sent(connection, message, channel=sent.posted.channel, ts=sent.posted.ts or None, now=now)
            if message.sent_at is None:
                self._writers[message.kind].sent(connection, message, now)
            waited = round((now - message.created_at).total_seconds(), 3)
            facts = {"message_id": message.id, "kind": message.kind, "channel": message.lane.channel}
            logger.info("message_sent", extra={**facts, "attempts": message.attempts + 1, "waited_seconds": waited})
        return True

    def _note_failure(self, connection: Connection, sending: Sending, error: DeliveryError, now: datetime) -> None:
        message = sending.message
        word = error.code or "no_answer"
        kind = error.kind if isinstance(error, SlackCallError) else Kind.RETRY
        facts = {
            "message_id": message.id,
            "channel": message.lane.channel,
            "error": word,
            "attempts": message.attempts + 1,
        }
        logger.warning("message_not_sent", extra=facts)
        if sending.thread_ts and not message.is_sent and error.code in _THREAD_GONE:
            messages.note_thread_gone(connection, message, now=now)
            return
        match kind:
            case Kind.WAIT:
                seconds = error.retry_after_seconds or LONGEST_SECONDS
                self.throttle.hold(_CHANGES if message.is_sent else message.lane.channel, seconds)
                until = now + min(timedelta(seconds=seconds), lanes.LONGEST_REST)
                messages.note_failure(connection, message, error=word, now=now, due_at=until)
            case Kind.CHANNEL:
                self._note_closed(connection, message, word, now)
            case Kind.OUR_BUG if not message.is_plain and isinstance(sending.content, Message):
                messages.note_plain(connection, message, error=word, now=now)
            case Kind.STATE if message.is_sent:
                self._note_unchangeable(connection, message, word, now)
            case Kind.INSTALL_BROKEN:
                self.throttle.hold(EVERYWHERE, LONGEST_SECONDS)
                until = now + lanes.LONGEST_REST
                messages.note_failure(connection, message, error=word, now=now, due_at=until)
            case _:
                self._put_off(connection, message, word, now)

    def _note_closed(self, connection: Connection, message: MessageRow, word: str, now: datetime) -> None:
        messages.note_failure(connection, message, error=word, now=now, due_at=now)
        if message.lane.is_direct:  # Nobody invites us into a person.
            self._give_up(connection, message, now)
            return
        lanes.suspend(connection, message.lane, why=word, now=now)
        self._on_suspended(connection, message.lane, word, now)

    def _note_unchangeable(self, connection: Connection, message: MessageRow, word: str, now: datetime) -> None:
        if self._writers[message.kind].needs_reposting(connection, message):
            messages.note_reposting(connection, message, error=word, now=now)
        else:
            messages.note_changed(connection, message, error=word)

    def _put_off(self, connection: Connection, message: MessageRow, word: str, now: datetime) -> None:
        seconds = backoff_seconds(message.attempts + 1, self._draw())
        messages.note_failure(connection, message, error=word, now=now, due_at=now + timedelta(seconds=seconds))

    def _give_up(self, connection: Connection, message: MessageRow, now: datetime) -> None:
        facts = {"message_id": message.id, "channel": message.lane.channel, "attempts": message.attempts}
        logger.error("message_given_up", extra=facts)
        if message.is_sent:
            self._note_unchangeable(connection, message, _NEVER_CHANGED, now)
        else:
            messages.give_up(connection, message)


def _closes_channel(sent: Sent) -> bool:
    return (
        isinstance(sent.error, SlackCallError)
        and sent.error.kind is Kind.CHANNEL
        and not sent.sending.message.lane.is_direct
    )
