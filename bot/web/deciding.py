"""Deciding on what somebody asked for: the buttons of the cards of `bot.governance.cards`.

A button carries an id that only the card shows. Whether its presser is an admin is checked here as for a command;
`bot.governance` knows the other rules. Whoever may not decide is told so, and nobody else.
"""

import logging

from bot.errors import AccessDeniedError, DeliveryError
from bot.governance.cards import APPROVE_ACTION, REJECT_ACTION
from bot.governance.governance import Governance
from bot.governance.roles import Role
from bot.slack import text
from bot.store.errors import StoreUnavailableError, UnstorableError
from bot.web.outgoing import AWAY, Outgoing, notice
from bot.web.payloads import Click
from bot.web.rights import NotAllowedError, Rights

logger = logging.getLogger(__name__)

ACTIONS = frozenset({APPROVE_ACTION, REJECT_ACTION})
GONE = "This request is gone."
NOT_DECIDED = "Nothing was decided. Try again in a moment."


class Deciding:
    """Takes decisions.

    Args:
        governance: Knows the rules.
        rights: Who may do what, and who can help.
    """

    def __init__(self, governance: Governance, rights: Rights) -> None:
        self._governance = governance
        self._rights = rights

    def decide(self, click: Click) -> Outgoing | None:
        """Approve or reject; return what to tell who pressed the button, or None: the card says it a moment later."""
        is_approval = click.action_id == APPROVE_ACTION
        facts = {"user_id": click.person.user_id, "is_approval": is_approval}
        try:
            role = self._rights.check(click.person, Role.ADMIN, "Approve" if is_approval else "Reject")
            change = self._governance.decide(click.value, click.person, approve=is_approval, role=role)
        except (NotAllowedError, AccessDeniedError) as error:
            logger.info("decision_refused", extra=facts)
            return notice(str(error) if isinstance(error, NotAllowedError) else text.inert(str(error)))
        except DeliveryError as error:
            logger.warning("decision_uncertain", extra={**facts, "reason": str(error)})
            return notice(f"{text.inert(str(error))} {NOT_DECIDED}")
        except StoreUnavailableError:
            return notice(AWAY)
        except UnstorableError:  # A forged value: no database holds a button like that.
            return notice(GONE)
        logger.info("change_decided", extra={**facts, "change": change.id})
        return None
