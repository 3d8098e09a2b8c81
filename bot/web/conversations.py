"""The ways of talking to somebody who asked: through a response_url, in a thread, or with nothing but their names.

A conversation knows how to show that work is going on and how to deliver the answer once; when and whether is the
business of `answers`.
"""

import logging
from typing import Protocol

from bot.errors import DeliveryError
from bot.governance.roles import Person
from bot.slack.message import Message
from bot.web.courier import Courier
from bot.web.outgoing import Outgoing
from bot.web.response_line import ResponseLine

logger = logging.getLogger(__name__)

_ANSWERED_PRIVATELY = Message("Answered privately.")


class Conversation(Protocol):
    """Somebody asked, and waits. Not safe to use from several threads at once."""

    def show_working(self, text: str, *, is_public: bool = False) -> None:
        """Show that work is going on, or, said again, how far it has come; before the answer.

        Args:
            text: A few words.
            is_public: Whether the answer is for the whole channel.
        """

    def withdraw(self) -> None:
        """Take back what `show_working` showed, because the person is asked something before there is an answer."""

    def deliver(self, answer: Outgoing) -> None:
        """Deliver the answer, in the place of what `show_working` showed.

        Raises:
            DeliveryError: No way was left.
        """


class CommandConversation:
    """Answers a slash command: privately, or in the channel, or (when its half hour is over) by direct message.

    Args:
        line: The command's response_url, or that of a button.
        courier: For direct messages.
        person: Who asked.
        rewrites: Whether the message with the button is to become the answer, so that nobody presses it again.
    """

    def __init__(self, line: ResponseLine, courier: Courier, person: Person, *, rewrites: bool = False) -> None:
        self._line = line
        self._courier = courier
        self._person = person
        self._rewrites = rewrites
        self._shows_working = False

    def show_working(self, text: str, *, is_public: bool = False) -> None:
        """Show that work is going on, to the person alone."""
        if self._shows_working:
            # A public answer cannot stand in the place of these words: taking them back is one use more.
            self._line.say_once(text, replace_original=True, keep_back=3 if is_public else 2)
        else:
            self._shows_working = self._line.say_once(text, replace_original=self._rewrites)

    def withdraw(self) -> None:
        """Take that back. Where it stands in the place of a message with a button, the answer will."""
        if self._shows_working and not self._rewrites:
            self._shows_working = not self._line.take_back()

    def deliver(self, answer: Outgoing) -> None:
        """Deliver the answer. A direct message is always private, also for an answer meant for the channel."""
        if not self._said(answer):
            logger.warning("answer_sent_directly", extra={"user_id": self._person.user_id})
            self._courier.post(self._person.user_id, answer.direct, answer.plain)

    def _said(self, answer: Outgoing) -> bool:
        if answer.in_channel and self._shows_working:
            # A message stays private or public for life, so the private one cannot become the answer.
            self._line.take_back()
        rewrites = self._shows_working or (self._rewrites and not answer.is_aside)
        return self._line.say(
            answer.message,
            answer.plain,
            response_type="in_channel" if answer.in_channel else "ephemeral",
            replace_original=rewrites and not answer.in_channel,
        )


class ThreadConversation:
    """Answers a mention: in its thread, or in the thread to the person alone.

    Args:
        courier: Posts.
        person: Who asked.
        channel_id: Where.
        thread_ts: In which thread.
        is_in_thread: Whether the thread exists already. Slack shows what is for one person only in a thread that does.
    """

    def __init__(
        self, courier: Courier, person: Person, channel_id: str, thread_ts: str, *, is_in_thread: bool = True
    ) -> None:
        self._courier = courier
        self._person = person
        self._channel_id = channel_id
        self._thread_ts = thread_ts
        self._has_thread = is_in_thread
        self._working_ts: str | None = None

    def show_working(self, text: str, *, is_public: bool = False) -> None:  # noqa: ARG002 - It costs nothing here.
        """Show in the thread that work is going on."""
        message = Message(text)
        try:
            if self._working_ts:
                self._courier.update(self._channel_id, self._working_ts, message, message)
                return
            self._working_ts = self._courier.post(self._channel_id, message, message, thread_ts=self._thread_ts).ts
            self._has_thread = True
        except DeliveryError as error:
            logger.warning("working_not_shown", extra={"reason": str(error)})

    def withdraw(self) -> None:
        """Leave what is shown: the answer will stand in its place."""

    def deliver(self, answer: Outgoing) -> None:
        """Deliver the answer; by direct message when it cannot be shown in the thread."""
        try:
            self._say(answer)
        except DeliveryError as error:
            logger.warning("answer_sent_directly", extra={"user_id": self._person.user_id, "reason": str(error)})
            self._courier.post(self._person.user_id, answer.direct, answer.plain)

    def _say(self, answer: Outgoing) -> None:
        if not answer.in_channel:
            self._show_privately(answer)
        elif self._working_ts:
            self._courier.update(self._channel_id, self._working_ts, answer.message, answer.plain)
        else:
            self._courier.post(self._channel_id, answer.message, answer.plain, thread_ts=self._thread_ts)

    def _show_privately(self, answer: Outgoing) -> None:
        if self._working_ts:
            self._courier.update(self._channel_id, self._working_ts, _ANSWERED_PRIVATELY, _ANSWERED_PRIVATELY)
        user_id = self._person.user_id
        thread_ts = self._thread_ts if self._has_thread else None
        self._courier.show(self._channel_id, user_id, answer.message, answer.plain, thread_ts=thread_ts)


class ChannelConversation:
    """Answers in a channel, through the Web API: a form whose response_url is not known, since nobody stores those.

    Args:
        courier: Posts.
        person: Who asked.
        channel_id: Where; empty when that is not known either: by direct message.
    """

    def __init__(self, courier: Courier, person: Person, channel_id: str = "") -> None:
        self._courier = courier
        self._person = person
        self._channel_id = channel_id

    def show_working(self, text: str, *, is_public: bool = False) -> None:
        """Show nothing: what is shown to one person through the Web API cannot be taken back."""

    def withdraw(self) -> None:
        """Nothing is shown."""

    def deliver(self, answer: Outgoing) -> None:
        """Deliver the answer; by direct message where the bot cannot speak in the channel."""
        if not (self._channel_id and self._is_said(answer)):
            self._courier.post(self._person.user_id, answer.direct, answer.plain)

    def _is_said(self, answer: Outgoing) -> bool:
        user_id = self._person.user_id
        try:
            if answer.in_channel:
                self._courier.post(self._channel_id, answer.message, answer.plain)
            else:
                self._courier.show(self._channel_id, user_id, answer.message, answer.plain, thread_ts=None)
        except DeliveryError as error:
            logger.warning("answer_sent_directly", extra={"user_id": user_id, "reason": str(error)})
            return False
        return True
