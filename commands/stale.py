"""`/hub stale`: which images are older than they should be, and what to do about it.

A person gets the oldest images with age, last pull and size, and those whose base was rebuilt since, and is told what
cannot be known and what could not be looked at. Everybody may look; operators set the rules (`/hub stale rules`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar

import click

from bot.chat import image_targets, stale_rules
from bot.chat.command import Arguments, Command, Context, Group
from bot.chat.image_targets import Chosen, Target
from bot.chat.parameters import AgeType, NamespaceType, choice, flag, limit_option, row_limit
from bot.chat.stale_answer import answer_of
from bot.chat.stale_results import SORT_WORDS, Sort, StaleResult
from bot.chat.stale_rules import RulesResult, render_rules
from bot.chat.stale_shown import render_images
from bot.document import Document
from bot.errors import UsageError
from bot.fleet.as_code import check_repository_pattern
from bot.fleet.looking import Looked, Question, StaleImages
from bot.fleet.rules import read_base
from bot.fleet.staleness import check_pattern, read_limit
from bot.governance.roles import Role
from bot.images import InvalidReferenceError
from bot.words import nearest, quoted

DEFAULT_LIMIT = 20
EXAMPLE = "/hub stale acme/api --days 30"
RULES_EXAMPLE = "/hub stale rules add 'pr-*' 7d"
BASE_EXAMPLE = "/hub stale rules base 'acme/api' python:3.12"
PULLED_EXAMPLE = "/hub stale --not-pulled 90d"

Action = Literal["look", "rules", "add", "remove", "base"]
T = TypeVar("T")
_CHANGES: Mapping[str, Action] = {"add": "add", "remove": "remove", "base": "base"}
_OF_LOOKING = ("days", "tag", "all_tags", "not_pulled", "limit", "all", "check")


class StaleArguments(Arguments):
    """What to look at, or which rule to set.

    Attributes:
        action: Whether it is about images, or about rules.
        targets: What to look at; none: the whole namespace.
        namespace: None is the default one.
        age: Instead of all limits but `never`; None: the rules hold.
        tag: A tag or a glob for tags, instead of the one that stands for its repository.
        all_tags: Every tag, likewise.
        not_pulled: Only what was not pulled for so long.
        sort: By which fact.
        limit: How many to show at most; None is all.
        check: Whether something stale is a no.
        pattern: Which rule.
        rule_age: What it says; None: never.
        base: What it says of a base.
    """

    action: Action = "look"
    targets: tuple[Target, ...] = ()
    namespace: str | None = None
    age: timedelta | None = None
    tag: str | None = None
    all_tags: bool = False
    not_pulled: timedelta | None = None
    sort: Sort = "age"
    limit: int | None = DEFAULT_LIMIT
    check: bool = False
    pattern: str = ""
    rule_age: timedelta | None = None
    base: str = ""


class _TagType(click.ParamType[Any]):
    """A tag, or a glob for tags."""

    name = "tag"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word."""
        try:
            return check_pattern(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def parse(values: Mapping[str, Any]) -> StaleArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    if words and words[0].lower() == "rules":
        return _parse_rules(words[1:], values)
    if words and words[0].lower() == "rule":
        # A repository of that name has a namespace.
        problem = "`stale rule` is nothing; for a repository of that name write its namespace too."
        raise UsageError(problem, suggestion="stale rules", example=RULES_EXAMPLE)
    targets = tuple(_checked(Target.parse, word, example=EXAMPLE) for word in words)
    _refuse(bool(targets and values["namespace"]), "Name images, or `--namespace`, and not both.", EXAMPLE)
    _refuse(bool(values["tag"] and values["all_tags"]), "`--tag` and `--all-tags` exclude each other.", EXAMPLE)
    has_tags = any(target.tag for target in targets)
    several = bool(values["tag"] or values["all_tags"])
    _refuse(has_tags and several, "An image with a tag, and `--tag` or `--all-tags`, exclude each other.", EXAMPLE)
    return StaleArguments(
        targets=targets,
        namespace=values["namespace"],
        age=values["days"],
        tag=values["tag"],
        all_tags=values["all_tags"],
        not_pulled=values["not_pulled"],
        sort=values["sort"],
        limit=row_limit(values, DEFAULT_LIMIT, example="/hub stale --all"),
        check=values["check"],
    )


def _parse_rules(words: Sequence[str], values: Mapping[str, Any]) -> StaleArguments:
    other = next((name for name in _OF_LOOKING if values[name] not in {None, False}), "")
    _refuse(bool(other), f"`stale rules` takes no `--{other.replace('_', '-')}`.", RULES_EXAMPLE)
    namespace = values["namespace"]
    match list(words):
        case []:
            return StaleArguments(action="rules", namespace=namespace)
        case ["add", pattern, age]:
            return StaleArguments(
                action="add",
                namespace=namespace,
                pattern=_checked(check_pattern, pattern, example=RULES_EXAMPLE),
                rule_age=_checked(read_limit, age, example=RULES_EXAMPLE),
            )
        case ["remove", pattern]:
            check = check_repository_pattern if "/" in pattern else check_pattern
            pattern = _checked(check, pattern, example="/hub stale rules remove 'pr-*'")
            return StaleArguments(action="remove", namespace=namespace, pattern=pattern)
        case ["base", pattern, base]:
            whole = pattern if "/" in pattern else f"any/{pattern}"
            _checked(check_repository_pattern, whole, example=BASE_EXAMPLE)
            found = _checked(read_base, base, example=BASE_EXAMPLE)
            return StaleArguments(action="base", namespace=namespace, pattern=pattern.lower(), base=str(found))
        case ["add", *_]:
            raise UsageError(
                "`stale rules add` needs a pattern for tags, and an age or `never`.", example=RULES_EXAMPLE
            )
        case ["remove", *_]:
            raise UsageError("`stale rules remove` needs one pattern.", example="/hub stale rules remove 'pr-*'")
        case ["base", *_]:
            raise UsageError("`stale rules base` needs images, and what they are built on.", example=BASE_EXAMPLE)
        case [first, *_]:
            raise UsageError(
                f"`stale rules` does not know {quoted(first)}; it can `add`, `remove` and `base`.",
                suggestion=nearest(first, _CHANGES),
                example=RULES_EXAMPLE,
            )
    raise AssertionError(words)  # A list is empty or has a first word.


def _checked(read: Callable[[str], T], word: str, *, example: str = EXAMPLE) -> T:
    try:
        return read(word)
    except (InvalidReferenceError, ValueError) as error:
        raise UsageError(str(error), example=example) from error


def _refuse(is_wrong: bool, problem: str, example: str) -> None:  # noqa: FBT001 - Reads as a sentence.
    if is_wrong:
        raise UsageError(problem, example=example)


def run(arguments: StaleArguments, context: Context) -> StaleResult | RulesResult:
    """Look, or set a rule.

    Raises:
        UserError: There is no database, or no namespace; or the configuration file sets the rules.
        HubError: Docker Hub does not list the only namespace that was asked about.
    """
    match arguments.action:
        case "look":
            return _look(arguments, context)
        case "rules":
            return stale_rules.look_at_rules(arguments.namespace, context)
        case "add":
            return stale_rules.add_rule(arguments.namespace, arguments.pattern, arguments.rule_age, context)
        case "remove":
            return stale_rules.remove_rule(arguments.namespace, arguments.pattern, context)
        case "base":
            return stale_rules.add_base(arguments.namespace, arguments.pattern, read_base(arguments.base), context)


def _look(arguments: StaleArguments, context: Context) -> StaleResult:
    images = image_targets.stale_images_of(context)
    chosen = image_targets.choose(arguments.targets, arguments.namespace, context)
    looked = _looked(chosen, arguments, images, context)
    other = image_targets.reconsider(chosen, [each.subject for each in looked.unchecked], context)
    if other is not None:
        chosen, looked = other, _looked(other, arguments, images, context)
    return answer_of(
        looked,
        chosen,
        images.bases,
        context,
        sort=arguments.sort,
        shown=arguments.limit,
        is_table=context.place is not None and arguments.limit == DEFAULT_LIMIT,
        is_by_tag=arguments.all_tags or arguments.tag is not None,
        is_check=arguments.check,
    )


def _looked(chosen: Chosen, arguments: StaleArguments, images: StaleImages, context: Context) -> Looked:
    question = Question(
        areas=chosen.areas,
        images=chosen.images,
        age=arguments.age,
        tag=arguments.tag,
        all_tags=arguments.all_tags,
        not_pulled=arguments.not_pulled,
        needs_pulls=arguments.sort == "pulled",
    )
    return images.look(question, hub=context.hub, progress=context.progress)


def render(result: StaleResult | RulesResult) -> Document:
    """Say what is stale, or which rules there are."""
    return render_rules(result) if isinstance(result, RulesResult) else render_images(result)


def _role_of(arguments: StaleArguments) -> Role:
    return Role.MEMBER if arguments.action in {"look", "rules"} else Role.OPERATOR


COMMAND = Command(
    name="stale",
    group=Group.LOOK,
    summary="Find images that are older than they should be, and what to do about it",
    role=Role.MEMBER,
    role_of=_role_of,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="image… | namespace/ | rules …"),
        click.Option(["--namespace"], type=NamespaceType(), metavar="NAME", help="All repositories of this namespace."),
        click.Option(["--days"], type=AgeType(), metavar="N", help="Older than this, instead of what the rules say."),
        click.Option(
            ["--tag"], type=_TagType(), metavar="TAG", help="This tag of each repository, or those that match."
        ),
        flag("all-tags", "Every tag of each repository, instead of `latest` or the newest."),
        click.Option(
            ["--not-pulled"], type=AgeType(), metavar="AGE", help="Of these, what nobody pulled for so long, like 90d."
        ),
        choice("sort", tuple(SORT_WORDS), "The order"),
        limit_option(DEFAULT_LIMIT),
        flag("all", "Show all of them."),
        flag("check", "In a terminal, exit with 1 if anything is stale or could not be looked at."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("stale", "your default namespace: `latest`, else the newest tag, of each repository"),
        ("stale python node nginx postgres redis", "images of anybody"),
        ("stale 'acme/api-*' --all-tags --not-pulled 90d", "what nobody misses"),
        ("stale rules", "from which age on which tags are stale"),
        ("stale rules add 'pr-*' 7d", "or 12h, 4w, never; `remove` takes it back (operators)"),
        ("stale rules base acme/api python:3.12", "what images are built on (operators)"),
    ),
    notes=(
        "Stale is what was pushed longer ago than its limit: 30 days, unless a rule for its tag says otherwise. Of "
        "several rules that fit the most specific one holds: a tag's name, then the pattern with more letters. With "
        "`--days` only `never` still holds."
    ),
    uses_store=True,
)
