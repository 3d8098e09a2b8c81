"""What has to be done, as JSON and back: so that a button or a form works after a restart, and on another replica."""

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import SecretStr, ValidationError

from bot.chat.command import AnyCommand, Arguments
from bot.chat.router import Invocation, Router
from bot.governance.roles import Person
from bot.redaction import redact
from bot.web.assignment import Assignment
from bot.web.tickets import Claim, Kind


class UnreadableAssignmentError(Exception):
    """What was kept means nothing to this version of the bot."""


def arguments_type(command: AnyCommand) -> type[Arguments]:
    """Return what a command's arguments are, as its `run` says.

    Raises:
        TypeError: It does not say.
    """
    first = next(iter(inspect.signature(command.run).parameters), "")
    found = get_type_hints(command.run).get(first)
    if not (isinstance(found, type) and issubclass(found, Arguments)):
        raise TypeError(f"`run` of {command.name} does not say what its arguments are")
    return found


class Keeping:
    """Writes assignments down, and reads them.

    Secrets are left out: what is read has the default in their place.

    Args:
        router: Knows the commands.
    """

    def __init__(self, router: Router) -> None:
        self._commands = {command.name: (command, arguments_type(command)) for command in router.commands}

    def written(self, assignment: Assignment) -> dict[str, Any]:
        """Return an assignment as JSON."""
        invocation = assignment.invocation
        command, model = self._commands[invocation.command.name]
        arguments = invocation.arguments
        if type(arguments) is not model:
            raise TypeError(f"{command.name} takes {model.__name__}, and not {type(arguments).__name__}")
        secrets = {name for name in model.model_fields if isinstance(getattr(arguments, name), SecretStr)}
        return {
            "verb": command.name,
            "arguments": arguments.model_dump(mode="json", exclude=secrets),
            "line": redact(invocation.line),
            "channel": assignment.channel_id,
            "is_public": assignment.is_public,
            "can_share": assignment.can_share,
            "claims": [[claim.kind.value, claim.row_id] for claim in assignment.claims],
        }

    def read(self, content: Mapping[str, Any], person: Person) -> Assignment:
        """Return an assignment that was written, for who it was kept for; they have still to do something.

        Raises:
            UnreadableAssignmentError: Another version of the bot wrote it.
        """
        try:
            command, model = self._commands[content["verb"]]
            arguments = model.model_validate(content["arguments"])
            claims = tuple(Claim(Kind(kind), row_id) for kind, row_id in content["claims"])
            return Assignment(
                invocation=Invocation(command, arguments, share=content["is_public"], line=content["line"]),
                person=person,
                channel_id=content["channel"],
                received_at=0.0,
                is_public=content["is_public"],
                can_share=content["can_share"],
                claims=claims,
            )
        except (KeyError, ValueError, TypeError, ValidationError) as error:
            raise UnreadableAssignmentError(type(error).__name__) from None
