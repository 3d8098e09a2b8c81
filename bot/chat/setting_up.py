"""How repositories are built: set up, tried out, forgotten and listed, and what is said of it."""

from bot.builds.model import ProviderKind
from bot.builds.providers.provider import BuildError, SetupError
from bot.builds.service import Builds, NotSetUpError
from bot.builds.setups import FILE, KeptSetup
from bot.chat import build_setup
from bot.chat.build_setup import SAVE_AND_TEST, SetupArguments
from bot.chat.command import Arguments, Confirmation, Offer, Result
from bot.chat.forms import InputNeeded
from bot.document import Code, Column, Document, Inline, Note, Paragraph, Person, Table, marked
from bot.errors import UserError
from bot.governance.proposals import TERMINAL, Asker

ONLY_BY_BUILDING = "This provider can only be tested by building: `/hub trigger {repository}`."
NOTHING_SET_UP = "Nobody said yet how anything is built: `/hub trigger setup acme/api`."
OWN_SECRET = "Another provider, or another address, needs a secret of its own."  # noqa: S105 - It is a sentence.
_UNSAID = "–"


class SetupFacts(Result):
    """One set-up, without its secret.

    Attributes:
        repository: Which.
        provider: Who builds.
        project, branch: As in `bot.builds.model.Setup`.
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
        notes: What else there is to say.
    """

    sentences: tuple[str, ...] = ()
    setups: tuple[SetupFacts, ...] = ()
    notes: tuple[str, ...] = ()


def set_up(
    arguments: SetupArguments, repository: str, builds: Builds, asker: Asker, *, to_build: Arguments | None
) -> SetupResult:
    """Ask how a repository is built, and keep the answer.

    Args:
        arguments: What was said with the command, or put into the form.
        repository: Which.
        builds: Knows who builds what.
        asker: Who says it.
        to_build: The arguments that have it built, for a button; None: without one.

    Raises:
        InputNeeded: The form has to be filled in, or mended.
        SetByFileError: The configuration file says how it is built.
        NoSecretKeyError: Nothing secret can be kept.
    """
    builds.setups.require_changeable(repository)
    builds.setups.require_key()  # Nobody should put in a secret that cannot be kept.
    kept = builds.setups.find(repository)
    known = kept.setup if kept else None
    if arguments.then is None:
        raise InputNeeded(build_setup.form(arguments, repository, known, has_secret=known is not None))
    setup = arguments.setup(repository, known)
    # What one provider was trusted with goes to no other, whoever says so.
    stays = known is not None and (known.provider, known.url) == (setup.provider, setup.url)
    secret = arguments.secret
    if secret is None and stays and (found := builds.setups.find_with_secret(repository)) and found[0] == kept:
        _, secret = found
    again = build_setup.form(arguments, repository, None, has_secret=stays)
    if secret is None:
        raise InputNeeded(again, {"secret": OWN_SECRET})
    try:
        builds.save(setup, secret, asker)
    except SetupError as error:
        raise InputNeeded(again, {error.field: str(error)}) from error
    saved = f"`{repository}` is built by {setup.provider.label} from now on. The secret is encrypted."
    if arguments.then != SAVE_AND_TEST:
        return SetupResult(sentences=(saved, f"Try it: `/hub trigger test {repository}`, or build."))
    tried = try_out(repository, builds, to_build=to_build)
    return tried.model_copy(update={"sentences": (saved, *tried.sentences)})


def try_out(repository: str, builds: Builds, *, to_build: Arguments | None) -> SetupResult:
    """Check that a set-up works, without building; where only a build can tell, offer one.

    Args:
        repository: Which.
        builds: Knows who builds what.
        to_build: The arguments that have it built, for a button; None: without one.

    Raises:
        NotSetUpError: Nobody said how the repository is built.
        UserError: The secret cannot be read.
    """
    kept = builds.setups.find_with_secret(repository)
    if kept is None:
        raise NotSetUpError(repository)
    try:
        found = builds.try_out(*kept)
    except (BuildError, UserError) as error:
        return SetupResult(sentences=(str(error),), is_negative=True)
    if found is not None:
        return SetupResult(sentences=(found,))
    sentence = ONLY_BY_BUILDING.format(repository=repository)
    if to_build is None:
        return SetupResult(sentences=(sentence,))
    confirm = Confirmation(title="Build?", question=f"This starts a real build of {repository}.", yes="Build")
    build = Offer(label="Build now", arguments=to_build, confirm=confirm)
    return SetupResult(sentences=(sentence,), offers=(build,))


def forget(arguments: SetupArguments, repository: str, builds: Builds, asker: Asker) -> SetupResult:
    """Forget how a repository is built, once that was agreed to.

    Raises:
        NotSetUpError: Nobody said how.
        SetByFileError: The configuration file did.
    """
    builds.setups.require_changeable(repository)
    if builds.setups.find(repository) is None:
        raise NotSetUpError(repository)
    if not arguments.is_agreed:
        question = f"Forget how {repository} is built, and the secret for it?"
        confirm = Confirmation(title="Forget?", question=question, yes="Forget")
        agreed = arguments.model_copy(update={"is_agreed": True})
        offer = Offer(label="Forget", arguments=agreed, confirm=confirm)
        return SetupResult(sentences=(question,), offers=(offer,), is_negative=True)
    if not builds.setups.remove(repository, asker):
        raise NotSetUpError(repository)  # Somebody else was faster.
    return SetupResult(sentences=(f"Forgotten: how `{repository}` is built, and the secret for it.",))


def listed(builds: Builds) -> SetupResult:
    """Return every set-up."""
    return SetupResult(setups=tuple(_facts(kept) for kept in builds.setups.all()))


def render(result: SetupResult) -> Document:
    """Say what there is, or what was done about it."""
    notes = tuple(Note(marked(note)) for note in result.notes)
    if result.setups:
        columns = (Column("Repository"), Column("Built by"), Column("Project"), Column("Branch"), Column("Set up by"))
        rows = tuple(_row(each) for each in result.setups)
        return Document("Builds", (Table("How repositories are built", columns, rows), *notes))
    said = result.sentences or (NOTHING_SET_UP,)
    return Document("", (*(Paragraph(marked(sentence)) for sentence in said), *notes))


def _facts(kept: KeptSetup) -> SetupFacts:
    setup = kept.setup
    return SetupFacts(
        repository=setup.repository,
        provider=setup.provider,
        project=setup.project,
        branch=setup.branch,
        set_up_by=kept.set_up_by,
    )


def _row(facts: SetupFacts) -> tuple[Inline, ...]:
    is_in_slack = facts.set_up_by != FILE and not facts.set_up_by.startswith(TERMINAL)
    return (
        Code(facts.repository),
        facts.provider.label,
        facts.project or _UNSAID,
        facts.branch or _UNSAID,
        Person(facts.set_up_by) if is_in_slack else facts.set_up_by,
    )
