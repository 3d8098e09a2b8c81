"""Who acts in the simulated workspace, what they may see, and the machinery behind them.

Nothing here holds the state's lock while an app is asked: its answer may come through the Web API, which needs it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.slack.apps import App
from bot.sandbox.slack.delivery import Dispatcher
from bot.sandbox.slack.events import Events
from bot.sandbox.slack.payloads import Sender
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.state import Conversation, Message, Person, WorkspaceState
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.unknowns import SlackUnknowns

SLACKBOT = "USLACKBOT"


class NotAllowed(Exception):  # noqa: N818 - it is Slack's answer to a person, not a failure.
    """What Slack does not let this person do; the message is a sentence for them."""


class NotThere(ValueError):  # noqa: N818 - as above.
    """What is not on this person's screen cannot be clicked; the message is a sentence for whoever wrote the test."""


@dataclass(frozen=True, slots=True)
class Services:
    """What acting people need of the simulator.

    Attributes:
        apps: Returns the apps of the workspace, the one installed last at the end.
        now: Returns the time, aware and UTC.
        unknowns: Returns the positions of the switches.
        waiting_mentions: By channel and user id of the bot: messages that mention a bot which is not there yet.
    """

    state: WorkspaceState
    apps: Callable[[], Sequence[App]]
    now: Callable[[], datetime]
    unknowns: Callable[[], SlackUnknowns]
    triggers: Triggers
    response_urls: ResponseUrls
    dispatcher: Dispatcher
    events: Events
    waiting_mentions: dict[tuple[str, str], Message] = field(default_factory=dict)


class Actor:
    """Somebody who acts.

    Args:
        services: The simulator's machinery.
        user_id: Who.

    Raises:
        NotAllowed: There is no such person, or an account with which nobody can act.
    """

    def __init__(self, services: Services, user_id: str) -> None:
        person = services.state.people.get(user_id)
        if person is None or person.is_deleted or person.is_bot:
            raise NotAllowed(f"Nobody can sign in as {person.real_name if person else user_id}.")
        self._services = services
        self.person: Person = person

    @property
    def state(self) -> WorkspaceState:
        """The workspace."""
        return self._services.state

    def _sender(self, app: App) -> Sender:
        return Sender(app, self.state, self.person)

    def _is_visible(self, message: Message) -> bool:
        return message.ephemeral_for in {None, self.person.id}

    def _visible(self, channel: str) -> Conversation:
        """Return a conversation that this person knows of."""
        conversation = self.state.conversations.get(channel)
        if conversation is None or not self.state.can_see(self.person.id, conversation):
            raise NotAllowed(f"{self.person.real_name} does not see {channel}.")
        return conversation

    def _writable(self, channel: str) -> Conversation:
        """Return a conversation in which this person may write."""
        conversation = self._visible(channel)
        if self.person.id not in conversation.members:
            raise NotAllowed(f"Join #{conversation.name} first.")
        if conversation.is_archived:
            raise NotAllowed(f"#{conversation.name} is archived.")
        return conversation

    def _message(self, channel: str, ts: str) -> Message:
        """Return a message that is on this person's screen."""
        message = self.state.message(self._visible(channel).id, ts)
        if message is None or not self._is_visible(message):
            raise NotThere(f"{self.person.real_name} sees no message {ts} in {channel}.")
        return message

    def _app(self, app_id: str | None) -> App:
        """Return an installed app."""
        for app in self._services.apps():
            if app.id == app_id and app.is_installed:
                return app
        raise NotThere(f"There is no app {app_id}.")

    def _must_be_full_member(self, what: str) -> None:
        if self.person.role in {"guest", "stranger"}:
            raise NotAllowed(f"{what} is for members of {self.state.name}.")

    def _hears_from_slackbot(self, channel: str, text: str, *, thread_ts: str | None = None) -> Message:
        """Show this person a line of Slack's own, which nobody else sees."""
        message = Message(
            channel=channel,
            ts=self.state.new_ts(),
            user=SLACKBOT,
            text=text,
            thread_ts=thread_ts,
            ephemeral_for=self.person.id,
            subtype="slackbot",
        )
        return self.state.add_message(message)
