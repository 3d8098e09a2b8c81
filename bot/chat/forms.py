"""Asking for a text that does not fit on a line: by a form in Slack, from standard input in a terminal.

A command that lacks such a text raises `InputNeeded`. Whoever ran it asks the person, and runs the command again with
the text in its arguments; it is authorized again then, because that may be half an hour later.
"""

from dataclasses import dataclass
from typing import TypeVar

from bot.chat.command import Arguments
from bot.errors import UserError

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


@dataclass(frozen=True)
class Form:
    """One text to be asked for.

    Attributes:
        title: What it is about; at most 24 characters are shown.
        label: What is to be put in.
        field: The field of the command's arguments that the text goes into, exactly as it was typed.
        hint: More about it; may be empty.
        submit: What to press when it is put in; at most 24 characters are shown.
        is_multiline: Whether it may have more than one line.
    """

    title: str
    label: str
    field: str
    hint: str = ""
    submit: str = "Continue"
    is_multiline: bool = True

    def filled(self, arguments: A, text: str) -> A:
        """Return the arguments with the text in its place."""
        if self.field not in type(arguments).model_fields:
            raise ValueError(f"{type(arguments).__name__} has no field {self.field}")
        return arguments.model_copy(update={self.field: text})


class InputNeeded(UserError):  # noqa: N818 - It is a question; where nobody can ask it, it is a failure after all.
    """A command lacks a text.

    Args:
        form: How to ask for it.
    """

    reason = "input_needed"

    def __init__(self, form: Form) -> None:
        super().__init__("This takes a text that does not fit on a line, and there is no way to ask for it here.")
        self.form = form


def straightened(text: str) -> str:
    """Return the text with straight quotes and plain blanks, for a notation in which others mean nothing."""
    return text.translate(_STRAIGHT)
