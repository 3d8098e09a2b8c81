"""The life of one answer: perhaps announced as being worked on, given once."""

import logging
import threading
from collections.abc import Sequence

from bot.clock import Clock
from bot.errors import DeliveryError
from bot.progress import Progress
from bot.slack import text
from bot.web.conversations import Conversation
from bot.web.outgoing import Outgoing
from bot.web.pool import Job, WorkerPool
from bot.web.timer import Timer

logger = logging.getLogger(__name__)

WORKING = "Working…"
WORKING_AFTER_SECONDS = 2.0
PROGRESS_AFTER_SECONDS = (8.0, 25.0)
"""After "Working…", when to say how far the work has come since: a response_url has five uses, and the answer needs
up to three of them."""
_LONGEST_PROGRESS = 200
_HELPERS = 4
_ERRANDS = 1_000


class Reply:
    """An answer that somebody waits for. Whatever the threads do, the last thing they see is the answer.

    Args:
        conversation: How they are talked to.
        is_public: Whether the answer is for the whole channel.
    """

    def __init__(self, conversation: Conversation, *, is_public: bool = False) -> None:
        self._conversation = conversation
        self._is_public = is_public
        # Held while something is on its way to Slack: an announcement that is being sent is waited for, and one that
        # comes after the answer is dropped.
        self._lock = threading.Lock()
        self._is_answered = False
        self._progress = ""
        self._shown: str | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the answer was given, or is being given."""
        return self._is_answered

    def note_progress(self, progress: Progress | str) -> None:
        """Remember how far the work has come, for the announcement."""
        self._progress = text.inert(text.cut(text.one_line(str(progress)), _LONGEST_PROGRESS))

    def announce(self) -> None:
        """Say that it takes a moment, and how far it is; not if it is answered, or was said in the same words."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            said = f"{WORKING} {self._progress}".rstrip()
            if not self._is_answered and said != self._shown:
                self._shown = said
                self._conversation.show_working(said, is_public=self._is_public)
        finally:
            self._lock.release()

    def give(self, answer: Outgoing) -> None:
        """Give the answer. Only the first one counts."""
        with self._lock:
            if self._is_answered:
                logger.error("answered_twice")
                return
            self._deliver(answer)

    def hand_over(self) -> "Reply":
        """Say nothing here any more, and return what the conversation goes on with: the person was asked something."""
        with self._lock:
            self._is_answered = True
            self._conversation.withdraw()
            return Reply(self._conversation, is_public=self._is_public)

    def give_up(self, answer: Outgoing) -> None:
        """Give this answer because there is no time for the right one; not if that was given, or is on its way."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if not self._is_answered:
                self._deliver(answer)
        finally:
            self._lock.release()

    def _deliver(self, answer: Outgoing) -> None:
        self._is_answered = True
        try:
            self._conversation.deliver(answer)
        except DeliveryError as error:
            # The person will ask again; nothing was changed by not hearing the answer to a question.
            logger.error("answer_lost", extra={"reason": str(error)})  # noqa: TRY400 - Its own words say it all.


class Answers:
    """Says "Working…" where an answer takes longer than two seconds, and runs the small errands of listeners.

    Args:
        clock: The time.
        working_after_seconds: Counted from when the request came in.
        progress_after_seconds: Counted from then on: when to say how far it has come.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        working_after_seconds: float = WORKING_AFTER_SECONDS,
        progress_after_seconds: Sequence[float] = PROGRESS_AFTER_SECONDS,
    ) -> None:
        self._moments = [working_after_seconds + seconds for seconds in (0.0, *progress_after_seconds)]
        self._helpers = WorkerPool("errands", threads=_HELPERS, queue_size=_ERRANDS, quiet_seconds=0.0)
        self._timer = Timer(monotonic=clock.monotonic)

    @property
    def is_alive(self) -> bool:
        """Whether the threads are there."""
        return self._timer.is_alive and self._helpers.is_alive

    def watch(self, reply: Reply, *, received_at: float) -> None:
        """Announce the reply when it is due and not given by then, and how it gets on.

        Args:
            reply: Which.
            received_at: When it was asked for, in monotonic seconds.
        """

        def announce() -> None:
            if not reply.is_answered:
                self._helpers.submit(Job(reply.announce))

        for seconds in self._moments:
            self._timer.at(received_at + seconds, announce)

    def give_soon(self, conversation: Conversation, answer: Outgoing) -> None:
        """Give an answer that needs no work, in a thread that nobody waits for."""

        def give() -> None:
            Reply(conversation).give(answer)

        if not self._helpers.submit(Job(give, abandon=give)):
            logger.warning("answer_dropped")

    def stop(self, timeout_seconds: float) -> bool:
        """Do the errands that are left, and announce nothing more; False when time ran out."""
        self._timer.stop()
        return self._helpers.stop(timeout_seconds)
