"""Bearers: fetched once, renewed early, by one; refused credentials are left alone."""

import base64
import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.clock import FrozenClock
from bot.errors import RateLimitedError, UnauthorizedError, UnavailableError
from bot.hub.auth import ANONYMOUS, Credential
from bot.hub.bearers import (
    ASSUMED_LIFETIME_SECONDS,
    AWAY_SECONDS,
    LONGEST_LIFETIME_SECONDS,
    REFUSED_SECONDS,
    Bearers,
    Login,
    LoginError,
    Refusal,
    is_bearer,
    lifetime_seconds,
)
from bot.hub.pacing import Patience
from tests.hub.support import NOW, OAT_OF_ACME, PAT_OF_ANA, jwt

REFUSED = Refusal(PAT_OF_ANA, is_away=False, detail="Incorrect authentication credentials", status=401)
AWAY = Refusal(PAT_OF_ANA, is_away=True, detail="503 Service Unavailable", status=503)


class Logins:
    """A login that counts, and answers what it is told to."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.count = 0
        self.outcome: Callable[[], Login | Refusal] = self.fresh
        self.lifetime_seconds = 600.0

    def __call__(self, credential: Credential, patience: Patience) -> Login | Refusal:
        assert not patience.is_endless
        self.count += 1
        return self.outcome()

    def fresh(self) -> Login:
        issued_at = self.clock.now()
        bearer = jwt(self.lifetime_seconds, serial=self.count, issued_at=issued_at.timestamp())
        return Login(bearer, issued_at)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def logins(clock: FrozenClock) -> Logins:
    return Logins(clock)


@pytest.fixture
def bearers(logins: Logins, clock: FrozenClock) -> Bearers:
    return Bearers(logins, clock)


def get(bearers: Bearers, *, is_background: bool = False) -> str:
    return bearers.get(PAT_OF_ANA, Patience(None) if is_background else Patience())


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("bearer", "seconds"),
    [
        (jwt(600), 600),
        (jwt(2), 2),
        (jwt(None), ASSUMED_LIFETIME_SECONDS),
        (jwt(-5), ASSUMED_LIFETIME_SECONDS),
        (jwt(10.0**9), LONGEST_LIFETIME_SECONDS),
        # The service's clock is a day ahead of ours: both times are its own.
        (jwt(600, issued_at=NOW.timestamp() + 86_400), 600),
        ("", ASSUMED_LIFETIME_SECONDS),
        ("opaque", ASSUMED_LIFETIME_SECONDS),
        ("a.!!!.c", ASSUMED_LIFETIME_SECONDS),
        ("a.bnVsbA.c", ASSUMED_LIFETIME_SECONDS),  # null
        ("a.eyJleHAiOiAic29vbiJ9.c", ASSUMED_LIFETIME_SECONDS),  # {"exp": "soon"}
        ("a.eyJleHAiOiBOYU59.c", ASSUMED_LIFETIME_SECONDS),  # {"exp": NaN}
    ],
)
def test_lifetime_is_read_from_the_bearer(bearer: str, seconds: float) -> None:
    assert lifetime_seconds(Login(bearer, NOW)) == seconds


def test_lifetime_without_iat_counts_from_the_services_time() -> None:
    # {"exp": 1795252200}: ten minutes after NOW
    bearer = "a.eyJleHAiOiAxNzk1MjUyMjAwfQ.c"

    assert lifetime_seconds(Login(bearer, NOW)) == 600
    assert lifetime_seconds(Login(bearer, NOW + timedelta(seconds=90))) == 510


def test_bearer_is_fetched_once_and_used_until_a_minute_before_its_end(
    bearers: Bearers, logins: Logins, clock: FrozenClock
) -> None:
    first = get(bearers)
    clock.advance(539)
    assert get(bearers) == first
    assert logins.count == 1

    clock.advance(1)

    assert get(bearers) != first
    assert logins.count == 2


def test_short_lived_bearer_is_renewed_in_its_last_quarter(
    bearers: Bearers, logins: Logins, clock: FrozenClock
) -> None:
    logins.lifetime_seconds = 8
    first = get(bearers)

    clock.advance(5.9)
    assert get(bearers) == first
    clock.advance(0.1)
    assert get(bearers) != first


def test_many_callers_at_once_cause_one_login(bearers: Bearers, logins: Logins) -> None:
    everybody_is_here = threading.Barrier(16)
    got: list[str] = []

    def work() -> None:
        everybody_is_here.wait(timeout=10)
        got.append(get(bearers))

    in_threads(16, work)

    assert logins.count == 1
    assert len(got) == 16
    assert len(set(got)) == 1


def test_others_use_the_old_bearer_while_one_renews_it(bearers: Bearers, logins: Logins, clock: FrozenClock) -> None:
    old = get(bearers)
    clock.advance(550)
    seen_meanwhile: list[str] = []

    def slow_login() -> Login:
        in_threads(3, lambda: seen_meanwhile.append(get(bearers)))
        return logins.fresh()

    logins.outcome = slow_login

    assert get(bearers) != old
    assert seen_meanwhile == [old, old, old]


def test_others_wait_for_the_new_bearer_when_the_old_one_has_ended(
    bearers: Bearers, logins: Logins, clock: FrozenClock
) -> None:
    get(bearers)
    clock.advance(601)
    is_logging_in, may_end = threading.Event(), threading.Event()
    got: list[str] = []

    def slow_login() -> Login:
        is_logging_in.set()
        assert may_end.wait(timeout=10)
        return logins.fresh()

    logins.outcome = slow_login
    threads = [threading.Thread(target=lambda: got.append(get(bearers))) for _ in range(4)]
    threads[0].start()
    assert is_logging_in.wait(timeout=10)
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(timeout=10)

    assert logins.count == 2
    assert len(got) == 4
    assert len(set(got)) == 1


def test_invalidated_bearer_is_replaced(bearers: Bearers, logins: Logins) -> None:
    old = get(bearers)

    bearers.invalidate(PAT_OF_ANA, old)

    assert get(bearers) != old
    assert logins.count == 2


def test_only_that_very_bearer_is_invalidated(bearers: Bearers, logins: Logins) -> None:
    old = get(bearers)
    bearers.invalidate(PAT_OF_ANA, old)
    new = get(bearers)

    # A second caller, who was refused with the old one, comes late.
    bearers.invalidate(PAT_OF_ANA, old)

    assert get(bearers) == new
    assert logins.count == 2


def test_credentials_have_bearers_of_their_own(bearers: Bearers, logins: Logins) -> None:
    assert bearers.get(PAT_OF_ANA, Patience()) != bearers.get(OAT_OF_ACME, Patience())


def test_refused_credential_is_not_tried_again_for_five_minutes(
    bearers: Bearers, logins: Logins, clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    logins.outcome = lambda: REFUSED
    with caplog.at_level(logging.INFO):
        for _ in range(10):
            with pytest.raises(LoginError):
                get(bearers)
        assert logins.count == 1

        clock.advance(REFUSED_SECONDS)
        with pytest.raises(LoginError):
            get(bearers)
        assert logins.count == 2
        assert bearers.refusal(PAT_OF_ANA) is REFUSED

        clock.advance(REFUSED_SECONDS)
        logins.outcome = logins.fresh
        get(bearers)

    assert bearers.refusal(PAT_OF_ANA) is None
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "hub_credential_not_usable"),
        ("INFO", "hub_credential_usable_again"),
    ]


def test_login_that_does_not_answer_is_tried_again_sooner(bearers: Bearers, logins: Logins, clock: FrozenClock) -> None:
    logins.outcome = lambda: AWAY
    with pytest.raises(LoginError):
        get(bearers)

    logins.outcome = logins.fresh
    clock.advance(AWAY_SECONDS - 1)
    with pytest.raises(LoginError):
        get(bearers)
    clock.advance(1)

    assert get(bearers)


@pytest.mark.parametrize("refusal", [REFUSED, AWAY])
def test_bearer_that_is_still_good_outlives_a_failed_renewal(
    bearers: Bearers, logins: Logins, clock: FrozenClock, refusal: Refusal
) -> None:
    old = get(bearers)
    logins.outcome = lambda: refusal

    clock.advance(540)
    assert get(bearers) == old  # Tried, failed; tried again after half of the last minute.
    assert get(bearers) == old
    assert logins.count == 2
    clock.advance(30)
    assert get(bearers) == old
    assert logins.count == 3
    clock.advance(30)
    with pytest.raises(LoginError):
        get(bearers)


def limited_until(moment: datetime) -> RateLimitedError:
    return RateLimitedError("the login", retry_at=moment)


def test_person_is_told_that_logins_are_limited(bearers: Bearers, logins: Logins) -> None:
    def limited() -> Login:
        raise limited_until(NOW + timedelta(minutes=1))

    logins.outcome = limited

    with pytest.raises(RateLimitedError):
        get(bearers)
    assert bearers.refusal(PAT_OF_ANA) is None


def test_background_work_waits_for_the_login_without_holding_others_up(
    bearers: Bearers, logins: Logins, clock: FrozenClock
) -> None:
    def limited_at_first() -> Login:
        if clock.now() < NOW + timedelta(minutes=1):
            raise limited_until(NOW + timedelta(minutes=1))
        return logins.fresh()

    logins.outcome = limited_at_first

    assert get(bearers, is_background=True)
    assert clock.monotonic() == 60
    assert logins.count == 2


def test_login_that_breaks_sets_the_next_caller_free(bearers: Bearers, logins: Logins) -> None:
    def broken() -> Login:
        raise ZeroDivisionError

    logins.outcome = broken
    with pytest.raises(ZeroDivisionError):
        get(bearers)
    logins.outcome = logins.fresh

    assert get(bearers)


def test_bearer_noted_as_refused_is_dropped(bearers: Bearers) -> None:
    get(bearers)

    bearers.refuse(REFUSED)

    with pytest.raises(LoginError):
        get(bearers)


def test_refusal_says_what_happened_and_what_follows() -> None:
    assert REFUSED.sentence(ANONYMOUS) == "Docker Hub refuses the PAT of ana: public data only."
    assert REFUSED.sentence(OAT_OF_ACME) == (
        "Docker Hub refuses the PAT of ana: the organization token of acme is used instead."
    )
    assert AWAY.sentence(ANONYMOUS) == "Docker Hub's login does not answer for the PAT of ana: public data only."


def test_refusal_becomes_the_error_of_what_needed_the_credential() -> None:
    refused, away = REFUSED.error("acme/api"), AWAY.error("acme/api")

    assert isinstance(refused, UnauthorizedError)
    assert (refused.resource, refused.credential, refused.status) == ("acme/api", "the PAT of ana", 401)
    assert isinstance(away, UnavailableError)


def test_bearer_is_not_in_the_repr_of_a_login() -> None:
    bearer = jwt()

    assert bearer not in repr(Login(bearer, NOW))


@pytest.mark.parametrize("bearer", ["", "a.\ud800.b", "a.€.c", "a.b\n.c", "a b", None, 5, ["a"]])
def test_what_cannot_be_sent_in_a_header_is_no_bearer(bearer: object) -> None:
    assert not is_bearer(bearer)


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_lifetime_of_absurd_claims_is_assumed(number: int) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": number, "iat": number}).encode()).decode()

    assert lifetime_seconds(Login(f"a.{claims}.c", NOW)) == ASSUMED_LIFETIME_SECONDS
