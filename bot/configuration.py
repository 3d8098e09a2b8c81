"""The configuration file: policy, and what is kept as code rather than by commands.

::

    [thresholds]
    growth = "10%"

    [thresholds."acme/api"]
    growth_bytes = "50 MB"
    baseline = "1.0"

    [[subscriptions]]
    channel = "C0123456789"
    image = "acme/*"
    tag = ["v*"]

    [approvals]
    require = ["invite.owner", "delete-tags"]
    deadline = "24h"

    [protected]
    repositories = ["acme/prod-*"]

    [[builds]]
    repository = "acme/api"
    provider = "docker-hub"
    secret_file = "/run/secrets/api-trigger"

    [[digests]]
    channel = "C0123456789"
    at = "09:00"
    zone = "Europe/Berlin"

    [stale]
    rules = [{ tag = "pr-*", age = "7d" }, { tag = "v*", age = "never" }]

Each table is a model of the part of the bot that it is about; to add one, add its field to `Configuration`.
"""

import math
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.builds.as_code import BuildTables
from bot.digest.as_code import DigestTables
from bot.errors import ConfigError
from bot.fleet.as_code import StaleTable
from bot.governance.as_code import Approvals, Protected, policy_of
from bot.governance.policy import ApprovalPolicy
from bot.images import InvalidReferenceError, RepositoryName, check_tag
from bot.pushes.as_code import SubscriptionTables
from bot.pushes.growth import Thresholds as Limits
from bot.toml import read_toml
from bot.words import nearest, quoted

SOURCE = "The configuration file"
LARGEST_PERCENT = 10_000

_PERCENT = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)\s*%")
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(B|kB|MB|GB|TB)", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def read_size(value: Any) -> Any:
    """Read a number of bytes, or a text like `50 MB` (decimal units, as the bot writes them).

    Raises:
        ValueError: It is neither; the message is a sentence.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError("a size is expected, like `50 MB`, or a number of bytes")
    return math.floor(float(found[1]) * _UNITS[found[2].lower()])


def read_percent(value: Any) -> Any:
    """Read a number, or a text like `10%`.

    Raises:
        ValueError: It is neither; the message is a sentence.
    """
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    number = float(found[1]) if found else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= LARGEST_PERCENT:
        raise ValueError(f"a percentage is expected, like `10%` or 10, at most {LARGEST_PERCENT:,}")
    return float(number)


def _read_baseline(value: Any) -> Any:
    """Take a text for a tag unless it has a unit: `1.0` is a tag, `80 MB` a size."""
    if isinstance(value, str) and not _SIZE.fullmatch(value.strip()):
        try:
            return check_tag(value)
        except InvalidReferenceError as error:
            raise ValueError('a tag is expected, like "1.0", or a size, like "80 MB"') from error
    return read_size(value)


class Threshold(BaseModel):
    """From when on an image counts as grown too large.

    Attributes:
        growth_percent: By so many percent; where bytes are said too, both must be reached.
        growth_bytes: By so many bytes, likewise.
        baseline: What it is compared with beside the push before: a tag of the repository, or a size in bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    growth_percent: Annotated[float | None, BeforeValidator(read_percent)] = None
    growth_bytes: Annotated[int | None, BeforeValidator(read_size)] = None
    baseline: Annotated[str | int | None, BeforeValidator(_read_baseline)] = None
    growth: Annotated[
        str | None,
        Field(description="Short for one of the two: `10%` or `50 MB`.", exclude=True, repr=False),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, values: Any) -> Any:
        """Read `growth` as whichever of the two its unit says."""
        if not isinstance(values, dict) or "growth" not in values:
            return values
        rest = {name: value for name, value in values.items() if name != "growth"}
        written = values["growth"]
        text = written.strip() if isinstance(written, str) else ""
        name = "growth_percent" if _PERCENT.fullmatch(text) else "growth_bytes" if _SIZE.fullmatch(text) else ""
        if not name:
            raise ValueError('`growth` is expected to be like "10%" or "50 MB"')
        if name in rest:
            raise ValueError(f"`growth` and `{name}` say the same; keep one")
        return {**rest, name: written}


def _checked_repository(name: str) -> RepositoryName:
    if "/" not in name:
        raise ValueError(f"{quoted(name)} lacks the namespace, like `acme/api`")
    return RepositoryName.parse(name)


class Thresholds(Threshold):
    """From when on images count as grown too large: for all repositories, and for some otherwise.

    Attributes:
        repositories: What is different for one, by `namespace/name`.
    """

    repositories: dict[str, Threshold] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        """Gather the tables, each named after a repository."""
        if not isinstance(values, dict):
            return values
        tables = {name: value for name, value in values.items() if isinstance(value, dict)}
        own = {name: value for name, value in values.items() if name not in tables}
        unknown = sorted(own.keys() - Threshold.model_fields.keys())
        if unknown:
            likely = nearest(unknown[0], Threshold.model_fields)
            hint = f" Did you mean `{likely}`?" if likely else ""
            raise ValueError(f"{quoted(unknown[0])} is not known here.{hint}")
        return {**own, "repositories": {str(_checked_repository(name)): table for name, table in tables.items()}}

    def of(self, repository: RepositoryName) -> Limits:
        """Return what holds for a repository: what its own table says, and for the rest what is said for all."""
        own = self.repositories.get(str(repository))
        said = {**_said(self), **(_said(own) if own else {})}
        return Limits.configured(
            percent=said.get("growth_percent"), size_bytes=said.get("growth_bytes"), baseline=said.get("baseline")
        )


def _said(threshold: Threshold) -> dict[str, Any]:
    return {name: value for name, value in threshold.model_dump(exclude={"repositories"}).items() if value is not None}


class Configuration(BaseModel):
    """What the file says. An empty file is a good one.

    Attributes:
        subscriptions: What channels hear of; kept equal to this at every start.
        thresholds: From when on images count as grown too large.
        approvals: What somebody else has to approve.
        protected: Repositories and tags of which somebody else has to approve every change.
        builds: Who builds which repository.
        digests: Which channels have digests; kept equal to this at every start.
        stale: From when on images are stale, and what they are built on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriptions: SubscriptionTables = ()
    thresholds: Thresholds = Thresholds()
    approvals: Approvals = Approvals()
    protected: Protected = Protected()
    builds: BuildTables = ()
    digests: DigestTables = ()
    stale: StaleTable = StaleTable()

    @property
    def policy(self) -> ApprovalPolicy:
        """What somebody else has to approve."""
        return policy_of(self.approvals, self.protected)


def load(path: Path) -> Configuration:
    """Read the configuration file.

    Raises:
        ConfigError: It cannot be read, or with a sentence for each thing that is wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"HUB_BOT_CONFIG: the file cannot be read ({type(error).__name__})."]) from error
    return parse(text)


def parse(text: str) -> Configuration:
    """Read the text of a configuration file.

    Raises:
        ConfigError: With a sentence for each thing that is wrong.
    """
    return read_toml(text, Configuration, source=SOURCE)
