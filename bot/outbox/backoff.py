"""How long to wait after a failure. Pure."""

LONGEST_SECONDS = 30.0
_FIRST_SECONDS = 1.0
_SPREAD = 0.5
_MOST_DOUBLINGS = 10


def backoff_seconds(attempts: int, draw: float) -> float:
    """Return the wait before the next attempt: doubling from a second to half a minute, never more.

    Args:
        attempts: How many there were, at least one.
        draw: A random number from 0 to 1: takes up to half of the wait away, so that lanes that failed together do not
            come back together.
    """
    doublings = min(max(attempts, 1) - 1, _MOST_DOUBLINGS)
    whole = min(LONGEST_SECONDS, _FIRST_SECONDS * 2.0**doublings)
    return whole * (1 - _SPREAD * draw)
