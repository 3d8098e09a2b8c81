"""The simulated Docker Hub as a program of its own."""

import argparse
from collections.abc import Sequence

from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.service import told_to_end


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the seeded organization until SIGINT or SIGTERM, printing the address first."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.hub", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 chooses a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes at least")
    options = parser.parse_args(arguments)
    told = told_to_end()
    with HubSimulator(port=options.port, latency_seconds=options.latency) as hub:
        print(hub.url, flush=True)  # noqa: T201 - the address is this program's output.
        told.wait()


if __name__ == "__main__":
    main()
