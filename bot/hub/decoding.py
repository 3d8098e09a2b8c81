"""Reading Docker Hub's JSON, which is less regular than its documentation.

Numbers come as text, lists as one object or null, times with none to nine digits after the second, whole fields as
null or not at all. A value that cannot be read is unknown, which is None; it is never replaced by a default that
would look like a fact. An entry of a list that cannot be read at all is left out, and the others are kept.
"""

import logging
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.errors import UnexpectedResponseError

logger = logging.getLogger(__name__)

_BEYOND_64_BITS = 2**63
"""What no counter of the service can hold; and what could not be written as a size."""
_LONGEST_INTEGER = 40
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}(?:\.0*)?\s*")
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
# The zero time of Go, in which Docker Hub is written, stands for "never" where a time was not set.
_ZERO_YEAR = 1
_ZERO_DATE = "0001-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_TIMESTAMP = 253_402_300_799
"""The end of the year 9999."""


class HubModel(BaseModel):
    """Something that Docker Hub said. Frozen; what it says beyond the fields is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


M = TypeVar("M", bound=HubModel)


def read_int(value: Any) -> int | None:
    """Read a whole number of 64 bits, also one that comes as text or with a zero fraction."""
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and math.isfinite(value) and value.is_integer():
        number = int(value)
    elif isinstance(value, str) and len(value) <= _LONGEST_INTEGER and _INTEGER.fullmatch(value):
        number = int(value.partition(".")[0])
    return number if number is not None and abs(number) < _BEYOND_64_BITS else None


def read_bool(value: Any) -> bool | None:
    """Read a truth value, also one that comes as text or as 0 or 1."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        return _TRUTHS.get(str(value).strip().lower())
    return None


def read_text(value: Any) -> str | None:
    """Read a text; an empty one says nothing and is None."""
    return value if isinstance(value, str) and value.strip() else None


def read_time(value: Any) -> datetime | None:
    """Read an ISO 8601 time with up to nine digits of a second, or a Unix time; aware, UTC, to the microsecond."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str):
        return _parse_time(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # The bounds first: `isfinite` cannot take every integer that JSON can hold. No bound holds for NaN.
    if is_number and 0 < value <= _LATEST_TIMESTAMP:
        return _EPOCH + timedelta(seconds=value)
    return None


def is_no_time(value: Any) -> bool:
    """Tell whether a value says that there is no time: null, nothing, or the zero time; not one that cannot be read."""
    return value is None or (isinstance(value, str) and (not value.strip() or value.startswith(_ZERO_DATE)))


def read_texts(value: Any) -> tuple[str, ...]:
    """Read a list of texts; one text is a list of one, anything else is left out."""
    return tuple(text for text in map(read_text, _as_sequence(value)) if text is not None)


OptionalInt = Annotated[int | None, BeforeValidator(read_int)]
OptionalBool = Annotated[bool | None, BeforeValidator(read_bool)]
OptionalText = Annotated[str | None, BeforeValidator(read_text)]
OptionalTime = Annotated[datetime | None, BeforeValidator(read_time)]
Texts = Annotated[tuple[str, ...], BeforeValidator(read_texts)]


def decode(model: type[M], data: Any) -> M | None:
    """Return the data as a model, or None when it cannot be one."""
    if isinstance(data, model):
        return data
    if not isinstance(data, dict):
        return None
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def decode_one(model: type[M], data: Any, *, resource: str, credential: str) -> M:
    """Return the data as a model.

    Args:
        model: What it should be.
        data: Decoded JSON.
        resource: What was asked for, in words.
        credential: What it was asked with, in words.

    Raises:
        UnexpectedResponseError: It is something else.
    """
    decoded = decode(model, data)
    if decoded is None:
        raise UnexpectedResponseError(resource, credential=credential, detail="data of another shape")
    return decoded


def decode_many(model: type[M], value: Any) -> tuple[M, ...]:
    """Return the entries that can be read, in their order.

    Args:
        model: What an entry is.
        value: A list, one object standing for a list of one, or null.
    """
    entries = _as_sequence(value)
    decoded = tuple(entry for entry in (decode(model, entry) for entry in entries) if entry is not None)
    if len(decoded) < len(entries):
        dropped = len(entries) - len(decoded)
        logger.warning("hub_entries_not_readable", extra={"model": model.__name__, "dropped": dropped})
    return decoded


def count_entries(value: Any) -> int:
    """Return how many entries a list has, those that cannot be read included."""
    return len(_as_sequence(value))


def _as_sequence(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)


def _parse_time(text: str) -> datetime | None:
    try:
        # Reads any number of digits and cuts at the microsecond.
        moment = datetime.fromisoformat(text.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None if moment.year <= _ZERO_YEAR else moment
