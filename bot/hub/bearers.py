"""Bearers: short-lived tokens that Docker Hub gives for a credential.

A bearer lives ten minutes, as its own `exp` says. It is fetched when first needed and renewed a minute early, by one
caller; the others go on with the old one as long as that is good, else they wait for the new one. A credential that
Docker Hub refuses is not tried again with every request but after some minutes, and what was refused can be asked.

Source: https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/AuthCreateAccessToken
"""

import base64
import json
import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeGuard

from bot.clock import Clock
from bot.errors import HubError, RateLimitedError, UnauthorizedError, UnavailableError
from bot.hub.auth import Credential
from bot.hub.pacing import Patience

logger = logging.getLogger(__name__)

ASSUMED_LIFETIME_SECONDS = 300.0
"""For a bearer that does not say: half of what is documented."""
LONGEST_LIFETIME_SECONDS = 86_400.0
EARLY_SECONDS = 60.0
LARGEST_EARLY_PART = 0.25
"""Of a bearer that lives shorter than usual, at most this part is given away by renewing early."""
REFUSED_SECONDS = 300.0
AWAY_SECONDS = 60.0
"""How long a login that does not answer is left alone: each try costs its callers several time limits."""


@dataclass(frozen=True)
class Login:
    """What a login brought.

    Attributes:
        bearer: The token, to be sent as `Authorization: Bearer`.
        answered_at: The service's own time when it answered (aware, UTC).
    """

    bearer: str = field(repr=False)
    answered_at: datetime


@dataclass(frozen=True)
class Refusal:
    """A credential that cannot be used at present.

    Attributes:
        credential: Which.
        is_away: True when the login does not answer; False when Docker Hub refuses the credential.
        detail: What Docker Hub said.
        status: The HTTP status; None when there was no answer.
    """

    credential: Credential
    is_away: bool
    detail: str = ""
    status: int | None = None

    def sentence(self, used: Credential) -> str:
        """Tell a person that this credential is not used, and what is used instead."""
        consequence = "public data only" if used.is_anonymous else f"{used.label} is used instead"
        if self.is_away:
            return f"Docker Hub's login does not answer for {self.credential.label}: {consequence}."
        return f"Docker Hub refuses {self.credential.label}: {consequence}."

    @property
    def clause(self) -> str:
        """The reason alone, to follow "because"."""
        if self.is_away:
            return f"Docker Hub's login does not answer for {self.credential.label}"
        return f"Docker Hub refuses {self.credential.label}"

    def error(self, resource: str) -> HubError:
        """Return the error for something that cannot be had without this credential."""
        kind: type[HubError] = UnavailableError if self.is_away else UnauthorizedError
        return kind(resource, credential=self.credential.label, detail=self.detail, status=self.status)


class LoginError(Exception):
    """There is no bearer to be had for a credential. Stays inside the client."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.clause)
        self.refusal = refusal


@dataclass(frozen=True)
class _Bearer:
    """A token with its times on the monotonic clock."""

    value: str = field(repr=False)
    renew_at: float
    ends_at: float


@dataclass
class _Slot:
    """Everything known of one credential, with times on the monotonic clock; guarded by its condition."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    bearer: _Bearer | None = None
    refusal: Refusal | None = None
    refused_until: float = 0.0
    is_logging_in: bool = False


