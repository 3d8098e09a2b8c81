"""Which image another is built on, and whether that was rebuilt since.

An image says on what it is built where its build wrote that down: as the label `org.opencontainers.image.base.name`, as
an annotation, or in its provenance. What `bot.fleet.contents` knows of that is used; where it knows nothing, the rule
that somebody gave; and only for images that somebody named is it read from the registry, which costs pulls.

Source: https://github.com/opencontainers/image-spec/blob/main/annotations.md for the label and annotation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.fleet import contents, snapshots
from bot.fleet.contents import Contents
from bot.fleet.keeping import has_been
from bot.fleet.model import ImageName, TagSnapshot, Unchecked
from bot.fleet.reading_contents import Content
from bot.fleet.rules import BaseRule, StaleRules, read_base
from bot.fleet.service import Fleet
from bot.fleet.vulnerabilities.model import Target
from bot.hub.client import HubClient
from bot.images import ImageReference, InvalidReferenceError
from bot.store.base import Store
from bot.store.rows import batched
from bot.store.workspaces import HOME

FRESH = timedelta(hours=1)
"""For so long the push time of a base is not asked for again."""
PULLS_EACH = 3
"""As many as learning what is in one image can take: its index, a statement, its configuration."""
MOST_PULLS = 15


@dataclass(frozen=True)
class Base:
    """What an image is built on.

    Attributes:
        image: The base.
        digest: What that was when the image was built; None is unknown.
        is_said: Whether a rule says so; else the image itself does.
    """

    image: ImageName
    digest: str | None = None
    is_said: bool = False


@dataclass(frozen=True)
class Rebuilt:
    """A base that was pushed after what is built on it.

    Attributes:
        base: The base.
        pushed_at: When it was pushed last (UTC).
        later: By how long after the image.
    """

    base: Base
    pushed_at: datetime
    later: timedelta


@dataclass(frozen=True)
class BaseReport:
    """What was found of the bases of some images.

    Attributes:
        rebuilt: By the images whose base was rebuilt since, as people write them: `acme/api:latest`.
        unchecked: Bases that could not be looked at, and images whose base could not be found out.
    """

    rebuilt: Mapping[str, Rebuilt] = field(default_factory=dict)
    unchecked: tuple[Unchecked, ...] = ()


def base_of(tag: TagSnapshot, known: Mapping[str, Content], rules: Sequence[BaseRule]) -> Base | None:
    """Return what an image is built on; None: nobody knows, or it is not at Docker Hub.

    Args:
        tag: The image.
        known: What is known to be in images, by digest.
        rules: What people said, the most specific first; it counts where the image says nothing.
    """
    written = _written_base(tag, known)
    if written is not None:
        image = _docker_hub_image(written[0])
        return Base(image, written[1]) if image and not _is_itself(image, tag) else None
    rule = next((each for each in rules if each.fits(tag.repository)), None)
    return Base(rule.base, is_said=True) if rule and not _is_itself(rule.base, tag) else None


def rebuilt_since(tag: TagSnapshot, base: Base, newest: TagSnapshot) -> Rebuilt | None:
    """Return that a base was pushed after an image; None: it was not, nobody knows, or it is the very same still.

    Args:
        tag: The image.
        base: What it is built on.
        newest: The base as it is now.
    """
    if tag.pushed_at is None or newest.pushed_at is None or newest.pushed_at <= tag.pushed_at:
        return None
    if base.digest is not None and base.digest in {newest.digest, *(each.digest for each in newest.platforms)}:
        return None
    return Rebuilt(base, newest.pushed_at, newest.pushed_at - tag.pushed_at)


def known_rebuilt(
    connection: Connection, workspace: str, tags: Sequence[TagSnapshot], rules: Sequence[BaseRule]
) -> dict[str, Rebuilt]:
    """Return whose base was rebuilt since, by what is kept; asks nobody.

    Args:
        connection: One to read on.
        workspace: Whose.
        tags: The images.
        rules: See `bot.fleet.rules.StaleRules.base_rules`.
    """
    bases = _bases(connection, workspace, tags, rules)
    newest = snapshots.named(connection, workspace, {base.image for base in bases.values()})
    return _rebuilt(tags, bases, newest)


class Bases:
    """Finds out. Safe to use from several threads.

    Args:
        store: The database.
        fleet: Reads when bases were pushed.
        contents: Reads what is in images.
        rules: What people said.
    """

    def __init__(self, store: Store, fleet: Fleet, contents: Contents, rules: StaleRules) -> None:
        self._store = store
        self._fleet = fleet
        self._contents = contents
        self._rules = rules

    def find(self, tags: Sequence[TagSnapshot], *, hub: HubClient, learn: Collection[TagSnapshot] = ()) -> BaseReport:
        """Return whose base was rebuilt since. Costs a request for each base that was not looked at in the last hour.

        Args:
            tags: The images.
            hub: Docker Hub.
            learn: Those of them that are worth the pulls, if nothing is known of their base.

        Raises:
            StoreUnavailableError: The database is away.
        """
        unchecked = self._learn(learn)
        with self._store.read() as connection:
            now = self._store.now(connection)
            rules = self._rules.base_rules(connection)
            bases = _bases(connection, HOME, tags, rules)
            wanted = {base.image for base in bases.values()}
            newest = {
                image: tag
                for image, tag in snapshots.named(connection, HOME, wanted).items()
                if now - FRESH < tag.read_at and has_been(tag.read_at, now)
            }
        asked = sorted(wanted - newest.keys(), key=str)
        if asked:
            read, missed = self._fleet.images(asked, hub=hub)
            newest |= read
            unchecked += missed
        return BaseReport(_rebuilt(tags, bases, newest), tuple(unchecked))

    def _learn(self, tags: Collection[TagSnapshot]) -> list[Unchecked]:
        """Read what is in images of which neither anything is known nor a rule says what they are built on."""
        targets = {tag.reference: target for tag in tags if (target := Target.of(tag)) is not None}
        if not targets:
            return []
        with self._store.read() as connection:
            rules = self._rules.base_rules(connection)
            known = contents.read(connection, HOME, {target.digest for target in targets.values()})
        wanted = [
            target
            for target in targets.values()
            if target.digest not in known and not any(rule.fits(target.repository) for rule in rules)
        ]
        if not wanted:
            return []
        report = self._contents.learn(wanted, most_pulls=min(MOST_PULLS, PULLS_EACH * len(wanted)))
        names = {target.digest: reference for reference, target in targets.items()}
        return [Unchecked(names[each.digest], each.why) for each in report.unread]


def _bases(
    connection: Connection, workspace: str, tags: Sequence[TagSnapshot], rules: Sequence[BaseRule]
) -> dict[str, Base]:
    found = {}
    # Piece by piece, because what is known of an image may be thousands of packages.
    for some in batched(tags):
        digests = {target.digest for tag in some if (target := Target.of(tag)) is not None}
        known = contents.read(connection, workspace, digests)
        found.update({tag.reference: base for tag in some if (base := base_of(tag, known, rules)) is not None})
    return found


def _rebuilt(
    tags: Sequence[TagSnapshot], bases: Mapping[str, Base], newest: Mapping[ImageName, TagSnapshot]
) -> dict[str, Rebuilt]:
    found = {}
    for tag in tags:
        base = bases.get(tag.reference)
        now = newest.get(base.image) if base else None
        rebuilt = rebuilt_since(tag, base, now) if base and now else None
        if rebuilt:
            found[tag.reference] = rebuilt
    return found


def _written_base(tag: TagSnapshot, known: Mapping[str, Content]) -> tuple[str, str | None] | None:
    target = Target.of(tag)
    content = known.get(target.digest) if target else None
    return (content.base.name, content.base.digest) if content and content.base else None


def _docker_hub_image(name: str) -> ImageName | None:
    try:
        return read_base(str(_without_digest(name)))
    except InvalidReferenceError:
        return None


def _without_digest(name: str) -> ImageReference:
    reference = ImageReference.parse(name)
    return reference.with_tag(reference.tag) if reference.tag else reference.bare


def _is_itself(image: ImageName, tag: TagSnapshot) -> bool:
    return image.repository == tag.repository and image.tag in {None, tag.name}
