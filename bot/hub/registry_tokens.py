"""Bearers for the registry: each is for one credential and one repository, and lives some minutes.

Source: https://distribution.github.io/distribution/spec/auth/token/
"""

import threading
from dataclasses import dataclass, field

from bot.clock import Clock
from bot.hub.auth import Credential

ASSUMED_LIFETIME_SECONDS = 60.0
"""What the specification says of a bearer that does not tell."""
LONGEST_LIFETIME_SECONDS = 3600.0
EARLY_SECONDS = 15.0
"""A bearer that ends sooner is not used any more: the request has to arrive, too."""
MOST_KEPT = 2000

_Key = tuple[Credential, str]


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    ends_at: float


class RegistryTokens:
    """Remembers bearers as long as they are good. Safe to use from several threads.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[_Key, _Token] = {}

    def get(self, credential: Credential, scope: str) -> str | None:
        """Return a bearer that is good for a while; None: there is none."""
        with self._lock:
            held = self._tokens.get((credential, scope))
        return held.value if held is not None and self._is_good(held) else None

    def put(self, credential: Credential, scope: str, value: str, lifetime_seconds: float | None) -> None:
        """Remember a fresh bearer.

        Args:
            credential: What it was given for.
            scope: What it opens.
            value: The bearer.
            lifetime_seconds: As it was told; None: it was not.
        """
        lifetime = ASSUMED_LIFETIME_SECONDS if lifetime_seconds is None else lifetime_seconds
        ends_at = self._clock.monotonic() + min(lifetime, LONGEST_LIFETIME_SECONDS)
        with self._lock:
            if len(self._tokens) >= MOST_KEPT:
                good = {key: token for key, token in self._tokens.items() if self._is_good(token)}
                self._tokens = good if len(good) < MOST_KEPT else {}
            self._tokens[credential, scope] = _Token(value, ends_at)

    def drop(self, credential: Credential, scope: str) -> None:
        """Forget a bearer that was not taken."""
        with self._lock:
            self._tokens.pop((credential, scope), None)

    def _is_good(self, token: _Token) -> bool:
        return self._clock.monotonic() < token.ends_at - EARLY_SECONDS
