"""Secrets at rest: encrypted with the keys of the settings, and bound to the row that they stand in.

Each secret is a Fernet token (https://github.com/fernet/spec) made with the newest key; all keys are tried to read it.
Inside of it stand the workspace and the name of its row, so that a row that was copied over another is noticed. Without
a key nothing secret can be stored.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr
from sqlalchemy import Connection, delete, select, update

from bot.errors import ConfigError, UserError
from bot.store.base import Store
from bot.store.rows import put
from bot.store.tables import kept_secrets
from bot.store.workspaces import HOME

logger = logging.getLogger(__name__)

SETTING = "HUB_BOT_SECRET_KEY"
_BATCH = 100


class NoSecretKeyError(UserError):
    """There is no key, so nothing secret can be stored or read."""

    reason = "no_secret_key"

    def __init__(self, *, is_reading: bool = False) -> None:
        what = "No secret can be read" if is_reading else "Nothing secret can be stored"
        super().__init__(
            f"{what} without a key: whoever runs the bot can set `{SETTING}` to what `hub-bot db new-key` prints."
        )


class UnreadableSecretError(UserError):
    """A secret is there, and cannot be read.

    Args:
        name: What it is called.
        problem: Why not; a clause.
    """

    reason = "unreadable_secret"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"The secret `{name}` cannot be read: {problem}. Set it up again, or put the key it was stored with back "
            f"at the end of `{SETTING}`."
        )
        self.name = name


class Vault:
    """Keeps secrets. Safe to use from several threads.

    Args:
        store: Where they are kept.
        keys: Fernet keys, newest first; may be empty.

    Raises:
        ConfigError: One of them is no key.
    """

    def __init__(self, store: Store, keys: Sequence[SecretStr]) -> None:
        self._store = store
        self._ciphers = tuple(map(_cipher, keys))

    def __repr__(self) -> str:
        return f"<Vault of {len(self._ciphers)} keys in {self._store!r}>"

    @property
    def can_keep(self) -> bool:
        """Whether anything can be stored."""
        return bool(self._ciphers)

    def require_key(self) -> None:
        """Return if anything can be stored.

        Raises:
            NoSecretKeyError: There is no key.
        """
        if not self.can_keep:
            raise NoSecretKeyError

    def put(
        self, connection: Connection, name: str, secret: SecretStr, *, by: str, now: datetime, workspace: str = HOME
    ) -> None:
        """Store a secret, in the place of the one of that name if there is one.

        Args:
            connection: One in a write.
            name: What it is called; no secret.
            secret: The secret.
            by: Who stores it.
            now: The database's time.
            workspace: Whose.

        Raises:
            NoSecretKeyError: There is no key.
        """
        self.require_key()
        inside = json.dumps({"workspace": workspace, "name": name, "secret": secret.get_secret_value()})
        token = self._ciphers[0].encrypt_at_time(inside.encode(), int(now.timestamp()))
        row = {
            "workspace": workspace,
            "name": name,
            "token": token.decode(),
            "stored_by": by,
            "stored_at": now,
        }
        put(connection, kept_secrets, row)

    def get(self, name: str, workspace: str = HOME) -> SecretStr | None:
        """Return a secret; None: there is none of that name.

        Raises:
            NoSecretKeyError: There is one, and no key.
            UnreadableSecretError: There is one that none of the keys reads, or that is not the one of that name.
            StoreUnavailableError: The database is away.
        """
        with self._store.read() as connection:
            return self.read(connection, name, workspace)

    def read(self, connection: Connection, name: str, workspace: str = HOME) -> SecretStr | None:
        """Return a secret as `get` does, at the same moment as other rows."""
        token = connection.scalar(
            select(kept_secrets.c.token).where(kept_secrets.c.workspace == workspace, kept_secrets.c.name == name)
        )
        return None if token is None else self._decrypted(token, workspace, name)

    def remove(self, connection: Connection, name: str, workspace: str = HOME) -> bool:
        """Forget a secret; return whether there was one.

        Args:
            connection: One in a write.
            name: What it is called.
            workspace: Whose.
        """
        gone = delete(kept_secrets).where(kept_secrets.c.workspace == workspace, kept_secrets.c.name == name)
        return connection.execute(gone).rowcount > 0

    def rotate(self) -> int:
        """Encrypt with the newest key whatever an older one has encrypted, and return how many secrets that were.

        Safe to repeat, to interrupt, and while the bot runs. What none of the keys reads stays as it is; see
        `unreadable`.

        Raises:
            NoSecretKeyError: There is no key.
            StoreUnavailableError: The database is away.
        """
        self.require_key()
        rotated = 0
        after = ("", "")
        while rows := self._page(after):
            rotated += self._store.write(partial(self._rotate, rows))
            after = rows[-1][:2]
        if rotated:
            logger.info("secrets_rotated", extra={"secrets": rotated})
        return rotated

    def unreadable(self) -> tuple[str, ...]:
        """Return the names of the secrets that cannot be read, of all workspaces; all of them if there is no key.

        Raises:
            StoreUnavailableError: The database is away.
        """
        names: list[str] = []
        after = ("", "")
        while rows := self._page(after):
            names += [name for workspace, name, token in rows if not self._can_read(token, workspace, name)]
            after = rows[-1][:2]
        return tuple(names)

    def _page(self, after: tuple[str, str]) -> list[tuple[str, str, str]]:
        """Return the next rows in the order of their keys: workspace, name and token."""
        workspace, name = kept_secrets.c.workspace, kept_secrets.c.name
        query = (
            select(workspace, name, kept_secrets.c.token)
            .where((workspace > after[0]) | ((workspace == after[0]) & (name > after[1])))
            .order_by(workspace, name)
            .limit(_BATCH)
        )
        with self._store.read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def _rotate(self, rows: Sequence[tuple[str, str, str]], connection: Connection) -> int:
        return sum(self._rotate_one(connection, *row) for row in rows)

    def _rotate_one(self, connection: Connection, workspace: str, name: str, token: str) -> bool:
        if _reads(self._ciphers[0], token) or not self._can_read(token, workspace, name):
            return False
        newer = MultiFernet(self._ciphers).rotate(token.encode()).decode()
        # One that somebody stored anew meanwhile has another token, and the newest key already.
        changed = (
            update(kept_secrets)
            .where(kept_secrets.c.workspace == workspace, kept_secrets.c.name == name, kept_secrets.c.token == token)
            .values(token=newer)
        )
        return connection.execute(changed).rowcount > 0

    def _can_read(self, token: str, workspace: str, name: str) -> bool:
        try:
            self._decrypted(token, workspace, name)
        except (NoSecretKeyError, UnreadableSecretError):
            return False
        return True

    def _decrypted(self, token: str, workspace: str, name: str) -> SecretStr:
        if not self._ciphers:
            raise NoSecretKeyError(is_reading=True)
        try:
            inside = json.loads(MultiFernet(self._ciphers).decrypt(token.encode()))
        except InvalidToken:
            raise UnreadableSecretError(name, f"it was stored with a key that is not in `{SETTING}`") from None
        if (inside["workspace"], inside["name"]) != (workspace, name):
            raise UnreadableSecretError(name, "what stands in its place was stored as another secret")
        return SecretStr(inside["secret"])


def new_key() -> str:
    """Return a fresh key for `HUB_BOT_SECRET_KEY`."""
    return Fernet.generate_key().decode()


def _cipher(key: SecretStr) -> Fernet:
    try:
        return Fernet(key.get_secret_value())
    except ValueError:
        raise ConfigError([f"{SETTING}: a key is what `hub-bot db new-key` prints."]) from None


def _reads(cipher: Fernet, token: str) -> bool:
    try:
        cipher.decrypt(token.encode())
    except InvalidToken:
        return False
    return True
