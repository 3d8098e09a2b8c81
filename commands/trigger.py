"""`/hub trigger <image> [tag]`: have an image built by whoever builds it. For operators.

What is typed is sent at once: a build can be had again, and the cool-down of the repository keeps a nervous thumb from
having two. A protected repository waits for somebody else's approval. In a terminal it is shown first.
"""

from collections.abc import Mapping
from typing import Any, Literal

import click

from bot.ages import read_age
from bot.builds.model import Order, ProviderKind, Ref
from bot.builds.providers.provider import BuildError
from bot.builds.service import Builds, NotSetUpError
from bot.builds.setups import FILE, KeptSetup, SetByFileError
from bot.chat import build_setup, changing
from bot.chat.build_setup import SAVE_AND_TEST, SetupArguments
from bot.chat.changing import NO_DATABASE, ChangeResult
from bot.chat.command import Command, Confirmation, Context, Group, Offer, Result
from bot.chat.forms import InputNeeded
from bot.chat.lookup import find_repository
from bot.chat.parameters import flag
from bot.document import Code, Column, Document, Inline, Note, Paragraph, Person, Table, line, marked
from bot.errors import UsageError, UserError
from bot.governance.proposals import State
from bot.governance.roles import Role
from bot.images import ImageReference, InvalidReferenceError, check_tag
from bot.words import quoted

EXAMPLE = "/hub trigger acme/api 1.4"
ONLY_BY_BUILDING = "This provider can only be tested by building."
FOLLOWED = "It is followed in a message here."
FOLLOWED_DIRECTLY = "It is followed in a direct message to you, because {why}."
_ACTIONS = ("setup", "test", "forget", "list")
_SETUP_ONLY = ("provider", "project", "workflow", "url", "timeout", "stuck_after", "cooldown")

Action = Literal["build", "setup", "test", "forget", "list"]


class TriggerArguments(SetupArguments):
    """What to do.

    Attributes:
        action: Build, or one of the things around it.
        image: The repository; None when set-ups are listed.
        ref, name: What to build, as in `Order`; None: what the set-up says.
        is_agreed: Whether forgetting was agreed to.
    """

    action: Action = "build"
    image: ImageReference | None = None  # type: ignore[assignment]  # Listing is about none.
    ref: Ref | None = None
    name: str = ""
    is_agreed: bool = False


class SetupFacts(Result):
    """One set-up, without its secret.

    Attributes:
        repository: Which.
        provider: Who builds.
        project, branch: As in `Setup`.
        set_up_by: A person's id, or the configuration file.
    """

    repository: str
    provider: ProviderKind
    project: str | None
    branch: str | None
    set_up_by: str


class SetupResult(Result):
    """What there is, or what was done about it.

    Attributes:
        sentences: What was done, a sentence each.
        setups: Those that were asked for.
    """

    sentences: tuple[str, ...] = ()
    setups: tuple[SetupFacts, ...] = ()


def parse(values: Mapping[str, Any]) -> TriggerArguments:
    """Make the arguments.

    Raises:
        UsageError: The words do not fit together.
    """
    words: tuple[str, ...] = values["words"]
    action = words[0].lower() if words and words[0].lower() in _ACTIONS else "build"
    rest = words if action == "build" else words[1:]
    if action == "list":
        _refuse(bool(rest), "`trigger list` takes no repository.")
        return TriggerArguments(action="list")
    if not rest:
        raise UsageError("Which image? Name a repository.", example=EXAMPLE)
    image = _image(rest[0])
    said = [name for name in _SETUP_ONLY if values[name] is not None]
    _refuse(action != "setup" and bool(said), f"`--{(said or [''])[0].replace('_', '-')}` belongs to `trigger setup`.")
    if action == "build":
        ref, name = _ref(image, rest[1:], values)
        return TriggerArguments(image=image.bare, ref=ref, name=name)
    _refuse(len(rest) > 1, f"`trigger {action}` takes one repository.")
    _refuse(bool(values["git_tag"] or values["all"]), "`--git-tag` and `--all` say what to build: leave them out here.")
    return TriggerArguments(
        action=action,  # type: ignore[arg-type]  # One of the words above.
        image=image.bare,
        provider=values["provider"],
        project=values["project"],
        workflow=values["workflow"],
        branch=values["branch"],
        url=values["url"],
        timeout_seconds=_seconds(values["timeout"], least=1, most=60),
        stuck_after_seconds=_seconds(values["stuck_after"], least=60, most=86_400),
        cooldown_seconds=_seconds(values["cooldown"], least=0, most=3_600),
    )


