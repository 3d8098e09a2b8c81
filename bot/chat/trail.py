"""The audit trail, for the commands that read it."""

from bot.chat.command import Context
from bot.errors import UserError
from bot.governance.trail import Trail

NO_DATABASE = "Nothing is known of the past here: there is no database. Set `HUB_BOT_DATABASE_URL`."


def trail_of(context: Context) -> Trail:
    """Return what reads the audit trail.

    Raises:
        UserError: There is no database.
    """
    if context.trail is None:
        raise UserError(NO_DATABASE)
    return context.trail
