"""The yardstick: a bare Bolt listener with default settings, on the same server with the same threads."""

import sys
import threading

from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.sandbox.slack import seed
from bot.web.server import WebServer


def main() -> None:
    """Serve on the port, before the Slack, that the command line names."""
    port, slack_api_url = int(sys.argv[1]), sys.argv[2]
    app = App(client=WebClient(token=seed.BOT_TOKEN, base_url=slack_api_url), signing_secret=seed.SIGNING_SECRET)

    @app.command("/hub")
    def answer(ack: Ack) -> None:
        ack("ok")

    WebServer(SlackRequestHandler(app, path="/slack/events"), "127.0.0.1", port).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
