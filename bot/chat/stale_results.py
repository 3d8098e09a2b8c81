"""What `stale` found: the facts of each image, and the counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.chat.command import Result

Sort = Literal["age", "pulled", "size", "name"]
SORT_WORDS: Mapping[Sort, str] = {
    "age": "oldest first",
    "pulled": "longest without a pull first",
    "size": "largest first",
    "name": "by name",
}


class BaseFacts(BaseModel):
    """What an image is built on.

    Attributes:
        image: The base: `python:3.12`.
        pushed_at: When that was last pushed (UTC).
        days_later: So many days after the image itself.
        is_said: Whether a rule says that it is the base; else the image itself does.
    """

    model_config = ConfigDict(frozen=True)

    image: str
    pushed_at: datetime
    days_later: float
    is_said: bool = False


class ImageFacts(BaseModel):
    """An image, and how old it is. What is None is unknown.

    Attributes:
        repository: As people write it: `acme/api`, `python`.
        tag: None: all of the repository is meant, by its newest push.
        pushed_at: UTC.
        age_days: Whole days since then.
        pulled_at: UTC.
        read_at: As of when all this is (UTC).
        size_bytes: Compressed, of the largest platform; where there is no tag, what the whole repository takes.
        limit_days: From which age on it is stale.
        rule: The pattern of the rule that says so; None: none does.
        stale_at: Since when it is stale, or from when on it will be (UTC).
        unknown: What nobody knows, so that it cannot be told; empty: it could be.
        base: What it is built on, where that was rebuilt since.
        suggestion: What to do; empty: nothing that the bot could.
    """

    model_config = ConfigDict(frozen=True)

    repository: str
    tag: str | None = None
    pushed_at: datetime | None = None
    age_days: int | None = None
    pulled_at: datetime | None = None
    read_at: datetime | None = None
    size_bytes: int | None = None
    limit_days: float | None = None
    rule: str | None = None
    stale_at: datetime | None = None
    unknown: Literal["", "pushed_at", "pulled_at"] = ""
    base: BaseFacts | None = None
    suggestion: str = ""

    @property
    def name(self) -> str:
        """The image as people write it."""
        return f"{self.repository}:{self.tag}" if self.tag else self.repository


class MissedFacts(BaseModel):
    """Something that could not be looked at.

    Attributes:
        subject: What.
        why: A clause.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    why: str


class Counts(BaseModel):
    """How many images were found to be what.

    Attributes:
        looked_at: In all.
        stale: Older than their limit.
        fresh: Not.
        unknown: Cannot be told.
        exempt: Never stale, by rule.
        pulled: Older than their limit, and pulled since; only with `--not-pulled`.
        empty: Repositories that hold nothing of what was asked for.
    """

    model_config = ConfigDict(frozen=True)

    looked_at: int
    stale: int = 0
    fresh: int = 0
    unknown: int = 0
    exempt: int = 0
    pulled: int = 0
    empty: int = 0


class StaleResult(Result):
    """What is stale.

    Attributes:
        subject: What was looked at, in a few words; empty: too many things to name.
        looked_at: When (UTC).
        images: What is stale, all of it, in the order asked for.
        rebuilt: What is fresh, and built on a base that was rebuilt since.
        unknown: What cannot be told.
        unchecked: What could not be looked at.
        bases_unchecked: Bases that could not be looked at, and images whose base could not be found out.
        is_partial: Whether anything of the images themselves could not.
        retry_at: When to come back for it (UTC); None: nobody knows.
        notes: What else there is to say.
        sort: The order.
        shown: How many are shown at first; None: all.
        is_table: Whether all rows go into the table, which is paged, and into a file: in Slack.
    """

    subject: str
    looked_at: datetime
    counts: Counts
    images: tuple[ImageFacts, ...] = ()
    rebuilt: tuple[ImageFacts, ...] = ()
    unknown: tuple[ImageFacts, ...] = ()
    unchecked: tuple[MissedFacts, ...] = ()
    bases_unchecked: tuple[MissedFacts, ...] = ()
    is_partial: bool = False
    retry_at: datetime | None = None
    notes: tuple[str, ...] = ()
    sort: Sort = Field(default="age", exclude=True)
    shown: int | None = Field(default=None, exclude=True)
    is_table: bool = Field(default=False, exclude=True)
