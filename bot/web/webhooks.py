"""`POST /webhooks/dockerhub/{secret}`: Docker Hub tells of a push.

Nothing signs a webhook, so a secret in the path lets it in. Whoever does not know it cannot tell this route from one
that does not exist; whoever does gets an answer only after the push was committed.

Source: https://docs.docker.com/docker-hub/repos/manage/webhooks/. What Docker Hub makes of an answer is not
documented, nor whether it ever tries again.
"""

import hmac
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.pushes.intake import Intake
from bot.pushes.payload import RejectedPayloadError, parse_push
from bot.store.errors import StoreUnavailableError

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 30
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
        self._secrets = [secret.encode() for secret in path_secrets]

    def lets_in(self, secret: str) -> bool:
        """Tell whether a path's secret is one of ours. All are compared, each in constant time."""
        given = secret.encode(errors="surrogateescape")
        return sum(hmac.compare_digest(given, known) for known in self._secrets) > 0

    def take(self, body: bytes) -> WebhookReply:
        """Return the answer to a webhook that was let in."""
        try:
            push = parse_push(body)
            accepted = self._intake.take(push)
        except RejectedPayloadError as error:
            logger.warning("webhook_rejected", extra={"field": error.field, "reason": error.problem})
            return WebhookReply(_BAD_REQUEST, {"status": "rejected", "field": error.field, "reason": error.problem})
        except StoreUnavailableError as error:
            self._on_lost()
            logger.error("webhook_not_stored", extra={"cause": error.cause})  # noqa: TRY400 - The cause says it.
            retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return WebhookReply(_UNAVAILABLE, {"status": "unavailable", "reason": "the database is away"}, retry)
        facts = {"repository": str(push.repository), "tag": push.tag, "event": accepted.event_id}
        logger.info("webhook_accepted" if accepted.is_new else "webhook_repeated", extra=facts)
        if accepted.is_new:
            return WebhookReply(_ACCEPTED, {"status": "accepted", "event": accepted.event_id})
        return WebhookReply(_OK, {"status": "duplicate", "event": accepted.event_id})
