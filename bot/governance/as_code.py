"""Policy in the configuration file: the tables `[approvals]` and `[protected]`."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bot.ages import read_age
from bot.governance.policy import ACTIONS, DEFAULT_DEADLINE, DEFAULT_REQUIRED, ApprovalPolicy
from bot.words import nearest, quoted

SHORTEST_DEADLINE, LONGEST_DEADLINE = timedelta(minutes=1), timedelta(days=30)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}", re.ASCII)
_REPOSITORY_GLOB = re.compile(r"[a-z0-9._*?-]+/[a-z0-9._*?-]+", re.ASCII)
_TAG_GLOB = re.compile(r"[A-Za-z0-9._*?-]{1,128}", re.ASCII)


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _checked_action(action: str) -> str:
    if action not in ACTIONS:
        likely = nearest(action, ACTIONS)
        hint = f" Did you mean `{likely}`?" if likely else ""
        raise ValueError(f"{quoted(action)} is no action that can need approval.{hint}")
    return action


def _checked_channel(channel: str) -> str:
    if not _CHANNEL.fullmatch(channel):
        raise ValueError(f"{quoted(channel)} is not a channel's id, like `C0123456789`.")
    return channel


def _checked_repository(glob: str) -> str:
    if not _REPOSITORY_GLOB.fullmatch(glob.lower()):
        raise ValueError(f"{quoted(glob)} is not a repository with its namespace, like `acme/prod-*`.")
    return glob.lower()


def _checked_tag(glob: str) -> str:
    if not _TAG_GLOB.fullmatch(glob):
        raise ValueError(f"{quoted(glob)} is not a tag, nor a pattern for tags, like `v*`.")
    return glob


def _read_deadline(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError('a length of time is expected, like "24h"')  # noqa: TRY004 - pydantic wants this one.
    deadline = read_age(value)
    if not SHORTEST_DEADLINE <= deadline <= LONGEST_DEADLINE:
        raise ValueError('a length of time from "1m" to "30d" is expected')
    return deadline


Globs = tuple[Annotated[str, AfterValidator(_checked_repository)], ...]
TagGlobs = tuple[Annotated[str, AfterValidator(_checked_tag)], ...]


class Approvals(BaseModel):
    """`[approvals]`: what somebody else has to approve.

    Attributes:
        require: Actions; what lies below one is meant too. An empty list: none.
        deadline: How long a request waits.
        channel: The channel in which admins are asked; None: each gets a direct message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    require: Annotated[tuple[Annotated[str, AfterValidator(_checked_action)], ...], BeforeValidator(_listed)] = (
        DEFAULT_REQUIRED
    )
    deadline: Annotated[timedelta, BeforeValidator(_read_deadline)] = DEFAULT_DEADLINE
    channel: Annotated[str | None, AfterValidator(lambda value: value and _checked_channel(value))] = None


class Protected(BaseModel):
    """`[protected]`: repositories and tags of which somebody else has to approve every change.

    Attributes:
        repositories: Globs for `namespace/name`.
        tags: Globs for tags.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repositories: Annotated[Globs, BeforeValidator(_listed)] = ()
    tags: Annotated[TagGlobs, BeforeValidator(_listed)] = ()


def policy_of(approvals: Approvals, protected: Protected) -> ApprovalPolicy:
    """Return what the two tables say together."""
    return ApprovalPolicy(
        required=approvals.require,
        repositories=protected.repositories,
        tags=protected.tags,
        deadline=approvals.deadline,
        channel=approvals.channel,
    )
