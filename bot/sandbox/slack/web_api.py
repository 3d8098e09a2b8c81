"""The Web API: every path below `/api/`, the addresses for files, and the page of an OAuth installation.

Checks come in the order of the real one: a fault or the rate limit, the token, its scopes, the arguments.

Source: https://docs.slack.dev/apis/web-api
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.faults import FaultBox
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.records import Records
from bot.sandbox.slack import uploads
from bot.sandbox.slack.answers import json_answer, too_many_requests
from bot.sandbox.slack.api.methods import METHODS, Method
from bot.sandbox.slack.apps import App, Token, TokenKind
from bot.sandbox.slack.call import ArgumentsOfCall, Call, Payload, Refusal
from bot.sandbox.slack.damage import answer_under
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.slack.incoming import IncomingCall, read_call
from bot.sandbox.slack.limits import CallQuota, MessagePace, RateLimited
from bot.sandbox.slack.oauth import OAuthOffice
from bot.sandbox.slack.state import WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns

Event = Mapping[str, Any]

TOKEN_ERRORS = {
    "revoked": "token_revoked",
    "expired": "token_expired",
    "account_inactive": "account_inactive",
}


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a method, with what it was answered.

    Attributes:
        method: Such as `chat.postMessage`.
        arguments: As they came, without the token; of a form all are text.
        token_kind: None without a token, or with one that nobody knows.
        status: None when the connection was reset instead of answered.
        answer: The JSON of the answer, also when it was cut off or lost; None when it was no JSON.
        when: By the simulator's clock, UTC.
    """

    method: str
    arguments: Mapping[str, Any]
    token_kind: TokenKind | None
    status: int | None
    answer: Mapping[str, Any] | None
    when: datetime


