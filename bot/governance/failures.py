"""What an error says of a change: did it happen?"""

from bot.errors import HubBotError, HubError, UnavailableError, UnexpectedResponseError, UserError
from bot.governance.proposals import Outcome, State

PERHAPS = "It may have been done all the same: look before you do it again."
CRASHED = "Something went wrong in the bot while it was being done."


def outcome_of(error: HubBotError) -> Outcome:
    """Return what came of a change whose sending raised this.

    A write is sent once. Where no answer came, or one that makes no sense, or the service failed, it may have been
    done.
    """
    if isinstance(error, UnavailableError | UnexpectedResponseError):
        return Outcome(State.UNKNOWN, f"{without_advice(error)} {PERHAPS}")
    if isinstance(error, HubError | UserError):
        return Outcome(State.FAILED, str(error))
    return Outcome(State.UNKNOWN, f"{error} {PERHAPS}")


def without_advice(error: HubError) -> str:
    """Return what an error says where something may have been done: its advice is to try again."""
    said = f" It said: {error.detail.rstrip('.')}." if error.detail else ""
    return f"{error.sentence()}{said}"
