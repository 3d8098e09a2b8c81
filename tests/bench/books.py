"""A look into the bot's SQLite file from outside, while it works."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

TABLES = ("events", "members", "messages", "images", "lanes", "sightings", "told", "subscriptions", "mutes")
"""Every table that grows, or might."""


@dataclass(frozen=True)
class Waiting:
    """What is still to be done.

    Attributes:
        members: Pushes that are in no message yet.
        messages: Messages that are not in Slack yet.
        changes: Messages in Slack that are to say something else.
        readings: Pushes that are to be read back.
        failing: Messages whose last sending failed.
    """

    members: int
    messages: int
    changes: int
    readings: int
    failing: int

    @property
    def is_all_told(self) -> bool:
        """Whether every push is in a message in Slack."""
        return not (self.members or self.messages)

    @property
    def is_all_done(self) -> bool:
        """Whether nothing is left to be done."""
        return not any(astuple(self))


class Books:
    """The file.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size_bytes(self) -> int:
        """The file's, with that of its log."""
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def rows(self) -> Mapping[str, int]:
        """Return how many rows each table has."""
        counted = self._ask(", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES))  # noqa: S608 - our names.
        return dict(zip(TABLES, counted, strict=True))

    def waiting(self) -> Waiting:
        """Return what is still to be done."""
        counts = (
            "members WHERE state = 'waiting'",
            "messages WHERE state = 'waiting'",
            "messages WHERE state = 'sent' AND version > shown_version",
            "events WHERE reading_state = 'waiting'",
            "messages WHERE state IN ('waiting', 'sent') AND failing_since IS NOT NULL",
        )
        return Waiting(*self._ask(", ".join(f"(SELECT count(*) FROM {rows})" for rows in counts)))  # noqa: S608 - as above.

    def states(self, table: str, column: str = "state") -> Mapping[str, int]:
        """Return how many rows of a table are in each state."""
        with closing(self._connected()) as connection:
            found = connection.execute(f"SELECT {column}, count(*) FROM {table} GROUP BY {column}")  # noqa: S608 - as above.
            return dict(found.fetchall())

    def _ask(self, columns: str) -> tuple[Any, ...]:
        with closing(self._connected()) as connection:
            row: tuple[Any, ...] = connection.execute(f"SELECT {columns}").fetchone()
            return row

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)
