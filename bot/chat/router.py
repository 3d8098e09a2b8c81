"""From a line of text to a command's answer.

The router reads a line completely before anything is called, so nothing typed is ever half-executed. It decides no
rights and sends nothing: its callers (Slack's listeners, the terminal) check `Invocation.role` and show the
`Answer`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.command import AnyCommand, Arguments, Context, Result
from bot.chat.failures import describe_failure
from bot.chat.forms import InputNeeded
from bot.chat.parser import LONGEST_TEXT, normalise, parse_parameters, split_words
from bot.document import Document
from bot.errors import HubBotError, UsageError
from bot.governance.roles import Role
from bot.logs import current_request_id, new_request_id
from bot.words import nearest, quoted

logger = logging.getLogger(__name__)

HELP = "help"
_HELP_WORDS = frozenset({"help", "--help", "-h", "-?", "?"})
_SHARE = "--share"
_YES = "--yes"


@dataclass(frozen=True)
class Invocation:
    """One command, understood and not yet run.

    Attributes:
        command: What was asked for.
        arguments: With which values.
        share: Whether the answer is for everybody in the channel.
        line: The words, without `/hub`, as they can be typed again.
        says_yes: Whether what the answer offers is agreed to beforehand: in a terminal.
    """

    command: AnyCommand
    arguments: Arguments
    share: bool
    line: str
    says_yes: bool = False

    @property
    def role(self) -> Role:
        """The least role that may do this."""
        return self.command.role_for(self.arguments)

    @property
    def title(self) -> str:
        """What to call it when it is refused: the verb, or all words where they make it something special."""
        return self.command.name if self.role == self.command.role else self.line


@dataclass(frozen=True)
class Answer:
    """What came of it.

    Attributes:
        document: What to show.
        result: What was found out; None when it failed.
        failure: What went wrong; None when it worked.
        reference: The id under which a failure is in the log; empty when there is none.
    """

    document: Document
    result: Result | None = None
    failure: HubBotError | None = None
    reference: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it worked and the answer is not no."""
        return self.result is not None and not self.result.is_negative


class Router:
    """Knows every command.

    Args:
        commands: The written list; one of them is called `help`.
    """

    def __init__(self, commands: Sequence[AnyCommand]) -> None:
        self.commands = tuple(commands)
        self._by_name = {command.name: command for command in commands}
        if len(self._by_name) != len(self.commands):
            raise ValueError("two commands have the same name")

    def parse(self, text: str) -> Invocation:
        """Understand what was typed after `/hub`. Nothing typed means help.

        Raises:
            UsageError: It cannot be understood.
        """
        if len(text) > LONGEST_TEXT:
            raise UsageError(f"That is too long: {len(text):,} characters, and at most {LONGEST_TEXT:,} are read.")
        return self.parse_words(split_words(normalise(text)))

    def parse_words(self, words: Sequence[str]) -> Invocation:
        """Understand words that are already apart, as a shell gives them.

        Raises:
            UsageError: They cannot be understood.
        """
        verb, *rest = _help_first(list(words) or [HELP])
        command = self._command(verb)
        flags = {_SHARE: command.can_share, _YES: command.can_offer}
        kept = [word for word in rest if not flags.get(word)]
        values = parse_parameters(command.name, command.parameters, kept, example=f"/hub {command.examples[0][0]}")
        return Invocation(
            command=command,
            arguments=command.parse(values),
            share=command.can_share and _SHARE in rest,
            line=" ".join([command.name, *kept]),
            says_yes=command.can_offer and _YES in rest,
        )

    def _command(self, verb: str) -> AnyCommand:
        found = self._by_name.get(verb.lower())
        if found:
            return found
        suggestion = nearest(verb, self._by_name)
        raise UsageError(
            f"There is no {quoted(verb)} command.",
            suggestion=suggestion,
            example=f"/hub {self._by_name[suggestion or HELP].examples[0][0]}",
        )


def answer(invocation: Invocation, context: Context) -> Answer:
    """Run the command and say what came of it. Never raises: an exception becomes a sentence with a reference.

    Where the command asks for a text, the failure is an `InputNeeded`: who can, asks, and runs the command again.
    """
    command = invocation.command
    try:
        result = command.run(invocation.arguments, context)
        return Answer(document=command.render(result), result=result)
    except InputNeeded as question:
        return Answer(document=describe_failure(question), failure=question)
    except HubBotError as error:
        return failed(error, verb=command.name)
    except Exception as error:  # noqa: BLE001 - The last net: a bug must reach the person as a sentence too.
        return crashed(error, verb=command.name)


def failed(error: HubBotError, *, verb: str) -> Answer:
    """Return the answer that tells of a failure we understand."""
    logger.info("command_failed", extra={"verb": verb, "reason": error.reason})
    return Answer(document=describe_failure(error), failure=error)


def crashed(error: Exception, *, verb: str) -> Answer:
    """Return the answer that tells of a bug, with a reference that is in the log too."""
    reference = current_request_id() or new_request_id()
    logger.error("command_crashed", exc_info=error, extra={"verb": verb, "reference": reference})
    failure = HubBotError(f"Something went wrong in the bot. Reference {reference}; the operator finds it in the log.")
    return Answer(document=describe_failure(failure), failure=failure, reference=reference)


def _help_first(words: list[str]) -> list[str]:
    """Turn `tags help`, `tags --help` and `-h` into `help tags` and `help`."""
    if words[0].lower() in _HELP_WORDS:
        return [HELP, *words[1:]]
    is_about_the_verb = len(words) == 2 and words[1].lower() == HELP  # noqa: PLR2004 - `search help desk` is a search.
    asks = is_about_the_verb or any(word in {"--help", "-h"} for word in words[1:])
    return [HELP, words[0]] if asks else words
