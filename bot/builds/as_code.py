"""Build providers in the configuration file: the tables `[[builds]]`.

::

    [[builds]]
    repository = "acme/api"
    provider = "github"
    project = "acme/api"
    workflow = "build.yml"
    branch = "main"
    secret_file = "/run/secrets/github"     # or `secret`, if the file itself is kept like one

What the secret is depends on the provider, see `bot.builds.model.Setup`.
"""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from bot.ages import read_age
from bot.builds.model import Setup
from bot.errors import ConfigError
from bot.images import RepositoryName
from bot.words import quoted


def _checked_repository(name: str) -> str:
    if "/" not in name:
        raise ValueError(f"{quoted(name)} lacks the namespace, like `acme/api`")
    return str(RepositoryName.parse(name))


def _length(least: str, most: str) -> BeforeValidator:
    """Return what reads a length of time as a number of seconds."""

    def read(value: Any) -> float:
        if not isinstance(value, str):
            raise ValueError('a length of time is expected, like "30s"')  # noqa: TRY004 - pydantic wants this one.
        length = read_age(value)
        if not read_age(least) <= length <= read_age(most):
            raise ValueError(f'a length of time from "{least}" to "{most}" is expected')
        return length.total_seconds()

    return BeforeValidator(read)


class BuildTable(Setup):
    """One `[[builds]]`.

    Attributes:
        secret: The secret itself.
        secret_file: A file that holds it.
        timeout, stuck_after, cooldown: Lengths of time, like `"10s"`, instead of numbers of seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    repository: Annotated[str, AfterValidator(_checked_repository)]
    secret: SecretStr | None = Field(default=None, repr=False)
    secret_file: Path | None = None
    timeout_seconds: Annotated[float, _length("1s", "60s")] = Field(default=10.0, alias="timeout")
    stuck_after_seconds: Annotated[float, _length("1m", "24h")] = Field(default=1_800.0, alias="stuck_after")
    cooldown_seconds: Annotated[float, _length("0s", "1h")] = Field(default=60.0, alias="cooldown")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("`secret_file`, or `secret`, is expected, and not both")
        if self.secret is not None and not self.secret.get_secret_value().strip():
            raise ValueError("its secret is empty")
        return self

    def read(self) -> tuple[Setup, SecretStr]:
        """Return the set-up and its secret.

        Raises:
            ConfigError: The file with the secret cannot be read, or is empty.
        """
        values = self.model_dump(exclude={"secret", "secret_file"})
        return Setup.model_validate(values), self.secret or _read_secret(self.secret_file, self.repository)


def _read_secret(path: Path | None, repository: str) -> SecretStr:
    try:
        content = path.read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the file of its secret cannot be read ({type(error).__name__})"
        raise ConfigError([f"HUB_BOT_CONFIG: builds of `{repository}`: {problem}."]) from error
    if not content:
        raise ConfigError([f"HUB_BOT_CONFIG: builds of `{repository}`: the file of its secret is empty."])
    return SecretStr(content)


def _each_once(tables: tuple[BuildTable, ...]) -> tuple[BuildTable, ...]:
    names = [table.repository for table in tables]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise ValueError(f"{quoted(doubled)} is there twice: make it one table")
    return tables


BuildTables = Annotated[tuple[BuildTable, ...], AfterValidator(_each_once)]
