"""What is known of repositories and tags. Reads rows and asks nobody.

Functions take a connection, so that whatever goes into one answer is of one moment.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, case, cast, exists, func, or_, select

from bot.fleet import sweeps
from bot.fleet.model import LATEST, ImageName, RepositorySnapshot, Scope, TagSnapshot, Unchecked, representative
from bot.fleet.rows import kept_tag, name_of, repository_snapshot
from bot.images import RepositoryName
from bot.store import tables
from bot.store.rows import batched

LATE = timedelta(hours=3)
"""Namespaces are looked through every hour; what is older than this was missed more than once."""
NEVER = "it was not looked through yet"
NOT_READ = "it was not looked at yet"
NO_TAGS = "it has no tags"
NO_SUCH_TAG = "there is no such tag"
_MOST_SEARCHED_AS_TEXT = 20

_tags, _repositories = tables.tags, tables.repositories
# By time, what has none at the end; names decide among equals.
_NEWEST_FIRST = (_tags.c.pushed_at.is_(None), _tags.c.pushed_at.desc(), _tags.c.tag.desc())


def repositories(connection: Connection, workspace: str, namespace: str) -> tuple[RepositorySnapshot, ...]:
    """Return the repositories of a namespace, by name."""
    c = _repositories.c
    statement = select(_repositories).where(c.workspace == workspace, c.namespace == namespace)
    return tuple(map(repository_snapshot, connection.execute(statement.order_by(c.repository))))


def repository(connection: Connection, workspace: str, name: RepositoryName) -> RepositorySnapshot | None:
    """Return a repository; None when it is not known."""
    c = _repositories.c
    statement = select(_repositories).where(c.workspace == workspace, c.repository == str(name))
    row = connection.execute(statement).one_or_none()
    return None if row is None else repository_snapshot(row)


def tags_of(
    connection: Connection, workspace: str, names: Collection[RepositoryName]
) -> dict[RepositoryName, tuple[TagSnapshot, ...]]:
    """Return the tags of repositories, newest first, those of unknown time at the end; none for what has none."""
    found: dict[RepositoryName, tuple[TagSnapshot, ...]] = {}
    for some in batched(sorted({str(name) for name in names})):
        statement = select(_tags).where(_tags.c.workspace == workspace, _tags.c.repository.in_(some))
        found |= _by_repository(connection.execute(statement.order_by(_tags.c.repository, *_NEWEST_FIRST)))
    return found


def tags_in(connection: Connection, workspace: str, namespace: str) -> dict[RepositoryName, tuple[TagSnapshot, ...]]:
    """Return all tags of a namespace, likewise."""
    statement = select(_tags).where(*_of_namespaces(workspace, [namespace]))
    return _by_repository(connection.execute(statement.order_by(_tags.c.repository, *_NEWEST_FIRST)))


def representatives(connection: Connection, workspace: str, scope: Scope) -> tuple[TagSnapshot, ...]:
    """Return the tags that a scope is about, each once.

    Those that stand for the repositories of its namespaces (see `bot.fleet.model.representative`), by name, and the
    images that it names. What is not known is left out; `unchecked` tells of it.
    """
    found = {each.reference: each for each in _standing_for(connection, workspace, scope.namespaces)}
    for tag in named(connection, workspace, scope.images).values():
        found.setdefault(tag.reference, tag)
    return tuple(found.values())


def named(connection: Connection, workspace: str, images: Iterable[ImageName]) -> dict[ImageName, TagSnapshot]:
    """Return the tags of images that were named, as far as they are known."""
    wanted = tuple(images)
    whole = tags_of(connection, workspace, {each.repository for each in wanted if each.tag is None})
    single = _single(connection, workspace, [each for each in wanted if each.tag is not None])
    found = {}
    for image in wanted:
        tag = single.get(image) if image.tag else representative(whole.get(image.repository, ()))
        if tag is not None:
            found[image] = tag
    return found


def tags_with(connection: Connection, workspace: str, digests: Collection[str]) -> tuple[TagSnapshot, ...]:
    """Return the tags that point at any of some digests: of the tag itself, or of one of its platforms."""
    wanted = frozenset(digests)
    if not wanted:
        return ()
    statement = select(_tags).where(_tags.c.workspace == workspace)
    if len(wanted) <= _MOST_SEARCHED_AS_TEXT:
        # Platforms are in no column. To look for a few digests in the text is quicker than to read all of it.
        text = cast(_tags.c.facts, Text)
        statement = statement.where(
            or_(_tags.c.digest.in_(wanted), *(text.contains(digest, autoescape=True) for digest in sorted(wanted)))
        )
    rows = connection.execute(statement.order_by(_tags.c.repository, _tags.c.tag))
    return tuple(kept_tag(row) for row in rows if row.digest in wanted or _has_platform(row, wanted))


def unchecked(
    connection: Connection, workspace: str, scope: Scope, *, now: datetime | None = None
) -> tuple[Unchecked, ...]:
    """Return what of a scope could not be looked at, and why.

    A namespace is named when nothing that is known of it can be trusted to be of today; else single repositories and
    images are.

    Args:
        connection: One to read on.
        workspace: Whose.
        scope: What is asked about.
        now: The database's time, to tell what was not looked at lately; None: however long ago will do.
    """
    namespaces = [*scope.namespaces, *(image.repository.namespace for image in scope.images)]
    subjects = [*map(sweeps.subject_of, namespaces), *map(sweeps.subject_of, scope.images)]
    known = sweeps.known(connection, workspace, subjects)
    found: list[Unchecked] = []
    for namespace in scope.namespaces:
        found += _about_namespace(namespace, known.get(sweeps.subject_of(namespace)), now)
    c = _repositories.c
    found += _behind(connection, workspace, c.namespace.in_(scope.namespaces)).values()
    found += _about_images(connection, workspace, scope, known, now)
    return tuple(dict.fromkeys(found))


def _about_namespace(namespace: str, known: sweeps.Known | None, now: datetime | None) -> Iterator[Unchecked]:
    report = known.report if known else None
    whole = next((each for each in report.unchecked if each.subject == namespace), None) if report else None
    if whole is not None:
        yield whole
    elif known is None or known.ended_at is None:
        yield Unchecked(namespace, NEVER)
    elif _is_late(known.ended_at, now):
        yield Unchecked(namespace, f"it was last looked through at {known.ended_at:%H:%M} UTC on {known.ended_at:%F}")
    if report is not None:
        said = {hidden_of(namespace), unreadable_of(namespace)}
        yield from (each for each in report.unchecked if each.subject in said)


def _behind(connection: Connection, workspace: str, is_meant: ColumnElement[bool]) -> dict[RepositoryName, Unchecked]:
    """Return the repositories of which not all is known that a sweep would know, by name."""
    c = _repositories.c
    is_behind = and_(c.read_at < c.pushed_at, c.read_pushed_at.is_distinct_from(c.pushed_at))
    is_open = or_(c.problem.is_not(None), c.read_at.is_(None), is_behind)
    statement = select(c.repository, c.problem, c.read_at).where(c.workspace == workspace, is_meant, is_open)
    found = {}
    for row in connection.execute(statement.order_by(c.repository)):
        why = row.problem or ("its tags were not read yet" if row.read_at is None else "its last push was not read yet")
        name = name_of(row.repository)
        found[name] = Unchecked(name.familiar, why)
    return found


def _about_images(
    connection: Connection, workspace: str, scope: Scope, known: Mapping[str, sweeps.Known], now: datetime | None
) -> Iterator[Unchecked]:
    found = named(connection, workspace, scope.images)
    names = {str(image.repository) for image in scope.images if image.repository.namespace not in scope.namespaces}
    behind = _behind(connection, workspace, _repositories.c.repository.in_(names))
    for image in scope.images:
        namespace, tag = image.repository.namespace, found.get(image)
        look = known.get(sweeps.subject_of(image), sweeps.Known(None))
        swept_at = known.get(sweeps.subject_of(namespace), sweeps.Known(None)).ended_at
        is_told = namespace in scope.namespaces
        # Another digest may have the whole namespace looked through: whichever look was the later one knows.
        is_swept = is_told or (swept_at is not None and (look.ended_at is None or swept_at >= look.ended_at))
        if is_swept:
            seen_at = None if is_told else swept_at
            missed = behind.get(image.repository)
            # Of a namespace that was not looked through to its end, that is what is told.
            is_known = tag is not None or swept_at is None
            why = missed.why if missed else "" if is_known else NO_SUCH_TAG if image.tag else NO_TAGS
        else:
            seen_at = tag.read_at if tag else None
            is_outdated = seen_at is not None and look.ended_at is not None and seen_at > look.ended_at
            why = "" if is_outdated else look.problem or ("" if tag else NOT_READ)
        if not why and seen_at is not None and _is_late(seen_at, now):
            why = f"it was last looked at on {seen_at:%F} at {seen_at:%H:%M} UTC"
        if why:
            yield Unchecked(str(image), why)


def hidden_of(namespace: str) -> str:
    """Return what may be left out of a list without a word, as a subject."""
    return f"private repositories of {namespace}"


def unreadable_of(namespace: str) -> str:
    """Return what a list shows in a way that nobody understands, as a subject."""
    return f"some repositories of {namespace}"


def _is_late(moment: datetime, now: datetime | None) -> bool:
    return now is not None and moment < now - LATE


def _standing_for(connection: Connection, workspace: str, namespaces: Sequence[str]) -> Iterator[TagSnapshot]:
    """Yield what `representative` gives for each repository of namespaces, without reading all its tags."""
    if not namespaces:
        return
    of_namespaces = _of_namespaces(workspace, namespaces)
    is_latest = _tags.c.tag == LATEST
    other = _tags.alias()
    has_latest = exists().where(
        other.c.workspace == workspace, other.c.repository == _tags.c.repository, other.c.tag == LATEST
    )
    kind = _tags.c.facts["type"].as_string()
    is_other_kind = case((or_(kind.is_(None), kind == "image"), 0), else_=1)
    place = (
        func.row_number().over(partition_by=_tags.c.repository, order_by=(is_other_kind, *_NEWEST_FIRST)).label("place")
    )
    ranked = select(_tags, place).where(*of_namespaces, ~has_latest).subquery()
    rows = [
        *connection.execute(select(_tags).where(*of_namespaces, is_latest)),
        *connection.execute(select(ranked).where(ranked.c.place == 1)),
    ]
    yield from map(kept_tag, sorted(rows, key=lambda row: str(row.repository)))


def _single(connection: Connection, workspace: str, images: Sequence[ImageName]) -> dict[ImageName, TagSnapshot]:
    found = {}
    keys = [(str(image.repository), image.tag) for image in images]
    for some in batched(keys):
        # One pair after the other: SQLite looks the others up without an index.
        is_one = or_(*(and_(_tags.c.repository == name, _tags.c.tag == tag) for name, tag in some))
        for row in connection.execute(select(_tags).where(_tags.c.workspace == workspace, is_one)):
            tag = kept_tag(row)
            found[ImageName(tag.repository, tag.name)] = tag
    return found


def _of_namespaces(workspace: str, namespaces: Sequence[str]) -> Sequence[ColumnElement[bool]]:
    # "0" comes right after "/": so these are all names that begin with the namespace and a slash.
    ranges = [and_(_tags.c.repository >= f"{each}/", _tags.c.repository < f"{each}0") for each in namespaces]
    return _tags.c.workspace == workspace, or_(*ranges)


def _by_repository(rows: Iterable[Row[Any]]) -> dict[RepositoryName, tuple[TagSnapshot, ...]]:
    found: dict[str, list[TagSnapshot]] = {}
    for row in rows:
        known = found.setdefault(row.repository, [])
        known.append(kept_tag(row, known[0].repository if known else None))
    return {tags[0].repository: tuple(tags) for tags in found.values()}


def _has_platform(row: Row[Any], digests: Collection[str]) -> bool:
    return any(digest in digests for _, digest, _ in row.facts["platforms"])
