"""`/hub limits`: how much of Docker Hub's rate limits is left.

A person gets the request budget of the API and the pull budget of the registry, each with when it starts again. Asking
costs one API request and no pull. Everybody in the workspace may use it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.lookup import credential_notes
from bot.document import UNKNOWN, Document, Facts, Line, Moment, Note, format_count, line, marked
from bot.errors import HubError
from bot.governance.roles import Role
from bot.images import OFFICIAL_NAMESPACE

TITLE = "Rate limits at Docker Hub"
UNLIMITED = "unlimited"
NOT_TOLD = "Docker Hub's answer names no limit."
_MINUTE = 60
_HOUR = 3_600


class LimitsArguments(Arguments):
    """Nothing to ask for."""


class Budget(BaseModel):
    """What is left of one limit.

    Attributes:
        credential: Whose requests or pulls are counted, in words.
        limit: How many in a window; None is unknown.
        remaining: How many are left; None is unknown.
        window_seconds: Length of the window; None is unknown.
        resets_at: When it starts again, UTC; None is unknown.
        is_unlimited: The service sets no limit for this credential.
        problem: Why nothing is known; empty when something is.
    """

    model_config = ConfigDict(frozen=True)

    credential: str = ""
    limit: int | None = None
    remaining: int | None = None
    window_seconds: int | None = None
    resets_at: datetime | None = None
    is_unlimited: bool = False
    problem: str = ""


class LimitsResult(Result):
    """Both budgets."""

    api: Budget
    pulls: Budget
    notes: tuple[str, ...] = ()


def parse(values: Mapping[str, Any]) -> LimitsArguments:
    """Make the arguments."""
    return LimitsArguments(**values)


def run(arguments: LimitsArguments, context: Context) -> LimitsResult:  # noqa: ARG001 - One form for every command.
    """Ask both services; one that does not answer does not hide the other."""
    api, pulls = _api_budget(context), _pull_budget(context)
    return LimitsResult(
        api=api,
        pulls=pulls,
        notes=credential_notes(context.default_namespace or OFFICIAL_NAMESPACE, context),
        is_negative=bool(api.problem and pulls.problem),
    )


def _api_budget(context: Context) -> Budget:
    try:
        seen = context.hub.rate_limits.get(context.default_namespace)
    except HubError as error:
        return Budget(problem=str(error))
    if seen is None:
        return Budget(problem=NOT_TOLD)
    return Budget(
        credential=seen.credential,
        limit=seen.limit.limit,
        remaining=seen.limit.remaining,
        window_seconds=_MINUTE,
        resets_at=seen.limit.resets_at,
    )


def _pull_budget(context: Context) -> Budget:
    try:
        told = context.hub.registry.pull_limit()
    except HubError as error:
        return Budget(problem=str(error))
    return Budget(
        credential=told.credential,
        limit=told.limit.limit,
        remaining=told.limit.remaining,
        window_seconds=told.limit.window_seconds,
        is_unlimited=told.limit.is_unlimited,
    )


def render(result: LimitsResult) -> Document:
    """Say what is left of each."""
    pairs: tuple[tuple[str, Line], ...] = (
        ("API requests", _written(result.api)),
        ("Image pulls", _written(result.pulls)),
    )
    return Document(TITLE, (Facts(pairs), *(Note(marked(note)) for note in result.notes)))


def _written(budget: Budget) -> Line:
    if budget.problem:
        return line(f"{UNKNOWN}: ", *marked(budget.problem))
    whose = f" ({budget.credential})"
    if budget.is_unlimited:
        return line(UNLIMITED, whose)
    left = f"{format_count(budget.remaining)} of {format_count(budget.limit)} left{_window(budget.window_seconds)}"
    reset = (", full again ", Moment(budget.resets_at)) if budget.resets_at else ()
    return line(left, *reset, whose)


def _window(seconds: int | None) -> str:
    names = {_MINUTE: "minute", _HOUR: "hour", 24 * _HOUR: "day"}
    if not seconds:
        return ""
    if seconds in names:
        return f" in a {names[seconds]}".replace("a hour", "an hour")
    hours, rest = divmod(seconds, _HOUR)
    return f" in {seconds} s" if rest else f" in {hours} hours"


COMMAND = Command(
    name="limits",
    group=Group.LOOK,
    summary="Show what is left of Docker Hub's rate limits",
    role=Role.MEMBER,
    parameters=(),
    parse=parse,
    run=run,
    render=render,
    examples=(("limits", "API requests and image pulls left"),),
    notes="Costs one API request and no pull.",
)
