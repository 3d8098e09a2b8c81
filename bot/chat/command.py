"""What a subcommand is.

A command is a declaration: its name and words for people, the parameters it takes, the role it needs, and three
functions: `parse` (from typed values to its arguments; pure), `run` (from arguments and context to a result; the only
one that calls anything) and `render` (from result to document; pure). Help, the README's table and the completeness
tests are made from declarations alone; the router does everything else, so a command never acknowledges, checks a
role or handles an error of somebody else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import click
from pydantic import BaseModel, ConfigDict, Field

from bot.builds.service import Builds
from bot.chat.place import Place
from bot.clock import Clock
from bot.digest.service import Digests
from bot.doctor.examination import Doctor
from bot.document import Document
from bot.fleet.looking import StaleImages
from bot.fleet.rules import StaleRules
from bot.fleet.service import Fleet
from bot.fleet.vulnerabilities.service import Vulnerabilities
from bot.governance.access import Access
from bot.governance.governance import Governance
from bot.governance.proposals import TERMINAL, Asker
from bot.governance.roles import Role
from bot.governance.trail import Trail
from bot.hub.client import HubClient
from bot.jobs.service import Jobs
from bot.progress import Progress
from bot.pushes.service import Pushes


class Group(StrEnum):
    """The headings under which help lists the verbs, in their order."""

    LOOK = "Look"
    ACT = "Act"
    FOLLOW = "Follow"
    ORGANIZATION = "Organization"
    BOT = "Bot"


class Arguments(BaseModel):
    """What a command was asked to do. Frozen, complete, checked: nothing is looked up to make one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Confirmation(BaseModel):
    """A question before something is done that is hard to undo.

    Attributes:
        title: What it is about, in a few words.
        question: What will happen, to what.
        yes: What to press for it, a verb.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    question: str
    yes: str


class Offer(BaseModel):
    """Something that can be done next: a button under the answer, a question at the prompt of a terminal.

    Whoever takes it up runs the same command with other arguments, under the rights of that moment: the role is that of
    `Command.role_for`.

    Attributes:
        label: What it does, a verb or two.
        arguments: Of the command that offers it.
        confirm: What to ask first; None: nothing.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    arguments: Arguments
    confirm: Confirmation | None = None


class Result(BaseModel):
    """What a command found out. `hub-bot exec --json` prints exactly this.

    Attributes:
        is_negative: The answer is no (there is no such tag, the check failed): `exec` ends with status 1, which is
            how scripts see it.
        offers: What can be done next, at most five things. The first is what `--yes` does in a terminal. An answer with
            offers is for the person who asked alone.
    """

    model_config = ConfigDict(frozen=True)

    is_negative: bool = Field(default=False, exclude=True)
    offers: tuple[Offer, ...] = Field(default=(), exclude=True)


@dataclass(frozen=True)
class Context:
    """What a command may use while it runs.

    Attributes:
        hub: The Docker Hub client.
        clock: The time.
        default_namespace: Where short image names are looked for first; None when no namespace is set.
        own_namespaces: All that are ours, in lower case.
        role: Who is asking, as far as rights go.
        progress: Tells the person, in a few words, how far a long piece of work has come.
        place: Where in Slack it was asked, and by whom; None in a terminal.
        pushes: Subscribes channels, and knows what became of pushes; None where there is no database.
        governance: Knows the rules under which anything is changed; None where there is no database.
        builds: Knows who builds what; None where there is no database.
        access: Knows who has which right; None where there is no database.
        trail: Reads the audit trail; None where there is no database.
        jobs: Knows the long work that is done in the background; None where there is no database.
        digests: Sets and shows digests; None where there is no database.
        jobs: Knows the long work that is done in the background; None where there is no database.
        stale_rules: Knows from which age on images are stale; None where there is no database.
        stale_images: Finds them; None where there is no database.
        fleet: Knows repositories and tags; None where there is no database.
        vulnerabilities: Knows the vulnerabilities of images; None where there is no database.
        doctor: Looks at how everything is; None where nobody does.
        kept_back_from: Returns why private data is not shown in a channel; empty: it is.
        machine_user: Who has started the program, where it was asked in a terminal.
    """

    hub: HubClient
    clock: Clock
    default_namespace: str | None = None
    own_namespaces: tuple[str, ...] = ()
    role: Role = Role.MEMBER
    progress: Callable[[Progress | str], None] = field(default=lambda _: None)
    place: Place | None = None
    pushes: Pushes | None = None
    governance: Governance | None = None
    builds: Builds | None = None
    access: Access | None = None
    trail: Trail | None = None
    jobs: Jobs | None = None
    digests: Digests | None = None
    stale_rules: StaleRules | None = None
    stale_images: StaleImages | None = None
    fleet: Fleet | None = None
    vulnerabilities: Vulnerabilities | None = None
    doctor: Doctor | None = None
    kept_back_from: Callable[[str], str] = field(default=lambda _: "")
    machine_user: str = ""

    @property
    def asker(self) -> Asker:
        """Who asks, and where."""
        if self.place is None:
            return Asker(f"{TERMINAL}:{self.machine_user}")
        return Asker(self.place.user_id, self.place.team_id, self.place.channel)


A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True, kw_only=True)
class Command(Generic[A, R]):
    """One verb of `/hub`.

    Attributes:
        name: The word that is typed.
        group: The heading it is listed under.
        summary: What it does, in one short line without a full stop.
        role: The least role that may use it.
        role_of: The role that certain arguments need, where that is a higher one.
        parameters: Click parameters, in the order help shows them.
        parse: Makes the arguments out of the parameters' values, keyed by parameter name. Raises `UsageError`.
        run: Does the work. Raises `HubBotError`, and `bot.chat.forms.InputNeeded` to ask for a text.
        render: Says the result. Pure.
        examples: Complete commands without the leading `/hub `, each with what it does.
        notes: More sentences for this verb's help.
        can_share: Whether `--share` makes sense: true for every query.
        can_offer: Whether its results may carry offers, and so `--yes` makes sense in a terminal.
        uses_store: Whether it needs the database, which the others should not have to wait for, nor make.
    """

    name: str
    group: Group
    summary: str
    role: Role
    parameters: tuple[click.Parameter, ...]
    parse: Callable[[Mapping[str, Any]], A]
    run: Callable[[A, Context], R]
    render: Callable[[R], Document]
    examples: tuple[tuple[str, str], ...]
    notes: str = ""
    can_share: bool = True
    can_offer: bool = False
    uses_store: bool = False
    role_of: Callable[[A], Role] | None = None

    def role_for(self, arguments: A) -> Role:
        """Return the least role that may do this."""
        return max(self.role, self.role_of(arguments)) if self.role_of else self.role


AnyCommand = Command[Any, Any]
