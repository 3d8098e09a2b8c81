"""`/hub builds <image>`: the last builds of a repository, from whoever builds it, and those that were asked for here.

A person gets state, tag, branch, commit, time, duration and log of the ten newest. Everybody in the workspace may use
it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.builds.build_rows import FollowedBuild
from bot.builds.card import commit_cell, duration, further_word
from bot.builds.history import History, KnownBuild
from bot.builds.model import ProviderKind, Ref
from bot.builds.progress import Progress, Verdict
from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.lookup import find_repository, notes_on
from bot.chat.parameters import image_argument, limit_option
from bot.document import Code, Column, Document, Inline, Link, Moment, Note, Paragraph, Table, marked
from bot.errors import UsageError, UserError
from bot.governance.roles import Role
from bot.images import ImageReference

DEFAULT_LIMIT = 10
NOTHING = "–"
NO_DATABASE = "Nothing is known of builds here: there is no database."
NOT_SHOWN = "{provider} does not show builds: these are those that were asked for here."
ONLY_HERE = "Marked with *: asked for here, and not shown by {provider}."
PROBABLY = ", probably"
_VERDICTS: Mapping[Verdict | None, str] = {Verdict.STUCK: ", stuck", Verdict.DROPPED: ", dropped"}


class BuildsArguments(Arguments):
    """Which builds to show.

    Attributes:
        image: The repository; without tag and digest.
        state: Only those that are as far as this; None is every one.
        limit: How many at most.
    """

    image: ImageReference
    state: Progress | None = None
    limit: int = DEFAULT_LIMIT


class BuildFacts(BaseModel):
    """One build. Whatever is None is not known.

    Attributes:
        id: The provider's, else ours.
        state: `queued`, `building`, `success`, `failed`, `canceled`, `unknown`; of those asked for here also
            `requested` and `refused`.
        detail: The provider's own word for it.
        verdict: `stuck` or `dropped`; None: nothing is to be said of how it goes.
        is_seen_by_tag: Whether it is known from its tag alone, which was pushed when it ended, that it was built.
        tag: The Docker tag that it makes.
        ref: The branch or Git tag that it is made from.
        commit: The Git commit.
        at: When it was asked for, or began (UTC).
        started_at, ended_at: UTC.
        seconds: How long it took.
        log_url: Its log.
        asked_by: The Slack user id of who asked for it here; None: nobody did.
        is_shown: Whether its provider shows it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    state: str
    detail: str = ""
    verdict: Verdict | None = None
    is_seen_by_tag: bool = False
    tag: str | None = None
    ref: str | None = None
    commit: str | None = None
    at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    log_url: str | None = None
    asked_by: str | None = None
    is_shown: bool = True

    @classmethod
    def of(cls, known: KnownBuild) -> Self:
        """Return the facts of a build."""
        facts: dict[str, Any] = {"id": known.id, "state": known.state, "verdict": known.verdict, "at": known.at}
        if known.ours is not None:
            facts |= _followed(known.ours, is_shown=known.build is not None)
        if known.build is not None:
            shown = known.build.model_dump(exclude={"id", "state", "asked_at"}, exclude_none=True)
            facts |= {**shown, "seconds": known.build.seconds}
        return cls(**facts)


def _followed(build: FollowedBuild, *, is_shown: bool) -> dict[str, Any]:
    """Return what we know of a build ourselves; of one that is shown, what its provider may leave out."""
    run = build.run
    tag = run.tag or (build.order.name if build.order.ref is Ref.DOCKER_TAG else None)
    facts = {"tag": tag, "ref": run.ref, "commit": run.commit, "asked_by": build.asked_by, "is_shown": is_shown}
    if is_shown:
        return facts
    own = run.model_dump(include={"detail", "started_at", "ended_at", "log_url", "is_seen_by_tag"})
    return {**facts, **own, "seconds": run.seconds(build.asked_at)}


