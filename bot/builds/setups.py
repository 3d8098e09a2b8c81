"""How repositories are set up to be built: by people with `trigger setup`, or by the configuration file, which wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Connection, and_, delete, select

from bot.builds.model import Setup
from bot.errors import UserError
from bot.governance import audit
from bot.governance.audit import Entry
from bot.governance.proposals import Asker
from bot.governance.vault import Vault
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import build_setups
from bot.store.workspaces import HOME

FILE = "the configuration file"


@dataclass(frozen=True)
class KeptSetup:
    """A set-up, and who made it.

    Attributes:
        setup: How it is built.
        set_up_by: A person's id, or `FILE`.
        set_up_at: When (UTC); None: by the file.
    """

    setup: Setup
    set_up_by: str
    set_up_at: datetime | None

    @property
    def mark(self) -> str:
        """What changes whenever the set-up or its secret does."""
        return self.set_up_at.isoformat() if self.set_up_at else FILE


class SetByFileError(UserError):
    """The set-up is the configuration file's."""

    def __init__(self, repository: str) -> None:
        super().__init__(f"The builds of `{repository}` are set up in the file of `HUB_BOT_CONFIG`: change them there.")


class Setups:
    """Keeps set-ups, their secrets in the vault. Safe to use from several threads.

    Args:
        store: Where they are kept.
        vault: Where their secrets are.
        from_file: Those of the configuration file, by repository, with their secrets.
    """

    def __init__(self, store: Store, vault: Vault, from_file: Mapping[str, tuple[Setup, SecretStr]]) -> None:
        self._store = store
        self._vault = vault
        self._from_file = dict(from_file)

    def find(self, repository: str) -> KeptSetup | None:
        """Return how a repository is built; None: nobody said.

        Raises:
            StoreUnavailableError: The database is away.
        """
        if repository in self._from_file:
            return KeptSetup(self._from_file[repository][0], FILE, None)
        with self._store.read() as connection:
            return _find(connection, repository)

    def find_with_secret(self, repository: str) -> tuple[KeptSetup, SecretStr] | None:
        """Return how a repository is built and the secret for it, both of the same moment; None: nobody said.

        Raises:
            UserError: The secret cannot be read: there is no key for it.
            StoreUnavailableError: The database is away.
        """
        if repository in self._from_file:
            setup, secret = self._from_file[repository]
            return KeptSetup(setup, FILE, None), secret
        with self._store.read() as connection:
            kept = _find(connection, repository)
            found = self._vault.read(connection, _name(repository)) if kept else None
        return (kept, found) if kept and found else None

    def all(self) -> tuple[KeptSetup, ...]:
        """Return every set-up, by repository.

        Raises:
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            rows = connection.execute(select(build_setups).where(build_setups.c.workspace == HOME)).all()
        kept = [KeptSetup(Setup.model_validate(row.setup), row.set_up_by, row.set_up_at) for row in rows]
        found = {each.setup.repository: each for each in kept}
        found |= {name: KeptSetup(setup, FILE, None) for name, (setup, _) in self._from_file.items()}
        return tuple(found[name] for name in sorted(found))

    def require_changeable(self, repository: str) -> None:
        """Return if people can say how a repository is built.

        Raises:
            SetByFileError: The configuration file does.
        """
        if repository in self._from_file:
            raise SetByFileError(repository)

    def require_key(self) -> None:
        """Return if secrets can be kept.

        Raises:
            NoSecretKeyError: There is no key to encrypt them with.
        """
        self._vault.require_key()

    def save(self, setup: Setup, secret: SecretStr, asker: Asker) -> None:
        """Keep a set-up, in the place of another.

        Raises:
            SetByFileError: The configuration file says how it is built.
            NoSecretKeyError: Nothing secret can be stored.
            StoreUnavailableError: The database is away.
        """
        self.require_changeable(setup.repository)
        summary = f"Have {setup.repository} built with {setup.provider.label}"

        def save(connection: Connection) -> None:
            now = self._store.now(connection)
            self._vault.put(connection, _name(setup.repository), secret, by=asker.user_id, now=now)
            row = {
                "workspace": HOME,
                "repository": setup.repository,
                "setup": setup.model_dump(mode="json"),
                "set_up_by": asker.user_id,
                "set_up_at": now,
            }
            put(connection, build_setups, row)
            _note(connection, setup.repository, summary, asker, now)

        self._store.write(save)

    def remove(self, repository: str, asker: Asker) -> bool:
        """Forget a set-up and its secret; return whether there was one.

        Raises:
            SetByFileError: The configuration file says how it is built.
            StoreUnavailableError: The database is away.
        """
        self.require_changeable(repository)

        def remove(connection: Connection) -> bool:
            if connection.execute(delete(build_setups).where(_is(repository))).rowcount != 1:
                return False
            self._vault.remove(connection, _name(repository))
            _note(connection, repository, f"Forget how {repository} is built", asker, self._store.now(connection))
            return True

        return self._store.write(remove)


def _note(connection: Connection, repository: str, summary: str, asker: Asker, now: datetime) -> None:
    entry = Entry("done", "trigger", repository, summary, actor=asker.user_id, channel=asker.channel)
    audit.note(connection, HOME, entry, now=now)


def _find(connection: Connection, repository: str) -> KeptSetup | None:
    row = connection.execute(select(build_setups).where(_is(repository))).first()
    return KeptSetup(Setup.model_validate(row.setup), row.set_up_by, row.set_up_at) if row else None


def _name(repository: str) -> str:
    return f"build/{repository}"


def _is(repository: str) -> ColumnElement[bool]:
    return and_(build_setups.c.workspace == HOME, build_setups.c.repository == repository)
