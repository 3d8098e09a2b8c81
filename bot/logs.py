"""Logging: constant event names, facts as fields, a request id, and no secrets.

Text for people at a terminal, one JSON object a line for machines. Every record passes the redaction here, whatever
library wrote it: tokens, authorization headers, response URLs, trigger URLs and webhook paths are replaced before
anything is formatted.
"""

import contextvars
import json
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from bot.redaction import redact

_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What these say at INFO is either per request (ours is better) or holds what must not be kept.
_QUIET = ("slack_bolt", "slack_sdk", "urllib3", "apscheduler", "waitress", "alembic", "sqlalchemy", "psycopg")


def new_request_id() -> str:
    """Return a fresh id, short enough to read out."""
    return secrets.token_hex(6)


def current_request_id() -> str:
    """Return the id bound to this piece of work; empty outside of one."""
    return _request_id.get()


@contextmanager
def bind_request_id(request_id: str) -> Iterator[str]:
    """Put the id on every record that this thread writes inside the block."""
    token = _request_id.set(request_id)
    try:
        yield request_id
    finally:
        _request_id.reset(token)


class TextFormatter(logging.Formatter):
    """One readable line: time in UTC, level, event, then `key=value` facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted line, with the traceback below it if there is one."""
        facts = " ".join(f"{key}={_shown(value)}" for key, value in _facts(record).items())
        head = f"{_timestamp(record)} {record.levelname.lower():<7} {record.getMessage()}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return redact(f"{head} {facts}".rstrip() + trace)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, fit for a log collector."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted object."""
        entry: dict[str, Any] = {
            "at": _timestamp(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **_facts(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Each value by itself: a mask put over the finished JSON could swallow half of an escape.
        return json.dumps({key: _clean(value) for key, value in entry.items()}, ensure_ascii=False)


def configure_logging(*, form: str = "text", level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging to one stream (standard error by default), replacing what was set up before.

    Args:
        form: `text` or `json`.
        level: `debug`, `info`, `warning` or `error`; other libraries are kept at warning.
        stream: Where the lines go.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _timestamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts = {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS}
    request_id = current_request_id()
    return {**facts, "request_id": request_id} if request_id and "request_id" not in facts else facts


def _clean(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else redact(str(value))


def _shown(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[\s"=]', text) else text
