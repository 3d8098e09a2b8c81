"""Block Kit's rules: what Slack takes as blocks, as a message and as a view, and how it words what it does not take."""

from bot.sandbox.slack.blockkit.payloads import Surface, blocks_problems, message_problems, view_problems
from bot.sandbox.slack.blockkit.rules import Problem

__all__ = ["Problem", "Surface", "blocks_problems", "message_problems", "view_problems"]
