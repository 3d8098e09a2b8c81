"""How long the bot takes to start, and what it holds when nothing happens."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.process import holdings
from tests.support.running import RunningBot, start_bot, wait_until_it_serves

STARTS = 5
_REST_SECONDS = 2.0


@dataclass(frozen=True)
class Start:
    """One start.

    Attributes:
        seconds: From the start of the process to the first `/readyz` that is 200.
        resident_bytes: Of the process, some seconds later.
    """

    seconds: float
    resident_bytes: int


def measure_starts(environment: Mapping[str, str], port: int) -> Start:
    """Return the medians over several starts; bytecode is compiled by the first, which does not count."""
    _start(environment, port)
    starts = [_start(environment, port) for _ in range(STARTS)]
    return Start(
        statistics.median(each.seconds for each in starts),
        int(statistics.median(each.resident_bytes for each in starts)),
    )


def _start(environment: Mapping[str, str], port: int) -> Start:
    began = time.monotonic()
    bot = RunningBot(start_bot(environment), port)
    try:
        wait_until_it_serves(bot, path="/readyz")
        seconds = time.monotonic() - began
        time.sleep(_REST_SECONDS)
        return Start(seconds, holdings(bot.process.pid).resident_bytes)
    finally:
        bot.stop()
