"""What people do with announcements of pushes and with digests: press their buttons, and let the bot in again.

A button carries the id of its message. What the message is about is read from the database, so a forged value leads to
nothing that its sender could not have typed; and rights are checked as for a command.
"""

import logging

from bot.digest.writers import ALL_ACTION, Pressed
from bot.governance.roles import Role
from bot.pushes.card import INSPECT_ACTION, MUTE_ACTION, TAGS_ACTION, UNMUTE_ACTION
from bot.pushes.channels import Channels, Subject
from bot.slack import text
from bot.store.errors import StoreUnavailableError, UnstorableError
from bot.web.outgoing import AWAY, Outgoing, notice
from bot.web.payloads import Click
from bot.web.rights import NotAllowedError, Rights

logger = logging.getLogger(__name__)

QUESTIONS = frozenset({INSPECT_ACTION, TAGS_ACTION, ALL_ACTION})
"""Buttons that ask a command."""
ACTIONS = QUESTIONS | {MUTE_ACTION, UNMUTE_ACTION}
GONE = "This message is older than what the bot remembers. Type the command instead."


class Announced:
    """Knows what the buttons of announcements and digests stand for.

    Args:
        channels: Opens and mutes channels.
        digests: Knows what the button of a digest stands for.
        rights: Who may do what.
    """

    def __init__(self, channels: Channels, digests: Pressed, rights: Rights) -> None:
        self._channels = channels
        self._digests = digests
        self._rights = rights

    def question(self, click: Click) -> str:
        """Return the command that a button asks, without `/hub`.

        Raises:
            LookupError: There is no such message in that channel.
            StoreUnavailableError: The database is away.
        """
        try:
            command = self._command(click)
        except UnstorableError as error:  # A forged value: no database holds an id like that.
            raise LookupError(GONE) from error
        if command is None:
            raise LookupError(GONE)
        return command

    def _command(self, click: Click) -> str | None:
        if click.action_id == ALL_ACTION:
            return self._digests.command(click.value, channel=click.channel_id)
        subject = self._channels.subject(click.value, channel=click.channel_id)
        return _question(subject, click.action_id) if subject else None

    def mute(self, click: Click) -> Outgoing:
        """Mute what a message is about, or let it be heard of again; return what to tell who pressed the button."""
        is_mute = click.action_id == MUTE_ACTION
        try:
            self._rights.check(click.person, Role.OPERATOR, "Mute" if is_mute else "Unmute")
            said = self._muted(click) if is_mute else self._unmuted(click)
        except NotAllowedError as error:
            return notice(str(error))
        except StoreUnavailableError:
            return notice(AWAY)
        except UnstorableError:
            return notice(GONE)
        facts = {"channel": click.channel_id, "user_id": click.person.user_id}
        logger.info("repository_muted" if is_mute else "repository_unmuted", extra=facts)
        return notice(said)

    def _muted(self, click: Click) -> str:
        mute = self._channels.mute(click.value, channel=click.channel_id, by=click.person.user_id)
        if mute is None:
            return GONE
        return f"{text.code(str(mute.repository))} is muted in this channel until {text.date(mute.until)}."

    def _unmuted(self, click: Click) -> str:
        repository = self._channels.unmute(click.value, channel=click.channel_id, by=click.person.user_id)
        if repository is None:
            return GONE
        return f"Pushes to {text.code(str(repository))} are announced in this channel again."

    def opened(self, channel: str) -> None:
        """Announce again what a channel subscribed to: the bot was let in, or the channel is not archived any more."""
        try:
            self._channels.resume(channel)
        except StoreUnavailableError as error:
            logger.error("channel_not_resumed", extra={"channel": channel, "cause": error.cause})  # noqa: TRY400


def _question(subject: Subject, action_id: str) -> str:
    if action_id == TAGS_ACTION:
        return f"tags {subject.repository}"
    return f"inspect {subject.repository}:{subject.tag}" if subject.tag else f"inspect {subject.repository}"
