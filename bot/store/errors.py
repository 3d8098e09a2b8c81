"""What can go wrong with the store, as leaves of the tree of `bot.errors`.

::

    HubBotError
    ├── UserError
    │   └── BackupError               a backup cannot be made or used as asked
    ├── ConfigError
    │   └── StoreMisconfiguredError   the database that the settings name cannot be used as it is
    ├── StoreUnavailableError         the database is away, locked, full or too slow; trying again may help
    └── UnstorableError               a value that not every database can hold
"""

from typing import ClassVar, Literal

from sqlalchemy.exc import DontWrapMixin

from bot.errors import ConfigError, HubBotError, UserError

Cause = Literal["away", "locked", "full", "slow", "broken", "closed"]
"""Why a store is not available: a constant word for logs and metrics."""


class StoreMisconfiguredError(ConfigError):
    """The database that the settings name cannot be used: a wrong URL, a file that is no database, one in use."""

    reason: ClassVar[str] = "store_misconfigured"

    def __init__(self, problem: str) -> None:
        super().__init__([problem])


class StoreUnavailableError(HubBotError):
    """The database does not do its work at present.

    When a write ends with this, nothing of it is kept, with one exception: if the connection to PostgreSQL is lost
    during the commit itself, nobody knows. Who repeats a write makes it repeatable: by a unique key, for instance.

    Args:
        sentence: What happened, without any secret.
        cause: The kind of trouble.
        detail: What the database itself said, shortened; may be empty.
    """

    reason: ClassVar[str] = "store_unavailable"

    def __init__(self, sentence: str, *, cause: Cause, detail: str = "") -> None:
        super().__init__(sentence)
        self.cause = cause
        self.detail = detail


class UnstorableError(HubBotError, ValueError, DontWrapMixin):
    """A value that not every database can hold; refused by all, so that they do not differ.

    A time without time zone, a text with U+0000 or half a surrogate pair, a JSON number that is none. Raised as it is
    by the statement that was to store the value.
    """

    reason: ClassVar[str] = "unstorable"


class BackupError(UserError):
    """A backup cannot be made or used as asked; the sentence says what can be done instead."""

    reason: ClassVar[str] = "backup"
