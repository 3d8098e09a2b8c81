"""Builds by whatever takes a signed POST.

The secret is an address and a signing key with a blank between them. What is sent is JSON::

    {"event": "build", "id": "…", "repository": "acme/api", "ref": {"type": "docker_tag", "name": "1.2"},
     "requested_at": "2026-11-21T09:00:00Z"}

`ref.type` is `all`, `docker_tag`, `branch` or `git_tag`; of `all` the name is empty. With it go two headers::

    X-Hub-Bot-Timestamp: 1795251600
    X-Hub-Bot-Signature: v1=5257a869…

The signature is the HMAC-SHA256, in hexadecimal, of `v1:`, the timestamp, `:` and the body's bytes, by the signing key.
A receiver verifies it so::

    signed = b"v1:" + timestamp.encode() + b":" + body
    expected = "v1=" + hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    is_genuine = hmac.compare_digest(expected, signature) and abs(time.time() - int(timestamp)) < 300

It should take each `id` once. Any 2xx means that it took the request. It may answer with JSON: `{"id": "…", "url":
"…"}` says what it made of it, and where people can look; the URL must be https, of the same host, and
without anything of the address that was called.
"""

# ruff: noqa: ARG002 - One form for every provider; not each of them needs all that it is given.

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import JsonValue, SecretStr

from bot.builds.model import Accepted, Build, Order, Prepared, Setup
from bot.builds.providers.calling import JSON, MASK, Caller, Party, check_unchanged, encoded, own_link, warning_of
from bot.builds.providers.provider import Asked, SetupError
from bot.clock import Clock
from bot.egress.client import EgressRequest
from bot.hub.failures import clean
from bot.hub.protocol import Answer

TIMESTAMP = "X-Hub-Bot-Timestamp"
SIGNATURE = "X-Hub-Bot-Signature"
SHORTEST_KEY = 16
"""Characters; a shorter key can be guessed."""

_LONGEST_ID = 100
_SHORTEST_SECRET_PART = 8
_EXPECTED = "An address and a signing key are expected, with a blank between them."


def new_id() -> str:
    """Return what names a request."""
    return str(uuid.uuid4())


def signature_of(key: SecretStr, timestamp: str, body: bytes) -> str:
    """Return the value of the header `X-Hub-Bot-Signature`. Pure.

    Args:
        key: The signing key.
        timestamp: The value of the header `X-Hub-Bot-Timestamp`: seconds since 1970.
        body: What is sent.
    """
    signed = b"v1:" + timestamp.encode() + b":" + body
    return f"v1={hmac.new(key.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class _Receiver:
    url: SecretStr
    key: SecretStr
    origin: str

    @property
    def masked(self) -> str:
        """What people see of the address: its path may be secret."""
        return f"{self.origin}/{MASK}"

    @property
    def parts(self) -> tuple[str, ...]:
        """All that follows the origin, and its parts that are no mere words."""
        rest = self.url.get_secret_value().removeprefix(self.origin).strip("/")
        return (rest, *(part for part in re.split(r"[/?&=]", rest) if len(part) >= _SHORTEST_SECRET_PART))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be repeated, the longest first."""
        return (self.key.get_secret_value(), self.url.get_secret_value(), *self.parts)


class Webhook:
    """Implements `bot.builds.providers.provider.Provider`.

    Args:
        caller: Makes the calls.
        clock: The time.
        new_id: Returns what names a request.
    """

    def __init__(self, caller: Caller, clock: Clock, new_id: Callable[[], str] = new_id) -> None:
        self._caller = caller
        self._clock = clock
        self._new_id = new_id

    def check(self, setup: Setup, secret: SecretStr) -> None:
        """Check that the secret is an address and a signing key.

        Raises:
            SetupError: It is not, or the address may not be called.
        """
        self._receiver(secret)

    def prepare(self, setup: Setup, order: Order, secret: SecretStr) -> Prepared:
        """Return the call that `trigger` will make, which will be signed and timed when it is sent.

        Raises:
            SetupError: The secret cannot be used.
        """
        receiver = self._receiver(secret)
        body: dict[str, JsonValue] = {
            "event": "build",
            "id": self._new_id(),
            "repository": order.repository,
            "ref": {"type": order.ref.value, "name": order.name},
            "requested_at": f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}",
        }
        headers = {"Content-Type": JSON, TIMESTAMP: MASK, SIGNATURE: f"v1={MASK}"}
        return Prepared(method="POST", address=receiver.masked, headers=headers, body=body)

    def trigger(self, setup: Setup, prepared: Prepared, secret: SecretStr) -> Accepted:
        """Ask for the build, once.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
            SetupError: The secret cannot be used; nothing was sent.
        """
        receiver = self._receiver(secret)
        check_unchanged(prepared, receiver.masked)
        body, timestamp = encoded(prepared.body), str(int(self._clock.now().timestamp()))
        signed = {TIMESTAMP: timestamp, SIGNATURE: signature_of(receiver.key, timestamp, body)}
        request = EgressRequest(
            prepared.method,
            receiver.url,
            {"Accept": JSON, **prepared.headers, **signed},
            body,
            timeout_seconds=setup.timeout_seconds,
        )
        party = Party(
            f"The webhook of `{setup.repository}`",
            setup.repository,
            credential="the signature",
            unknown="There is nothing at the address of the webhook",
            secrets=receiver.secrets,
        )
        return _accepted(self._caller.trigger(request, party), party, receiver)

    def try_out(self, setup: Setup, secret: SecretStr) -> str | None:
        """Return None: the receiver builds whatever is sent."""
        return None

    def recent(self, setup: Setup, secret: SecretStr | None, *, most: int) -> Sequence[Build] | None:
        """Return None: the receiver is not asked."""
        return None

    def find(self, setup: Setup, secret: SecretStr | None, asked: Asked) -> Build | None:
        """Return None: the receiver is not asked."""
        return None

    def _receiver(self, secret: SecretStr) -> _Receiver:
        parts = secret.get_secret_value().split()
        if len(parts) != len(("url", "key")):
            raise SetupError("secret", _EXPECTED)
        url, key = parts
        if len(key) < SHORTEST_KEY:
            raise SetupError(
                "secret", f"The signing key is too short: at least {SHORTEST_KEY} characters are expected."
            )
        self._caller.check_url(SecretStr(url), "secret")
        address = urlsplit(url)
        return _Receiver(SecretStr(url), SecretStr(key), f"{address.scheme}://{address.netloc}")


def _accepted(answer: Answer, party: Party, receiver: _Receiver) -> Accepted:
    data = answer.data if isinstance(answer.data, dict) else {}
    told = data.get("id")
    is_id = isinstance(told, str | int) and not isinstance(told, bool)
    build_id = clean(str(told), party.secrets)[:_LONGEST_ID] if is_id else ""
    # The whole address is not among them: one that goes on where it ends, as in `/build` and `/builds/17`, is another.
    url = own_link(data.get("url"), receiver.origin, secrets=(*receiver.parts, receiver.key.get_secret_value()))
    return Accepted(said=warning_of(answer, party.name), build_id=build_id or None, url=url, status=answer.status)
