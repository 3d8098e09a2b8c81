"""The simulated Slack before software of Slack's own: Bolt, over HTTP with signatures checked, and over Socket Mode.

Nobody here wrote Bolt, so what it takes and how it answers is a second opinion on what the simulator sends.
"""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Message
from tests.sandbox.slack.receiver import texts
from tests.support.waiting import wait_until

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "acme/api"}
BLOCKS = [{"type": "actions", "block_id": "acts", "elements": [BUTTON]}]
HOME_BLOCKS = [{"type": "actions", "block_id": "acts", "elements": [{**BUTTON, "action_id": "go_home"}]}]
VIEW = {
    "type": "modal",
    "callback_id": "delete",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Delete"},
    "submit": {"type": "plain_text", "text": "Delete"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "typed"},
        }
    ],
}


@dataclass
class World:
    """A workspace, and an app of Bolt in it that does a bit of everything."""

    slack: SlackSimulator
    closed: list[str] = field(default_factory=list)
    retries: list[Any] = field(default_factory=list)


class Server(ThreadingMixIn, WSGIServer):
    pass


class Silent(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def bolt(slack: SlackSimulator, world: World, executor: ThreadPoolExecutor) -> App:
    logger = logging.getLogger("tests.bolt")
    logger.setLevel(logging.CRITICAL)
    app = App(
        client=WebClient(token=seed.BOT_TOKEN, base_url=slack.api_url, logger=logger),
        signing_secret=seed.SIGNING_SECRET,
        listener_executor=executor,
        logger=logger,
    )
    register(app, world)
    return app


def register(app: App, world: World) -> None:
    register_commands(app)
    register_views(app, world)
    register_events(app, world)


def register_commands(app: App) -> None:
    @app.command("/hub")
    def on_command(ack: Any, command: Any, respond: Any, client: Any) -> None:
        if command["text"] == "open":
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=VIEW)
        elif command["text"] == "later":
            ack("Working…")
            respond("Done", replace_original=True)
        else:
            ack(text=f"You said {command['text']}", response_type="in_channel", blocks=BLOCKS)

    @app.action("go")
    def on_action(ack: Any, respond: Any, action: Any, body: Any) -> None:
        ack()
        respond(text=f"{body['user']['username']} chose {action['value']}", replace_original=True)

    @app.action("go_home")
    def on_home_action(ack: Any) -> None:
        ack()

    @app.shortcut("find_here")
    def on_message_shortcut(ack: Any, respond: Any, shortcut: Any) -> None:
        ack()
        respond(f"It says: {shortcut['message']['text']}")


def register_views(app: App, world: World) -> None:
    @app.view("delete")
    def on_submission(ack: Any, view: Any) -> None:
        typed = view["state"]["values"]["name"]["typed"]["value"]
        ack(response_action="errors", errors={"name": "Not that one."}) if typed == "acme/api" else ack()

    @app.view_closed("delete")
    def on_closed(ack: Any, view: Any) -> None:
        ack()
        world.closed.append(view["id"])

    @app.shortcut("look_up")
    def on_global_shortcut(ack: Any, shortcut: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=shortcut["trigger_id"], view=VIEW)


def register_events(app: App, world: World) -> None:
    @app.event("app_mention")
    def on_mention(event: Any, say: Any, request: Any) -> None:
        world.retries.append(request.headers.get("x-slack-retry-num"))
        say(f"At your service, <@{event['user']}>", thread_ts=event["ts"])

    @app.event("app_home_opened")
    def on_home(event: Any, client: Any) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": HOME_BLOCKS})

    @app.event("message")
    def on_message() -> None:
        pass

    @app.event("member_joined_channel")
    def on_join() -> None:
        pass


@contextmanager
def over_http() -> Iterator[World]:
    with ThreadPoolExecutor(8) as executor, make_server("127.0.0.1", 0, lambda *_: [], Server, Silent) as server:
        url = f"http://127.0.0.1:{server.server_port}/slack/events"
        with SlackSimulator(app=seed.hub_bot(seed.manifest_for(url))) as slack:
            world = World(slack)
            server.set_app(SlackRequestHandler(bolt(slack, world, executor)))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield world
            slack.settle()
            server.shutdown()
            thread.join()


@contextmanager
def over_socket_mode(ping_interval: float = 10) -> Iterator[World]:
    with ThreadPoolExecutor(8) as executor, SlackSimulator() as slack:
        world = World(slack)
        app = bolt(slack, world, executor)
        # A client of its own, which holds the app’s token.
        client = WebClient(token=seed.APP_TOKEN, base_url=slack.api_url)
        handler = SocketModeHandler(
            app, seed.APP_TOKEN, web_client=client, logger=app.logger, ping_interval=ping_interval
        )
        handler.connect()  # type: ignore[no-untyped-call]
        wait_until(lambda: slack.sockets == 1)
        yield world
        slack.settle()
        hang_up(handler, slack)


def hang_up(handler: SocketModeHandler, slack: SlackSimulator) -> None:
    """Let Slack end first: the client would sit out the seconds of its timeouts."""
    client = handler.client
    client.auto_reconnect_enabled, client.closed = False, True
    client.enqueue_message("{}")
    slack.stop()
    handler.close()  # type: ignore[no-untyped-call]


