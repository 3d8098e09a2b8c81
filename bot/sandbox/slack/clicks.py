"""What people click: elements in messages, modals and App Home, and shortcuts.

Source: https://docs.slack.dev/interactivity/handling-user-interaction and
https://docs.slack.dev/interactivity/implementing-shortcuts
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.actor import Actor, NotAllowed, NotThere
from bot.sandbox.slack.apps import App, Shortcut
from bot.sandbox.slack.delivery import Outcome, Parcel
from bot.sandbox.slack.elements import Found, action_of, find_element, is_offered
from bot.sandbox.slack.payloads import global_shortcut, message_actions, message_shortcut, view_actions
from bot.sandbox.slack.state import Message, View

# What Slack shows in a modal, as people quote it.
TROUBLE = "We had some trouble connecting. Try again?"
NOT_CONFIGURED = "This app is not configured to handle interactive responses."

State = Mapping[str, Any]
Values = Mapping[str, Mapping[str, Mapping[str, Any]]]
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Clicked:
    """What came of a click or a shortcut.

    Attributes:
        payload: What the app got; None when it got nothing.
        outcome: What became of that.
        problem: What Slack says when it went wrong; a mark beside the element in a message.
    """

    payload: Mapping[str, Any] | None = None
    outcome: Outcome | None = None
    problem: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the app acknowledged it."""
        return self.problem is None


class Clicker(Actor):
    """The verbs for elements and shortcuts."""

    def clicks(
        self,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        state: State = NOTHING,
        values: Values = NOTHING,
    ) -> Clicked:
        """Click an element in a message, and wait for the app.

        Args:
            channel: Where.
            ts: Of the message.
            action_id: Of the element.
            block_id: Of its block, where the message has several such elements.
            state: What the element holds now, such as `selected_option`; nothing for a button.
            values: What all stateful elements of the message hold, by block and action; those left out hold what the
                app put there.

        Raises:
            NotAllowed: This person does not see the channel.
            NotThere: Nor such an element.
        """
        message = self._message(channel, ts)
        app = self._app(message.app_id)
        found = _clickable(_blocks_of(message), action_id, block_id, state)
        if not app.is_interactive:
            return Clicked(problem=NOT_CONFIGURED)
        unknowns = self._services.unknowns()
        urls, user = self._services.response_urls, self.person.id
        payload = message_actions(
            self._sender(app),
            message,
            action=action_of(found, state, self.state.new_ts()),
            values=_with_own(values, found, state),
            response_url=urls.issue("actions", app, user=user, channel=channel, source=message).url,
            trigger_id=self._services.triggers.issue(user),
            shows_message=message.ephemeral_for is None or unknowns.ephemeral_click == "with_message",
        )
        return self._interacts(app, payload)

    def clicks_in_view(
        self,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        state: State = NOTHING,
        values: Values = NOTHING,
    ) -> Clicked:
        """Click an element in the uppermost view of a modal, or in App Home, and wait for the app.

        The arguments are those of `clicks`.

        Raises:
            NotThere: This person has no such view or element on the screen.
        """
        view = self._view(view_id)
        app = self._app(view.app_id)
        found = _clickable(view.payload["blocks"], action_id, block_id, state)
        if not app.is_interactive:
            return Clicked(problem=NOT_CONFIGURED)
        payload = view_actions(
            self._sender(app),
            view,
            action=action_of(found, state, self.state.new_ts()),
            values=_with_own(values, found, state),
            trigger_id=self._services.triggers.issue(self.person.id),
        )
        return self._interacts(app, payload)

    def runs_shortcut(self, callback_id: str, channel: str | None = None, ts: str | None = None) -> Clicked:
        """Choose a shortcut: a message's with channel and `ts`, a global one without.

        Raises:
            NotAllowed: This person works for another organization.
            NotThere: There is no such shortcut, or no such message.
        """
        if self.person.team_id != self.state.team_id:
            raise NotAllowed(f"Shortcuts of this app are for members of {self.state.name}.")
        message = self._message(channel, ts) if channel and ts else None
        app, shortcut = self._shortcut(callback_id, "message" if message else "global")
        trigger_id, action_ts = self._services.triggers.issue(self.person.id), self.state.new_ts()
        sender = self._sender(app)
        if message is None:
            return self._interacts(app, global_shortcut(sender, shortcut, trigger_id=trigger_id, action_ts=action_ts))
        chain = self._services.response_urls.issue(
            "app-actions", app, user=self.person.id, channel=message.channel, source=message
        )
        payload = message_shortcut(
            sender, shortcut, message, trigger_id=trigger_id, action_ts=action_ts, response_url=chain.url
        )
        return self._interacts(app, payload)

    def _interacts(self, app: App, payload: Mapping[str, Any]) -> Clicked:
        outcome = self._services.dispatcher.deliver(Parcel("interactive", app, app.interactivity_url, payload))
        return Clicked(payload, outcome, None if outcome.is_accepted else TROUBLE)

    def _view(self, view_id: str) -> View:
        """Return the uppermost view of this person's modal, or an App Home of theirs."""
        with self.state.lock:
            homes = [home for (_, user), home in self.state.homes.items() if user == self.person.id]
            for view in [*self.state.stacks.get(self.person.id, [])[-1:], *homes]:
                if view.id == view_id:
                    return view
        raise NotThere(f"{self.person.real_name} has no view {view_id} on the screen.")

    def _shortcut(self, callback_id: str, kind: str) -> tuple[App, Shortcut]:
        for app in self._services.apps():
            for shortcut in app.shortcuts if app.is_installed else ():
                if (shortcut.callback_id, shortcut.type) == (callback_id, kind):
                    return app, shortcut
        raise NotThere(f"There is no {kind} shortcut {callback_id}.")


def _clickable(blocks: Sequence[Mapping[str, Any]], action_id: str, block_id: str | None, state: State) -> Found:
    found = find_element(blocks, action_id, block_id)
    if found is None:
        raise NotThere(f"There is no element {action_id} in {block_id or 'any block'}.")
    if found.block.get("type") == "input" and not found.block.get("dispatch_action"):
        raise NotThere(f"The input {action_id} tells nothing before its modal is submitted.")
    if not is_offered(found.element, state):
        raise NotThere(f"The element {action_id} does not offer {dict(state)}.")
    return found


def _blocks_of(message: Message) -> Sequence[Mapping[str, Any]]:
    return [*message.blocks, *(block for each in message.attachments for block in each.get("blocks", ()))]


def _with_own(values: Values, found: Found, state: State) -> Values:
    """Return the values with what the clicked element itself holds now."""
    if not state:
        return values
    mine = {**values.get(found.block_id, {}), found.action_id: dict(state)}
    return {**values, found.block_id: mine}
