"""`POST /webhooks/dockerhub/{secret}`: Docker Hub tells of a push.

Nothing signs a webhook, so a secret in the path lets it in. Whoever does not know it cannot tell this route from one
that does not exist; whoever does gets an answer only after the push was committed.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/. What Docker Hub makes of an answer is not
documented, nor whether it ever tries again.
"""

import hmac
import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.pushes.intake import Accepted, Intake
from bot.pushes.payload import Push, RejectedPayloadError, parse_push
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 30
MOST_AT_ONCE = 24
"""Of the server's threads; the others are for Slack, which wants its acknowledgements in time."""
_LONGEST_WAIT_SECONDS = 0.5
_OK, _ACCEPTED, _BAD_REQUEST, _UNAVAILABLE = 200, 202, 400, 503


@dataclass(frozen=True)
class WebhookReply:
    """What to answer a webhook: an HTTP status and a JSON object, with the headers that belong to it."""

    status: int
    body: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as it is sent."""
        return json.dumps(self.body)


_UNAVAILABLE_REPLY = WebhookReply(
    _UNAVAILABLE,
    {"status": "unavailable", "reason": "the database is away"},
    {"Retry-After": str(RETRY_AFTER_SECONDS)},
)


class DockerHubWebhooks:
    """Takes Docker Hub's webhooks.

    Args:
        intake: Commits pushes.
        path_secrets: Each of them lets a webhook in.
        on_lost: Called for a webhook that could not be stored; must be quick.
    """

    def __init__(
        self, intake: Intake, path_secrets: Sequence[str], *, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        self._intake = intake
        self._on_lost = on_lost
        self._slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._secrets = [secret.encode() for secret in path_secrets]

    def lets_in(self, secret: str) -> bool:
        """Tell whether a path's secret is one of ours. All are compared, each in constant time."""
        given = secret.encode(errors="surrogateescape")
        return sum(hmac.compare_digest(given, known) for known in self._secrets) > 0

    def take(self, body: bytes) -> WebhookReply:
        """Return the answer to a webhook that was let in."""
        try:
            push = parse_push(body)
        except RejectedPayloadError as error:
            logger.warning("webhook_rejected", extra={"field": error.field, "reason": error.problem})
            return WebhookReply(_BAD_REQUEST, {"status": "rejected", "field": error.field, "reason": error.problem})
        try:
            accepted = self._commit(push)
        except StoreUnavailableError as error:
            self._on_lost()
            logger.error("webhook_not_stored", extra={"cause": error.cause})  # noqa: TRY400 - The cause says it.
            return _UNAVAILABLE_REPLY
        except Exception:
            self._on_lost()
            raise
        facts = {"repository": str(push.repository), "tag": push.tag, "event": accepted.event_id}
        logger.info("webhook_accepted" if accepted.is_new else "webhook_repeated", extra=facts)
        if accepted.is_new:
            return WebhookReply(_ACCEPTED, {"status": "accepted", "event": accepted.event_id})
        return WebhookReply(_OK, {"status": "duplicate", "event": accepted.event_id})

    def _commit(self, push: Push) -> Accepted:
        """Commit, unless so many wait for the database that Slack's requests would wait for a thread.

        Raises:
            StoreUnavailableError: Nothing was committed, or nobody knows.
        """
        if not self._slots.acquire(timeout=_LONGEST_WAIT_SECONDS):
            raise StoreUnavailableError("The database is too slow for all that comes in.", cause="slow")
        try:
            return self._intake.take(push)
        finally:
            self._slots.release()
