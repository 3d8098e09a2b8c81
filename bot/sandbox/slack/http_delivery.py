"""Requests to an app's own URLs: signed, with three seconds for the whole answer.

Source: https://docs.slack.dev/apis/events-api (deadline, redirects, retry headers)
"""

import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urljoin

from bot.sandbox.outgoing import Outgoing, Response
from bot.sandbox.slack.delivery import ACK_TIMEOUT_SECONDS, Outcome, Parcel, ParcelKind
from bot.sandbox.slack.signing import signed_headers

MAX_REDIRECTS = 2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class HttpDelivery:
    """Sends signed requests to the URLs of the manifest.

    Attributes:
        ack_timeout_seconds: How long the app has for its whole answer, redirects included; real time.
    """

    def __init__(self, now: Callable[[], datetime], ack_timeout_seconds: float = ACK_TIMEOUT_SECONDS) -> None:
        self.ack_timeout_seconds = ack_timeout_seconds
        self._now = now
        self._outgoing = Outgoing()

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send one request and wait for its acknowledgement."""
        if parcel.url is None:
            return Outcome("unreachable")
        body, content_type = parcel.encoded()
        headers = {"Content-Type": content_type, **self._headers(parcel, body)}
        ends_at = time.monotonic() + self.ack_timeout_seconds
        url = parcel.url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._outgoing.post(url, body, headers, ends_at)
            if not isinstance(response, Response):
                return Outcome(response)
            if response.status not in REDIRECTS:
                return _outcome_of(parcel.kind, response)
            url = urljoin(url, response.headers.get("location", ""))
        return Outcome("too_many_redirects")

    def stop(self) -> None:
        """Break off what is under way, and send nothing any more."""
        self._outgoing.stop()

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json,*/*"}
        headers |= signed_headers(parcel.app.signing_secret, body, at=self._now())
        if parcel.retry is not None:
            headers["X-Slack-Retry-Num"] = str(parcel.retry.number)
            headers["X-Slack-Retry-Reason"] = parcel.retry.reason
        return headers


def _outcome_of(kind: ParcelKind, response: Response) -> Outcome:
    """Return what an answer means: any 2xx acknowledges an event, only a 200 everything else."""
    is_good = response.status // 100 == HTTPStatus.OK // 100 if kind == "event" else response.status == HTTPStatus.OK
    return Outcome(
        "accepted" if is_good else "refused",
        response.status,
        response.body,
        response.headers.get("content-type", ""),
        response.headers.get("x-slack-no-retry") == "1" and not is_good,
    )
