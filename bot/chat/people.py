"""Naming people and user groups of Slack in a command."""

import re
from typing import Any

import click

from bot.document import Inline, UserGroup
from bot.document import Person as Named
from bot.words import quoted

TERMINAL = "terminal:"
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]{1,30}", re.ASCII)
_GROUP_MARK = "!subteam^"
HOW_TO_NAME = (
    "pick the name from the list that Slack shows while you type, or write the id, like `U0123ABCD` (in a person's "
    "profile: ⋮, Copy member ID)"
)


class PersonType(click.ParamType[Any]):
    """A person of Slack, as their id; a mention comes in as one.

    Args:
        or_group: Whether it may also be a user group.
    """

    name = "person"

    def __init__(self, *, or_group: bool = False) -> None:
        self._or_group = or_group

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word; fail with the sentence that says what is wrong with it."""
        try:
            return read_person(str(value), or_group=self._or_group)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_person(word: str, *, or_group: bool = False) -> str:
    """Return the id of a person, or of a user group.

    Slack sends a mention as `<@U0123ABCD>` or `<!subteam^S0123ABCD>`, of which the parser leaves what is inside. A name
    that was typed and not picked comes as it was typed, and only Slack knows whose it is.

    Raises:
        ValueError: It is none; the message is a sentence.
    """
    name = word.removeprefix("@").removeprefix(_GROUP_MARK).partition("|")[0]
    if _PERSON.fullmatch(name) or (or_group and _GROUP.fullmatch(name)):
        return name
    if _GROUP.fullmatch(name):
        raise ValueError(f"{quoted(word)} is a user group, and a person is expected.")
    raise ValueError(f"I cannot tell who {quoted(word)} is: {HOW_TO_NAME}.")


def named(user_id: str) -> Inline:
    """Return an id of the audit trail or of a right as people read it: a person or user group by name.

    Args:
        user_id: A person's, a user group's, or `terminal:` and the name of a user of the machine.
    """
    if _PERSON.fullmatch(user_id):
        return Named(user_id)
    if user_id.startswith(TERMINAL):
        return f"{user_id.removeprefix(TERMINAL)} (terminal)"
    return UserGroup(user_id) if _GROUP.fullmatch(user_id) else user_id
