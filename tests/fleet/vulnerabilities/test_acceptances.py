"""Vulnerabilities that somebody lives with for a while."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.clock import FrozenClock
from bot.errors import UserError
from bot.fleet.vulnerabilities.acceptances import (
    Acceptance,
    accept,
    active,
    check_vulnerability,
    expiring,
    unaccept,
)
from bot.fleet.vulnerabilities.service import image_glob
from bot.governance.proposals import Asker
from bot.images import RepositoryName
from bot.store.base import Store
from bot.store.tables import audit
from bot.store.workspaces import HOME
from tests.fleet.vulnerabilities.played_source import NOW
from tests.support.databases import open_database

OMAR = Asker("U0OMAR", "T0", "C0")
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def store(clock: FrozenClock) -> Iterator[Store]:
    with closing(open_database(clock.now)) as opened:
        yield opened


def say(store: Store, name: str, *, days: float = 30, image: str = "*", reason: str = "so") -> Acceptance:
    def work(connection: Connection) -> Acceptance:
        now = store.now(connection)
        return accept(
            connection, HOME, name, image=image, reason=reason, expires_at=now + days * DAY, asker=OMAR, now=now
        )

    return store.write(work)


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return [each.vulnerability for each in active(connection, HOME, store.now(connection))]


def test_it_ends_at_its_moment_and_not_before(store: Store, clock: FrozenClock) -> None:
    say(store, "CVE-2026-0002", days=2)
    say(store, "cve-2026-0001", days=1)
    assert names(store) == ["CVE-2026-0001", "CVE-2026-0002"]

    clock.advance(86_399)
    assert names(store) == ["CVE-2026-0001", "CVE-2026-0002"]
    clock.advance(1)
    assert names(store) == ["CVE-2026-0002"]


def test_what_ends_soon_is_told(store: Store, clock: FrozenClock) -> None:
    say(store, "CVE-2026-0001", days=7)
    say(store, "CVE-2026-0002", days=8)

    with store.read() as connection:
        ending = expiring(connection, HOME, clock.now(), timedelta(days=7))

    assert [each.vulnerability for each in ending] == ["CVE-2026-0001"]


def test_the_last_word_about_the_same_images_holds(store: Store) -> None:
    say(store, "CVE-2026-0001", image="acme/api", reason="first")
    say(store, "CVE-2026-0001", image="acme/*", reason="other")
    say(store, "CVE-2026-0001", image="acme/api", days=10, reason="second")

    with store.read() as connection:
        there = active(connection, HOME, store.now(connection))

    assert [(each.image, each.reason) for each in there] == [("acme/api", "second"), ("acme/*", "other")]


def test_taking_back_is_for_one_or_all(store: Store, clock: FrozenClock) -> None:
    for image in ("acme/api", "acme/web", "*"):
        say(store, "CVE-2026-0001", image=image)

    def back(image: str | None) -> list[str]:
        ended = store.write(
            lambda connection: unaccept(
                connection, HOME, "cve-2026-0001", image=image, asker=OMAR, now=store.now(connection)
            )
        )
        return sorted(each.image for each in ended)

    assert back("acme/api") == ["acme/api"]
    assert back(None) == ["*", "acme/web"]
    assert back(None) == []
    assert names(store) == []
    with store.read() as connection:
        summaries = list(connection.execute(select(audit.c.summary)).scalars())
    assert summaries.count("No longer accept CVE-2026-0001") == 1
    assert summaries.count("No longer accept CVE-2026-0001 in acme/api") == 1
    assert len(summaries) == 5


@pytest.mark.parametrize("days", [-1, 0, 366.1, 4_000])
def test_it_is_for_a_year_at_most_and_not_for_the_past(store: Store, days: float) -> None:
    with pytest.raises(UserError):
        say(store, "CVE-2026-0001", days=days)
    assert names(store) == []


@pytest.mark.parametrize(
    ("image", "covered"),
    [
        ("*", {"acme/api", "library/python"}),
        ("acme/*", {"acme/api"}),
        ("python", {"library/python"}),
        ("library/python", {"library/python"}),
        ("acme/ap", set()),
    ],
)
def test_a_glob_is_for_repositories_as_people_write_them(store: Store, image: str, covered: set[str]) -> None:
    acceptance = say(store, "CVE-2026-0001", image=image)

    known = (RepositoryName("acme", "api"), RepositoryName("library", "python"))
    assert {str(name) for name in known if acceptance.covers(name)} == covered


@pytest.mark.parametrize(
    "name",
    [
        "CVE-2026-1234",
        "cve-2026-1234567",
        "GHSA-jfh8-c2jp-5v3q",
        "GHSA-aaaa-bbbb-cccc",
        "DSA-5678-1",
        "RUSTSEC-2023-0001",
    ],
)
def test_every_usual_name_is_taken(name: str) -> None:
    assert check_vulnerability(f" {name} ") == name.upper()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "openssl",
        "CVE",
        "CVE-",
        "CVE 2026 1",
        "<!channel>-1",
        "CVE-2026-1;x",
        "CVE-20260001",
        "CVE-2026-1",
        "GHSA-jfh8-c2jp",
        "GHSA-jfh8-c2jp-5v3q-1",
        "GHSA-jfh8-c2jp-5v3",
        "A-" + "1" * 200,
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="A vulnerability is called like"):
        check_vulnerability(name)


def test_a_bare_name_is_of_the_default_namespace() -> None:
    assert image_glob("API", "acme") == "acme/api"
    assert image_glob("api-*", "acme") == "api-*"
    assert image_glob("acme/*", None) == "acme/*"
    with pytest.raises(ValueError, match="not for one tag"):
        image_glob("acme/api:1", "acme")
