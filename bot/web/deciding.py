"""Deciding on what somebody asked for: the buttons of the cards of `bot.governance.cards`, and of jobs.

A button carries an id that only the card shows, or that of a job, which is no secret. Whether its presser is an admin
is checked here as for a command; `bot.governance` knows the other rules. Whoever may not decide is told so, and nobody
else.
"""

import logging

from bot.errors import AccessDeniedError, DeliveryError
from bot.governance.cards import APPROVE_ACTION, REJECT_ACTION
from bot.governance.governance import Governance
from bot.governance.roles import Role
from bot.jobs.service import Jobs
from bot.jobs.writers import STOP_ACTION
from bot.slack import text
from bot.store.errors import StoreUnavailableError, UnstorableError
from bot.web.outgoing import AWAY, Outgoing, notice
from bot.web.payloads import Click
from bot.web.rights import NotAllowedError, Rights

logger = logging.getLogger(__name__)

ACTIONS = frozenset({APPROVE_ACTION, REJECT_ACTION, STOP_ACTION})
GONE = "This request is gone."
ENDED = "This job has ended, or is being stopped."
NOT_DECIDED = "Nothing was decided. Try again in a moment."


class Deciding:
    """Takes decisions.

    Args:
        governance: Knows the rules.
        rights: Who may do what, and who can help.
        jobs: Stops long work; None where there is none.
    """

    def __init__(self, governance: Governance, rights: Rights, jobs: Jobs | None = None) -> None:
        self._governance = governance
        self._rights = rights
        self._jobs = jobs

    def decide(self, click: Click) -> Outgoing | None:
        """Approve, reject or stop; return what to tell who pressed the button, or None: the card says it soon."""
        return self._stop(click) if click.action_id == STOP_ACTION else self._decide(click)

    def _stop(self, click: Click) -> Outgoing | None:
        """Stop a job: who asked for it may, and admins."""
        by = click.person.user_id
        try:
            job = self._jobs.find(click.value) if self._jobs else None
            if self._jobs is None or job is None:
                return notice(GONE)
            self._rights.check(click.person, Role.MEMBER if job.asked_by == by else Role.ADMIN, "Stop")
            return None if self._jobs.stop(job.id, by=by) else notice(ENDED)
        except NotAllowedError as error:
            return notice(str(error))
        except StoreUnavailableError:
            return notice(AWAY)
        except UnstorableError:
            return notice(GONE)

    def _decide(self, click: Click) -> Outgoing | None:
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