class WebApi:
    """The Web API of one workspace. Safe to use from any thread.

    Attributes:
        pace: How fast messages may follow each other, for other ways of posting too.
        quota: How often methods may be called.
    """

    def __init__(
        self,
        *,
        state: WorkspaceState,
        apps: Sequence[App],
        now: Callable[[], datetime],
        unknowns: Callable[[], SlackUnknowns],
        origin: Callable[[], str],
        publish: Callable[[Event], None],
        redeem_trigger: Callable[[str], str],
        open_socket: Callable[[App], str],
        faults: FaultBox[SlackFault],
        pause: Callable[[float], None],
        pace: MessagePace | None = None,
        quota: CallQuota | None = None,
    ) -> None:
        """Take everything from outside.

        Args:
            state: The workspace.
            apps: That know the workspace; their tokens are the ones that are good here.
            now: Returns the time, aware and UTC.
            unknowns: Returns the positions of the switches.
            origin: Returns the simulator's own origin.
            publish: As in `Call`; called after the answer is made, and not while the state's lock is held.
            redeem_trigger: As in `Call`.
            open_socket: As in `Call`.
            faults: What goes wrong.
            pause: Waits so many seconds, or until the simulator stops.
            pace: None for the real one.
            quota: None for the real one.
        """
        self.pace = pace or MessagePace(now)
        self.quota = quota or CallQuota(now)
        self._state = state
        self._apps = apps
        self._now = now
        self._unknowns = unknowns
        self._origin = origin
        self._publish = publish
        self._redeem_trigger = redeem_trigger
        self._open_socket = open_socket
        self._faults = faults
        self._pause = pause
        self._office = OAuthOffice(state, apps, now)
        self.records = Records[RecordedCall]()

    @property
    def calls(self) -> list[RecordedCall]:
        """A copy of the log, in the order in which calls were answered; the newest 100,000 of them."""
        return self.records.copy()

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        self.records.clear()

    def answer(self, request: Request) -> Answer:
        """Answer a path below `/api/`."""
        incoming = read_call(request)
        events: list[Event] = []
        answer = self._faulty(request, lambda: self._right_answer(incoming, events))
        self._record(incoming, answer)
        # Not sooner: an app that gets an event may call at once, and the state's lock must be free by then.
        for event in events:
            self._publish(event)
        return answer

    def answer_upload(self, request: Request) -> Answer:
        """Answer an address that `files.getUploadURLExternal` gave, below `/upload/v1/`."""
        return self._faulty(request, lambda: uploads.answer_upload(self._state, request))

    def answer_download(self, request: Request) -> Answer:
        """Answer the `url_private` of a file, below `/files-pri/`."""
        return self._faulty(request, lambda: uploads.answer_download(self._state, self._apps, request))

    def answer_authorize(self, request: Request) -> Answer:
        """Answer `/oauth/v2/authorize`."""
        return self._office.authorize(request)

    def _faulty(self, request: Request, carry_out: Callable[[], Answer]) -> Answer:
        fault = self._faults.take(request.method, request.path, request.body)
        if fault is not None and fault.kind == "slow":
            self._pause(fault.seconds)
        return answer_under(fault, carry_out)

    def _right_answer(self, incoming: IncomingCall, events: list[Event]) -> Answer:
        app, token = self._holder(incoming.token)
        headers = _headers(METHODS.get(incoming.method), token)
        try:
            with self._state.lock:
                payload = {"ok": True, **self._carried_out(incoming, app, token, events)}
        except RateLimited as limit:
            return too_many_requests(limit.seconds, headers)
        except Refusal as refusal:
            payload = {"ok": False, "error": refusal.error, **refusal.fields}
        return json_answer(_with_warnings(payload, incoming.warnings), headers=headers)

    def _carried_out(
        self, incoming: IncomingCall, app: App | None, token: Token | None, events: list[Event]
    ) -> Payload:
        method = METHODS.get(incoming.method)
        if method is None:
            raise Refusal("unknown_method", req_method=incoming.method)
        if app is not None:
            self._spend(app, incoming.method, method)
        if method.tokens:
            _check_token(method, incoming, token)
            _check_scopes(method, token)
        if incoming.refusal is not None:
            raise incoming.refusal
        return method.answer(self._call(incoming, app, token, events))

    def _call(self, incoming: IncomingCall, app: App | None, token: Token | None, events: list[Event]) -> Call:
        return Call(
            method=incoming.method,
            arguments=ArgumentsOfCall(incoming.arguments),
            state=self._state,
            caller=app,
            token=token,
            unknowns=self._unknowns(),
            now=self._now(),
            origin=self._origin(),
            publish=events.append,
            redeem_trigger=self._redeem_trigger,
            open_socket=self._open_socket,
            exchange_code=self._office.exchange,
            pace=self.pace,
        )

    def _holder(self, value: str | None) -> tuple[App | None, Token | None]:
        for app in self._apps:
            if value is not None and value in app.tokens:
                return app, app.tokens[value]
        return None, None

    def _spend(self, app: App, name: str, method: Method) -> None:
        wait = self.quota.spend(app.id, name, method.tier)
        if wait:
            raise RateLimited(wait)

    def _record(self, incoming: IncomingCall, answer: Answer) -> None:
        _, token = self._holder(incoming.token)
        record = RecordedCall(
            incoming.method,
            incoming.arguments,
            token.kind if token else None,
            None if answer.delivery == "reset" else answer.status,
            _decoded(answer),
            self._now(),
        )
        self.records.add(record)


def _check_token(method: Method, incoming: IncomingCall, token: Token | None) -> None:
    if incoming.token is None:
        raise Refusal("not_authed")
    if token is None or (method.is_header_only and not incoming.is_bearer):
        raise Refusal("invalid_auth")
    if token.state != "active":
        raise Refusal(TOKEN_ERRORS[token.state])
    if token.kind not in method.tokens:
        raise Refusal("not_allowed_token_type")


def _check_scopes(method: Method, token: Token | None) -> None:
    scopes = token.scopes if token else frozenset()
    if method.scopes and not scopes.intersection(method.scopes):
        raise Refusal("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(scopes)))


def _headers(method: Method | None, token: Token | None) -> dict[str, str]:
    headers = {"x-slack-req-id": secrets.token_hex(16)}
    if token is not None:
        headers["x-oauth-scopes"] = ",".join(sorted(token.scopes))
    if method is not None and method.scopes:
        headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
    return headers


def _with_warnings(payload: Payload, warnings: Sequence[str]) -> Payload:
    if not warnings:
        return payload
    metadata = payload.get("response_metadata", {})
    all_warnings = [*metadata.get("warnings", ()), *warnings]
    return {
        **payload,
        "warning": ",".join(all_warnings),
        "response_metadata": {**metadata, "warnings": all_warnings},
    }


def _decoded(answer: Answer) -> Mapping[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
