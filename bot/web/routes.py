"""The HTTP routes. What is not one of them gets the same 404, whatever the path and method."""

import json
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable

import falcon

from bot.slack.manifest import EVENTS_PATH
from bot.web.health import Health
from bot.web.slack import SlackRequests
from bot.web.webhooks import DockerHubWebhooks

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 1 << 20

WsgiApp = Callable[..., Iterable[bytes]]


def build_routes(health: Health, slack: SlackRequests | None, webhooks: DockerHubWebhooks | None = None) -> WsgiApp:
    """Return the WSGI application.

    Args:
        health: What `/readyz` reports.
        slack: Takes Slack's requests; None in Socket Mode, where the route does not exist.
        webhooks: Takes Docker Hub's; None without a secret to let them in, and then the route does not exist.
    """
    app = falcon.App()
    app.add_error_handler(Exception, _crashed)
    app.add_error_handler(falcon.HTTPError, _refused)
    app.add_route("/healthz", _Alive())
    app.add_route("/readyz", _Ready(health))
    if slack is not None:
        app.add_route(EVENTS_PATH, _SlackEvents(slack))
    if webhooks is not None:
        app.add_route("/webhooks/dockerhub/{secret}", _DockerHub(webhooks))
    return app


class _Route:
    def on_options(self, _: falcon.Request, __: falcon.Response, **___: str) -> None:
        """Hide what Falcon would tell of its own accord: which methods there are."""
        raise falcon.HTTPNotFound


class _Page(_Route):
    def on_head(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Load balancers ask without wanting to read."""
        self.on_get(req, resp)

    @abstractmethod
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer the page."""


class _Alive(_Page):
    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Say that we serve."""
        _send_json(resp, {"status": "ok"})


class _Ready(_Page):
    def __init__(self, health: Health) -> None:
        self._health = health

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Say how everything is that we depend on."""
        resp.status, body = self._health.report()
        _send_json(resp, body)


class _SlackEvents(_Route):
    def __init__(self, slack: SlackRequests) -> None:
        self._slack = slack

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take a request of Slack."""
        if (req.content_length or 0) > MOST_BODY_BYTES:
            raise falcon.HTTPContentTooLarge
        reaction = self._slack.take(
            req.bounded_stream.read(),
            timestamp=req.get_header("x-slack-request-timestamp"),
            signature=req.get_header("x-slack-signature"),
        )
        resp.status = reaction.status
        resp.content_type = reaction.content_type
        resp.text = reaction.body


class _DockerHub(_Route):
    def __init__(self, webhooks: DockerHubWebhooks) -> None:
        self._webhooks = webhooks

    def on_post(self, req: falcon.Request, resp: falcon.Response, secret: str) -> None:
        """Take a webhook. Before anything of it is looked at, its secret is."""
        if not self._webhooks.lets_in(secret):
            raise falcon.HTTPNotFound
        if (req.content_length or 0) > MOST_BODY_BYTES:
            raise falcon.HTTPContentTooLarge
        reply = self._webhooks.take(req.bounded_stream.read())
        resp.status = reply.status
        resp.content_type = falcon.MEDIA_JSON
        resp.text = reply.text
        for name, value in reply.headers.items():
            resp.set_header(name, value)


def _send_json(resp: falcon.Response, body: object) -> None:
    resp.content_type = falcon.MEDIA_JSON
    resp.cache_control = ["no-store"]
    resp.text = json.dumps(body)


def _refused(_: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, __: object) -> None:
    is_unknown = isinstance(error, falcon.HTTPMethodNotAllowed)
    resp.status = falcon.HTTP_NOT_FOUND if is_unknown else error.status
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = f"{resp.status}\n"


def _crashed(req: falcon.Request, resp: falcon.Response, error: Exception, _: object) -> None:
    # The route and not the path, which may hold a secret.
    logger.error("request_crashed", exc_info=error, extra={"method": req.method, "route": req.uri_template})
    resp.status = falcon.HTTP_INTERNAL_SERVER_ERROR
    resp.content_type = falcon.MEDIA_TEXT
    resp.text = f"{resp.status}\n"