class Bearers:
    """The bearers of all credentials. Safe to use from several threads.

    Args:
        login: Asks Docker Hub for a bearer; raises `RateLimitedError`.
        clock: The time.
    """

    def __init__(self, login: Callable[[Credential, Patience], Login | Refusal], clock: Clock) -> None:
        self._login = login
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[Credential, _Slot] = {}

    def get(self, credential: Credential, patience: Patience) -> str:
        """Return a bearer that is good for a while.

        Raises:
            LoginError: Docker Hub refuses the credential, or its login does not answer: now or a short time ago.
            RateLimitedError: Docker Hub takes no login before some time.
        """
        slot = self._slot(credential)
        while True:
            held = self._held_or_claim(slot)
            if held is not None:
                return held
            try:
                return self._renew(slot, credential)
            except RateLimitedError as error:
                # Waiting happens here and not inside the login, so that nobody in a hurry waits behind us.
                if not patience.is_endless:
                    raise
                self._clock.sleep((error.retry_at - self._clock.now()).total_seconds())

    def invalidate(self, credential: Credential, bearer: str) -> None:
        """Forget this very bearer, which Docker Hub did not take; a newer one stays."""
        slot = self._slot(credential)
        with slot.changed:
            if slot.bearer is not None and slot.bearer.value == bearer:
                slot.bearer = None

    def refuse(self, refusal: Refusal) -> None:
        """Note that Docker Hub does not take even a fresh bearer of a credential."""
        slot = self._slot(refusal.credential)
        with slot.changed:
            slot.bearer = None
            self._remember(slot, refusal)

    def refusal(self, credential: Credential) -> Refusal | None:
        """Return why the credential is not used at present; None when it is, or was never tried."""
        return self._slot(credential).refusal

    def _slot(self, credential: Credential) -> _Slot:
        with self._lock:
            return self._slots.setdefault(credential, _Slot())

    def _held_or_claim(self, slot: _Slot) -> str | None:
        """Return a bearer to use, or None: then the caller, and nobody else, has to log in."""
        with slot.changed:
            while True:
                now = self._clock.monotonic()
                held = slot.bearer
                if held is not None and (now < held.renew_at or (slot.is_logging_in and now < held.ends_at)):
                    return held.value
                if slot.is_logging_in:
                    slot.changed.wait()
                elif slot.refusal is not None and now < slot.refused_until:
                    raise LoginError(slot.refusal)
                else:
                    slot.is_logging_in = True
                    return None

    def _renew(self, slot: _Slot, credential: Credential) -> str:
        began = self._clock.monotonic()
        try:
            outcome = self._login(credential, Patience())
            with slot.changed:
                return self._take(slot, outcome, began)
        finally:
            with slot.changed:
                slot.is_logging_in = False
                slot.changed.notify_all()

    def _take(self, slot: _Slot, outcome: Login | Refusal, began: float) -> str:
        if isinstance(outcome, Login):
            if slot.refusal is not None:
                logger.info("hub_credential_usable_again", extra={"credential": slot.refusal.credential.label})
            slot.bearer, slot.refusal = _bearer_of(outcome, began), None
            return slot.bearer.value
        held, now = slot.bearer, self._clock.monotonic()
        if held is not None and now < held.ends_at:
            # Renewing early failed, and the old one is still good. The next caller would try again at once; waiting
            # for half of what is left keeps the tries few and leaves room for several.
            slot.bearer = replace(held, renew_at=now + (held.ends_at - now) / 2)
            return held.value
        self._remember(slot, outcome)
        raise LoginError(outcome)

    def _remember(self, slot: _Slot, refusal: Refusal) -> None:
        if slot.refusal is None:
            logger.warning(
                "hub_credential_not_usable",
                extra={"credential": refusal.credential.label, "is_away": refusal.is_away, "status": refusal.status},
            )
        slot.refusal = refusal
        slot.refused_until = self._clock.monotonic() + (AWAY_SECONDS if refusal.is_away else REFUSED_SECONDS)


def _bearer_of(login: Login, began: float) -> _Bearer:
    lifetime = lifetime_seconds(login)
    early = min(EARLY_SECONDS, lifetime * LARGEST_EARLY_PART)
    return _Bearer(login.bearer, renew_at=began + lifetime - early, ends_at=began + lifetime)


def lifetime_seconds(login: Login) -> float:
    """Return how long a fresh bearer lives.

    `exp` is compared with the token's own `iat`, else with the service's time: our clock may be wrong.
    """
    claims = _claims(login.bearer)
    ends_at = _seconds(claims.get("exp"))
    if ends_at is None:
        return ASSUMED_LIFETIME_SECONDS
    began_at = _seconds(claims.get("iat"))
    lifetime = ends_at - (login.answered_at.timestamp() if began_at is None else began_at)
    return min(lifetime, LONGEST_LIFETIME_SECONDS) if lifetime > 0 else ASSUMED_LIFETIME_SECONDS


def _claims(bearer: str) -> dict[str, Any]:
    """Read the middle part of a JWT. Not verified: it was given to us over TLS by the one who will check it."""
    parts = bearer.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_number and math.isfinite(value) else None
    except OverflowError:  # Python's integers have no end, and its floats have.
        return None


def is_bearer(value: object) -> TypeGuard[str]:
    """Return whether something can be sent as a bearer: a text without blanks, of characters a header can hold."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != "" and " " not in value
