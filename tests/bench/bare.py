"""The yardstick: a bare Bolt listener with default settings, on the same server with the same threads."""

import sys
import threading

from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.web.server import WebServer
from tests.support.fake_slack import TOKEN
from tests.support.running import SIGNING_SECRET


def main() -> None:
    """Serve on the port, before the Slack, that the command line names."""
    port, slack_api_url = int(sys.argv[1]), sys.argv[2]
    app = App(client=WebClient(token=TOKEN, base_url=slack_api_url), signing_secret=SIGNING_SECRET)

    @app.command("/hub")
    def answer(ack: Ack) -> None:
        ack("ok")

    WebServer(SlackRequestHandler(app, path="/slack/events"), "127.0.0.1", port).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
