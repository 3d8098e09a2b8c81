"""`/hub trigger <image> [tag]`: have an image built by whoever builds it. For operators.

What is typed is sent at once: a build can be had again, and the cool-down of the repository keeps a nervous thumb from
having two. A protected repository waits for somebody else's approval. In a terminal it is shown first.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import click

from bot.ages import read_age
from bot.builds.model import Order, ProviderKind, Ref
from bot.builds.service import Builds
from bot.chat import changing, setting_up
from bot.chat.build_setup import SetupArguments
from bot.chat.changing import NO_DATABASE, ChangeResult
from bot.chat.command import Command, Context, Group
from bot.chat.following import following
from bot.chat.lookup import find_repository
from bot.chat.parameters import flag
from bot.chat.setting_up import SetupResult
from bot.document import Document
from bot.errors import UsageError, UserError
from bot.governance.proposals import Proposal, State
from bot.governance.roles import Role
from bot.images import ImageReference, InvalidReferenceError, check_tag
from bot.words import in_words, quoted

EXAMPLE = "/hub trigger acme/api 1.4"
SETUP_EXAMPLE = "/hub trigger setup acme/api --timeout 20s"
FOLLOWED = "It is followed {where}."
NOT_FOLLOWED = "How it goes: `/hub builds {repository}`."

Action = Literal["build", "setup", "test", "forget", "list"]

_ABOUT_SETUPS: tuple[Action, ...] = ("setup", "test", "forget", "list")
_OPTIONS: Mapping[Action, tuple[str, ...]] = {
    "build": ("branch", "git_tag", "all"),
    "setup": ("branch", "provider", "project", "workflow", "url", "timeout", "stuck_after", "cooldown"),
}
_ALL_OPTIONS = tuple(dict.fromkeys(name for names in _OPTIONS.values() for name in names))


class TriggerArguments(SetupArguments):
    """What to do.

    Attributes:
        action: Build, or one of the things around it.
        image: The repository; None when set-ups are listed.
        ref, name: What to build, as in `Order`; None: what the set-up says.
    """

    action: Action = "build"
    image: ImageReference | None = None
    ref: Ref | None = None
    name: str = ""


def parse(values: Mapping[str, Any]) -> TriggerArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    action = _action(words)
    rest = words if action == "build" else words[1:]
    _check_options(action, values)
    if action == "list":
        _refuse(bool(rest), "`trigger list` takes no repository.", action)
        return TriggerArguments(action=action)
    _refuse(not rest, "Which image? Name a repository.", action)
    image = _image(rest[0], action)
    if action == "build":
        ref, name = _ref(image, rest[1:], values)
        return TriggerArguments(image=image.bare, ref=ref, name=name)
    is_whole = len(rest) == 1 and image == image.bare
    _refuse(not is_whole, f"`trigger {action}` takes one repository, without a tag.", action)
    return TriggerArguments(
        action=action,
        image=image.bare,
        provider=values["provider"],
        project=values["project"],
        workflow=values["workflow"],
        branch=values["branch"],
        url=values["url"],
        timeout_seconds=_seconds(values["timeout"], least=timedelta(seconds=1), most=timedelta(seconds=60)),
        stuck_after_seconds=_seconds(values["stuck_after"], least=timedelta(minutes=1), most=timedelta(days=1)),
        cooldown_seconds=_seconds(values["cooldown"], least=timedelta(0), most=timedelta(hours=1)),
    )


def _action(words: tuple[str, ...]) -> Action:
    first = words[0].lower() if words else ""
    return next((each for each in _ABOUT_SETUPS if each == first), "build")


def _check_options(action: Action, values: Mapping[str, Any]) -> None:
    taken = _OPTIONS.get(action, ())
    other = next((name for name in _ALL_OPTIONS if values[name] not in {None, False} and name not in taken), "")
    option = f"`--{other.replace('_', '-')}`"
    problem = f"{option} belongs to `trigger setup`." if action == "build" else f"`trigger {action}` takes no {option}."
    _refuse(bool(other), problem, action)


def _image(word: str, action: Action) -> ImageReference:
    try:
        return ImageReference.parse(word)
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=_example(action)) from error


def _ref(image: ImageReference, rest: tuple[str, ...], values: Mapping[str, Any]) -> tuple[Ref | None, str]:
    _refuse(len(rest) > 1, "One tag at a time.")
    _refuse(image.digest is not None, "A digest cannot be built: name a tag.")
    try:
        tags = [check_tag(each) for each in (*([image.tag] if image.tag else []), *rest)]
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=EXAMPLE) from error
    choices = [(Ref.DOCKER_TAG, tag) for tag in dict.fromkeys(tags)]
    choices += [(ref, values[ref].strip()) for ref in (Ref.BRANCH, Ref.GIT_TAG) if values[ref] is not None]
    choices += [(Ref.ALL, "")] if values["all"] else []
    _refuse(len(choices) > 1, "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`.")
    ref, name = choices[0] if choices else (None, "")
    _refuse(ref in {Ref.BRANCH, Ref.GIT_TAG} and not name, "A name is missing: that of a branch or a Git tag.")
    return ref, name


def _refuse(is_wrong: bool, problem: str, action: Action = "build") -> None:  # noqa: FBT001 - Reads as a sentence.
    if is_wrong:
        raise UsageError(problem, example=_example(action))


def _example(action: Action) -> str:
    match action:
        case "build":
            return EXAMPLE
        case "list":
            return "/hub trigger list"
        case _:
            return f"/hub trigger {action} acme/api"


def _seconds(text: str | None, *, least: timedelta, most: timedelta) -> float | None:
    if text is None:
        return None
    try:
        length = read_age(text)
    except ValueError as error:
        raise UsageError(str(error), example=SETUP_EXAMPLE) from error
    if not least <= length <= most:
        between = f"between {in_words(least) if least else '0 s'} and {in_words(most)}"
        raise UsageError(f"{quoted(text)} is not {between}.", example=SETUP_EXAMPLE)
    return length.total_seconds()


def run(arguments: TriggerArguments, context: Context) -> ChangeResult | SetupResult:
    """Build, or do what was asked about the set-up.

    Raises:
        InputNeeded: The form of the set-up has to be filled in.
        NotSetUpError: Nobody said how the repository is built.
        HubError: Docker Hub did not tell which repository a short name means.
    """
    if context.builds is None:
        raise UserError(NO_DATABASE)
    builds = context.builds
    if arguments.image is None:
        return setting_up.listed(builds)
    found = find_repository(arguments.image, context)
    notes = (found.reading,) if found.reading else ()
    repository = str(found.name)
    # In a terminal a build is shown before it is asked for, which is one question too many for a button.
    to_build = TriggerArguments(image=arguments.image) if context.place else None
    if arguments.action in {"setup", "forget"}:
        builds.require_right_to_set_up(repository, context.role)
    match arguments.action:
        case "setup":
            result = setting_up.set_up(arguments, repository, builds, context.asker, to_build=to_build)
        case "test":
            result = setting_up.try_out(repository, builds, to_build=to_build)
        case "forget":
            result = setting_up.forget(arguments, repository, builds, context.asker)
        case _:
            return _build(arguments, repository, builds, context, notes=notes)
    return result.model_copy(update={"notes": notes})


def _build(
    arguments: TriggerArguments, repository: str, builds: Builds, context: Context, *, notes: tuple[str, ...]
) -> ChangeResult:
    seen = following(context)

    def propose() -> Proposal:
        ref, name = arguments.ref, arguments.name
        order = Order(repository=repository, ref=ref, name=name) if ref else builds.default_order(repository)
        return builds.propose(order, role=Role.OPERATOR, channel=seen.channel)

    result = changing.carry_out(arguments, context, propose, label="Build", asks_first=False, notes=notes)
    is_followed = result.state in {State.DONE, State.UNKNOWN}
    told = FOLLOWED.format(where=seen.where) if seen.channel else NOT_FOLLOWED.format(repository=repository)
    return result.model_copy(update={"notes": (*result.notes, told)}) if is_followed else result


def render(result: ChangeResult | SetupResult) -> Document:
    """Say what came of it."""
    if isinstance(result, SetupResult):
        return setting_up.render(result)
    return changing.render(result)


COMMAND = Command(
    name="trigger",
    group=Group.ACT,
    summary="Have an image built, and follow the build",
    role=Role.OPERATOR,
    parameters=(
        click.Argument(["words"], nargs=-1, required=False, metavar="image [tag]"),
        click.Option(
            ["--branch"], metavar="BRANCH", help="As if this branch had been pushed; with setup: the default."
        ),
        click.Option(["--git-tag"], metavar="TAG", help="As if this Git tag had been pushed."),
        flag("all", "Everything that the provider is set up to build."),
        click.Option(
            ["--provider"],
            type=click.Choice([each.value for each in ProviderKind], case_sensitive=False),
            metavar="|".join(ProviderKind),
            help="With setup: who builds.",
        ),
        click.Option(["--project"], metavar="PROJECT", help="With setup: GitHub's repository, GitLab's project."),
        click.Option(["--workflow"], metavar="FILE", help="With setup: GitHub's workflow, like build.yml."),
        click.Option(["--url"], metavar="URL", help="With setup: the API of your own GitHub or GitLab."),
        click.Option(["--timeout"], metavar="TIME", help="With setup: how long one call may take (10s)."),
        click.Option(["--stuck-after"], metavar="TIME", help="With setup: when a silent build counts as stuck (30m)."),
        click.Option(["--cooldown"], metavar="TIME", help="With setup: not again before (1m)."),
    ),
    parse=parse,
    run=run,
    render=render,
    examples=(
        ("trigger acme/api 1.4", "what gives the tag 1.4"),
        ("trigger acme/api --branch main", "as if main had been pushed"),
        ("trigger setup acme/api", "say who builds it, in a form; `test`, `forget` and `list` go with it"),
    ),
    notes="Without a tag or branch, the default branch of the set-up is built, or everything.",
    can_share=False,
    can_offer=True,
    uses_store=True,
)
