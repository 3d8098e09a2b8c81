"""Signatures, by which an app knows that a request comes from Slack.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from datetime import datetime

VERSION = "v0"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of `X-Slack-Signature` for a body as it travels; the secret counts as text, not as hex."""
    signed = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def signed_headers(secret: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """Return the two headers that vouch for a body sent at an aware time."""
    timestamp = str(int(at.timestamp()))
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature(secret, timestamp, body)}
