"""Every message that any command can send, with the most hostile words Docker Hub could tell, is one Slack takes."""

import dataclasses
import re
import types
from datetime import UTC, date, datetime, time, timedelta
from enum import EnumMeta
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, JsonValue, SecretStr

from bot.chat.command import AnyCommand
from bot.chat.failures import describe_failure
from bot.chat.tag_facts import TagFacts
from bot.digest.part import Weight
from bot.digest.report import Going, Missed, Report, Section, Stands, Told
from bot.digest.wording import DigestFacts
from bot.document import Code, Column, Document
from bot.errors import NotFoundError, UsageError
from bot.governance.roles import Role
from bot.images import ImageReference
from bot.slack.render import render
from commands import COMMANDS, tags
from commands.digest import DigestResult
from tests.support.blockkit import assert_valid_message, parsed_texts
from tests.support.desk import Desk

HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U0ANA>",
    "<https://evil.example|click>",
    "*bold* _it_ ~no~ `code` ```block```",
    "&lt;!channel&gt;",
    "\u202eright to left\u202c",
    "\x00\x1b[31m\r\n",
    "x" * 255,
    "",
    "ü" * 4_000,
    "=cmd()",
]
LIVE_MENTION = re.compile(r"<(?:!(?!date\^)|@|#|https?://(?!hub\.docker\.com/))")

# Without shrinking: a message is checked against a large schema, and hundreds of smaller failures take minutes.
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

CHECKED = {"at": "09:00", "days": "mon-fri", "zone": "Europe/Berlin"}
"""What is read before it is kept, and so is never anything else."""

words = st.sampled_from(HOSTILE) | st.text(max_size=40)
times = st.datetimes(datetime(2013, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Bounds.


def any_value(annotation: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - One for each kind of type.
    """Return values of a field's type: hostile words, missing facts, huge numbers."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return st.one_of(*(any_value(each) for each in inner))
    if origin is dict:
        return st.dictionaries(any_value(inner[0]), any_value(inner[1]), max_size=3)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        hints = get_type_hints(annotation)
        return st.builds(annotation, **{name: any_value(hints[name]) for name in annotation.__dataclass_fields__})
    if origin is tuple:
        return st.lists(any_value(inner[0]), max_size=4).map(tuple)
    if annotation is Role:
        return st.sampled_from((Role.OPERATOR, Role.ADMIN))  # The rest is nobody's right.
    choices = inner if origin is Literal else tuple(annotation) if isinstance(annotation, EnumMeta) else ()
    if choices:
        return st.sampled_from(choices)
    if annotation is Report:
        return reports()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any_model(annotation)
    if origin is Annotated:
        return any_value(inner[0])
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: words,
        int: st.integers(-1, 2**63),
        float: st.floats(0, 1e9),
        bool: st.booleans(),
        timedelta: st.timedeltas(timedelta(0), timedelta(days=400)),
        JsonValue: st.none() | words | st.lists(words, max_size=2),
        datetime: times,
        AwareDatetime: times,
        date: times.map(datetime.date),
        time: times.map(datetime.time),
        type(None): st.none(),
        SecretStr: words.map(SecretStr),
        ImageReference: st.just(ImageReference("api", "acme")),
    }
    return simple[annotation]


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Return what a digest says: rows that fit their columns, and a value for each day."""
    lines = st.lists(words | words.map(Code), min_size=1, max_size=3).map(tuple)
    columns = tuple(Column(f"Column {number}") for number in range(draw(st.integers(1, 3))))
    rows = st.lists(st.tuples(*[words] * len(columns)), max_size=3).map(tuple)
    stands = st.builds(Stands, summary=words, columns=st.just(columns), rows=rows)
    told = st.builds(Told, line=lines, weight=st.sampled_from(Weight))
    sections = st.builds(
        Section, key=words, title=words, news=st.lists(told, max_size=3).map(tuple), standing=st.none() | stands
    )
    days = draw(st.lists(times.map(datetime.date), unique=True, max_size=4).map(sorted))
    values = st.lists(st.none() | st.integers(0, 2**40), min_size=len(days), max_size=len(days)).map(tuple)
    return Report(
        at=draw(times),
        since=draw(st.none() | times),
        sections=draw(st.lists(sections, max_size=3).map(tuple)),
        missed=draw(st.lists(any_model(Missed), max_size=2).map(tuple)),
        days=tuple(days),
        trend=draw(st.lists(st.builds(Going, name=words, values=values), max_size=2).map(tuple)),
        count=draw(st.integers(0, 1_000)),
    )


def any_model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return instances of a model with any values in all of its fields."""
    fields = {name: any_value(field.annotation) for name, field in model.model_fields.items()}
    fields |= {
        name: st.none() | st.integers(0, 4_000) for name in fields if name.endswith("_days")
    }  # As `read_age` reads.
    if model is DigestFacts:
        fields |= {name: st.just(value) for name, value in CHECKED.items()}
    if model is DigestResult:
        fields["digests"] = st.tuples(any_model(DigestFacts))  # What is done is done to one.
    return st.fixed_dictionaries(fields).map(lambda values: model.model_construct(**values))


def assert_inert(document: Document) -> None:
    message = render(document)

    assert_valid_message(message)
    assert not [text for text in parsed_texts(message) if LIVE_MENTION.search(text)]


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.name != "help"], ids=lambda each: each.name)
@given(data=st.data())
@SETTINGS
def test_whatever_docker_hub_tells_the_message_is_valid_and_inert(command: AnyCommand, data: st.DataObject) -> None:
    result = data.draw(any_value(get_type_hints(command.run)["return"]))

    assert_inert(command.render(result))


@pytest.mark.parametrize("line", ["help", *(f"help {command.name}" for command in COMMANDS)])
def test_help_is_valid(desk: Desk, line: str) -> None:
    assert_inert(desk.ask(line).document)


@given(words, words)
@SETTINGS
def test_failures_are_valid_and_inert(typed: str, told: str) -> None:
    assert_inert(describe_failure(UsageError(f"There is no `{typed}`.", suggestion=typed, example=typed)))
    assert_inert(describe_failure(NotFoundError(typed, credential="the PAT of ana", detail=told)))


@pytest.mark.parametrize("rows", [0, 1, 199, 200, 201, 2_000])
def test_any_number_of_tags_fits_one_message(rows: int) -> None:
    facts = tuple(TagFacts(name=f"{number}-" + "y" * 120, digest="sha256:" + "0" * 64) for number in range(rows))
    arguments = tags.TagsArguments(image=ImageReference("api", "acme"), wide=True)

    assert_inert(
        tags.render(tags.TagsResult(repository="acme/api", tags=facts, total=rows, notes=(), arguments=arguments))
    )
