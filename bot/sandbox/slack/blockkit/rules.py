"""The small language in which the tables of this package are written: texts, numbers, lists, objects, choices by type.

Codes, wordings and the order of checks are those of the validator that Slack published and evidently runs: missing
fields end the look at an object, too many items the look at a list; what several fields must be together (a `Law`) is
asked only once each of them is right.
Source: slackhq/hack-json-schema, src/Exceptions.php, src/Constraints and src/Codegen/Constraints; the same wordings
appear in recorded answers of chat.postMessage, views.open and https://docs.slack.dev/reference/methods/blocks.validate.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from bot.sandbox.slack.unknowns import SlackUnknowns


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that Slack would not take.

    Attributes:
        pointer: Where, as an RFC 6901 pointer from the value that was given: `/0/text/text`.
        code: `missing_field`, `invalid_type` or `failed_constraint`.
        message: For people: `must be less than 3001 characters`.
        field: The name of a missing field, which the pointer cannot lead to.
        constraint: For `failed_constraint`: its `type`, and where known what was `expected` and what Slack `got`.
    """

    pointer: str
    code: str
    message: str
    field: str | None = None
    constraint: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Place:
    """Where in the value we are: a chain of keys and indexes, written out only when there is something to say."""

    parent: "Place | None" = None
    token: str | int = ""

    def __truediv__(self, token: str | int) -> "Place":
        return Place(self, token)

    @property
    def pointer(self) -> str:
        """The place as an RFC 6901 pointer; the value itself is the empty text."""
        tokens = []
        place = self
        while place.parent is not None:
            tokens.append(str(place.token).replace("~", "~0").replace("/", "~1"))
            place = place.parent
        return "".join(f"/{token}" for token in reversed(tokens))


@dataclass(slots=True)
class Inspection:
    """One look at one value: how the open questions stand, and what was found."""

    unknowns: SlackUnknowns
    problems: list[Problem] = field(default_factory=list)

    def wrong_type(self, at: Place, message: str) -> None:
        """Note a value of another kind than the one that Slack asks for."""
        self.problems.append(Problem(at.pointer, "invalid_type", message))

    def missing(self, at: Place, name: str) -> None:
        """Note an object without a field that it must have."""
        self.problems.append(Problem(at.pointer, "missing_field", f"missing required field: {name}", field=name))

    def failed(self, at: Place, message: str, **constraint: Any) -> None:
        """Note a value of the right kind that breaks a rule; the rest says which."""
        self.problems.append(Problem(at.pointer, "failed_constraint", message, constraint=constraint or None))

    def too_many(self, at: Place, allowed: int, got: int) -> None:
        """Note a list that is too long."""
        self.failed(at, f"no more than {allowed} items allowed", type="max_items", expected=allowed, got=got)

    def too_few(self, at: Place, needed: int, got: int) -> None:
        """Note a list that is too short."""
        self.failed(at, f"must provide at least {needed} items", type="min_items", expected=needed, got=got)

    def too_long(self, at: Place, allowed: int, got: int) -> None:
        """Note a text, or several together, of too many characters."""
        self.failed(at, f"must be less than {allowed + 1} characters", type="max_length", expected=allowed, got=got)

    def unsupported(self, at: Place, known: Sequence[str], got: str) -> None:
        """Note an object whose type has no business where it stands."""
        self.failed(at, f"unsupported type: {got}", type="enum", expected=list(known), got=got)


# Asked of an object whose every field is right, so it may read them without looking twice.
Law = Callable[[Mapping[str, Any], Place, Inspection], None]


