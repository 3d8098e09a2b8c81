"""The app's Home tab: how things are, as one person may see it.

Slack tells whenever somebody opens it, and so it is made anew each time. Only what it says of images, which is the same
for everybody, may be a minute old.

Source: https://docs.slack.dev/surfaces/app-home
"""

import logging
from collections.abc import Callable

from bot.document import Document, Paragraph, line
from bot.errors import DeliveryError
from bot.governance.roles import Person, Role
from bot.slack import blocks, render
from bot.slack.client import SlackClient
from bot.slack.message import Block
from bot.store.errors import StoreUnavailableError
from bot.web.outgoing import AWAY
from bot.web.rights import NotAllowedError, Rights

logger = logging.getLogger(__name__)

HomePage = Callable[[Person, Role], Document]
"""Says how things are, to a person of a role. Raises `StoreUnavailableError`."""
NAME = "The Home tab"


class Home:
    """Shows the Home tab. Safe to use from several threads.

    Args:
        client: Slack.
        rights: Who may see what.
        page: Says how things are.
    """

    def __init__(self, client: SlackClient, rights: Rights, page: HomePage) -> None:
        self._client = client
        self._rights = rights
        self._page = page

    def opened(self, person: Person) -> None:
        """Show somebody how things are: full members only, for it names private images."""
        shown, text = self._said(person)
        try:
            self._client.publish_home(person.user_id, shown)
        except DeliveryError as error:
            if not error.permanent:
                logger.warning("home_not_shown", extra={"user_id": person.user_id, "reason": str(error)})
                return
            # A workspace may refuse the newer blocks: the same in words.
            logger.info("home_shown_plain", extra={"user_id": person.user_id, "reason": str(error)})
            self._show_plainly(person, text)

    def _said(self, person: Person) -> tuple[tuple[Block, ...], str]:
        try:
            role = self._rights.check(person, Role.MEMBER, NAME)
            document = self._page(person, role)
        except NotAllowedError as error:
            return blocks.paragraphs(str(error)), str(error)
        except StoreUnavailableError:
            document = Document("", (Paragraph(line(AWAY)),))
        message = render.render(document)
        return message.blocks, message.text

    def _show_plainly(self, person: Person, text: str) -> None:
        try:
            self._client.publish_home(person.user_id, blocks.paragraphs(text))
        except DeliveryError as error:
            logger.warning("home_not_shown", extra={"user_id": person.user_id, "reason": str(error)})
