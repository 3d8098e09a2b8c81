"""One command to be run for somebody."""

from dataclasses import dataclass, replace
from typing import Self

from bot.chat.command import Arguments
from bot.chat.router import Invocation
from bot.governance.roles import Person
from bot.web.tickets import Claim, Holder


@dataclass(frozen=True)
class Assignment:
    """What to do, for whom, where.

    Attributes:
        invocation: What to run.
        person: For whom.
        channel_id: Where they asked.
        received_at: When, in monotonic seconds.
        is_public: Whether the answer is for everybody there, if they may see it.
        can_share: Whether the answer may carry a button to share it with the channel.
        is_shared_outside: Whether another organization reads along, as Slack said with the request; None when it did
            not say.
        trigger_id: What opens a form, for a moment; empty where there is none.
        claims: What is to be taken just before it is run, so that it is run once.
    """

    invocation: Invocation
    person: Person
    channel_id: str
    received_at: float
    is_public: bool
    can_share: bool = True
    is_shared_outside: bool | None = None
    trigger_id: str = ""
    claims: tuple[Claim, ...] = ()

    @property
    def holder(self) -> Holder:
        """Whose the buttons of the answer are."""
        return Holder(self.person, self.channel_id)

    def with_arguments(self, arguments: Arguments) -> Self:
        """Return the same with other arguments."""
        return replace(self, invocation=replace(self.invocation, arguments=arguments))

    def anew(self, *, trigger_id: str, received_at: float) -> Self:
        """Return the same as something that the person has done just now."""
        return replace(self, trigger_id=trigger_id, received_at=received_at)
