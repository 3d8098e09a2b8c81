"""Which images a person meant who named namespaces, repositories, patterns and tags, one beside the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.chat.command import Context
from bot.chat.lookup import credential_notes, find_repository, reading_of_short_name
from bot.errors import ForbiddenError, HubError, NotFoundError, UnauthorizedError, UserError
from bot.fleet.looking import Area, StaleImages
from bot.fleet.model import ImageName
from bot.fleet.snapshots import hidden_of
from bot.images import OFFICIAL_NAMESPACE, ImageReference, InvalidReferenceError, RepositoryName, check_namespace
from bot.pushes.patterns import WrittenPattern
from bot.words import quoted

WHICH_NAMESPACE = "Which namespace? Name one, or set DOCKERHUB_NAMESPACES for a default."
NO_DATABASE = "Nothing is known of images here, because there is no database: set `HUB_BOT_DATABASE_URL`."
IS_NAMESPACE = "`{word}` was read as the namespace; for the official image write `library/{word}`."
SEVERAL_OFFICIAL = "{words} are official images: `{namespace}` has no repositories of these names."
IS_OWN_NAMESPACE = "`{word}` was read as the namespace; for a repository of that name write `{word}/{word}`."

_SIGNS = frozenset("*?")


@dataclass(frozen=True)
class Target:
    """A namespace, a repository, several by a pattern, or an image, as somebody wrote it.

    Attributes:
        namespace: None when it was left out.
        name: A glob (`*`, `?`); empty: a namespace was written, `acme/`.
        tag: None when none was given.
    """

    namespace: str | None
    name: str
    tag: str | None = None

    @property
    def is_area(self) -> bool:
        """Whether more than one repository may be meant."""
        return not self.name or bool(_SIGNS & set(self.name))

    @property
    def is_bare(self) -> bool:
        """Whether it is one word, which may be a namespace as well."""
        return self.namespace is None and self.tag is None and not self.is_area

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `acme/`, `acme/api`, `acme/api-*`, `acme/api:1.2`, `python`, or an address of Docker Hub.

        Raises:
            InvalidReferenceError: The text is none of these; the message is a sentence.
        """
        before, slash, after = text.strip().partition("/")
        if slash and not after:
            return cls(check_namespace(before), "")
        if "@" in text:
            raise InvalidReferenceError(f"{quoted(text)} names a digest, which has no age: name a tag.")
        written = WrittenPattern.parse(text)
        if written.tag and not written.is_exact:
            raise InvalidReferenceError(f"{quoted(text)}: several repositories and a tag go together by `--tag`.")
        return cls(written.namespace, written.name, written.tag)


