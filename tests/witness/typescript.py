"""As much of TypeScript as Slack's declarations of what it sends need: is a value one of a declared type?

Types that are not found, functions, and what depends on parameters of types are taken for anything.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\s+|('[^'\n]*'|\"[^\"\n]*\"|[A-Za-z_$][\w$]*|-?\d+|=>|\.\.\.|.)", re.DOTALL)
PLAIN = {"string": str, "number": (int, float), "boolean": bool}
CLOSING = {"{": "}", "(": ")", "<": ">", "[": "]"}


@dataclass(frozen=True, slots=True)
class Anything:
    """A type that everything is of."""


@dataclass(frozen=True, slots=True)
class Plain:
    """`string`, `number` or `boolean`."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """One value; None for `null` and `undefined`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Named:
    """A type declared elsewhere."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A union."""

    choices: "tuple[Type, ...]"


@dataclass(frozen=True, slots=True)
class Object:
    """An object, or several in one.

    Attributes:
        members: By name; whether each may be missing, and its type.
        index: The type of members of any other name; None when there are none.
        bases: What else it has.
    """

    members: "Mapping[str, tuple[bool, Type]]" = field(default_factory=dict)
    index: "Type | None" = None
    bases: "tuple[Type, ...]" = ()


WORDS: "Mapping[str, Type]" = {
    **{word: Plain(word) for word in PLAIN},
    "null": Literal(None),
    "undefined": Literal(None),
    "true": Literal(value=True),
    "false": Literal(value=False),
}
Type = Anything | Plain | Literal | Named | ListOf | OneOf | Object


