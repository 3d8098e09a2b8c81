"""Secrets at rest, on both stores."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Connection, select, update

from bot.clock import FrozenClock
from bot.errors import ConfigError
from bot.governance.vault import NoSecretKeyError, UnreadableSecretError, Vault, new_key
from bot.store.base import Store
from bot.store.engine import open_store
from bot.store.migrations import upgrade
from bot.store.tables import kept_secrets
from tests.store.played import NOON

OLD = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEW = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
LOST = "AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE="
TOKEN = "glptt-a-trigger-token-of-the-vault-tests"


def vault_of(store: Store, *keys: str) -> Vault:
    return Vault(store, [SecretStr(key) for key in keys])


def keep(store: Store, vault: Vault, name: str, secret: str = TOKEN, workspace: str = "home") -> None:
    def work(connection: Connection) -> None:
        vault.put(connection, name, SecretStr(secret), by="U0ANA", now=store.now(connection), workspace=workspace)

    store.write(work)


def value_of(vault: Vault, name: str, workspace: str = "home") -> str | None:
    found = vault.get(name, workspace)
    return None if found is None else found.get_secret_value()


def tokens(store: Store) -> dict[str, str]:
    with store.read() as connection:
        found = connection.execute(select(kept_secrets.c.name, kept_secrets.c.token))
        return {name: token for name, token in found}  # noqa: C416 - Rows are no pairs.


def test_a_secret_that_was_stored_is_read_again(store: Store) -> None:
    vault = vault_of(store, NEW)

    keep(store, vault, "build:acme/api")

    assert value_of(vault, "build:acme/api") == TOKEN
    assert vault.get("build:acme/web") is None
    assert vault.get("build:acme/api", "T0OTHER") is None


def test_a_secret_takes_the_place_of_the_one_before_and_can_be_forgotten(store: Store) -> None:
    vault = vault_of(store, NEW)
    keep(store, vault, "build:acme/api")
    keep(store, vault, "build:acme/api", "another")

    assert value_of(vault, "build:acme/api") == "another"
    assert store.write(lambda connection: vault.remove(connection, "build:acme/api"))
    assert not store.write(lambda connection: vault.remove(connection, "build:acme/api"))
    assert vault.get("build:acme/api") is None


def test_the_row_says_who_and_when_and_nothing_of_the_secret(store: Store) -> None:
    keep(store, vault_of(store, NEW), "build:acme/api")

    with store.read() as connection:
        row = connection.execute(select(kept_secrets)).one()._asdict()

    assert (row["stored_by"], row["stored_at"]) == ("U0ANA", NOON)
    assert TOKEN not in str(row)


def test_without_a_key_nothing_is_stored_and_it_says_how(store: Store) -> None:
    vault = vault_of(store)

    assert not vault.can_keep
    with pytest.raises(NoSecretKeyError, match=r"`HUB_BOT_SECRET_KEY` to what `hub-bot db new-key` prints"):
        keep(store, vault, "build:acme/api")
    assert vault.get("build:acme/api") is None
    assert tokens(store) == {}


def test_what_is_there_cannot_be_read_without_its_key_and_says_what_it_is(store: Store) -> None:
    keep(store, vault_of(store, LOST), "build:acme/api")

    with pytest.raises(UnreadableSecretError, match=r"`build:acme/api` cannot be read.*HUB_BOT_SECRET_KEY"):
        vault_of(store, NEW, OLD).get("build:acme/api")
    with pytest.raises(NoSecretKeyError):
        vault_of(store).get("build:acme/api")


def test_older_keys_still_read(store: Store) -> None:
    keep(store, vault_of(store, OLD), "build:acme/api")

    assert value_of(vault_of(store, NEW, OLD), "build:acme/api") == TOKEN


@pytest.mark.parametrize(
    ("there", "here"), [(("build:acme/web", "home"), ("build:acme/api", "home")), (("a", "T1"), ("a", "T2"))]
)
def test_a_row_that_was_copied_over_another_is_noticed(
    store: Store, there: tuple[str, str], here: tuple[str, str]
) -> None:
    vault = vault_of(store, NEW)
    keep(store, vault, there[0], "the secret of there", there[1])
    keep(store, vault, here[0], "the secret of here", here[1])

    def swap(connection: Connection) -> None:
        mine = (kept_secrets.c.name == here[0]) & (kept_secrets.c.workspace == here[1])
        theirs = (kept_secrets.c.name == there[0]) & (kept_secrets.c.workspace == there[1])
        token = connection.scalar(select(kept_secrets.c.token).where(theirs))
        connection.execute(update(kept_secrets).where(mine).values(token=token))

    store.write(swap)

    with pytest.raises(UnreadableSecretError, match="stored as another secret"):
        vault.get(here[0], here[1])
    assert vault.unreadable() == (here[0],)


@pytest.mark.parametrize("damage", ["", "no token at all", "gAAAAA", "ünknown"])
def test_a_damaged_row_is_a_sentence(store: Store, damage: str) -> None:
    vault = vault_of(store, NEW)
    keep(store, vault, "build:acme/api")
    store.write(lambda connection: connection.execute(update(kept_secrets).values(token=damage)).rowcount)

    with pytest.raises(UnreadableSecretError):
        vault.get("build:acme/api")


# Rotation


def fill(store: Store, keys: Sequence[str], many: int = 5) -> None:
    for number in range(many):
        keep(store, vault_of(store, keys[number % len(keys)]), f"build:acme/{number:03}", f"{TOKEN}-{number}")


def test_rotation_leaves_every_secret_to_the_newest_key_alone(store: Store) -> None:
    fill(store, [OLD, NEW])

    assert vault_of(store, NEW, OLD).rotate() == 3

    alone = vault_of(store, NEW)
    assert [value_of(alone, f"build:acme/{number:03}") for number in range(5)] == [f"{TOKEN}-{n}" for n in range(5)]
    assert alone.unreadable() == ()


def test_rotation_can_be_repeated_and_does_nothing_then(store: Store) -> None:
    fill(store, [OLD])
    vault = vault_of(store, NEW, OLD)
    vault.rotate()
    before = tokens(store)

    assert vault.rotate() == 0
    assert tokens(store) == before


def test_rotation_goes_through_more_than_one_batch() -> None:
    store = open_store("sqlite://")
    upgrade(store)
    fill(store, [OLD], many=250)

    assert vault_of(store, NEW, OLD).rotate() == 250
    assert vault_of(store, NEW).unreadable() == ()
    store.close()


def test_a_rotation_that_was_interrupted_is_taken_up_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, [OLD])
    monkeypatch.setattr("bot.governance.vault._BATCH", 2)
    writes = 0
    really_write = store.write

    def write_once(work: object, **options: object) -> object:
        nonlocal writes
        writes += 1
        if writes > 1:
            raise KeyboardInterrupt
        return really_write(work, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", write_once)
        vault = vault_of(store, NEW, OLD)
        with pytest.raises(KeyboardInterrupt):
            vault.rotate()

    assert vault.unreadable() == ()
    assert vault.rotate() == 3
    assert vault_of(store, NEW).unreadable() == ()


def test_what_no_key_reads_stays_as_it_is_and_is_named(store: Store) -> None:
    fill(store, [OLD, LOST, NEW])
    vault = vault_of(store, NEW, OLD)
    before = tokens(store)

    assert vault.rotate() == 2
    assert vault.unreadable() == ("build:acme/001", "build:acme/004")
    assert tokens(store)["build:acme/001"] == before["build:acme/001"]
    assert vault_of(store).unreadable() == tuple(sorted(before))


def test_rotation_does_not_undo_what_was_stored_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, [OLD], many=1)
    vault = vault_of(store, NEW, OLD)
    really_write = store.write

    def write_after_somebody_else(work: object, **options: object) -> object:
        monkeypatch.undo()
        keep(store, vault, "build:acme/000", "the newest secret")
        return really_write(work, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "write", write_after_somebody_else)

    assert vault.rotate() == 0
    assert value_of(vault, "build:acme/000") == "the newest secret"


def test_rotation_without_a_key_says_how(store: Store) -> None:
    with pytest.raises(NoSecretKeyError):
        vault_of(store).rotate()


# Keys and what is shown


@pytest.mark.parametrize("key", ["", "short", NEW[:-2], "ü" * 44])
def test_what_is_no_key_is_refused_without_being_shown(key: str, clock: FrozenClock) -> None:
    store = open_store("sqlite://", now=clock.now)

    with pytest.raises(ConfigError) as refused:
        vault_of(store, NEW, key)

    assert str(refused.value) == "HUB_BOT_SECRET_KEY: a key is what `hub-bot db new-key` prints."
    store.close()


def test_a_vault_shows_neither_keys_nor_secrets() -> None:
    store = open_store("sqlite://")
    vault = vault_of(store, NEW, OLD)

    assert NEW not in repr(vault)
    assert NEW not in repr(vars(vault))
    store.close()


def test_new_keys_are_keys_and_never_the_same() -> None:
    assert len({new_key() for _ in range(20)}) == 20


@settings(max_examples=30)
@given(secrets=st.dictionaries(st.text(min_size=1, max_size=8).map(lambda text: text.encode().hex()), st.text()))
def test_every_text_is_kept_as_it_is_and_none_in_clear(secrets: dict[str, str]) -> None:
    store = open_store("sqlite://")
    upgrade(store)
    vault = vault_of(store, NEW)
    for name, secret in secrets.items():
        keep(store, vault, name, secret)

    assert {name: value_of(vault, name) for name in secrets} == secrets
    written = str(tokens(store).values())
    assert not [secret for secret in secrets.values() if len(secret) > 6 and secret in written]
    store.close()
