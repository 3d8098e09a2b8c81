"""What people do in the simulated workspace.

Each verb does what Slack's client does when somebody does that, and returns what the person would see of it.
"""

from bot.sandbox.slack.actor import NotAllowed, NotThere
from bot.sandbox.slack.clicks import Clicked
from bot.sandbox.slack.lines import Typed
from bot.sandbox.slack.modals import ModalUser, Submitted
from bot.sandbox.slack.own_commands import CommandGiver

__all__ = ["Acting", "Clicked", "NotAllowed", "NotThere", "Submitted", "Typed"]


class Acting(CommandGiver, ModalUser):
    """Somebody who types, clicks and moves around; from `SlackSimulator.acting_as`."""
