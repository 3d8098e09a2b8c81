"""What people type: messages, and lines that begin with a slash.

Sources: https://docs.slack.dev/interactivity/implementing-slash-commands and
https://docs.slack.dev/reference/events/app_mention. Slack's own sentences are as people quote them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.actor import Actor, NotAllowed
from bot.sandbox.slack.apps import App, SlashCommand
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.delivery import Outcome, Parcel
from bot.sandbox.slack.escaping import escape, escaped_line, mentioned_users, smart_typing
from bot.sandbox.slack.events import message_event
from bot.sandbox.slack.payloads import slash_command
from bot.sandbox.slack.response_urls import Chain
from bot.sandbox.slack.state import Conversation, Message

NOT_IN_THREADS = "{command} is not supported in threads. Sorry!"
UNKNOWN_COMMAND = (
    '{command} is not a valid command. In Slack, all messages that start with the "/" character are interpreted as '
    'commands. If you are trying to send a message and not run a command, try preceding the "/" with an empty space.'
)
FAILED = '{command} failed with the error "{error}"'
NOT_HERE = "You mentioned @{name}, but they’re not in this {place}."
TURNED_OFF = "Sending messages to this app has been turned off."
FIRST_SERVER_ERROR = 500

_COMMAND = re.compile(r"(?P<command>/\S*)\s?(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Typed:
    """What came of a line.

    Attributes:
        line: The line itself where others see it; None for a command that stayed between the person and the app.
        answer: What the app put into its acknowledgement of a command.
        slackbot: What Slack itself said about it.
        payload: What the app got for a command; None when it got none.
        outcome: What became of that.
    """

    line: Message | None = None
    answer: Message | None = None
    slackbot: Message | None = None
    payload: Mapping[str, str] | None = None
    outcome: Outcome | None = None


class Typist(Actor):
    """The verb for typing."""

    def types(self, channel: str, text: str, *, thread_ts: str | None = None, smart_quotes: bool = False) -> Typed:
        """Send a line, and wait for the app when it is a command.

        Args:
            channel: Where; this person must be in it.
            text: As typed; a command when it begins with a slash.
            thread_ts: The first message of the thread that the line is typed in.
            smart_quotes: Whether the client has smart punctuation.

        Raises:
            NotAllowed: This person cannot write there.
        """
        conversation = self._writable(channel)
        typed = smart_typing(text) if smart_quotes else text
        if not typed.strip():
            raise NotAllowed("There is nothing to send.")
        if typed.startswith("/"):
            return self._gives_command(conversation, typed, thread_ts)
        return self._says(conversation, typed, thread_ts)

    # Commands

    def _gives_command(self, conversation: Conversation, typed: str, thread_ts: str | None) -> Typed:
        name, text = split_command(typed)
        found = self._command(name)
        if found is None:
            return self._is_told(conversation, UNKNOWN_COMMAND.format(command=escape(name)), thread_ts)
        if thread_ts is not None:
            return self._is_told(conversation, NOT_IN_THREADS.format(command=name), thread_ts)
        app, command = found
        chain = self._services.response_urls.issue("commands", app, user=self.person.id, channel=conversation.id)
        payload = slash_command(
            self._sender(app),
            conversation,
            command=name,
            text=self._sent_text(command, text),
            response_url=chain.url,
            trigger_id=self._services.triggers.issue(self.person.id),
        )
        try:
            outcome = self._services.dispatcher.deliver(Parcel("command", app, command.url, payload))
            return self._after_command(typed, chain, payload, outcome)
        finally:
            chain.is_acknowledged.set()

    def _is_told(self, conversation: Conversation, sentence: str, thread_ts: str | None) -> Typed:
        return Typed(slackbot=self._hears_from_slackbot(conversation.id, sentence, thread_ts=thread_ts))

    def _command(self, name: str) -> tuple[App, SlashCommand] | None:
        """Return the command of the app that was installed last; other organizations do not share them."""
        # "Slash commands and message actions are not shared": https://docs.slack.dev/apis/slack-connect
        if self.person.team_id != self.state.team_id:
            return None
        for app in reversed([app for app in self._services.apps() if app.is_installed]):
            for command in app.commands:
                if command.command == name:
                    return app, command
        return None

    def _sent_text(self, command: SlashCommand, text: str) -> str:
        if not command.should_escape:
            return text
        with_names = self._services.unknowns().escaped_mention == "id_and_name"
        return escaped_line(text, self.state, viewer=self.person.id, with_names=with_names)

    def _after_command(self, typed: str, chain: Chain, payload: Mapping[str, str], outcome: Outcome) -> Typed:
        """Show what the acknowledgement says, or what Slack says when there was none."""
        error = self._failure(outcome)
        line: Message | None = None
        answer: Message | None = None
        body = {} if error else _message_of(outcome)
        # The command's line stands above the answer, but appears only when the answer is good.
        line_ts = self.state.new_ts()
        try:
            answer = self._services.response_urls.respond(chain, body, is_paced=False) if _has_content(body) else None
        except Refusal as refusal:
            error = refusal.error
        if error is None and body.get("response_type") == "in_channel":
            line = self._shows_command(chain.channel, typed, line_ts)
        slackbot = self._failed(chain.channel, payload["command"], error) if error else None
        return Typed(line, answer, slackbot, payload, outcome)

    def _failure(self, outcome: Outcome) -> str | None:
        if outcome.is_accepted:
            return None
        if outcome.kind == "timeout":
            return "operation_timeout"
        if outcome.status is None or self._services.unknowns().command_failure == "dispatch_failed":
            return "dispatch_failed"
        return "http_service_error" if outcome.status >= FIRST_SERVER_ERROR else "http_client_error"

    def _failed(self, channel: str, command: str, error: str) -> Message:
        return self._hears_from_slackbot(channel, FAILED.format(command=command, error=error))

    def _shows_command(self, channel: str, typed: str, ts: str) -> Message:
        text = escaped_line(typed, self.state, viewer=self.person.id)
        return self.state.add_message(
            Message(channel=channel, ts=ts, user=self.person.id, text=text, subtype="command")
        )

    # Messages

    def _says(self, conversation: Conversation, typed: str, thread_ts: str | None) -> Typed:
        self._must_be_heard(conversation)
        text = escaped_line(typed, self.state, viewer=self.person.id)
        message = Message(
            channel=conversation.id, ts=self.state.new_ts(), user=self.person.id, text=text, thread_ts=thread_ts
        )
        self.state.add_message(message)
        self._services.events.publish(message_event(message, self.state))
        return Typed(line=message, slackbot=self._mentions(conversation, message))

    def _must_be_heard(self, conversation: Conversation) -> None:
        for app in self._services.apps():
            is_with_bot = conversation.kind == "im" and app.bot_user_id in conversation.members
            if is_with_bot and (not app.has_messages_tab or app.is_messages_tab_read_only):
                raise NotAllowed(TURNED_OFF)

    def _mentions(self, conversation: Conversation, message: Message) -> Message | None:
        """Tell the mentioned bots; return what Slack says when one of them is not there."""
        if conversation.kind == "im":
            return None  # In a direct message there are only message events.
        mentioned = mentioned_users(message.text)
        slackbot = None
        for app in self._services.apps():
            if app.is_installed and app.bot_user_id in mentioned:
                slackbot = self._mentions_bot(app, conversation, message) or slackbot
        return slackbot

    def _mentions_bot(self, app: App, conversation: Conversation, message: Message) -> Message | None:
        if app.bot_user_id in conversation.members:
            self._services.events.publish(mention_event(message, self.state.people[self.person.id].team_id), only=app)
            return None
        # Slack offers to invite it; the mention is delivered when somebody does.
        self._services.waiting_mentions[conversation.id, app.bot_user_id] = message
        place = "private channel" if conversation.kind == "private" else "channel"
        name = self.state.people[app.bot_user_id].real_name
        return self._hears_from_slackbot(conversation.id, NOT_HERE.format(name=escape(name), place=place))


def split_command(typed: str) -> tuple[str, str]:
    """Return the command at the beginning of a line, with its slash, and the words after it."""
    match = _COMMAND.match(typed)
    return (match["command"], match["text"]) if match else (typed, "")


def mention_event(message: Message, team_id: str) -> dict[str, Any]:
    """Return the event of a message that mentions an app's bot."""
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {
        "type": "app_mention",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": team_id,
        **thread,
        "channel": message.channel,
        "event_ts": message.ts,
    }


def _message_of(outcome: Outcome) -> Mapping[str, Any]:
    """Return the message in an acknowledgement: JSON, or bare text; empty when there is none."""
    if outcome.content_type.partition(";")[0].strip().lower() == "application/json":
        try:
            decoded = outcome.decoded()
        except ValueError:
            decoded = None
        if isinstance(decoded, dict):
            return decoded
    text = outcome.body.decode(errors="replace").strip()
    return {"text": text} if text else {}


def _has_content(body: Mapping[str, Any]) -> bool:
    return any(body.get(name) for name in ("text", "blocks", "attachments"))
