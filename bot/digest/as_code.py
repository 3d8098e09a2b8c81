"""Digests in the configuration file: the tables `[[digests]]`.

::

    [[digests]]
    channel = "C0123456789"
    at = "09:00"
    days = "mon-fri"                # every day, if not said
    zone = "Europe/Berlin"          # UTC, if not said
    namespaces = ["acme"]           # the default namespace, if neither these nor images are said
    images = ["python:3.12"]        # without a namespace, an official image
    only = ["stale", "cves"]        # everything, if not said
    name = "morning"
    outside = true                  # people of other organizations may read it; not, if not said

At every start the file's digests are made equal to it. They are changed there and nowhere else.
"""

import re
from collections.abc import Collection, Sequence
from datetime import time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bot.digest.knowledge import check_only
from bot.digest.rows import DEFAULT_NAME, Wanted, Wish, read_image
from bot.digest.schedule import Days, Schedule, check_zone, read_time
from bot.errors import ConfigError
from bot.fleet.model import Scope
from bot.images import check_namespace
from bot.pushes.as_code import checked_channel
from bot.words import quoted

MOST_NAMED = 100
"""Namespaces, or images, of one digest."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def check_name(text: str) -> str:
    """Return the name of a digest in lower case.

    Raises:
        ValueError: None can be called that; the message is a sentence.
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{quoted(text)} is not a name for a digest: letters, digits, `-` and `_`, like `{DEFAULT_NAME}`."
        )
    return name


def _listed(value: Any) -> Any:
    """Take one text for a list of one."""
    return [value] if isinstance(value, str) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text in quotes is expected")  # noqa: TRY004 - pydantic wants this one.
    return value


def _few(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_NAMED:
        raise ValueError(f"at most {MOST_NAMED} can be named")
    return tuple(dict.fromkeys(names))


class DigestTable(BaseModel):
    """One `[[digests]]`.

    Attributes:
        channel: A Slack channel's id.
        at: The local time.
        days: On which days of the week.
        zone: The time zone.
        namespaces: All repositories of these.
        images: And these images; without a tag, the one that stands for the repository.
        only: Which parts.
        name: What people call it by.
        outside: Whether people of other organizations may read it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    channel: Annotated[str, AfterValidator(checked_channel)]
    at: Annotated[time, BeforeValidator(lambda value: read_time(_text(value)))]
    days: Annotated[Days, BeforeValidator(lambda value: Days.parse(_text(value)))] = Days(frozenset(range(7)))
    zone: Annotated[str, AfterValidator(check_zone)] = "UTC"
    namespaces: Annotated[
        tuple[Annotated[str, AfterValidator(check_namespace)], ...], BeforeValidator(_listed), AfterValidator(_few)
    ] = ()
    images: Annotated[
        tuple[Annotated[str, AfterValidator(lambda text: str(read_image(text)))], ...],
        BeforeValidator(_listed),
        AfterValidator(_few),
    ] = ()
    only: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    name: Annotated[str, AfterValidator(check_name)] = DEFAULT_NAME
    outside: bool = False

    def wish(self, default_namespace: str | None) -> Wish:
        """Return what is asked for.

        Raises:
            ValueError: Of nothing; the message is a clause.
        """
        names = self.namespaces or (() if self.images or default_namespace is None else (default_namespace,))
        if not names and not self.images:
            raise ValueError("`namespaces` or `images` is expected, for there is no default namespace")
        scope = Scope(names, tuple(read_image(each) for each in self.images))
        schedule, wanted = Schedule(self.at, self.days, self.zone), Wanted(scope, frozenset(self.only))
        return Wish(self.channel, self.name, schedule, wanted, is_for_outside=self.outside)


def _each_once(tables: tuple[DigestTable, ...]) -> tuple[DigestTable, ...]:
    seen: set[tuple[str, str]] = set()
    for table in tables:
        if (table.channel, table.name) in seen:
            raise ValueError(
                f"channel {quoted(table.channel)} has a digest {quoted(table.name)} twice: give each a `name`"
            )
        seen.add((table.channel, table.name))
    return tables


DigestTables = Annotated[tuple[DigestTable, ...], AfterValidator(_each_once)]


def check_tables(
    tables: Sequence[DigestTable], keys: Collection[str], default_namespace: str | None
) -> tuple[Wish, ...]:
    """Return what the tables ask for.

    Args:
        tables: What the file says.
        keys: The parts there are.
        default_namespace: Of what, where that is not said.

    Raises:
        ConfigError: With a sentence for each thing that is wrong.
    """
    wishes: list[Wish] = []
    problems: list[str] = []
    for number, table in enumerate(tables, start=1):
        try:
            check_only(table.only, keys)
            wishes.append(table.wish(default_namespace))
        except ValueError as error:
            said = str(error)
            problems.append(f"[[digests]] no. {number}: {said if said.endswith(('.', '?')) else f'{said}.'}")
    if problems:
        raise ConfigError([f"HUB_BOT_CONFIG: {problem}" for problem in problems])
    return tuple(wishes)
