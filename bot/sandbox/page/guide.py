"""What the page knows of the app beyond its manifest: its verbs, for completion, and what to try first."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a verb, with its line of help."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of the app's command.

    Attributes:
        group: The heading it stands under.
        usage: Its form, such as `tags <image> [--wide]`.
        summary: What it does, in a line.
        examples: Complete lines, with the command.
    """

    name: str
    group: str
    usage: str
    summary: str
    options: Sequence[Option] = ()
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """All of it.

    Attributes:
        tips: What to try first, complete lines.
    """

    verbs: Sequence[Verb] = ()
    tips: Sequence[str] = ()