def _image(word: str) -> ImageReference:
    try:
        return ImageReference.parse(word)
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=EXAMPLE) from error


def _ref(image: ImageReference, rest: tuple[str, ...], values: Mapping[str, Any]) -> tuple[Ref | None, str]:
    _refuse(len(rest) > 1, "One tag at a time.")
    _refuse(image.digest is not None, "A digest cannot be built: name a tag.")
    try:
        tags = [check_tag(each) for each in (*([image.tag] if image.tag else []), *rest)]
    except InvalidReferenceError as error:
        raise UsageError(str(error), example=EXAMPLE) from error
    choices = [(Ref.DOCKER_TAG, tag) for tag in dict.fromkeys(tags)]
    choices += [(ref, values[ref.value]) for ref in (Ref.BRANCH, Ref.GIT_TAG) if values[ref.value]]
    choices += [(Ref.ALL, "")] if values["all"] else []
    _refuse(len(choices) > 1, "Name one thing to build: a tag, `--branch`, `--git-tag` or `--all`.")
    return choices[0] if choices else (None, "")


def _refuse(is_wrong: bool, problem: str) -> None:  # noqa: FBT001 - Reads as a sentence.
    if is_wrong:
        raise UsageError(problem, example=EXAMPLE)


def _seconds(text: str | None, *, least: int, most: int) -> float | None:
    if text is None:
        return None
    try:
        seconds = read_age(text).total_seconds()
    except ValueError as error:
        raise UsageError(str(error), example="/hub trigger setup acme/api --timeout 20s") from error
    if not least <= seconds <= most:
        raise UsageError(f"{quoted(text)} is not between {least} s and {most:,} s.")
    return seconds


def run(arguments: TriggerArguments, context: Context) -> ChangeResult | SetupResult:
    """Build, or do what was asked about the set-up.

    Raises:
        InputNeeded: The form of the set-up has to be filled in.
        NotSetUpError: Nobody said how the repository is built.
    """
    builds = _builds_of(context)
    if arguments.action == "list" or arguments.image is None:
        return SetupResult(setups=tuple(_facts(kept) for kept in builds.setups.all()))
    repository = str(find_repository(arguments.image, context).name)
    match arguments.action:
        case "setup":
            return _set_up(arguments, repository, builds, context)
        case "test":
            return _try_out(arguments, repository, builds)
        case "forget":
            return _forget(arguments, repository, builds, context)
        case _:
            return _build(arguments, repository, builds, context)


def _builds_of(context: Context) -> Builds:
    if context.builds is None:
        raise UserError(NO_DATABASE)
    return context.builds


def _build(arguments: TriggerArguments, repository: str, builds: Builds, context: Context) -> ChangeResult:
    kept = builds.setups.find(repository)
    if kept is None:
        raise NotSetUpError(repository)
    default = (Ref.BRANCH, kept.setup.branch) if kept.setup.branch else (Ref.ALL, "")
    ref, name = (arguments.ref, arguments.name) if arguments.ref else default
    order = Order(repository=repository, ref=ref, name=name)
    channel, note = _where(context)
    result = changing.carry_out(
        arguments,
        context,
        lambda: builds.propose(order, role=Role.OPERATOR, channel=channel),
        label="Build",
        asks_first=False,
    )
    is_followed = result.state in {State.DONE, State.UNKNOWN} and note
    return result.model_copy(update={"notes": (*result.notes, note)}) if is_followed else result


def _where(context: Context) -> tuple[str | None, str]:
    """Return where the build is followed, and a sentence about it."""
    if context.place is None:
        return None, ""
    if context.place.channel.startswith("D"):
        return context.place.user_id, FOLLOWED
    kept_back = context.kept_back_from(context.place.channel)
    if kept_back:
        return context.place.user_id, FOLLOWED_DIRECTLY.format(why=kept_back)
    return context.place.channel, FOLLOWED


