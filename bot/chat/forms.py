"""Asking for what does not fit on a line, or must not stand there: by a form in Slack, at the prompt of a terminal.

A command that lacks something raises `InputNeeded`. Whoever ran it asks the person, and runs the command again with
what was put in in its arguments; it is authorized again then, because that may be half an hour later.

What is put into a field of kind `SECRET` becomes a `SecretStr` and is kept nowhere: not with what waits for the form,
nor with what a button stands for. A command finds it in its arguments once, just after it was put in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from pydantic import SecretStr, ValidationError

from bot.chat.command import Arguments
from bot.errors import UsageError, UserError

NOTHING_TYPED = "There is nothing in it."
ONE_LINE = "This takes one line."
NO_CHOICE = "This is none of the choices."
# What the clients of Slack, and the keyboards of phones, make of straight quotes and plain blanks while one types.
_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("“”„‟", '"'),
        **dict.fromkeys("‘’‚‛", "'"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " "),
        "\ufeff": "",
    }
)

A = TypeVar("A", bound=Arguments)


class FieldKind(StrEnum):
    """How something is put in."""

    LINE = "line"
    """One line; blanks around it are dropped."""
    TEXT = "text"
    """Several lines, taken exactly as they were typed."""
    CHOICE = "choice"
    """One of some values."""
    SECRET = "secret"  # noqa: S105 - It is the name of a kind.
    """A line that is never shown again."""


@dataclass(frozen=True)
class Choice:
    """One of the values of a field.

    Attributes:
        value: As it goes into the arguments.
        label: What people see.
    """

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One thing to be asked for.

    Attributes:
        name: The field of the command's arguments that it goes into. Pydantic makes the field's type of the text.
        label: What is to be put in.
        hint: More about it; may be empty.
        kind: How it is put in.
        choices: What there is to choose from, for a field of that kind.
        initial: What stands there at first; for a choice, a value. A secret has none.
        is_optional: Whether it may be left empty; then the arguments get their own default.
    """

    name: str
    label: str
    hint: str = ""
    kind: FieldKind = FieldKind.LINE
    choices: tuple[Choice, ...] = ()
    initial: str = ""
    is_optional: bool = False

    def __post_init__(self) -> None:
        """Refuse what no form can show, and a secret that would be shown."""
        if (self.kind is FieldKind.CHOICE) != bool(self.choices):
            raise ValueError(f"{self.name}: a choice needs choices, and nothing else has any")
        if self.kind is FieldKind.SECRET and self.initial:
            raise ValueError(f"{self.name}: a secret is never shown")
        if self.choices and self.initial and not self._offers(self.initial):
            raise ValueError(f"{self.name}: {self.initial} is none of the choices")

    def problem(self, value: str) -> str:
        """Return what is wrong with what was put in, as far as the field knows; empty: nothing."""
        if not value.strip():
            return "" if self.is_optional else NOTHING_TYPED
        if self.kind is FieldKind.CHOICE:
            return "" if self._offers(value) else NO_CHOICE
        return ONE_LINE if self.kind is not FieldKind.TEXT and len(value.strip().splitlines()) > 1 else ""

    def taken(self, value: str) -> str | SecretStr:
        """Return what goes into the arguments."""
        if self.kind is FieldKind.TEXT:
            return value
        return SecretStr(value.strip()) if self.kind is FieldKind.SECRET else value.strip()

    def showing(self, value: str) -> "Field":
        """Return the field with what was put in before, unless nobody may see that or could choose it."""
        is_shown = self.kind is not FieldKind.SECRET and (not self.choices or self._offers(value))
        return replace(self, initial=value) if is_shown else self

    def _offers(self, value: str) -> bool:
        return any(choice.value == value.strip() for choice in self.choices)


@dataclass(frozen=True)
class Form:
    """Some things to be asked for together.

    Attributes:
        title: What it is about; at most 24 characters are shown.
        fields: What is asked for, in this order.
        submit: What to press when it is put in; at most 24 characters are shown.
    """

    title: str
    fields: tuple[Field, ...]
    submit: str = "Continue"

    def filled(self, arguments: A, values: Mapping[str, str]) -> A:
        """Return the arguments with what was put in.

        Args:
            arguments: Of the command that asked.
            values: What was put in, by field, as it was typed; what is missing counts as empty. What no field asks for
                is left out.

        Raises:
            FormProblemsError: Something of it cannot be taken.
        """
        model = type(arguments)
        problems: dict[str, str] = {}
        given = {name: getattr(arguments, name) for name in model.model_fields}
        for field in self.fields:
            if field.name not in model.model_fields:
                raise ValueError(f"{model.__name__} has no field {field.name}")
            value = values.get(field.name, "")
            if problem := field.problem(value):
                problems[field.name] = problem
            elif value.strip():
                given[field.name] = field.taken(value)
            else:
                given[field.name] = model.model_fields[field.name].get_default(call_default_factory=True)
        if problems:
            raise FormProblemsError(problems)
        try:
            return model.model_validate(given)
        except ValidationError as error:  # The cause would repeat what was put in.
            raise FormProblemsError(dict(self._problems(error))) from None

    def again(self, values: Mapping[str, str]) -> "Form":
        """Return the form with what was put in already, to be mended; a secret has to be put in again."""
        fields = [field.showing(values[field.name]) if field.name in values else field for field in self.fields]
        return replace(self, fields=tuple(fields))

    def sentences(self, problems: Mapping[str, str]) -> list[str]:
        """Return what is wrong, where it cannot be said beside the fields: each with the field's label."""
        labels = {field.name: field.label for field in self.fields}
        return [f"{labels.get(name, name)}: {problem}" for name, problem in problems.items()]

    def _problems(self, error: ValidationError) -> Iterator[tuple[str, str]]:
        """Yield what pydantic says of each field; what it says of all together stands beside the first."""
        names = [field.name for field in self.fields]
        for each in reversed(error.errors(include_url=False, include_context=False, include_input=False)):
            name = str(each["loc"][0]) if each["loc"] else ""
            said = each["msg"].removeprefix("Value error, ").rstrip(".")
            yield name if name in names else names[0], f"{said[:1].upper()}{said[1:]}."


class FormProblemsError(UsageError):
    """What was put into a form cannot be taken.

    Args:
        problems: A sentence for each field that has to be mended, by its name. Never what was put in.
    """

    reason = "form"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(problems.values())))
        self.problems = dict(problems)


class InputNeeded(UserError):  # noqa: N818 - It is a question; where nobody can ask it, it is a failure after all.
    """A command lacks something.

    Args:
        form: How to ask for it.
        problems: What was wrong with what was put in before, by field: a command that found out only now asks once
            more. `form` holds then what was put in, see `Form.again`.
    """

    reason = "input_needed"

    def __init__(self, form: Form, problems: Mapping[str, str] | None = None) -> None:
        super().__init__("This takes more than fits on a line, and there is no way to ask for it here.")
        self.form = form
        self.problems = dict(problems or {})


def straightened(text: str) -> str:
    """Return the text with straight quotes and plain blanks, for a notation in which others mean nothing."""
    return text.translate(_STRAIGHT)
