"""What commands may use of the pushes."""

from dataclasses import dataclass

from bot.pushes.ledger import Ledger
from bot.pushes.subscribing import Subscribing


@dataclass(frozen=True)
class Pushes:
    """The parts that commands talk to.

    Attributes:
        ledger: What became of each push.
        subscribing: Subscribes channels.
    """

    ledger: Ledger
    subscribing: Subscribing
