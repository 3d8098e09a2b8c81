"""What the words of the two databases mean. Pure.

Source: https://www.sqlite.org/rescode.html, https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy.exc

from bot.store.errors import Cause, StoreUnavailableError

_CAUSES: Mapping[Cause, str] = {
    "away": "there is no working connection to it",
    "locked": "it is locked by someone else",
    "full": "its disk is full",
    "slow": "it took too long",
    "broken": "its file cannot be read or written",
    "closed": "it is closed",
}
_SQLITE_CAUSES: Mapping[int, Cause] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "broken",
    sqlite3.SQLITE_CANTOPEN: "broken",
    sqlite3.SQLITE_READONLY: "broken",
    sqlite3.SQLITE_PERM: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
}
_PASSING_STATES = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available."""
_SQLSTATE_CAUSES: Mapping[str, Cause] = {
    "40001": "locked",
    "40P01": "locked",
    "55P03": "locked",
    "57014": "slow",  # The statement timeout.
    "25P03": "slow",  # A transaction was idle for too long.
    "25006": "away",  # A standby: it answers and takes no writes.
    "53100": "full",
    "53200": "full",  # Out of memory.
    "53300": "away",  # Too many connections.
    "57P01": "away",  # Stopped by its administrator, here and below.
    "57P02": "away",
    "57P03": "away",
    "58030": "broken",
}
_CONNECTION_CLASS = "08"
_PRIMARY_CODE = 0xFF
_LONGEST_DETAIL = 200


def unavailable(store: str, cause: Cause, detail: str = "") -> StoreUnavailableError:
    """Return the error for a store that is named in words."""
    said = f" ({detail.rstrip('.')})" if detail else ""
    sentence = f"The database ({store}) is not available: {_CAUSES[cause]}{said}."
    return StoreUnavailableError(sentence, cause=cause, detail=detail)


@contextmanager
def translating(store: str, redact: Callable[[str], str] = str) -> Iterator[None]:
    """Turn what the drivers raise when the database is not there for us into `StoreUnavailableError`.

    Mistakes in statements, and violated constraints, stay what they are.
    """
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error) as error:
        cause = cause_of(error)
        if cause is None:
            raise
        raise unavailable(store, cause, redact(_first_line(error))) from error


def cause_of(error: BaseException) -> Cause | None:
    """Return why the database did not do its work; None if the error does not say that it is unavailable."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):  # No connection came free.
        return "slow"
    origin = _origin(error)
    if isinstance(origin, sqlite3.Error):
        return _SQLITE_CAUSES.get(_sqlite_code(origin))
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return _postgresql_cause(error)
    return None


def root_of(error: BaseException) -> BaseException:
    """Return the error with which the database ended a transaction, where others followed from that; else the error.

    Leaving a savepoint that is gone with its transaction fails once more, and hides why.
    """
    found: BaseException | None = error
    while found is not None:
        if cause_of(found) is not None:
            return found
        found = found.__context__
    return error


def is_of_the_database(error: BaseException) -> bool:
    """Return whether the database did not do its work, rather than we ours."""
    return cause_of(root_of(error)) is not None


def is_passing(error: BaseException) -> bool:
    """Return whether PostgreSQL took a transaction back for a reason that may be gone the next time."""
    return isinstance(error, sqlalchemy.exc.DBAPIError) and _sqlstate(error) in _PASSING_STATES


def _postgresql_cause(error: sqlalchemy.exc.DBAPIError) -> Cause | None:
    state = _sqlstate(error)
    if state is not None and (cause := _SQLSTATE_CAUSES.get(state)):
        return cause
    # What libpq finds by itself, a refused connection for instance, has no state at all.
    is_connection = state is None or state.startswith(_CONNECTION_CLASS)
    is_operational = isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError)
    return "away" if error.connection_invalidated or (is_operational and is_connection) else None


def _origin(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error


def _sqlite_code(error: sqlite3.Error) -> int:
    # The driver's own complaints carry no code.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE


def _sqlstate(error: sqlalchemy.exc.DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _first_line(error: BaseException) -> str:
    text = str(_origin(error)).strip()
    return text.splitlines()[0][:_LONGEST_DETAIL] if text else ""
