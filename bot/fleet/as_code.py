"""Rules for stale images in the configuration file: the table `[stale]`.

::

    [stale]
    days = 30                                                 # for tags that no rule fits; or "4w"
    rules = [
        { tag = "latest", age = "14d" },                      # in every namespace
        { tag = "pr-*", age = "7d", namespace = "acme" },
        { tag = "v*", age = "never" },
    ]
    bases = [{ image = "acme/api-*", base = "python:3.12" }]

With `rules` here, even with none, those that people set by command do not count, and none can be set; likewise `bases`.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.fleet.model import ImageName
from bot.fleet.rules import MOST_RULES, BaseRule, Configured, KeptRule, read_base
from bot.fleet.staleness import Rule, check_pattern, read_limit
from bot.images import check_namespace
from bot.words import quoted

_REPOSITORY_GLOB = re.compile(r"[a-z0-9._-]+/[a-z0-9._*?-]+", re.ASCII)


def check_repository_pattern(text: str) -> str:
    """Return a repository, or a pattern for some of a namespace, in lower case.

    Raises:
        ValueError: It is neither; the message is a sentence.
    """
    if not _REPOSITORY_GLOB.fullmatch(text.lower()):
        raise ValueError(f"{quoted(text)} is not a repository with its namespace, like `acme/api` or `acme/api-*`.")
    return text.lower()


def _read_age(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('an age is expected, like "7d", or "never"')  # noqa: TRY004 - pydantic wants this one.
    return read_limit(value)


def _read_days(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    age = read_limit(str(value)) if is_number or isinstance(value, str) else None
    if age is None:
        raise ValueError('a number of days is expected, like 30, or an age, like "4w"')
    return age


def _read_base(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('an image is expected, like "python:3.12"')  # noqa: TRY004 - pydantic wants this one.
    return read_base(value)


class TagRule(BaseModel):
    """One of `rules`.

    Attributes:
        tag: A tag, or a glob for tags.
        age: From which on they are stale; None: never.
        namespace: Where; None: everywhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: Annotated[str, AfterValidator(check_pattern)]
    age: Annotated[timedelta | None, BeforeValidator(_read_age)]
    namespace: Annotated[str | None, AfterValidator(lambda value: value and check_namespace(value))] = None


class ImageBase(BaseModel):
    """One of `bases`.

    Attributes:
        image: A repository, or a glob for some of a namespace.
        base: What they are built on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: Annotated[str, AfterValidator(check_repository_pattern)]
    base: Annotated[ImageName, BeforeValidator(_read_base)]


def _each_tag_once(rules: tuple[TagRule, ...] | None) -> tuple[TagRule, ...] | None:
    _refuse_doubled([(rule.tag, rule.namespace) for rule in rules or ()])
    return rules


def _each_image_once(bases: tuple[ImageBase, ...] | None) -> tuple[ImageBase, ...] | None:
    _refuse_doubled([(base.image, None) for base in bases or ()])
    return bases


def _refuse_doubled(subjects: Sequence[tuple[str, str | None]]) -> None:
    doubled = next((pattern for pattern, where in subjects if subjects.count((pattern, where)) > 1), None)
    if doubled:
        raise ValueError(f"{quoted(doubled)} is there twice: keep one")


class StaleTable(BaseModel):
    """`[stale]`: from when on images are stale, and what they are built on.

    Attributes:
        days: For tags that no rule fits; None: the default.
        rules: For tags; None: people set them by command.
        bases: What images are built on; None likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[timedelta | None, BeforeValidator(_read_days)] = None
    rules: Annotated[tuple[TagRule, ...] | None, Field(max_length=MOST_RULES), AfterValidator(_each_tag_once)] = None
    bases: Annotated[tuple[ImageBase, ...] | None, Field(max_length=MOST_RULES), AfterValidator(_each_image_once)] = (
        None
    )

    def configured(self) -> Configured:
        """Return what the table says."""
        rules, bases = self.rules, self.bases
        return Configured(
            default=self.days,
            rules=None if rules is None else [KeptRule(Rule(each.tag, each.age), each.namespace) for each in rules],
            bases=None if bases is None else [BaseRule(each.image, each.base) for each in bases],
        )