@pytest.fixture(params=[over_http, over_socket_mode])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with request.param() as world:
        yield world


def test_command_is_answered_for_all(world: World) -> None:
    typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub ask @ana")

    assert texts(world.slack, seed.RANDOM)[1:] == ["/hub ask <@U0ANA>", "You said ask <@U0ANA>"]
    assert typed.answer is not None
    assert typed.answer.blocks == BLOCKS


def test_command_is_answered_later(world: World) -> None:
    world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub later")

    wait_until(lambda: texts(world.slack, seed.RANDOM)[-1] == "Done")


def test_button_changes_its_message(world: World) -> None:
    answer = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub help").answer
    assert answer is not None

    clicked = world.slack.acting_as(seed.OMAR).clicks(seed.RANDOM, answer.ts, "go")

    assert clicked.is_ok
    wait_until(lambda: answer.text == "omar chose acme/api")


def test_command_opens_a_modal_that_is_submitted(world: World) -> None:
    mia = world.slack.acting_as(seed.MIA)
    mia.types(seed.RANDOM, "/hub open")
    wait_until(lambda: bool(world.slack.state.stacks.get(seed.MIA)))
    view = world.slack.state.stacks[seed.MIA][0]

    refused = mia.submits(view.id, {"name": {"typed": {"type": "plain_text_input", "value": "acme/api"}}})
    accepted = mia.submits(view.id, {"name": {"typed": {"type": "plain_text_input", "value": "acme/site"}}})

    assert refused.errors == {"name": "Not that one."}
    assert accepted.is_ok
    assert world.slack.state.stacks[seed.MIA] == []


def test_shortcut_opens_a_modal_that_is_closed(world: World) -> None:
    mia = world.slack.acting_as(seed.MIA)
    assert mia.runs_shortcut("look_up").is_ok
    wait_until(lambda: bool(world.slack.state.stacks.get(seed.MIA)))
    view = world.slack.state.stacks[seed.MIA][0]

    assert mia.closes_view(view.id).is_ok
    wait_until(lambda: world.closed == [view.id])


def test_message_shortcut_is_answered(world: World) -> None:
    about = world.slack.state.messages(seed.RANDOM)[0]

    assert world.slack.acting_as(seed.MIA).runs_shortcut("find_here", seed.RANDOM, about.ts).is_ok
    wait_until(lambda: texts(world.slack, seed.RANDOM)[-1] == f"It says: {about.text}")


def test_mention_is_answered_in_its_thread(world: World) -> None:
    line = world.slack.acting_as(seed.MIA).types(seed.GENERAL, "@hub hello").line
    assert line is not None

    def replies() -> list[Message]:
        return world.slack.state.replies(seed.GENERAL, line.ts)

    wait_until(lambda: [each.text for each in replies()] == ["At your service, <@U0MIA>"])
    assert world.slack.settle()
    # Recorded envelopes of Socket Mode say `"retry_attempt": 0`, of which Bolt makes a header.
    assert world.retries == ([["0"]] if world.slack.app.uses_socket_mode else [None])


def test_app_home_is_published_when_it_is_opened(world: World) -> None:
    mia = world.slack.acting_as(seed.MIA)
    mia.opens_home()
    wait_until(lambda: (seed.APP_ID, seed.MIA) in world.slack.state.homes)
    home = world.slack.state.homes[seed.APP_ID, seed.MIA]

    assert mia.clicks_in_view(home.id, "go_home", block_id="acts").is_ok


def test_bolt_acknowledges_every_request(world: World) -> None:
    mia = world.slack.acting_as(seed.MIA)
    mia.types(seed.GENERAL, "@hub hello")
    mia.invites(seed.BOT_USER, seed.RANDOM)
    mia.types(seed.RANDOM, "/hub help")
    assert world.slack.settle()

    assert {each.kind for each in world.slack.deliveries} == {"command", "event"}
    assert all(each.outcome.is_accepted for each in world.slack.deliveries), world.slack.deliveries


def test_wrong_signature_is_refused_by_bolt() -> None:
    with over_http() as world:
        world.slack.app.signing_secret = "wrong"

        typed = world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub help")

        assert typed.outcome is not None
        assert (typed.outcome.kind, typed.outcome.status) == ("refused", 401)
        assert texts(world.slack, seed.RANDOM)[-1] == '/hub failed with the error "dispatch_failed"'


def test_client_of_slack_reconnects_when_the_network_breaks() -> None:
    with over_socket_mode(ping_interval=0.1) as world:
        world.slack.drop_sockets()

        wait_until(lambda: world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub help").answer is not None)


def test_client_of_slack_reconnects_when_it_is_told() -> None:
    with over_socket_mode() as world:
        world.slack.disconnect("refresh_requested")

        # It may open two and close one of them again; what is sent meanwhile may be lost.
        wait_until(lambda: world.slack.acting_as(seed.MIA).types(seed.RANDOM, "/hub help").answer is not None)
        assert len(world.slack.calls_to("apps.connections.open")) >= 2
