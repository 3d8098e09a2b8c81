"""The simulated Docker Hub as a program of its own."""

import argparse
import signal
import threading
from collections.abc import Sequence

from bot.sandbox.hub.simulator import HubSimulator


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the seeded organization until SIGINT or SIGTERM, printing the address first."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox.hub", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 chooses a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes at least")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with HubSimulator(port=options.port, latency_seconds=options.latency) as hub:
        print(hub.url, flush=True)  # noqa: T201 - the address is this program's output.
        stopped.wait()


if __name__ == "__main__":
    main()
