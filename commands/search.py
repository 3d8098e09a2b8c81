"""`/hub search <words>`: find images on Docker Hub.

A person gets the official mark, exact pull counts and stars. Everybody in the workspace may use it.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.chat.parameters import flag, limit_option
from bot.document import Code, Column, Count, Document, Inline, Note, Paragraph, Strong, Table, line
from bot.errors import UsageError
from bot.governance.roles import Role

DEFAULT_LIMIT = 10
LONGEST_QUERY = 200
LONGEST_DESCRIPTION = 80
OFFICIAL_MARK = "official"
EXAMPLE = "/hub search nginx"


class SearchArguments(Arguments):
    """What to look for.

    Attributes:
        official: Only official images.
        limit: How many at most.
    """

    query: str
    official: bool = False
    limit: int = DEFAULT_LIMIT


class Hit(BaseModel):
    """One image found; what is None is unknown."""

    model_config = ConfigDict(frozen=True)

    image: str
    is_official: bool | None = None
    pulls: int | None = None
    stars: int | None = None
    description: str | None = None


class SearchResult(Result):
    """The images found, in Docker Hub's own order of relevance.

    Attributes:
        total: How many Docker Hub says there are; None when it did not say, or when only official ones were kept.
        arguments: The question.
    """

    hits: tuple[Hit, ...]
    total: int | None
    arguments: SearchArguments = Field(exclude=True)


def parse(values: Mapping[str, Any]) -> SearchArguments:
    """Make the arguments.

    Raises:
        UsageError: Far too many words.
    """
    query = " ".join(values["words"])
    if len(query) > LONGEST_QUERY:
        raise UsageError(f"That is too long to search for: at most {LONGEST_QUERY} characters.", example=EXAMPLE)
    return SearchArguments(query=query, official=values["official"], limit=values["limit"] or DEFAULT_LIMIT)


def run(arguments: SearchArguments, context: Context) -> SearchResult:
    """Ask Docker Hub's search."""
    # Official images are few and come first: a page of a hundred holds those that match.
    listing = context.hub.search.list(arguments.query, limit=100 if arguments.official else arguments.limit)
    fitting = (found for found in listing if found.is_official or not arguments.official)
    hits = tuple(
        Hit(
            image=found.repo_name,
            is_official=found.is_official,
            pulls=found.pull_count,
            stars=found.star_count,
            description=found.short_description,
        )
        for found in islice(fitting, arguments.limit)
    )
    total = None if arguments.official else listing.total
    return SearchResult(hits=hits, total=total, arguments=arguments, is_negative=not hits)


def render(result: SearchResult) -> Document:
    """Say what was found, the most relevant first."""
    title = f"Search: {result.arguments.query}"
    if not result.hits:
        official = "official " if result.arguments.official else ""
        return Document(title, (Paragraph(line(f"Docker Hub finds no {official}image for that.")),))
    table = Table(title, _COLUMNS, tuple(_row(hit) for hit in result.hits))
    return Document(title, (table, Note(line(_footer(result)))))


_COLUMNS = (
    Column("Image"),
    Column("Official"),
    Column("Pulls", numeric=True),
    Column("Stars", numeric=True),
    Column("Description"),
)


def _row(hit: Hit) -> tuple[Inline, ...]:
    mark: Inline = Strong(OFFICIAL_MARK) if hit.is_official else "–"
    return (Code(hit.image), mark, Count(hit.pulls), Count(hit.stars), _short(hit.description))


def _short(description: str | None) -> str:
    folded = " ".join((description or "").split()) or "–"
    return folded if len(folded) <= LONGEST_DESCRIPTION else folded[: LONGEST_DESCRIPTION - 1] + "…"


def _footer(result: SearchResult) -> str:
    shown = len(result.hits)
    of_all = f" of {result.total:,}" if result.total and result.total > shown else ""
    return f"{shown:,}{of_all} found, the most relevant first."


COMMAND = Command(
    name="search",
    group=Group.LOOK,
    summary="Find images on Docker Hub",
    role=Role.MEMBER,
    parameters=(
        click.Argument(["words"], nargs=-1, required=True, metavar="words"),
        flag("official", "Only official images."),
        limit_option(DEFAULT_LIMIT),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(("search nginx", "images for a word"), ("search redis --official", "official ones only")),
)