@dataclass(frozen=True)
class Chosen:
    """What is meant.

    Attributes:
        areas: Repositories of namespaces.
        images: Images.
        readings: How words were read, as sentences with code in backticks, each with what it was read as.
        guesses: Words that were read as official images, and may be namespaces.
    """

    areas: tuple[Area, ...] = ()
    images: tuple[ImageName, ...] = ()
    readings: tuple[tuple[str, str], ...] = ()
    guesses: tuple[str, ...] = field(default=())

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Those that anything is in, each once."""
        named = [area.namespace for area in self.areas] + [image.repository.namespace for image in self.images]
        return tuple(dict.fromkeys(named))

    @property
    def title(self) -> str:
        """What is meant, in a few words; empty: too many things for a title."""
        whole = [area.namespace if area.pattern == "*" else f"{area.namespace}/{area.pattern}" for area in self.areas]
        named = [*whole, *map(str, self.images)]
        return ", ".join(named) if len(named) <= 3 else ""  # noqa: PLR2004 - More cannot be read at a glance.


def stale_images_of(context: Context) -> StaleImages:
    """Return what looks for stale images.

    Raises:
        UserError: There is no database.
    """
    if context.stale_images is None:
        raise UserError(NO_DATABASE)
    return context.stale_images


def choose(targets: Sequence[Target], namespace: str | None, context: Context) -> Chosen:
    """Find out what is meant; nothing named is the namespace, and no namespace the default one.

    Asks Docker Hub only whether the default namespace has a repository of a bare name, where that is not known yet.

    Raises:
        UserError: A namespace is needed, and there is no default one.
        HubError: Docker Hub does not tell.
    """
    default = namespace or context.default_namespace
    if not targets:
        return Chosen(areas=(Area(_required(default)),))
    areas, images, readings, guesses = [], [], [], []
    for target in targets:
        word = target.name
        if target.is_area:
            areas.append(Area(target.namespace or _required(default), word or "*"))
        elif target.is_bare and word in context.own_namespaces:
            areas.append(Area(word))
            readings.append((word, IS_OWN_NAMESPACE.format(word=word)))
        else:
            found, reading = _find(target, context)
            images.append(ImageName(found, target.tag))
            readings += [(str(images[-1]), reading)] if reading else []
            guesses += [word] if target.is_bare and found.is_official else []
    return Chosen(tuple(areas), tuple(images), tuple(readings), tuple(guesses))


def reconsider(chosen: Chosen, missed: Sequence[str], context: Context) -> Chosen | None:
    """Return what is meant where a word that is no official image turns out to be a namespace; None: none does.

    Args:
        chosen: How the words were read at first.
        missed: What could not be looked at, as people write it.
        context: Knows Docker Hub.
    """
    turned = [word for word in chosen.guesses if word in missed and _is_namespace(word, context)]
    if not turned:
        return None
    return Chosen(
        areas=(*chosen.areas, *map(Area, turned)),
        images=tuple(each for each in chosen.images if str(each) not in turned),
        readings=(
            *(each for each in chosen.readings if each[0] not in turned),
            *((f"{word}/", IS_NAMESPACE.format(word=word)) for word in turned),
        ),
    )


def notes_on(chosen: Chosen, missed: Sequence[str], context: Context) -> tuple[str, ...]:
    """Return what must be said about how the answer came about. To be called after reading, see `bot.chat.lookup`.

    Args:
        chosen: How the words were read.
        missed: What could not be looked at: nobody needs to know how its name was read, nor the same twice.
        context: Of the command.
    """
    images = set(map(str, chosen.images)) - set(missed)
    areas = {each for area in chosen.areas for each in (area.namespace, f"{area.namespace}/")}
    readings = _together([(subject, said) for subject, said in chosen.readings if subject in images | areas], context)
    told = [namespace for namespace in chosen.namespaces if hidden_of(namespace) in missed]
    others = [namespace for namespace in chosen.namespaces if namespace not in told]
    refusals = [note for namespace in others for note in credential_notes(namespace, context)]
    whole = [area.namespace for area in chosen.areas if area.namespace in others]
    hidden = [context.fleet.may_hide(each, hub=context.hub) for each in whole] if context.fleet else []
    return tuple(dict.fromkeys((*readings, *refusals, *filter(None, hidden))))


def _together(readings: Sequence[tuple[str, str]], context: Context) -> Sequence[str]:
    """Return the readings, those of several official images as one sentence."""
    official = [subject.partition(":")[0] for subject, _ in readings if "/" not in subject]
    official = [word for word in dict.fromkeys(official) if word not in context.own_namespaces]
    rest = [sentence for subject, sentence in readings if subject.partition(":")[0] not in official]
    if len(official) <= 1:
        return [sentence for _, sentence in readings]
    words = ", ".join(f"`{word}`" for word in official)
    return [*rest, SEVERAL_OFFICIAL.format(words=words, namespace=context.default_namespace)]


def _required(namespace: str | None) -> str:
    if namespace is None:
        raise UserError(WHICH_NAMESPACE)
    return namespace


def _find(target: Target, context: Context) -> tuple[RepositoryName, str]:
    """Return the repository meant, and how its name was read. What was looked through lately needs no request."""
    reference, default = ImageReference(target.name, namespace=target.namespace), context.default_namespace
    is_own = None
    if reference.is_short and default is not None and context.stale_images is not None:
        is_own = context.stale_images.has_repository(reference.in_namespace(default))
    if is_own is None:
        found = find_repository(reference, context)
        return found.name, found.reading
    name = reference.in_namespace(str(default) if is_own else OFFICIAL_NAMESPACE)
    return name, reading_of_short_name(reference, name, default)


def _is_namespace(word: str, context: Context) -> bool:
    try:
        context.hub.repositories.get(RepositoryName(OFFICIAL_NAMESPACE, word))
    except (NotFoundError, ForbiddenError, UnauthorizedError):
        return _has_repositories(word, context)
    except HubError:
        return False
    return False


def _has_repositories(namespace: str, context: Context) -> bool:
    try:
        return any(context.hub.repositories.list(namespace, limit=1))
    except HubError:
        return False
