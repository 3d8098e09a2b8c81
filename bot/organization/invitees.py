"""Who is to be invited: e-mail addresses and Docker ids, as people write them, and what is known of each.

Pure. Source for Docker ids: https://docs.docker.com/accounts/create-account/ (older ones are shorter, and may have
hyphens and underscores); for the length of an address: RFC 5321, 4.5.3.1.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bot.hub.failures import clean
from bot.words import quoted

MOST_INVITEES = 25
LONGEST_LIST = 2_000
"""Characters of all names together: more than that cannot be shown whole to somebody who is to approve it."""

_LONGEST_EMAIL = 254
_LONGEST_LOCAL_PART = 64
_DOCKER_ID = re.compile(r"[a-z0-9][a-z0-9_-]{1,29}")
_DOMAIN = re.compile(r"[^\s@.]+(?:\.[^\s@.]+)+")
_NOT_IN_AN_ADDRESS = re.compile(r"[\s<>()\[\]\\,;:\"`!|*]")
_SEPARATORS = re.compile(r"[,;\s]+")
_AROUND = "<>\"'"


class Standing(StrEnum):
    """How somebody stands to an organization, as far as inviting them goes."""

    WANTED = "wanted"
    """To be invited."""
    MEMBER = "member"
    PENDING = "pending"
    """Invited before."""
    MALFORMED = "malformed"
    """Neither an e-mail address nor a Docker id."""
    INVITED = "invited"
    """Now."""
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    """Perhaps invited: nobody said."""


class Invitee(BaseModel):
    """Somebody who was named, and what is known of them.

    Attributes:
        name: The e-mail address or Docker id.
        standing: How they stand to the organization.
        detail: More, as a clause without any backticks; may be empty.
        status: Docker Hub's own word, of an open set; None: it said none.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    standing: Standing
    detail: str = ""
    status: str | None = None


def read_names(words: Iterable[str]) -> tuple[str, ...]:
    """Return the names in the words, each once; what is no name stays as it was written.

    Commas and semicolons part names too, as they come out of mail programs. Docker ids are put in small letters, as
    Docker has them.
    """
    pieces = (piece.strip(_AROUND).removeprefix("mailto:") for word in words for piece in _SEPARATORS.split(word))
    names = (piece if "@" in piece else piece.lower() for piece in pieces if piece)
    return tuple({same_key(name): name for name in names}.values())


def same_key(name: str) -> str:
    """Return what two ways to write the same name have in common."""
    return name.casefold()


def problem_of(name: str) -> str:
    """Return why nobody can be called that, as a clause; empty: somebody can."""
    if name.startswith(("@", "#", "!")):
        return "that is a name in Slack; write their e-mail address or Docker id"
    if "@" in name:
        return "" if _is_address(name) else "not an e-mail address"
    return "" if _DOCKER_ID.fullmatch(name) else "neither an e-mail address nor a Docker id"


def inert(text: str) -> str:
    """Return a word from the outside as a short piece of one of our own sentences."""
    return quoted(clean(text))[1:-1]


def _is_address(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    is_short = len(text) <= _LONGEST_EMAIL and 0 < len(local) <= _LONGEST_LOCAL_PART
    is_plain = text.isprintable() and not _NOT_IN_AN_ADDRESS.search(text) and "@" not in local
    return is_short and is_plain and _DOMAIN.fullmatch(domain) is not None
