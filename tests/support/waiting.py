"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

_PATIENCE_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.002


def wait_until(is_so: Callable[[], object]) -> None:
    """Return as soon as something is so.

    Raises:
        AssertionError: It never came to be.
    """
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at, "it never came to be"
        time.sleep(_LOOK_EVERY_SECONDS)
