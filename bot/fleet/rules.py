"""From which age on images are stale, and what they are built on: as people say by command, or as the file says.

What the configuration file says of one of the two is all there is of it: then commands show it and change nothing.
Every change is in the audit trail, in the transaction that makes it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, select

from bot.errors import UserError
from bot.fleet.model import ImageName
from bot.fleet.staleness import DEFAULT_AGE, Limits, Rule, limit_words, read_limit
from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.proposals import Asker
from bot.images import ImageReference, InvalidReferenceError, RepositoryName
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import base_rules, stale_rules
from bot.store.workspaces import HOME
from bot.words import quoted

FILE = "the configuration file"
MOST_RULES = 100
"""Of a namespace; and as many say what images are built on."""


@dataclass(frozen=True)
class KeptRule:
    """A rule, and who made it.

    Attributes:
        rule: Which tags are stale from when on.
        namespace: Where; None: in every namespace.
        set_by: A person's id, or `FILE`.
        set_at: When (UTC); None: by the file.
    """

    rule: Rule
    namespace: str | None
    set_by: str = FILE
    set_at: datetime | None = None


@dataclass(frozen=True)
class BaseRule:
    """On which image others are built, as somebody said.

    Attributes:
        pattern: A glob (`*`, `?`) for `namespace/name`.
        base: The image.
        set_by: A person's id, or `FILE`.
        set_at: When (UTC); None: by the file.
    """

    pattern: str
    base: ImageName
    set_by: str = FILE
    set_at: datetime | None = None

    def fits(self, repository: RepositoryName) -> bool:
        """Return whether the rule is about a repository."""
        return fnmatchcase(str(repository), self.pattern)

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """Orders rules, the most specific first, as those for tags."""
        return Rule(self.pattern, None).rank


@dataclass(frozen=True)
class Configured:
    """What the configuration file says.

    Attributes:
        default: The age for tags that no rule fits; None: it does not say.
        rules: All rules for tags; None: it does not say, so people may.
        bases: All rules for bases; None likewise.
    """

    default: timedelta | None = None
    rules: Sequence[KeptRule] | None = field(default=None)
    bases: Sequence[BaseRule] | None = field(default=None)


class SetByFileError(UserError):
    """The rules are the configuration file's."""

    def __init__(self) -> None:
        super().__init__("These rules are set in the file of `HUB_BOT_CONFIG`, under `[stale]`: change them there.")


