"""One call of a Web API method, as its handler sees it, and the one way to refuse it.

Source: https://docs.slack.dev/apis/web-api
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.slack.apps import App, Token
from bot.sandbox.slack.limits import MessagePace
from bot.sandbox.slack.state import Person, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns

Payload = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - Slack answers it with status 200: it is an answer, not a failure.
    """What a method answers instead of `ok: true`.

    Args:
        error: Slack's short name, such as `channel_not_found`.
        fields: What else the answer holds, such as `needed` and `provided`.
    """

    def __init__(self, error: str, **fields: Any) -> None:
        super().__init__(error)
        self.error = error
        self.fields = fields

    @classmethod
    def with_messages(cls, error: str, *messages: str) -> "Refusal":
        """Return a refusal that explains itself in `response_metadata.messages`."""
        return cls(error, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})


class ArgumentsOfCall:
    """The arguments of a call, from a form or from JSON; a form holds numbers, booleans and JSON as text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @property
    def values(self) -> Mapping[str, Any]:
        """All of them, as they came."""
        return self._values

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text; the default when it was not given or is null."""
        value = self._values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str, error: str = "invalid_arguments") -> str:
        """Return an argument as text that must not be empty.

        Raises:
            Refusal: It is missing.
        """
        value = self.text(name)
        if not value:
            message = f"missing required field: {name}"
            raise Refusal.with_messages(error, message) if error == "invalid_arguments" else Refusal(error)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an argument as a boolean: `true` and `1` in a form."""
        value = self._values.get(name)
        if value is None or value == "":
            return default
        return value is True or str(value).lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return an argument as a whole number; the default when it is none."""
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError):
            return default

    def structure(self, name: str, error: str) -> Any:
        """Return an argument that is JSON, decoded where a form holds it as text; None when it was not given.

        Raises:
            Refusal: It is text that is no JSON.
        """
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise Refusal(error) from None

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is allowed so far: the token is good and has the scope.

    Attributes:
        method: Such as `chat.postMessage`.
        state: The workspace of the token.
        caller: The app of the token; None without one.
        token: None for methods that need none.
        now: Aware and UTC.
        origin: The simulator's own origin, for the addresses it hands out.
        publish: Sends an event to the apps that subscribe to its type: the inner event, such as
            `{"type": "member_joined_channel", …}`.
        redeem_trigger: Returns the user id of a `trigger_id`, which is then used up; raises `Refusal`.
        open_socket: Returns a new one-time WebSocket address for Socket Mode.
        exchange_code: Answers `oauth.v2.access` for the arguments of a call; raises `Refusal`.
        pace: How fast messages may follow each other.
    """

    method: str
    arguments: ArgumentsOfCall
    state: WorkspaceState
    caller: App | None
    token: Token | None
    unknowns: SlackUnknowns
    now: datetime
    origin: str
    publish: Callable[[Mapping[str, Any]], None]
    redeem_trigger: Callable[[str], str]
    open_socket: Callable[[App], str]
    exchange_code: Callable[[ArgumentsOfCall], Payload]
    pace: MessagePace

    @property
    def app(self) -> App:
        """The app of the token, for methods that need one."""
        if self.caller is None:
            raise LookupError(f"{self.method} was called without a token")
        return self.caller

    @property
    def scopes(self) -> frozenset[str]:
        """What the token may do; nothing without one."""
        return self.token.scopes if self.token else frozenset()

    @property
    def bot(self) -> Person:
        """The bot's own account."""
        return self.state.people[self.app.bot_user_id]
