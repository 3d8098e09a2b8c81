"""The Bolt app: one way in for HTTP and Socket Mode, and listeners that only pass on.

Bolt matches requests to listeners and makes acknowledgements. Its own request verification is off, because ours
(`bot.web.gate`) answers 401 where Bolt answers 500 and never logs a body; its authorization never calls Slack, because
an acknowledgement must not wait for anybody; and listeners run in the server's thread (`process_before_response`),
because Bolt's own threads are polled every ten milliseconds.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware import Middleware

from bot.chat.router import crashed
from bot.slack import scopes
from bot.slack.manifest import COMMAND
from bot.slack.response_url import ResponseUrls
from bot.web import announced, deciding, payloads
from bot.web.desk import Desk
from bot.web.gate import SignatureGate, Verdict
from bot.web.offering import OFFER_ACTIONS
from bot.web.outgoing import outgoing
from bot.web.payloads import FORM_VIEW, Click, HomeOpened, MalformedError, Mention, Opened, Submission
from bot.web.sharing import SHARE_ACTION

logger = logging.getLogger(__name__)

# Bolt prints requests at debug and warning level. Errors of our listeners end in the listeners.
_QUIET_LOGGER = "slack_bolt.hub_bot"
_ASKED = "asked"
ACTIONS = frozenset({SHARE_ACTION, *OFFER_ACTIONS}) | announced.ACTIONS | deciding.ACTIONS
"""The buttons that are ours."""
VIEWS = frozenset({FORM_VIEW})
"""The modals that are ours."""
_OK, _BAD_REQUEST, _UNAUTHORIZED = 200, 400, 401


@dataclass(frozen=True)
class Reaction:
    """What to answer a request of Slack.

    Attributes:
        status: The HTTP status.
        body: The body; may be empty.
        content_type: Of the body.
    """

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


class SlackRequests:
    """Takes Slack's HTTP requests: verified, decoded, dispatched.

    Args:
        app: The Bolt app.
        gate: Checks signatures.
    """

    def __init__(self, app: App, gate: SignatureGate) -> None:
        self._app = app
        self._gate = gate

    def take(self, body: bytes, *, timestamp: str | None, signature: str | None) -> Reaction:
        """Return the answer to a request: 401 when it is not from Slack, 400 when it makes no sense."""
        verdict = self._gate.check(body, timestamp=timestamp, signature=signature)
        if verdict is Verdict.REPEATED:
            logger.warning("request_repeated")
            return Reaction(_OK)
        if verdict is not Verdict.GOOD:
            logger.warning("request_refused", extra={"verdict": verdict.value})
            return Reaction(_UNAUTHORIZED, "This request is not signed by Slack, or not lately.\n")
        try:
            decoded = payloads.decode(body)
        except MalformedError as error:
            return _malformed(error)
        try:
            # A decoded body is what Bolt calls "socket mode"; nothing else depends on the word.
            response = self._app.dispatch(BoltRequest(body=dict(decoded), mode="socket_mode"))
        except (TypeError, AttributeError, KeyError):
            # Bolt looks into the body before our listeners do, and takes for granted what is in it.
            return _malformed(MalformedError("its fields are not what they should be"))
        return Reaction(response.status, response.body, response.first_headers()["content-type"])


def build_app(desk: Desk, urls: ResponseUrls) -> App:
    """Return the Bolt app with its listeners: the command, the events, the buttons and the modals.

    Args:
        desk: Takes in what is asked.
        urls: Checks response URLs.
    """
    quiet = logging.getLogger(_QUIET_LOGGER)
    quiet.setLevel(logging.ERROR)
    with _without_slack_environment():
        app = App(
            name="hub-bot",
            logger=quiet,
            process_before_response=True,
            authorize=_authorize,
            before_authorize=_Understand(urls),
            request_verification_enabled=False,
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
    app.command(COMMAND)(_command_listener(desk))
    for event in scopes.EVENTS:
        app.event(event)(_listener(desk.event))
    for action in ACTIONS:
        app.action(action)(_listener(desk.click))
    for view in VIEWS:
        app.view(view)(_submission_listener(desk))
    return app


class _Understand(Middleware):
    """Reads the request into a value before anything else happens; what is none for us ends here."""

    def __init__(self, urls: ResponseUrls) -> None:
        self._urls = urls

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - Bolt passes it by name.
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt passes it by name.
    ) -> BoltResponse:
        """Put what is asked into the context; answer 200 to what asks nothing, 400 to what makes no sense."""
        try:
            asked = payloads.read(req.body, accept=self._urls.accept)
        except MalformedError as error:
            return BoltResponse(status=_BAD_REQUEST, body=_malformed(error).body)
        if asked is None and req.body.get("type") == "url_verification":
            return next()  # Bolt answers the challenge.
        if asked is None or (isinstance(asked, Click) and asked.action_id not in ACTIONS):
            return BoltResponse(status=_OK)
        req.context[_ASKED] = asked
        return next()


def _malformed(error: MalformedError) -> Reaction:
    logger.warning("request_malformed", extra={"reason": str(error)})
    return Reaction(_BAD_REQUEST, f"This request makes no sense: {error}.\n")


def _command_listener(desk: Desk) -> Callable[..., BoltResponse]:
    def listen(ack: Ack, context: BoltContext) -> BoltResponse:
        try:
            words = desk.command(context[_ASKED])
        except Exception as error:  # noqa: BLE001 - Bolt would answer 500, and the person would see a riddle.
            words = outgoing(crashed(error, verb="").document).plain.text
        return ack() if words is None else ack({"response_type": "ephemeral", "text": words})

    return listen


def _submission_listener(desk: Desk) -> Callable[..., BoltResponse]:
    def listen(ack: Ack, context: BoltContext) -> BoltResponse:
        sent: Submission = context[_ASKED]
        try:
            problems = desk.submission(sent)
        except Exception as error:  # noqa: BLE001 - As above: the form would say "trouble connecting", and no more.
            problems = dict.fromkeys(list(sent.values)[:1], str(crashed(error, verb="").failure))
        return ack(response_action="errors", errors=dict(problems)) if problems else ack()

    return listen


def _listener(
    take: Callable[[Mention | Opened | HomeOpened], None] | Callable[[Click], None],
) -> Callable[..., BoltResponse]:
    def listen(ack: Ack, context: BoltContext) -> BoltResponse:
        try:
            take(context[_ASKED])
        except Exception:
            # Without a yes Slack sends an event again, and what failed once would fail four times.
            logger.exception("listener_crashed")
        return ack()

    return listen


def _authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Let everybody in: the signature says that Slack asks, and rights are checked for each command."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


@contextmanager
def _without_slack_environment() -> Iterator[None]:
    """Hide what Bolt would read past our settings: a client id and secret would switch on OAuth with file stores."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SLACK_")}
    try:
        yield
    finally:
        os.environ.update(hidden)