class StaleRules:
    """Keeps the rules. Safe to use from several threads.

    Args:
        store: Where they are kept.
        configured: What the configuration file says.
    """

    def __init__(self, store: Store, configured: Configured | None = None) -> None:
        self._store = store
        self._configured = configured or Configured()

    @property
    def default(self) -> timedelta:
        """From which age on a tag is stale that no rule fits."""
        return self._configured.default or DEFAULT_AGE

    def limits(self, connection: Connection, namespace: str) -> Limits:
        """Return what holds in a namespace."""
        # A rule for the namespace stands before the same one for all.
        found = sorted(self.rules(connection, namespace), key=lambda kept: kept.namespace is None)
        once = {kept.rule.pattern: kept.rule for kept in reversed(found)}
        return Limits(tuple(once.values()), self.default)

    def rules(self, connection: Connection, namespace: str) -> tuple[KeptRule, ...]:
        """Return the rules of a namespace, in the order in which they hold."""
        if self._configured.rules is not None:
            found = [kept for kept in self._configured.rules if kept.namespace in {None, namespace}]
        else:
            chosen = select(stale_rules).where(_of_namespace(namespace))
            found = [
                KeptRule(Rule(row.pattern, read_limit(row.age)), row.namespace, row.set_by, row.set_at)
                for row in connection.execute(chosen)
            ]
        return tuple(sorted(found, key=lambda kept: (kept.rule.rank, kept.namespace is None)))

    def base_rules(self, connection: Connection) -> tuple[BaseRule, ...]:
        """Return on what images are built, in the order in which the rules hold."""
        found = self._configured.bases
        if found is None:
            rows = connection.execute(select(base_rules).where(base_rules.c.workspace == HOME))
            found = [BaseRule(row.image, read_base(row.base), row.set_by, row.set_at) for row in rows]
        return tuple(sorted(found, key=lambda rule: rule.rank))

    def all(self, namespace: str) -> tuple[tuple[KeptRule, ...], tuple[BaseRule, ...]]:
        """Return the rules of a namespace, and all for bases, each in the order in which they hold.

        Raises:
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            return self.rules(connection, namespace), self.base_rules(connection)

    def add(self, namespace: str, rule: Rule, asker: Asker) -> Rule | None:
        """Keep a rule, in the place of that with the same pattern; return that one, None: there was none.

        Raises:
            SetByFileError: The configuration file sets the rules.
            UserError: There are as many as there may be.
            StoreUnavailableError: The database is away.
        """
        self._require_changeable(self._configured.rules)
        row = {"workspace": HOME, "namespace": namespace, "pattern": rule.pattern, "age": limit_words(rule.age)}
        when = "never be stale" if rule.age is None else f"be stale after {limit_words(rule.age)}"

        def add(connection: Connection) -> Rule | None:
            known = {kept.rule.pattern: kept.rule for kept in self.rules(connection, namespace)}
            before = known.get(rule.pattern)
            if before != rule:
                _check_room(known, rule.pattern)
                self._put(connection, stale_rules, row, asker)
                summary = f"Let tags {rule.pattern} of {namespace} {when}"
                _note(connection, namespace, summary, asker, self._store.now(connection))
            return before

        return self._store.write(add)

    def remove(self, namespace: str, pattern: str, asker: Asker) -> bool:
        """Forget a rule; return whether there was one.

        Raises:
            SetByFileError: The configuration file sets the rules.
            StoreUnavailableError: The database is away.
        """
        self._require_changeable(self._configured.rules)
        where = and_(_of_namespace(namespace), stale_rules.c.pattern == pattern)
        return self._remove(
            stale_rules, where, namespace, f"Forget when tags {pattern} of {namespace} are stale", asker
        )

    def add_base(self, pattern: str, base: ImageName, asker: Asker) -> ImageName | None:
        """Keep on what images are built, in the place of what was said before; return that, None: nothing was.

        Args:
            pattern: A glob for `namespace/name`.
            base: The image.
            asker: Who says so.

        Raises:
            SetByFileError: The configuration file sets the rules.
            UserError: There are as many as there may be.
            StoreUnavailableError: The database is away.
        """
        self._require_changeable(self._configured.bases)
        row = {"workspace": HOME, "image": pattern, "base": str(base)}

        def add(connection: Connection) -> ImageName | None:
            known = {rule.pattern: rule.base for rule in self.base_rules(connection)}
            before = known.get(pattern)
            if before != base:
                _check_room(known, pattern)
                self._put(connection, base_rules, row, asker)
                _note(connection, pattern, f"Take {base} for the base of {pattern}", asker, self._store.now(connection))
            return before

        return self._store.write(add)

    def remove_base(self, pattern: str, asker: Asker) -> bool:
        """Forget on what images are built; return whether anything was said.

        Raises:
            SetByFileError: The configuration file sets the rules.
            StoreUnavailableError: The database is away.
        """
        self._require_changeable(self._configured.bases)
        where = and_(base_rules.c.workspace == HOME, base_rules.c.image == pattern)
        return self._remove(base_rules, where, pattern, f"Forget which base {pattern} is built on", asker)

    def _require_changeable(self, configured: Sequence[object] | None) -> None:
        if configured is not None:
            raise SetByFileError

    def _put(self, connection: Connection, table: Table, row: dict[str, str], asker: Asker) -> None:
        put(connection, table, {**row, "set_by": asker.user_id, "set_at": self._store.now(connection)})

    def _remove(self, table: Table, where: ColumnElement[bool], subject: str, summary: str, asker: Asker) -> bool:
        def remove(connection: Connection) -> bool:
            if connection.execute(delete(table).where(where)).rowcount != 1:
                return False
            _note(connection, subject, summary, asker, self._store.now(connection))
            return True

        return self._store.write(remove)


def read_base(text: str) -> ImageName:
    """Read the name of an image that others are built on; a bare one is an official image.

    Raises:
        InvalidReferenceError: It is none; the message is a sentence.
    """
    reference = ImageReference.parse(text)
    if reference.digest:
        raise InvalidReferenceError(f"{quoted(text)} names a digest, which is never rebuilt: name a tag.")
    return ImageName(RepositoryName.parse(str(reference.bare)), reference.tag)


def _check_room(known: Collection[str], pattern: str) -> None:
    if pattern not in known and len(known) >= MOST_RULES:
        raise UserError(f"There are {MOST_RULES} rules, which is all there may be: remove one first.")


def _note(connection: Connection, subject: str, summary: str, asker: Asker, now: datetime) -> None:
    entry = Entry("done", "stale", subject, summary, actor=asker.user_id, channel=asker.channel)
    audit.note(connection, HOME, entry, now=now)


def _of_namespace(namespace: str) -> ColumnElement[bool]:
    return and_(stale_rules.c.workspace == HOME, stale_rules.c.namespace == namespace)
