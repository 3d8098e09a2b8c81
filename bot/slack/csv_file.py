"""A table as a CSV file, for people who open it in a spreadsheet."""

import csv
import io
import re
from datetime import UTC

from bot.document import Column, Count, Inline, Moment, Size, Table, plain
from bot.slack import text

# A spreadsheet takes a cell that begins with one of these for a formula.
# Source: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 80


def csv_file(table: Table) -> bytes:
    """Return the whole table: numbers as numbers, times in UTC, nothing that a spreadsheet would compute."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(_guarded(_heading(table, position)) for position in range(len(table.columns)))
    writer.writerows([_guarded(_value(piece)) for piece in row] for row in table.rows)
    return lines.getvalue().encode("utf-8", errors="replace")


def csv_name(table: Table) -> str:
    """Return a file name that says what is in it."""
    words = _NOT_IN_A_NAME.sub("-", text.cut(table.caption.lower(), _LONGEST_NAME)).strip("-")
    return f"{words or 'table'}.csv"


def _heading(table: Table, position: int) -> str:
    column: Column = table.columns[position]
    has_sizes = any(isinstance(row[position], Size) for row in table.rows)
    return f"{column.title} (bytes)" if has_sizes else column.title


def _value(piece: Inline) -> str:
    match piece:
        case Size(value) | Count(value) if value is not None:
            return str(value)
        case Moment(at) if at is not None:
            return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return plain(piece)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
