"""Showing an answer to everybody in the channel: the words, the button, and what pressing it does.

What can be shared is kept in memory, not in the database: whole answers are large, hold what only their asker may see,
and `--share` asks for one anew. After a restart, and on another replica, a Share button says so.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.document import Document
from bot.governance.roles import Person, Role
from bot.slack import blocks, text
from bot.slack.manifest import COMMAND
from bot.slack.message import Block, Element
from bot.web.attachments import with_note
from bot.web.audience import Audience, Audiences
from bot.web.outgoing import Outgoing, notice, outgoing
from bot.web.payloads import Click
from bot.web.remembered import MOST, Remembered
from bot.web.response_line import ResponseLine
from bot.web.rights import NotAllowedError, Rights
from bot.web.tickets import Holder, Refusals, TicketRefusedError

logger = logging.getLogger(__name__)

SHARE_ACTION = "share"
SHARED = "You shared this with the channel."
NOT_TAKEN = "Slack did not take it. Run the command again with `--share`."
REFUSALS = Refusals(
    gone="This button is too old, or the bot was restarted. Run the command again with `--share`, "
    f"or see `{COMMAND} help`.",
    taken="This was shared already.",
    foreign="Only the person who asked can share this answer.",
)
_LONGEST_LINE = 200


@dataclass(frozen=True)
class Share:
    """An answer that its asker may show to the channel.

    Attributes:
        document: The answer.
        verb: The command it answers.
        line: What was typed, without `/hub`.
        role: The role that the command needs.
        is_for_outside: Whether the button says that people of another organization will read it.
        beside: The other buttons of the answer, which stay when it was shared.
    """

    document: Document
    verb: str
    line: str
    role: Role
    is_for_outside: bool = False
    beside: tuple[Element, ...] = ()


def new_shares(*, monotonic: Callable[[], float], most: int = MOST) -> Remembered[Share]:
    """Return what keeps the answers that can still be shared."""
    return Remembered(REFUSALS, monotonic=monotonic, most=most)


def share_button(share_id: str, *, is_for_outside: bool) -> Element:
    """Return the Share button; one that leads outside asks first."""
    if not is_for_outside:
        return blocks.button("Share", action_id=SHARE_ACTION, value=share_id)
    confirm = blocks.confirmation(
        title="Share outside your organization?",
        question="People of other organizations may read this channel. They will see this answer.",
        yes="Share",
    )
    return blocks.button("Share anyway", action_id=SHARE_ACTION, value=share_id, confirm=confirm)


def row(*buttons: Element) -> list[Block]:
    """Return the blocks that end an answer with these buttons, if there are any."""
    return [blocks.actions(*buttons)] if buttons else []


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

    def __init__(self, shares: Remembered[Share], rights: Rights, audiences: Audiences) -> None:
        self._shares = shares
        self._rights = rights
        self._audiences = audiences

    def press(self, click: Click, line: ResponseLine) -> None:
        """Post the answer in the channel and take the button away; or say why not."""
        try:
            share = self._shares.find(click.value, Holder(click.person, click.channel_id))
            needed = max(share.role, Role.OPERATOR) if share.is_for_outside else share.role
            role = self._rights.check(click.person, needed, share.verb)
            audience = Audience.OURS if share.is_for_outside else self._audiences.of(click.channel_id)
            self._shares.take(click.value)
        except (TicketRefusedError, NotAllowedError) as error:
            logger.info("share_refused", extra={"reason": type(error).__name__})
            _tell(line, str(error))
            return
        if audience.is_ours:
            _post(line, share, click.person)
        else:
            buttons = [*share.beside, *self._asking_again(share, click, role)]
            _rewrite(line, outgoing(with_note(share.document, kept_back_note(audience, role)), closing=row(*buttons)))

    def _asking_again(self, share: Share, click: Click, role: Role) -> list[Element]:
        """Return a button that asks first; for operators, who alone may share outside."""
        if role < Role.OPERATOR:
            return []
        share_id = self._shares.issue(replace(share, is_for_outside=True), Holder(click.person, click.channel_id))
        return [share_button(share_id, is_for_outside=True)]


def _post(line: ResponseLine, share: Share, person: Person) -> None:
    answer = outgoing(share.document, closing=[asked_by(person, share.line)])
    if not line.say(answer.message, answer.plain, response_type="in_channel", replace_original=False):
        logger.warning("share_not_posted", extra={"verb": share.verb})
        _tell(line, NOT_TAKEN)
        return
    logger.info("share_posted", extra={"verb": share.verb, "is_for_outside": share.is_for_outside})
    _rewrite(line, outgoing(with_note(share.document, SHARED), closing=row(*share.beside)))


def _rewrite(line: ResponseLine, answer: Outgoing) -> None:
    line.say(answer.message, answer.plain, response_type="ephemeral", replace_original=True)


def _tell(line: ResponseLine, mrkdwn: str) -> None:
    answer = notice(mrkdwn)
    line.say(answer.message, answer.plain, response_type="ephemeral", replace_original=False)
