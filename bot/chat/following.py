"""Where in Slack people see how something goes on that they have asked for."""

from dataclasses import dataclass

from bot.chat.command import Context


@dataclass(frozen=True)
class Following:
    """Where it is seen.

    Attributes:
        channel: A channel, or a person; None: nowhere, because it was asked for in a terminal.
        where: The same for people, to end a sentence with; empty for a terminal.
    """

    channel: str | None
    where: str


def following(context: Context) -> Following:
    """Return where a person sees how what they ask for goes on: here, or where that is nothing for others, directly."""
    if context.place is None:
        return Following(None, "")
    if context.place.channel.startswith("D"):
        # Perhaps one of two people, in which the bot has no say.
        return Following(context.place.user_id, "in a direct message to you")
    kept_back = context.kept_back_from(context.place.channel)
    if kept_back:
        return Following(context.place.user_id, f"in a direct message to you, because {kept_back}")
    return Following(context.place.channel, "in a message here")
