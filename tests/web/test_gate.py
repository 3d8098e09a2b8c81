import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from bot.clock import FrozenClock
from bot.web.gate import SignatureGate, Verdict

# Slack's own example. Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TIMESTAMP = "1531420618"
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime.fromtimestamp(int(TIMESTAMP), UTC))


def test_the_example_of_slack_is_let_in_once(clock: FrozenClock) -> None:
    gate = SignatureGate(SECRET, clock)

    assert gate.check(BODY, timestamp=TIMESTAMP, signature=SIGNATURE) is Verdict.GOOD
    assert gate.check(BODY, timestamp=TIMESTAMP, signature=SIGNATURE) is Verdict.REPEATED


@pytest.mark.parametrize(("seconds", "verdict"), [(300, Verdict.GOOD), (301, Verdict.REFUSED)])
def test_a_request_is_good_for_five_minutes(clock: FrozenClock, seconds: int, verdict: Verdict) -> None:
    clock.advance(seconds)

    assert SignatureGate(SECRET, clock).check(BODY, timestamp=TIMESTAMP, signature=SIGNATURE) is verdict


def test_a_signature_is_remembered_as_long_as_it_is_good(clock: FrozenClock) -> None:
    early = FrozenClock(datetime.fromtimestamp(int(TIMESTAMP) - 300, UTC))
    gate = SignatureGate(SECRET, early)
    assert gate.check(BODY, timestamp=TIMESTAMP, signature=SIGNATURE) is Verdict.GOOD

    early.advance(599)

    assert gate.check(BODY, timestamp=TIMESTAMP, signature=SIGNATURE) is Verdict.REPEATED


@pytest.mark.parametrize(
    ("timestamp", "signature", "verdict"),
    [
        (None, SIGNATURE, Verdict.UNSIGNED),
        (TIMESTAMP, None, Verdict.UNSIGNED),
        (TIMESTAMP, SIGNATURE.upper(), Verdict.REFUSED),
        (TIMESTAMP, "é" * 67, Verdict.REFUSED),
        ("soon", SIGNATURE, Verdict.REFUSED),
        ("", SIGNATURE, Verdict.UNSIGNED),
        ("9" * 400, SIGNATURE, Verdict.REFUSED),
        ("9" * 5_000, SIGNATURE, Verdict.REFUSED),
    ],
)
def test_every_surprise_is_the_same_no(
    clock: FrozenClock, timestamp: str | None, signature: str | None, verdict: Verdict
) -> None:
    assert SignatureGate(SECRET, clock).check(BODY, timestamp=timestamp, signature=signature) is verdict


def test_bytes_that_are_no_text_can_be_signed_too(clock: FrozenClock) -> None:
    gate = SignatureGate(SECRET, clock)
    signature = "v0=" + hmac.new(SECRET.encode(), f"v0:{TIMESTAMP}:".encode() + b"\xff", hashlib.sha256).hexdigest()

    assert gate.check(b"\xff", timestamp=TIMESTAMP, signature=SIGNATURE) is Verdict.REFUSED
    assert gate.check(b"\xff", timestamp=TIMESTAMP, signature=signature) is Verdict.GOOD