class Rule(Protocol):
    """What a value must be."""

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like: the name and the wording that Slack uses, and the pattern."""

    message: str
    type: str
    expected: str
    pattern: re.Pattern[str]


def pattern(text: str) -> Form:
    """Return the form of texts that match a regular expression from end to end."""
    return Form(f"input must match regex pattern: {text}", "pattern", text, re.compile(text))


@dataclass(frozen=True, slots=True)
class Text:
    """A string, of so many characters (Unicode code points, as Slack counts), one of some values, or of a form."""

    minimum: int = 0
    maximum: int | None = None
    values: tuple[str, ...] = ()
    form: Form | None = None

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, str):
            inspection.wrong_type(at, "must provide a string")
        elif self.values and value not in self.values:
            inspection.failed(at, "must be a valid enum value", type="enum", expected=list(self.values), got=value)
        elif self.maximum is not None and len(value) > self.maximum:
            inspection.too_long(at, self.maximum, len(value))
        elif len(value) < self.minimum:
            message = f"must be more than {self.minimum - 1} characters"
            inspection.failed(at, message, type="min_length", expected=self.minimum, got=len(value))
        elif self.form and not self.form.pattern.fullmatch(value):
            inspection.failed(at, self.form.message, type=self.form.type, expected=self.form.expected, got=value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, bool):
            inspection.wrong_type(at, "must be a boolean")


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number within bounds; `above` is a bound that is itself too small."""

    minimum: int | None = None
    maximum: int | None = None
    above: int | None = None
    is_whole: bool = False

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not self._is_number(value):
            inspection.wrong_type(at, f"must provide {'an integer' if self.is_whole else 'a number'}")
        elif self.maximum is not None and value > self.maximum:
            message = f"must be less than or equal to {self.maximum}"
            inspection.failed(at, message, type="maximum", expected=self.maximum, got=value)
        elif self.minimum is not None and value < self.minimum:
            # Slack says "greater than" the smallest number that it takes.
            message = f"must be greater than {self.minimum}"
            inspection.failed(at, message, type="minimum", expected=self.minimum, got=value)
        elif self.above is not None and value <= self.above:
            message = f"must be greater than {self.above}"
            inspection.failed(at, message, type="minimum", expected=self.above, got=value)

    def _is_number(self, value: object) -> TypeGuard[float]:
        # True and False are integers to Python, and to nobody else.
        if isinstance(value, float):
            return not self.is_whole and math.isfinite(value)
        return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of so many items, each of which keeps the same rule."""

    of: Rule
    minimum: int = 0
    maximum: int | None = None

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, list):
            inspection.wrong_type(at, "must provide an array")
        elif self.maximum is not None and len(value) > self.maximum:
            inspection.too_many(at, self.maximum, len(value))
        elif len(value) < self.minimum:
            inspection.too_few(at, self.minimum, len(value))
        else:
            for index, item in enumerate(value):
                self.of.check(item, at / index, inspection)


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with these fields and no others.

    Attributes:
        type: The `type` that tells it from others in the same place; empty for an object that needs none.
        fields: All fields that it may have.
        required: Those that it must have.
        laws: What its fields must be together.
    """

    type: str
    fields: Mapping[str, Rule]
    required: frozenset[str]
    laws: tuple[Law, ...]

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, dict):
            inspection.wrong_type(at, "must provide an object")
            return
        if value.keys() >= self.required:
            self._check_fields(value, at, inspection)
            return
        for name in self.fields:
            if name in self.required and name not in value:
                inspection.missing(at, name)

    def _check_fields(self, value: dict[str, Any], at: Place, inspection: Inspection) -> None:
        before = len(inspection.problems)
        for name, item in value.items():
            rule = self.fields.get(name)
            if rule is None:
                message = f"invalid additional property: {name}"
                inspection.failed(at, message, type="additional_properties", got=name)
            else:
                rule.check(item, at / name, inspection)
        if len(inspection.problems) == before:
            for law in self.laws:
                law(value, at, inspection)


def shape(
    *,
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
    laws: Sequence[Law] = (),
) -> Shape:
    """Return the table of an object without a type."""
    required = required or {}
    return Shape("", {**required, **(optional or {})}, frozenset(required), tuple(laws))


def kind(
    name: str,
    *,
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
    laws: Sequence[Law] = (),
) -> Shape:
    """Return the table of an object whose `type` is its name."""
    required = {"type": Text(values=(name,)), **(required or {})}
    return Shape(name, {**required, **(optional or {})}, frozenset(required), tuple(laws))


class Kinds:
    """An object of one of several kinds, told apart by `type`."""

    __slots__ = ("by_type",)

    def __init__(self, *shapes: Shape) -> None:
        self.by_type: Mapping[str, Shape] = {each.type: each for each in shapes}

    def check(self, value: object, at: Place, inspection: Inspection) -> None:
        """Note what is wrong with the value, if anything."""
        if not isinstance(value, dict):
            inspection.wrong_type(at, "must provide an object")
        elif "type" not in value:
            inspection.missing(at, "type")
        elif not isinstance(value["type"], str):
            inspection.wrong_type(at / "type", "must provide a string")
        elif value["type"] not in self.by_type:
            inspection.unsupported(at / "type", tuple(self.by_type), value["type"])
        else:
            self.by_type[value["type"]].check(value, at, inspection)
