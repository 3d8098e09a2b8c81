"""Reading a query of GraphQL: as much of the language as clients of Docker Scout are known to use.

One query with variables, fields with aliases, arguments and selections; no fragments, directives or mutations.
Source: https://spec.graphql.org/October2021/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 50
_TOKEN = re.compile(
    r"""
    (?P<blank>[\s,\ufeff]+|\#[^\r\n]*)
    |(?P<name>[_A-Za-z][_0-9A-Za-z]*)
    |(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<text>"(?:[^"\\\r\n]|\\.)*")
    |(?P<sign>\.\.\.|[!$()\[\]{}:=@|&])
    """,
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}


class SyntaxProblemError(Exception):
    """The text is no query, or more than is understood here. `str()` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, where a value is expected."""

    name: str


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable as the query declares it.

    Attributes:
        type: As written, without blanks: `[String!]!`.
        has_default: Whether it may be left out.
    """

    type: str
    has_default: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is asked for.

    Attributes:
        key: Under which name it is answered: the alias, else the field's own.
        selections: Of an object; empty for a scalar.
    """

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    variables: Mapping[str, Declared]
    selections: tuple[Field, ...]


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        SyntaxProblemError: It cannot be read.
    """
    return _Reader(text).query()


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "")]
        self._at = 0
        self._depth = 0

    def query(self) -> Query:
        variables: dict[str, Declared] = {}
        if not self._sees("{"):
            word = self._name()
            if word != "query":
                raise SyntaxProblemError(f'Syntax Error: Unexpected Name "{word}".')
            if self._kind == "name":
                self._name()
            if self._sees("("):
                variables = dict(self._listed("(", ")", self._declaration))
        found = Query(variables, self._selections())
        if self._kind != "end":
            raise SyntaxProblemError(f'Syntax Error: Unexpected "{self._text}".')
        return found

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _sees(self, sign: str) -> bool:
        return self._kind == "sign" and self._text == sign

    def _next(self) -> str:
        text = self._text
        self._at += 1
        return text

    def _name(self) -> str:
        if self._kind != "name":
            raise SyntaxProblemError(f'Syntax Error: Expected Name, found "{self._text or "<EOF>"}".')
        return self._next()

    def _expect(self, sign: str) -> None:
        if not self._sees(sign):
            raise SyntaxProblemError(f'Syntax Error: Expected "{sign}", found "{self._text or "<EOF>"}".')
        self._at += 1

    def _listed(self, opening: str, closing: str, read: Any) -> list[Any]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise SyntaxProblemError("Syntax Error: Nested too deeply.")
        self._expect(opening)
        found = []
        while not self._sees(closing):
            found.append(read())
        self._expect(closing)
        self._depth -= 1
        return found

    def _declaration(self) -> tuple[str, Declared]:
        self._expect("$")
        name = self._name()
        self._expect(":")
        written = self._type()
        if not self._sees("="):
            return name, Declared(written)
        self._expect("=")
        return name, Declared(written, has_default=True, default=self._value())

    def _type(self) -> str:
        written = f"[{self._listed('[', ']', self._type)[0]}]" if self._sees("[") else self._name()
        if self._sees("!"):
            written += self._next()
        return written

    def _selections(self) -> tuple[Field, ...]:
        found = self._listed("{", "}", self._field)
        if not found:
            raise SyntaxProblemError('Syntax Error: Expected Name, found "}".')
        return tuple(found)

    def _field(self) -> Field:
        key = name = self._name()
        if self._sees(":"):
            self._expect(":")
            name = self._name()
        arguments = dict(self._listed("(", ")", self._argument)) if self._sees("(") else {}
        return Field(key, name, arguments, self._selections() if self._sees("{") else ())

    def _argument(self) -> tuple[str, Any]:
        name = self._name()
        self._expect(":")
        return name, self._value()

    def _value(self) -> Any:
        match self._kind:
            case "number":
                return json.loads(self._next())
            case "text":
                try:
                    return json.loads(self._next())
                except ValueError as error:
                    raise SyntaxProblemError("Syntax Error: Invalid character escape sequence.") from error
            case "name":
                word = self._next()
                return _WORDS.get(word, word)
        if self._sees("$"):
            self._expect("$")
            return Variable(self._name())
        if self._sees("["):
            return self._listed("[", "]", self._value)
        return dict(self._listed("{", "}", self._argument))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblemError(f"Syntax Error: Unexpected character: {text[at]!r}.")
        at = match.end()
        if match.lastgroup != "blank":
            yield str(match.lastgroup), match[0]
