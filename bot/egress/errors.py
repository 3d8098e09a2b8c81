"""What can go wrong with a call to a host that somebody named, as leaves of the tree of `bot.errors`.

::

    HubBotError
    ├── UserError
    │   └── EgressRefusedError        it may not be called; nothing was sent
    └── EgressError                   there is no answer
        ├── EgressUnreachableError    no address, no connection, no trust; nothing was sent
        └── EgressUnansweredError     bytes may have left, and nobody heard the answer

Their sentences name the host and nothing else of an address: what follows it may be a secret.
"""

from typing import ClassVar

from bot.errors import HubBotError, UserError


class EgressRefusedError(UserError):
    """The bot may not call that. Nothing was sent."""

    reason: ClassVar[str] = "egress_refused"


class EgressError(HubBotError):
    """There is no answer.

    Args:
        host: Who was called.
        sentence: What happened, without any secret.
    """

    reason: ClassVar[str] = "egress"

    def __init__(self, host: str, sentence: str) -> None:
        super().__init__(sentence)
        self.host = host


class EgressUnreachableError(EgressError):
    """The host could not be reached: nothing was sent, so asking again later is safe."""

    reason: ClassVar[str] = "egress_unreachable"


class EgressUnansweredError(EgressError):
    """The request may have been taken, and there is no answer: asking again may do it twice."""

    reason: ClassVar[str] = "egress_unanswered"