def _set_up(arguments: TriggerArguments, repository: str, builds: Builds, context: Context) -> SetupResult:
    known = builds.setups.find(repository)
    if known and known.set_up_by == FILE:
        raise SetByFileError(repository)
    if arguments.then is None:
        raise InputNeeded(build_setup.form(arguments, known.setup if known else None, has_secret=known is not None))
    setup = arguments.setup(repository)
    secret = arguments.secret or builds.setups.secret(repository)
    if secret is None:
        raise UserError("There is no secret yet. Nothing was saved.")
    builds.save(setup, secret, context.asker)
    saved = f"`{repository}` is built by {setup.provider.label} from now on. The secret is encrypted."
    if arguments.then != SAVE_AND_TEST:
        return SetupResult(sentences=(saved, f"Try it: `/hub trigger test {repository}`, or build."))
    tried = _try_out(arguments, repository, builds)
    return tried.model_copy(update={"sentences": (saved, *tried.sentences)})


def _try_out(arguments: TriggerArguments, repository: str, builds: Builds) -> SetupResult:
    kept, secret = builds.setups.find(repository), builds.setups.secret(repository)
    if kept is None or secret is None:
        raise NotSetUpError(repository)
    try:
        found = builds.try_out(kept, secret)
    except (BuildError, UserError) as error:
        return SetupResult(sentences=(str(error),), is_negative=True)
    if found is not None:
        return SetupResult(sentences=(found,))
    confirm = Confirmation(title="Build?", question=f"This starts a real build of {repository}.", yes="Build")
    build = Offer(label="Build now", arguments=TriggerArguments(image=arguments.image), confirm=confirm)
    return SetupResult(sentences=(ONLY_BY_BUILDING,), offers=(build,))


def _forget(arguments: TriggerArguments, repository: str, builds: Builds, context: Context) -> SetupResult:
    if builds.setups.find(repository) is None:
        raise NotSetUpError(repository)
    if not arguments.is_agreed:
        question = f"How {repository} is built, and the secret for it, are forgotten."
        confirm = Confirmation(title="Forget?", question=question, yes="Forget")
        agreed = arguments.model_copy(update={"is_agreed": True})
        return SetupResult(sentences=(question,), offers=(Offer(label="Forget", arguments=agreed, confirm=confirm),))
    builds.setups.remove(repository, context.asker)
    return SetupResult(sentences=(f"Nobody knows any more how `{repository}` is built.",))


def _facts(kept: KeptSetup) -> SetupFacts:
    setup = kept.setup
    return SetupFacts(
        repository=setup.repository,
        provider=setup.provider,
        project=setup.project,
        branch=setup.branch,
        set_up_by=kept.set_up_by,
    )


def render(result: ChangeResult | SetupResult) -> Document:
    """Say what came of it."""
    if isinstance(result, ChangeResult):
        return _asked(result) if result.state is State.DONE else changing.render(result)
    if result.sentences:
        return Document("", tuple(Paragraph(marked(sentence)) for sentence in result.sentences))
    if not result.setups:
        return Document(
            "", (Paragraph(marked("Nobody said yet how anything is built: `/hub trigger setup acme/api`.")),)
        )
    columns = (Column("Repository"), Column("Built by"), Column("Project"), Column("Branch"), Column("Set up by"))
    rows = tuple(_row(each) for each in result.setups)
    return Document("Builds", (Table("How repositories are built", columns, rows),))


def _asked(result: ChangeResult) -> Document:
    """Say that it was asked for: done is the asking, not the build."""
    said = Paragraph(line(f"Asked for: {result.summary}. ", *marked(result.sentence)))
    notes = tuple(Note(marked(note)) for note in result.notes)
    return Document("", (said, *notes, *changing.reference(result)))


def _row(facts: SetupFacts) -> tuple[Inline, ...]:
    by: Inline = facts.set_up_by if facts.set_up_by == FILE or ":" in facts.set_up_by else Person(facts.set_up_by)
    return (
        Code(facts.repository),
        facts.provider.label,
        facts.project or "–",
        facts.branch or "–",
        by,
    )


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
