"""Which repository a person meant, and with whose eyes the bot saw it."""

from dataclasses import dataclass

from bot.chat.command import Context
from bot.images import ImageReference, RepositoryName


@dataclass(frozen=True)
class Found:
    """The repository an image reference stands for.

    Attributes:
        name: Namespace and name.
        reading: Which reading of a short name was taken, as a sentence; empty when there was only one.
    """

    name: RepositoryName
    reading: str = ""


def find_repository(reference: ImageReference, context: Context) -> Found:
    """Return the repository meant: for a short name the default namespace's if it is there, else the official one.

    Raises:
        HubError: Docker Hub did not tell whether the default namespace has such a repository.
    """
    name = context.hub.find(reference, context.default_namespace)
    return Found(name, reading_of_short_name(reference, name, context.default_namespace))


def notes_on(found: Found, context: Context) -> tuple[str, ...]:
    """Return what an answer about the repository must say beside its facts, as sentences with code in backticks.

    Call it after reading: only then is it known whether a credential was refused on the way.
    """
    reading = (found.reading,) if found.reading else ()
    return (*reading, *credential_notes(found.name.namespace, context))


def credential_notes(namespace: str, context: Context) -> tuple[str, ...]:
    """Return a sentence if a credential for the namespace was refused, so that only public data was seen."""
    refusal = context.hub.credential_status(namespace).refusal
    return (refusal,) if refusal else ()


def reading_of_short_name(reference: ImageReference, name: RepositoryName, default: str | None) -> str:
    """Return a sentence on how a short name was read; empty where there was only one reading."""
    if not reference.is_short or default is None:
        return ""
    if name.namespace == default:
        return f"`{reference.name}` was read as `{name}`; for the official image write `library/{reference.name}`."
    return f"`{reference.name}` is the official image: `{default}` has no repository of that name."