class BuildsResult(Result):
    """The builds found.

    Attributes:
        repository: `namespace/name`.
        provider: Who was asked.
        is_shown: Whether they show builds at all.
        builds: Newest first.
        problems: What could not be read, and why.
        notes: What else there is to say.
        arguments: The question.
    """

    repository: str
    provider: ProviderKind
    is_shown: bool
    builds: tuple[BuildFacts, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    arguments: BuildsArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> BuildsArguments:
    """Make the arguments.

    Raises:
        UsageError: A tag or digest was named.
    """
    image: ImageReference = values["image"]
    bare = ImageReference(image.name, image.namespace)
    if image.tag or image.digest:
        raise UsageError(
            f"`builds` lists a whole repository, and `{image}` is one image.",
            suggestion=f"/hub builds {bare}",
            example="/hub builds acme/api --state failed",
        )
    state = Progress(values["state"]) if values["state"] else None
    return BuildsArguments(image=bare, state=state, limit=values["limit"] or DEFAULT_LIMIT)


def run(arguments: BuildsArguments, context: Context) -> BuildsResult:
    """Ask whoever builds it, and look at what was asked for here."""
    if context.builds is None:
        raise UserError(NO_DATABASE)
    found = find_repository(arguments.image, context)
    states = None if arguments.state is None else (arguments.state,)
    history: History = context.builds.history(str(found.name), most=arguments.limit, states=states)
    return BuildsResult(
        repository=str(found.name),
        provider=history.setup.provider,
        is_shown=history.is_shown,
        builds=tuple(BuildFacts.of(each) for each in history.builds),
        problems=history.problems,
        notes=notes_on(found, context),
        is_negative=bool(history.problems) and not history.builds,
        arguments=arguments,
    )


def render(result: BuildsResult) -> Document:
    """Say which builds there are, who says so, and what could not be known."""
    title = f"Builds of {result.repository}"
    notes = tuple(Note(marked(note)) for note in (*result.problems, *result.notes))
    if not result.builds:
        return Document(title, (Paragraph(marked(_nothing(result))), *notes))
    cells = [_cells(each, result) for each in result.builds]
    # Some providers know tags, others branches.
    names = [name for name in cells[0] if name not in {"Tag", "From"} or any(row[name] != NOTHING for row in cells)]
    rows = tuple(tuple(row[name] for name in names) for row in cells)
    table = Table(title, tuple(Column(name) for name in names), rows)
    return Document(title, (table, Note(marked(_source(result))), *notes))


def _cells(build: BuildFacts, result: BuildsResult) -> dict[str, Inline]:
    return {
        "State": _state(build, is_marked=result.is_shown and not build.is_shown),
        "Tag": Code(build.tag) if build.tag else NOTHING,
        "From": Code(build.ref) if build.ref else NOTHING,
        "Commit": commit_cell(build.commit) if build.commit else NOTHING,
        "When": Moment(build.at),
        "Took": duration(build.seconds) if build.seconds is not None else NOTHING,
        "Log": Link("open", build.log_url) if build.log_url else NOTHING,
    }


def _state(build: BuildFacts, *, is_marked: bool) -> str:
    detail = further_word(build.state, build.detail)
    verdict = PROBABLY if build.is_seen_by_tag else _VERDICTS.get(build.verdict, "")
    return f"{build.state}{verdict}{f' ({detail})' if detail else ''}{' *' if is_marked else ''}"


def _source(result: BuildsResult) -> str:
    provider, count = result.provider.label, len(result.builds)
    which = f"{result.arguments.state} build" if result.arguments.state else "build"
    said = f"{count} {which}{'' if count == 1 else 's'}, newest first."
    if not result.is_shown:
        return said if result.problems else f"{said} {NOT_SHOWN.format(provider=provider)}"
    only_here = ONLY_HERE.format(provider=provider) if not all(each.is_shown for each in result.builds) else ""
    return " ".join(part for part in (said, f"From {provider}.", only_here) if part)


def _nothing(result: BuildsResult) -> str:
    if result.problems:
        return f"Nothing is known of builds of `{result.repository}` just now."
    if result.arguments.state:
        return f"No build of `{result.repository}` that is known is `{result.arguments.state}`."
    provider = result.provider.label
    shows = f"{provider} shows none" if result.is_shown else f"{provider} does not show builds"
    return (
        f"No builds of `{result.repository}` are known: {shows}, and none was asked for here. "
        f"`/hub trigger {result.repository}` asks for one; `/hub trigger setup {result.repository}` says who builds it."
    )


COMMAND = Command(
    name="builds",
    group=Group.LOOK,
    summary="List a repository's last builds: state, commit, duration, log",
    role=Role.MEMBER,
    parameters=(
        image_argument(),
        click.Option(
            ["--state"],
            type=click.Choice([each.value for each in Progress], case_sensitive=False),
            metavar="STATE",
            help="Only builds in this state, like failed or building.",
        ),
        limit_option(DEFAULT_LIMIT),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("builds acme/api", "the 10 last builds"),
        ("builds acme/api --state failed --limit 3", "the 3 that failed last"),
    ),
    notes="To hear of builds that fail: `subscribe acme/api --builds failed`.",
    uses_store=True,
)
