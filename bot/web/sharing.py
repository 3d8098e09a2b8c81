"""Showing an answer to everybody in the channel: the words, the button, and what pressing it does."""

import logging
from dataclasses import replace

from bot.governance.roles import Person, Role
from bot.slack import blocks, text
from bot.slack.manifest import COMMAND
from bot.slack.message import Block
from bot.web.attachments import with_note
from bot.web.audience import Audience, Audiences
from bot.web.outgoing import Outgoing, notice, outgoing
from bot.web.payloads import Click
from bot.web.response_line import ResponseLine
from bot.web.rights import NotAllowedError, Rights
from bot.web.shares import CannotShareError, Share, Shares

logger = logging.getLogger(__name__)

SHARE_ACTION = "share"
SHARED = "You shared this with the channel."
NOT_TAKEN = "Slack did not take it. Run the command again with `--share`."
_LONGEST_LINE = 200


def share_button(share_id: str, *, is_for_outside: bool) -> Block:
    """Return the row with the Share button; one that leads outside asks first."""
    if not is_for_outside:
        return blocks.actions(blocks.button("Share", action_id=SHARE_ACTION, value=share_id))
    confirm = blocks.confirmation(
        title="Share outside your organization?",
        question="People of other organizations may read this channel. They will see this answer.",
        yes="Share",
    )
    return blocks.actions(blocks.button("Share anyway", action_id=SHARE_ACTION, value=share_id, confirm=confirm))


def kept_back_note(audience: Audience, role: Role) -> str:
    """Return the sentence that says why an answer was not shown to the channel."""
    who_can = "" if role >= Role.OPERATOR else " An operator can share it."
    return f"Only you see this: {audience.value}.{who_can}"


def asked_by(person: Person, line: str) -> Block:
    """Return the small print under a shared answer: who asked what."""
    return blocks.context(f"<@{person.user_id}> asked {text.code(text.cut(f'{COMMAND} {line}', _LONGEST_LINE))}")


class Sharing:
    """Does what a press on a Share button asks for.

    Args:
        shares: What the buttons stand for.
        rights: Who may do what; asked again, since the button was made a while ago.
        audiences: Who reads a channel.
    """

    def __init__(self, shares: Shares, rights: Rights, audiences: Audiences) -> None:
        self._shares = shares
        self._rights = rights
        self._audiences = audiences

    def press(self, click: Click, line: ResponseLine) -> None:
        """Post the answer in the channel and take the button away; or say why not."""
        try:
            share = self._shares.find(click.value, click.person, click.channel_id)
            needed = max(share.role, Role.OPERATOR) if share.is_for_outside else share.role
            role = self._rights.check(click.person, needed, share.verb)
            audience = Audience.OURS if share.is_for_outside else self._audiences.of(click.channel_id)
            self._shares.use_up(click.value)
        except (CannotShareError, NotAllowedError) as error:
            logger.info("share_refused", extra={"reason": type(error).__name__})
            _tell(line, str(error))
            return
        if audience.is_ours:
            _post(line, share)
        else:
            self._ask_again(line, share, audience, role)

    def _ask_again(self, line: ResponseLine, share: Share, audience: Audience, role: Role) -> None:
        """Keep the answer private: for operators with a button that asks first, for others without one."""
        closing = []
        if role >= Role.OPERATOR:
            share_id = self._shares.offer(replace(share, is_for_outside=True))
            closing = [share_button(share_id, is_for_outside=True)]
        _rewrite(line, outgoing(with_note(share.document, kept_back_note(audience, role)), closing=closing))


def _post(line: ResponseLine, share: Share) -> None:
    answer = outgoing(share.document, closing=[asked_by(share.person, share.line)])
    if not line.say(answer.message, answer.plain, response_type="in_channel", replace_original=False):
        logger.warning("share_not_posted", extra={"verb": share.verb})
        _tell(line, NOT_TAKEN)
        return
    logger.info("share_posted", extra={"verb": share.verb, "is_for_outside": share.is_for_outside})
    _rewrite(line, outgoing(with_note(share.document, SHARED)))


def _rewrite(line: ResponseLine, answer: Outgoing) -> None:
    line.say(answer.message, answer.plain, response_type="ephemeral", replace_original=True)


def _tell(line: ResponseLine, mrkdwn: str) -> None:
    answer = notice(mrkdwn)
    line.say(answer.message, answer.plain, response_type="ephemeral", replace_original=False)
