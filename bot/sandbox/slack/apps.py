"""Apps as the simulated workspace knows them: what their manifests declare, their secrets, and their installations.

Source: https://docs.slack.dev/reference/app-manifest and https://docs.slack.dev/authentication/tokens
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

TokenKind = Literal["bot", "app"]
TokenState = Literal["active", "revoked", "expired", "account_inactive"]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command that an app declares.

    Attributes:
        command: With the slash.
        url: Where requests go; None in Socket Mode.
        should_escape: Whether users, channels and links arrive in Slack's `<…>` form.
    """

    command: str
    url: str | None
    description: str
    usage_hint: str
    should_escape: bool


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut that an app declares: in the menu of a message, or everywhere."""

    name: str
    type: Literal["global", "message"]
    callback_id: str
    description: str


@dataclass(slots=True)
class Token:
    """A token that the workspace gave to an app.

    Attributes:
        value: `xoxb-…` for the bot, `xapp-…` for the app itself.
        scopes: What it may do.
        state: Anything but `active` makes every call fail with the error of that name.
    """

    value: str
    kind: TokenKind
    app_id: str
    scopes: frozenset[str]
    state: TokenState = "active"


@dataclass(slots=True)
class App:
    """An app, installed in the workspace.

    Attributes:
        manifest: As Slack's manifest page takes it; what the properties below tell comes from there.
        bot_user_id: The user through which it speaks.
        tokens: By value.
        is_installed: Whether the workspace has it; without, it gets nothing and its commands are unknown.
    """

    id: str
    name: str
    manifest: Mapping[str, Any]
    bot_user_id: str
    bot_id: str
    signing_secret: str
    client_id: str
    client_secret: str
    tokens: dict[str, Token] = field(default_factory=dict)
    is_installed: bool = True

    @property
    def commands(self) -> Sequence[SlashCommand]:
        """The slash commands."""
        return [
            SlashCommand(
                command=each["command"],
                url=each.get("url"),
                description=each.get("description", ""),
                usage_hint=each.get("usage_hint", ""),
                should_escape=bool(each.get("should_escape", False)),
            )
            for each in self._section("features", "slash_commands") or ()
        ]

    @property
    def shortcuts(self) -> Sequence[Shortcut]:
        """The shortcuts."""
        return [
            Shortcut(each["name"], each["type"], each["callback_id"], each.get("description", ""))
            for each in self._section("features", "shortcuts") or ()
        ]

    @property
    def has_home_tab(self) -> bool:
        """Whether people see an App Home."""
        return bool(self._section("features", "app_home", "home_tab_enabled"))

    @property
    def has_messages_tab(self) -> bool:
        """Whether people can get direct messages of the bot."""
        return bool(self._section("features", "app_home", "messages_tab_enabled"))

    @property
    def is_messages_tab_read_only(self) -> bool:
        """Whether people cannot write to the bot in its messages tab."""
        return bool(self._section("features", "app_home", "messages_tab_read_only_enabled"))

    @property
    def scopes(self) -> frozenset[str]:
        """The bot's scopes."""
        return frozenset(self._section("oauth_config", "scopes", "bot") or ())

    @property
    def redirect_urls(self) -> Sequence[str]:
        """Where an installation over OAuth may lead back to."""
        return list(self._section("oauth_config", "redirect_urls") or ())

    @property
    def bot_events(self) -> frozenset[str]:
        """The events that it subscribes to, such as `app_mention` or `message.channels`."""
        return frozenset(self._section("settings", "event_subscriptions", "bot_events") or ())

    @property
    def events_url(self) -> str | None:
        """Where events go; None in Socket Mode."""
        found: str | None = self._section("settings", "event_subscriptions", "request_url")
        return found

    @property
    def is_interactive(self) -> bool:
        """Whether buttons and modals work."""
        return bool(self._section("settings", "interactivity", "is_enabled"))

    @property
    def interactivity_url(self) -> str | None:
        """Where clicks and submissions go; None in Socket Mode."""
        found: str | None = self._section("settings", "interactivity", "request_url")
        return found

    @property
    def uses_socket_mode(self) -> bool:
        """Whether requests go over a WebSocket that the app opens."""
        return bool(self._section("settings", "socket_mode_enabled"))

    @property
    def bot_token(self) -> Token:
        """The first token of the bot."""
        return next(token for token in self.tokens.values() if token.kind == "bot")

    @property
    def has_active_bot(self) -> bool:
        """Whether any token of the bot is good."""
        return any(token.kind == "bot" and token.state == "active" for token in self.tokens.values())

    def add_token(self, value: str, kind: TokenKind, scopes: frozenset[str]) -> Token:
        """Give the app another token."""
        token = Token(value=value, kind=kind, app_id=self.id, scopes=scopes)
        self.tokens[value] = token
        return token

    def _section(self, *names: str) -> Any:
        found: Any = self.manifest
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found
