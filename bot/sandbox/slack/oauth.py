"""Installing an app over OAuth: the page on which somebody agrees, and the code that becomes a token.

Here nobody is asked: the page agrees at once, or declines when told to.

Sources: https://docs.slack.dev/authentication/installing-with-oauth (codes live for ten minutes) and
https://docs.slack.dev/reference/methods/oauth.v2.access
"""

import hmac
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from bot.sandbox.clock import is_within
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.slack.answers import html_answer
from bot.sandbox.slack.apps import App, Token
from bot.sandbox.slack.call import ArgumentsOfCall, Payload, Refusal
from bot.sandbox.slack.state import WorkspaceState

AUTHORIZE_PATH = "/oauth/v2/authorize"
CODE_LIFETIME = timedelta(minutes=10)


@dataclass(slots=True)
class _Code:
    """A code that was handed out: for which app, by whom, with which rights, and where it was sent."""

    app: App
    user_id: str
    scopes: frozenset[str]
    redirect_uri: str
    issued_at: datetime
    is_used: bool = False


class OAuthOffice:
    """Hands out codes and changes each for a token, once. Safe to use from any thread.

    Args:
        state: The workspace.
        apps: That may be installed.
        now: Returns the time, aware and UTC.
    """

    def __init__(self, state: WorkspaceState, apps: Sequence[App], now: Callable[[], datetime]) -> None:
        self._state = state
        self._apps = apps
        self._now = now
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}

    def authorize(self, request: Request) -> Answer:
        """Answer the page: lead back at once, with a code, or with `access_denied` when the query has `decline=1`.

        `user` in the query says who installs the app; without it an administrator does.
        """
        app = self._app(request.query.get("client_id", ""))
        if app is None:
            return html_answer(400, "Invalid client_id parameter")
        sent_uri = request.query.get("redirect_uri", "")
        redirect_uri = sent_uri or next(iter(app.redirect_urls), "")
        if not _is_allowed(app, redirect_uri):
            return html_answer(400, "redirect_uri did not match any configured URIs")
        scopes = frozenset(each for each in request.query.get("scope", "").replace(" ", ",").split(",") if each)
        if not scopes or not scopes <= app.scopes:
            return html_answer(400, "Invalid permissions requested")
        if request.query.get("decline") == "1":
            return _redirect(redirect_uri, request, error="access_denied")
        user_id = request.query.get("user") or self._installer()
        code = self._issue(_Code(app, user_id, scopes, sent_uri, self._now()))
        return _redirect(redirect_uri, request, code=code)

    def exchange(self, arguments: ArgumentsOfCall) -> Payload:
        """Answer `oauth.v2.access`.

        Raises:
            Refusal: The client or the code is not good, or the code was used before.
        """
        app = self._app(arguments.text("client_id"))
        if app is None:
            raise Refusal("invalid_client_id")
        if not hmac.compare_digest(app.client_secret.encode(), arguments.text("client_secret").encode()):
            raise Refusal("bad_client_secret")
        if arguments.text("grant_type", "authorization_code") != "authorization_code":
            raise Refusal("invalid_grant_type")
        code = self._redeem(app, arguments.text("code"), arguments.text("redirect_uri"))
        return self._installed(code)

    def _app(self, client_id: str) -> App | None:
        return next((app for app in self._apps if client_id and app.client_id == client_id), None)

    def _installer(self) -> str:
        return next((each.id for each in self._state.people.values() if each.role == "admin"), "")

    def _issue(self, code: _Code) -> str:
        value = f"{self._state.team_id}.{secrets.token_hex(32)}"
        with self._lock:
            self._codes[value] = code
        return value

    def _redeem(self, app: App, value: str, redirect_uri: str) -> _Code:
        with self._lock:
            code = self._codes.get(value)
            if code is None or code.app is not app or not is_within(CODE_LIFETIME, code.issued_at, self._now()):
                raise Refusal("invalid_code")
            if code.is_used:
                raise Refusal("code_already_used")
            if code.redirect_uri and code.redirect_uri != redirect_uri:
                raise Refusal("bad_redirect_uri")
            code.is_used = True
            return code

    def _installed(self, code: _Code) -> Payload:
        app = code.app
        token = _token_for(app, code.scopes)
        with self._state.lock:
            app.is_installed = True
            self._state.people[app.bot_user_id].is_deleted = False
            self._state.touch()
        return {
            "app_id": app.id,
            "authed_user": {"id": code.user_id},
            "scope": ",".join(sorted(token.scopes)),
            "token_type": "bot",
            "access_token": token.value,
            "bot_user_id": app.bot_user_id,
            "team": {"id": self._state.team_id, "name": self._state.name},
            "enterprise": None,
            "is_enterprise_install": False,
        }


def _is_allowed(app: App, redirect_uri: str) -> bool:
    # A path below a configured one will do, and further queries.
    return any(redirect_uri == each or redirect_uri.startswith((f"{each}?", f"{each}/")) for each in app.redirect_urls)


def _redirect(uri: str, request: Request, **parameters: str) -> Answer:
    query = urlencode({**parameters, "state": request.query.get("state", "")})
    return Answer(302, content_type=None, headers={"Location": f"{uri}{'&' if '?' in uri else '?'}{query}"})


def _token_for(app: App, scopes: frozenset[str]) -> Token:
    """Return the bot's token, which stays the same while it is good and only gains scopes; else a new one."""
    for token in app.tokens.values():
        if token.kind == "bot" and token.state == "active":
            token.scopes |= scopes
            return token
    return app.add_token(f"xoxb-{secrets.token_hex(12)}", "bot", scopes)
