"""May this person use this command, and if not: what does one say to them?"""

from bot.errors import DeliveryError
from bot.governance.access import ARTICLES, SETTINGS
from bot.governance.roles import Person, Policy, Role, Roles
from bot.slack import text
from bot.slack.manifest import COMMAND

_MOST_NAMED = 5
_LONGEST_NAME = 80

UNCERTAIN = (
    f"Slack does not tell me who you are right now, so I cannot check your rights. "
    f"Try again in a moment; `{COMMAND} help` works meanwhile."
)

UNKNOWN_PERSON = (
    f"Slack does not let me look up who you are, so I cannot check your rights. Whoever runs the bot finds the reason "
    f"in its log; `{COMMAND} help` works meanwhile."
)


class NotAllowedError(Exception):
    """The person may not. `str()` is the sentence for them, in mrkdwn: it mentions who can help."""


class Rights:
    """Checks roles, and words the refusals.

    Args:
        roles: Knows who is what.
        policy: Who was named in the settings, to say who can help.
    """

    def __init__(self, roles: Roles, policy: Policy) -> None:
        self._roles = roles
        self._policy = policy

    def check_cached(self, person: Person, needed: Role, name: str) -> None:
        """Refuse what is known to be forbidden. Never waits; who is not known yet is checked later.

        Raises:
            NotAllowedError: The role that was looked up lately is not enough.
        """
        role = self._roles.cached(person)
        if role is not None:
            self._compare(role, needed, name)

    def check(self, person: Person, needed: Role, name: str) -> Role:
        """Return the person's role if it is enough. Help needs none, and asks nobody.

        Args:
            person: Who asks.
            needed: The least role. From operator on it is a change, and looked up afresh.
            name: What is asked for, as it is typed.

        Raises:
            NotAllowedError: It is not enough, or Slack does not say who this is.
        """
        if needed is Role.STRANGER:
            return self._roles.cached(person) or Role.STRANGER
        try:
            role = (self._roles.resolve_afresh if needed >= Role.OPERATOR else self._roles.resolve)(person)
        except DeliveryError as error:
            raise NotAllowedError(UNKNOWN_PERSON if error.permanent else UNCERTAIN) from error
        self._compare(role, needed, name)
        return role

    def _compare(self, role: Role, needed: Role, name: str) -> None:
        if role >= needed:
            return
        shown = text.code(text.cut(name, _LONGEST_NAME))
        if role is Role.STRANGER:
            raise NotAllowedError(
                f"{shown} is for full members of the workspace that this bot serves. Guests and people of "
                f"other organizations can use `{COMMAND} help`."
            )
        raise NotAllowedError(f"{shown} needs {ARTICLES[needed]}. {self._way_out(needed)}")

    def _way_out(self, needed: Role) -> str:
        operators = self._named(Role.OPERATOR) if needed is Role.OPERATOR else frozenset()
        helpers = self._named(Role.ADMIN) or operators
        if helpers:
            return f"Ask {_written(helpers)}."
        return f"Nobody is named as one: whoever runs the bot can fill in `{SETTINGS[needed]}`."

    def _named(self, role: Role) -> frozenset[str]:
        """Return who has a right by name. Never waits, because this may be said before the acknowledgement."""
        policy = self._policy
        return (policy.admins if role is Role.ADMIN else policy.operators) | self._roles.granted(role)


def _written(ids: frozenset[str]) -> str:
    mentions = [f"<!subteam^{each}>" if each.startswith("S") else f"<@{each}>" for each in sorted(ids)]
    shown = mentions[:_MOST_NAMED]
    more = f" or {len(mentions) - _MOST_NAMED} more" if len(mentions) > _MOST_NAMED else ""
    return (", ".join(shown) + more) if more or len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
