"""`/hub doctor`: what works, what does not, and what to do about it.

A person gets every part of the bot with a verdict: settings, Slack, Docker Hub's credentials, the database, secrets at
rest, approvals, the clock. The same as `hub-bot doctor` in a terminal, which ends with status 1 if anything is broken.
Operators may use it: it names settings, workspaces and accounts, though never a secret.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.chat.command import Arguments, Command, Context, Group, Result
from bot.doctor.examination import Verdict
from bot.document import Document, Line, Listing, Note, Strong, line, marked
from bot.errors import UserError
from bot.governance.roles import Role

TITLE = "Doctor"
NOBODY = "There is nothing here to look at: ask the bot that serves, or run `hub-bot doctor`."


class DoctorArguments(Arguments):
    """Nothing to ask for."""


class Examined(BaseModel):
    """One thing that was looked at, see `bot.doctor.examination.Finding`."""

    model_config = ConfigDict(frozen=True)

    name: str
    verdict: Verdict
    said: str
    advice: str = ""


class DoctorResult(Result):
    """Everything that was looked at."""

    findings: tuple[Examined, ...]


def parse(values: Mapping[str, Any]) -> DoctorArguments:
    """Make the arguments."""
    return DoctorArguments(**values)


def run(arguments: DoctorArguments, context: Context) -> DoctorResult:  # noqa: ARG001 - One form for every command.
    """Look at everything."""
    if context.doctor is None:
        raise UserError(NOBODY)
    findings = tuple(
        Examined(name=each.name, verdict=each.verdict, said=each.said, advice=each.advice)
        for each in context.doctor.examine()
    )
    is_broken = any(each.verdict is Verdict.BROKEN for each in findings)
    return DoctorResult(findings=findings, is_negative=is_broken)


def render(result: DoctorResult) -> Document:
    """Say what is broken first, then the rest in its order."""
    by_verdict = {verdict: [each for each in result.findings if each.verdict is verdict] for verdict in Verdict}
    counts = ", ".join(f"{len(found)} {_counted(verdict)}" for verdict, found in by_verdict.items() if found)
    lines = tuple(_line(each) for verdict in Verdict for each in by_verdict[verdict])
    return Document(TITLE, (Listing(lines), Note(line(f"{counts}."))))


def _counted(verdict: Verdict) -> str:
    return "in order" if verdict is Verdict.WORKS else str(verdict)


def _line(finding: Examined) -> Line:
    advice = f" {finding.advice}" if finding.advice else ""
    return line(Strong(f"{finding.name}: {finding.verdict}"), ". ", *marked(f"{finding.said}{advice}"))


COMMAND = Command(
    name="doctor",
    group=Group.BOT,
    summary="Say what works, what does not, and what to do about it",
    role=Role.OPERATOR,
    parameters=(),
    parse=parse,
    run=run,
    render=render,
    examples=(("doctor", "settings, Slack, Docker Hub, database, secrets, approvals, clock"),),
    notes="The same as hub-bot doctor in a terminal.",
)
