from datetime import UTC, datetime

import pytest
from slack_sdk.signature import Clock, SignatureVerifier

from bot.sandbox.slack.signing import signature, signed_headers

# The example of https://docs.slack.dev/authentication/verifying-requests-from-slack.
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TIMESTAMP = "1531420618"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_signature_is_that_of_the_published_example() -> None:
    assert signature(SECRET, TIMESTAMP, BODY) == SIGNATURE


def test_headers_are_those_of_the_published_example() -> None:
    headers = signed_headers(SECRET, BODY, at=datetime.fromtimestamp(int(TIMESTAMP), UTC))

    assert headers == {"X-Slack-Request-Timestamp": TIMESTAMP, "X-Slack-Signature": SIGNATURE}


class StoppedClock(Clock):
    def now(self) -> float:
        return float(TIMESTAMP)


@pytest.mark.parametrize("body", [b"", b"payload=%7B%7D", '{"text": "Grüße \N{PARTY POPPER}"}'.encode()])
def test_sdk_of_slack_takes_the_signature(body: bytes) -> None:
    verifier = SignatureVerifier(SECRET, StoppedClock())

    headers = signed_headers(SECRET, body, at=datetime.fromtimestamp(int(TIMESTAMP), UTC))

    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b"x", headers)
