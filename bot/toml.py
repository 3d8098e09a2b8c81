"""TOML that people write: read into models, with every problem a sentence that names table and key.

What a table may hold is a pydantic model that forbids everything else; what a key means is its field's description.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import ConfigError
from bot.words import nearest, quoted

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "string_type": "a text in quotes is expected",
    "bool_type": "`true` or `false` is expected",
    "bool_parsing": "`true` or `false` is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "tuple_type": "a list is expected, in square brackets",
    "list_type": "a list is expected, in square brackets",
    "dict_type": "a table is expected",
    "model_type": "a table is expected",
    "model_attributes_type": "a table is expected",
    "missing": "this is missing",
}


def read_toml(text: str, model: type[M], *, source: str) -> M:
    """Read a text.

    Args:
        text: What was written.
        model: What it should hold.
        source: What to call the text, as a sentence begins: `The configuration file`.

    Raises:
        ConfigError: With a sentence for each thing that is wrong.
    """
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{source} is not TOML: {_first_line(str(error))}."]) from error
    try:
        return model.model_validate(found)
    except ValidationError as error:
        problems = [_sentence(each, found, model) for each in error.errors(include_url=False)]
        raise ConfigError(list(dict.fromkeys(problems))) from error


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip(".") or "it is nested too deeply"


def _sentence(error: ErrorDetails, found: Mapping[str, Any], model: type[BaseModel]) -> str:
    where = [part for part in error["loc"] if part != "[key]"]
    if error["type"] == "extra_forbidden":
        likely = nearest(str(where[-1]), _keys(model, where[:-1]))
        hint = f" Did you mean `{likely}`?" if likely else ""
        return f"{_place(where[:-1], found)}: {quoted(str(where[-1]))} is not known here.{hint}"
    said = _said(error)
    return f"{_place(where, found)}: {said if said.endswith(('.', '?')) else f'{said}.'}"


def _said(error: ErrorDetails) -> str:
    match error["type"]:
        case "tuple_type" | "list_type" if isinstance(error["input"], dict):
            return f"write it with two brackets, `[[{error['loc'][-1]}]]`"
        case "enum" | "literal_error":
            return f"{error['ctx']['expected']} is expected".replace("'", "`")
        case "too_long":
            return f"at most {error['ctx']['max_length']} entries are expected"
        case kind:
            return _EXPECTED.get(kind, error["msg"].removeprefix("Value error, "))


def _place(where: Sequence[int | str], found: Mapping[str, Any]) -> str:
    """Name the table as it is written, and the key in it."""
    table, key = "", ""
    value: Any = found
    for part, following in zip_longest(where, where[1:]):
        if isinstance(value, dict) and part not in value and following in value:
            continue  # A heading under which the model gathers what the text has side by side.
        inner = _inside(value, part)
        if isinstance(part, int):
            table, key = (table, f"{key}, entry {part + 1}") if key else (f"[{table}] no. {part + 1}", key)
        elif (isinstance(inner, dict) and not table.endswith(tuple("0123456789"))) or (
            isinstance(inner, list) and inner and isinstance(inner[0], dict)
        ):
            table = f"[{f'{table[1:-1]}.' if table else ''}{_bare(part)}]"
        else:
            key = f"{key}, `{_bare(part)}`"
        value = inner
    return f"{table}{key}" if table else key.removeprefix(", ") or "At the top"


def _inside(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _bare(part: int | str) -> str:
    text = str(part)
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else f'"{text[:100]}"'


def _keys(model: type[BaseModel], where: Sequence[int | str]) -> Iterator[str]:
    """Yield what may stand in a table."""
    inner: type[BaseModel] | None = model
    for part in where:
        field = inner.model_fields.get(str(part)) if inner and isinstance(part, str) else None
        inner = _model_in(field.annotation) if field else inner
    yield from (field.alias or name for name, field in (inner.model_fields if inner else {}).items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
