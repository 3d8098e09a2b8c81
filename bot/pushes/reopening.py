"""Looks whether channels that were closed to us are open again: Slack tells of it once, perhaps to nobody."""

from collections.abc import Sequence

from sqlalchemy import select

from bot.clock import Clock
from bot.errors import DeliveryError
from bot.loops import Loop
from bot.pushes.channels import Channels
from bot.slack.client import SlackClient
from bot.store.base import Store
from bot.store.tables import lanes
from bot.store.workspaces import HOME

EVERY_SECONDS = 3_600.0
_LOOK_EVERY_SECONDS = 30.0
# What membership shows. Others, such as a rule of the workspace about who may post, are not seen without posting.
_VISIBLE = ("not_in_channel", "channel_not_found", "is_archived")


class Reopening(Loop):
    """Asks Slack about suspended channels, after a start and then hourly; one request each.

    Args:
        store: Where suspended channels are.
        slack: Slack.
        channels: Opens them.
        clock: The time.
    """

    def __init__(self, store: Store, slack: SlackClient, channels: Channels, clock: Clock) -> None:
        super().__init__("reopening")
        self._store = store
        self._slack = slack
        self._channels = channels
        self._clock = clock
        self._due_at = clock.monotonic()

    def step(self) -> float:
        """Look, if it is time."""
        if self._clock.monotonic() >= self._due_at:
            for channel in self._suspended():
                if self.is_stopping:
                    break
                self._look(channel)
            self._due_at = self._clock.monotonic() + EVERY_SECONDS
        return _LOOK_EVERY_SECONDS

    def _suspended(self) -> Sequence[str]:
        closed = lanes.c.suspended_at.is_not(None) & lanes.c.suspension.in_(_VISIBLE) & (lanes.c.workspace == HOME)
        with self._store.read() as connection:
            return connection.execute(select(lanes.c.channel).where(closed).order_by(lanes.c.channel)).scalars().all()

    def _look(self, channel: str) -> None:
        try:
            is_open = self._slack.is_member(channel)
        except DeliveryError:
            return  # Nothing is known; the next look is in an hour.
        if is_open:
            self._channels.resume(channel)
