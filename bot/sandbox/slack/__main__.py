"""The simulated Slack as a program of its own."""

import argparse
from collections.abc import Sequence

from bot.sandbox.service import told_to_end
from bot.sandbox.slack import seed
from bot.sandbox.slack.simulator import SlackSimulator


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the workspace of Acme until SIGINT or SIGTERM, printing the addresses and secrets first."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.slack", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 chooses a free one")
    parser.add_argument("--app-url", help="where the app listens, such as http://127.0.0.1:3000/slack/events")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes at least")
    options = parser.parse_args(arguments)
    told = told_to_end()
    app = seed.hub_bot(seed.manifest_for(options.app_url))
    with SlackSimulator(app=app, port=options.port, latency_seconds=options.latency) as slack:
        print(_card(slack), flush=True)  # noqa: T201 - the addresses are this program's output.
        told.wait()


def _card(slack: SlackSimulator) -> str:
    """Return what an app needs to know, one line each."""
    facts = {
        "url": slack.url,
        "api_url": slack.api_url,
        "bot_token": seed.BOT_TOKEN,
        "app_token": seed.APP_TOKEN,
        "signing_secret": seed.SIGNING_SECRET,
        "client_id": seed.CLIENT_ID,
        "client_secret": seed.CLIENT_SECRET,
    }
    return "\n".join(f"{name}={value}" for name, value in facts.items())


if __name__ == "__main__":
    main()