class Declarations:
    """Types by their names, from one or more files."""

    def __init__(self, *files: Path) -> None:
        self._types: dict[str, Type] = {}
        for file in files:
            self._types |= _Parser(file.read_text()).declarations()

    def with_member(self, name: str, value: str) -> list[str]:
        """Return the names of the types of which a member is just that text, such as `type: 'app_mention'`."""
        wanted = (False, Literal(value))
        return [
            each for each, kind in self._types.items() if isinstance(kind, Object) and kind.members.get(name) == wanted
        ]

    def misfits(self, value: Any, name: str) -> list[str]:
        """Return what about a value is not as a type declares it."""
        return self._misfits(value, Named(name), name)

    def _misfits(self, value: Any, wanted: Type, path: str) -> list[str]:  # noqa: PLR0911 - one for each kind of type.
        match wanted:
            case Named(name):
                found = self._types.get(name)
                return [] if found is None else self._misfits(value, found, path)
            case Plain(name):
                is_boolean = isinstance(value, bool) and name != "boolean"
                fits = isinstance(value, PLAIN[name]) and not is_boolean  # type: ignore[arg-type]
                return [] if fits else [f"{path}: {type(value).__name__} is no {name}"]
            case Literal(expected):
                return [] if value == expected else [f"{path}: {value!r} is not {expected!r}"]
            case ListOf(item):
                if not isinstance(value, list):
                    return [f"{path}: {type(value).__name__} is no list"]
                return [misfit for each in value for misfit in self._misfits(each, item, f"{path}[]")]
            case OneOf(choices):
                return min((self._misfits(value, each, path) for each in choices), key=_distance, default=[])
            case Object():
                return self._misfits_of_object(value, wanted, path)
        return []

    def _misfits_of_object(self, value: Any, wanted: Object, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: {type(value).__name__} is no object"]
        members, index = self._members(wanted)
        needed = (name for name, (may_miss, kind) in members.items() if not (may_miss or kind == Literal(None)))
        found = [f"{path}.{name}: missing" for name in needed if name not in value]
        for name, each in value.items():
            if name in members:
                may_miss, kind = members[name]
                # What may be missing is sent as null as well; the declarations do not tell.
                found += [] if each is None and may_miss else self._misfits(each, kind, f"{path}.{name}")
            elif index is not None:
                found += self._misfits(each, index, f"{path}.*")
            else:
                found.append(f"{path}.{name}: unknown")
        return found

    def _members(self, wanted: Object) -> tuple[dict[str, tuple[bool, Type]], Type | None]:
        members: dict[str, tuple[bool, Type]] = {}
        index = wanted.index
        for base in wanted.bases:
            resolved = self._types.get(base.name, Anything()) if isinstance(base, Named) else base
            if isinstance(resolved, Object):
                inherited, more = self._members(resolved)
                members |= inherited
                index = index or more
        return members | dict(wanted.members), index


def _distance(misfits: Sequence[str]) -> tuple[int, int]:
    """Return how far a value is from a type: what tells types apart, such as `type: 'message'`, counts most."""
    return sum(" is not " in each for each in misfits), len(misfits)


class _Parser:
    """Reads the declarations of a file; what it does not know it skips."""

    def __init__(self, text: str) -> None:
        self._tokens: Sequence[str] = [match[1] for match in TOKEN.finditer(text) if match[1]]
        self._at = 0

    def declarations(self) -> dict[str, Type]:
        """Return the types that are declared, by name."""
        return dict(self._all())

    def _all(self) -> Iterator[tuple[str, Type]]:
        while self._at < len(self._tokens):
            word = self._next()
            if word == "interface":
                yield self._interface()
            elif word == "type" and self._peek(1) in {"=", "<"}:
                yield self._alias()
            elif word == "enum":
                yield self._enumeration()

    def _interface(self) -> tuple[str, Type]:
        name = self._next()
        self._skip_parameters()
        bases: list[Type] = []
        if self._take("extends"):
            bases.append(self._single())
            while self._take(","):
                bases.append(self._single())
        body = self._single()
        assert isinstance(body, Object)
        return name, Object(body.members, body.index, tuple(bases))

    def _alias(self) -> tuple[str, Type]:
        name = self._next()
        self._skip_parameters()
        self._expect("=")
        return name, self._type()

    def _enumeration(self) -> tuple[str, Type]:
        name = self._next()
        self._expect("{")
        values = []
        while not self._take("}"):
            if self._next() == "=":
                values.append(Literal(self._next()[1:-1]))
        return name, OneOf(tuple(values))

    def _type(self) -> Type:
        self._take("|")
        choices = [self._joined()]
        while self._take("|"):
            choices.append(self._joined())
        if self._take("extends"):
            return self._depending()
        return choices[0] if len(choices) == 1 else OneOf(tuple(choices))

    def _depending(self) -> Type:
        for mark in ("?", ":"):
            self._type()
            self._expect(mark)
        self._type()
        return Anything()

    def _joined(self) -> Type:
        parts = [self._single()]
        while self._take("&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Object(bases=tuple(parts))

    def _single(self) -> Type:
        found = self._first(self._next())
        while self._peek() == "[":
            self._next()
            if self._take("]"):
                found = ListOf(found)
            else:  # A member of another type, such as `this['payload']`.
                self._skip_until("]")
                found = Anything()
        return found

    def _first(self, word: str) -> Type:
        if word in {"{", "(", "["}:
            return self._bracketed(word)
        if word[0] in "'\"":
            return Literal(word[1:-1])
        if word in WORDS:
            return WORDS[word]
        self._skip_parameters()
        return Named(word)

    def _bracketed(self, opening: str) -> Type:
        if opening == "{":
            return self._object()
        start = self._at
        self._skip_until(CLOSING[opening])
        if opening == "[":
            return Anything()
        if self._take("=>"):
            self._type()
            return Anything()
        self._at = start
        found = self._type()
        self._expect(")")
        return found

    def _object(self) -> Type:
        members: dict[str, tuple[bool, Type]] = {}
        index: Type | None = None
        while not self._take("}"):
            if self._take("["):
                self._skip_until("]")
                self._expect(":")
                index = self._type()
            else:
                self._take("readonly")
                name = self._next().strip("'\"")
                may_miss = self._take("?")
                self._expect(":")
                members[name] = may_miss, self._type()
            self._take(";")
            self._take(",")
        # Nothing is known of what is declared as `{}`.
        return Object(members, index) if members else Object(index=index or Anything())

    def _skip_parameters(self) -> None:
        if self._take("<"):
            self._skip_until(">")

    def _skip_until(self, closing: str) -> None:
        while (word := self._next()) != closing:
            if word in CLOSING:
                self._skip_until(CLOSING[word])

    def _peek(self, ahead: int = 0) -> str:
        return self._tokens[self._at + ahead] if self._at + ahead < len(self._tokens) else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        assert self._take(word), f"{word} expected before {self._tokens[self._at : self._at + 8]}"
