"""How repositories are set up to be built, on both databases."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from bot.builds.model import Order, ProviderKind, Ref, Setup
from bot.builds.service import Builds, NotSetUpError
from bot.builds.setups import FILE, KeptSetup, SetByFileError, Setups
from bot.clock import FrozenClock
from bot.governance.vault import NoSecretKeyError, UnreadableSecretError, Vault
from bot.store.base import Store
from bot.store.tables import audit, kept_secrets
from tests.builds.scene import ANA, API, GITHUB, ScriptedProvider
from tests.store.played import NOON

SECRET = SecretStr("a-secret-of-the-set-ups")
WEB = Setup(repository="acme/web", provider=ProviderKind.WEBHOOK)


def key() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())


@pytest.fixture
def setups(store: Store) -> Setups:
    return Setups(store, Vault(store, [key()]), {})


def secret_of(setups: Setups, repository: str) -> SecretStr | None:
    found = setups.find_with_secret(repository)
    return found[1] if found else None


def trail(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.happened_at)).all()
    return [(row.actor, row.subject, row.summary) for row in rows]


def test_what_is_kept_is_found_with_who_made_it_and_when(setups: Setups) -> None:
    setups.save(GITHUB, SECRET, ANA)

    assert setups.find(API) == KeptSetup(GITHUB, "U0ANA", NOON)
    assert secret_of(setups, API) == SECRET
    assert setups.all() == (KeptSetup(GITHUB, "U0ANA", NOON),)
    assert (setups.find("acme/web"), setups.find_with_secret("acme/web")) == (None, None)


def test_the_secret_is_in_no_row_as_it_is(setups: Setups, store: Store) -> None:
    setups.save(GITHUB, SECRET, ANA)

    with store.read() as connection:
        rows = connection.execute(select(kept_secrets)).all()
    assert len(rows) == 1
    assert SECRET.get_secret_value() not in repr(rows)
    assert SECRET.get_secret_value() not in repr(trail(store))


def test_a_new_one_takes_the_place_of_the_old_and_its_mark_changes(setups: Setups, clock: FrozenClock) -> None:
    setups.save(GITHUB, SECRET, ANA)
    before = setups.find(API)
    clock.advance(1)
    setups.save(GITHUB, SecretStr("another"), ANA)
    after = setups.find(API)

    assert before is not None
    assert after is not None
    assert before.setup == after.setup
    assert before.mark != after.mark
    assert secret_of(setups, API) == SecretStr("another")


def test_what_is_forgotten_is_gone_with_its_secret(setups: Setups, store: Store, clock: FrozenClock) -> None:
    setups.save(GITHUB, SECRET, ANA)
    clock.advance(1)

    assert [setups.remove(API, ANA), setups.remove(API, ANA)] == [True, False]
    assert (setups.find(API), setups.find_with_secret(API), setups.all()) == (None, None, ())
    assert trail(store) == [
        ("U0ANA", API, "Have acme/api built with GitHub Actions"),
        ("U0ANA", API, "Forget how acme/api is built"),
    ]


def test_the_file_wins_and_people_cannot_change_it(store: Store) -> None:
    vault = Vault(store, [key()])
    Setups(store, vault, {}).save(WEB.model_copy(update={"repository": API}), SecretStr("of a person"), ANA)
    setups = Setups(store, vault, {API: (GITHUB, SECRET)})

    assert setups.find(API) == KeptSetup(GITHUB, FILE, None)
    assert secret_of(setups, API) == SECRET
    assert setups.all() == (KeptSetup(GITHUB, FILE, None),)
    for change in (
        lambda: setups.save(GITHUB, SECRET, ANA),
        lambda: setups.remove(API, ANA),
        lambda: setups.require_changeable(API),
    ):
        with pytest.raises(SetByFileError, match="HUB_BOT_CONFIG"):
            change()


def test_all_are_listed_by_repository(store: Store) -> None:
    setups = Setups(store, Vault(store, [key()]), {API: (GITHUB, SECRET)})
    setups.save(WEB, SECRET, ANA)
    setups.save(WEB.model_copy(update={"repository": "aaa/z"}), SECRET, ANA)

    assert [kept.setup.repository for kept in setups.all()] == ["aaa/z", API, "acme/web"]


def test_without_a_key_nothing_is_kept(store: Store) -> None:
    setups = Setups(store, Vault(store, []), {})

    with pytest.raises(NoSecretKeyError):
        setups.require_key()
    with pytest.raises(NoSecretKeyError):
        setups.save(GITHUB, SECRET, ANA)
    assert (setups.find(API), trail(store)) == (None, [])


def test_with_another_key_the_set_up_is_there_and_its_secret_cannot_be_read(setups: Setups, store: Store) -> None:
    setups.save(GITHUB, SECRET, ANA)
    other = Setups(store, Vault(store, [key()]), {})

    assert other.find(API) is not None
    with pytest.raises(UnreadableSecretError):
        other.find_with_secret(API)


def test_what_is_built_when_nothing_is_said_depends_on_the_set_up(setups: Setups, store: Store) -> None:
    builds = Builds(store, setups, {kind: ScriptedProvider() for kind in ProviderKind})
    setups.save(GITHUB, SECRET, ANA)
    setups.save(WEB, SECRET, ANA)

    assert builds.default_order(API) == Order(repository=API, ref=Ref.BRANCH, name="main")
    assert builds.default_order("acme/web") == Order(repository="acme/web", ref=Ref.ALL)
    with pytest.raises(NotSetUpError):
        builds.default_order("acme/none")
