"""The column types, which mean the same on SQLite and on PostgreSQL.

- `Key`: text, compared and ordered by code point.
- `UtcTime`: an instant to the microsecond; a time ± a duration is a time, the difference of two is a `Duration`.
- `Json`: a JSON value; `JSONB` on PostgreSQL.

What one of the two could not hold is refused by both, with `UnstorableError`: U+0000 and lone surrogates in texts (also
deep in JSON), times without zone, NaN. `storable` replaces such characters, for what comes from outside.
"""

import json
import operator
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, DateTime, Dialect, Interval, Text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

from bot.store.errors import UnstorableError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_PERHAPS_UNSTORABLE = re.compile(r"\\u0000|\\ud[89a-f]")


def storable(value: Any) -> Any:
    """Return a text, or a JSON value with all its texts and names, with what no store holds replaced by U+FFFD."""
    match value:
        case str():
            # Nearly all that is kept is plain, and quickly known to be.
            is_plain = value.isascii() and "\0" not in value
            return value if is_plain else _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case dict():
            return {storable(name): storable(each) for name, each in value.items()}
        case list():
            return [storable(each) for each in value]
        case _:
            return value


class Key(TypeDecorator[str]):
    """A text that identifies something. PostgreSQL would order it by its locale, if not told otherwise."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Refuse what not every store holds."""
        if value is not None and _UNSTORABLE.search(value):
            raise UnstorableError("A text with U+0000 or half a surrogate pair cannot be stored.")
        return value


class Duration(TypeDecorator[timedelta]):
    """A span of time: an interval, or microseconds."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Interval() if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> timedelta | int | None:
        """Turn into what the driver takes."""
        return value if value is None or dialect.name == "postgresql" else value // _MICROSECOND

    def process_result_value(self, value: Any, _dialect: Dialect) -> timedelta | None:
        """Turn into what Python knows."""
        return timedelta(microseconds=value) if isinstance(value, int) else value


class UtcTime(TypeDecorator[datetime]):
    """An instant. Takes aware times only, and gives them back in UTC.

    SQLite has no type for times. Of the two usual stand-ins, text needs a form without exception to sort right; the
    number of microseconds since 1970 sorts and adds by itself.
    """

    impl = BigInteger
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[datetime]):
        """Sums and differences, which the column's own type would take for numbers."""

        def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            """Say what type comes out."""
            result = super().operate(op, *other, **kwargs)
            if op is operator.add or (op is operator.sub and _is_duration(other[0])):
                return type_coerce(result, UtcTime())
            return type_coerce(result, Duration()) if op is operator.sub else result

    comparator_factory = Comparator

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    def coerce_compared_value(self, _op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """Choose the type of what a time is compared with or added to."""
        return Duration() if isinstance(value, timedelta) else self

    def process_bind_param(self, value: Any, dialect: Dialect) -> datetime | int | None:
        """Turn into what the driver takes."""
        if value is None:
            return None
        if not isinstance(value, datetime) or value.utcoffset() is None:
            raise UnstorableError("Only a time with its time zone can be stored.")
        if dialect.name == "postgresql":
            return value.astimezone(UTC)
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        """Turn into an aware time in UTC."""
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """A JSON value. None is the database's NULL.

    Numbers are JSON's, which knows one kind: PostgreSQL gives `1e300` back as an integer.
    """

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        kind: type[JSON] = JSONB if dialect.name == "postgresql" else JSON
        return dialect.type_descriptor(kind(none_as_null=True))

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """Leave what an index or a path is to the type underneath."""
        return self.impl_instance.coerce_compared_value(op, value)

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """Refuse what not every store holds."""
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnstorableError(
                "Only JSON can be stored here: no NaN, no foreign type, no endless nesting."
            ) from error
        # An emoji has the look of surrogates too, hence the second, slower look at few values.
        if _PERHAPS_UNSTORABLE.search(text) and any(map(_UNSTORABLE.search, _texts(value))):
            raise UnstorableError("JSON with U+0000 or half a surrogate pair in a text cannot be stored.")
        return value


def _is_duration(value: Any) -> bool:
    return isinstance(value, timedelta) or isinstance(getattr(value, "type", None), Duration | Interval)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                yield from _texts(name)
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
