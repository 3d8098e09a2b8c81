"""What is in images, read from a real registry and kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from bot.clock import FrozenClock
from bot.fleet import contents
from bot.fleet.contents import Contents, retry_after
from bot.fleet.reading_contents import NO_SBOM, Content
from bot.fleet.statements import BaseImage
from bot.fleet.vulnerabilities.model import Target
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.images import RepositoryName
from bot.store import tables
from bot.store.base import Store
from bot.store.migrations import upgrade
from bot.store.rows import put
from bot.store.tables import metadata
from bot.store.workspaces import HOME
from tests.store.conftest import OpenStore
from tests.support.registry import SPDX, Build, Pusher, RegistryFront, provenance, spdx

CURL = "pkg:deb/debian/curl@7.88.1-10?distro=debian-12"
OPENSSL = "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?upstream=openssl&distro=debian-12"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
PYTHON = ("pkg:docker/python@3.12?platform=linux%2Famd64", DIGEST)
GOLANG = ("pkg:docker/golang@1.22", OTHER)
BASE = BaseImage("python:3.12", DIGEST)


@pytest.fixture
def store(opening: OpenStore, clock: FrozenClock) -> Store:
    """The quick one of the two; what the other might do differently, `test_the_shared_store_keeps_it_too` looks at."""
    store = opening("sqlite://", now=clock.now)
    store.reshape(metadata.create_all)
    return store


@pytest.fixture
def shared_store(opening: OpenStore, postgresql_url: str, clock: FrozenClock) -> Store:
    store = opening(postgresql_url, now=clock.now)
    upgrade(store)
    return store


@pytest.fixture
def hub(front: RegistryFront, clock: FrozenClock) -> Iterator[HubClient]:
    with HubClient(HubUrls(registry=front.url, auth=front.url), Credentials(), clock) as hub:
        yield hub.once()


@pytest.fixture
def known(store: Store, hub: HubClient) -> Contents:
    return Contents(store, hub)


def only(known: Contents, target: Target) -> Content:
    [content] = known.read([target.digest]).values()
    return content


def test_platforms_have_their_own_packages_and_base(known: Contents, front: RegistryFront, pusher: Pusher) -> None:
    pushed = pusher.push(
        "1.0",
        Build("linux/amd64", statements=[(SPDX, spdx(CURL)), provenance(PYTHON, version=0)]),
        Build("linux/arm64", statements=[(SPDX, spdx(OPENSSL)), provenance(PYTHON, version=1)]),
    )
    amd64, arm64 = pushed.targets.values()

    report = known.learn([amd64, arm64], most_pulls=10)

    assert (report.read, report.pulls, report.unread) == (2, 3, ())
    assert front.pulls == 3, "the index once, and the statements of each"
    assert only(known, amd64) == Content(base=BASE, built_from=(BASE,), packages=(CURL,))
    assert only(known, arm64).packages == (OPENSSL,)


def test_statements_about_another_platform_are_not_taken(known: Contents, pusher: Pusher) -> None:
    pushed = pusher.push("1.0", Build("linux/amd64", statements=[(SPDX, spdx(CURL))]), Build("linux/arm64"))
    arm64 = pushed.targets["linux/arm64"]

    known.learn([arm64], most_pulls=10)

    assert only(known, arm64) == Content(no_packages=NO_SBOM)


def test_each_digest_is_read_once_ever(
    known: Contents, front: RegistryFront, pusher: Pusher, clock: FrozenClock
) -> None:
    pushed = pusher.push(
        "1.0", Build("linux/amd64", statements=[(SPDX, spdx(CURL)), provenance(PYTHON)]), Build("linux/arm64")
    )
    targets = list(pushed.targets.values())
    known.learn(targets, most_pulls=10)
    front.seen.clear()
    clock.advance(90 * 86_400)

    report = known.learn(targets, most_pulls=10)

    assert (report.read, report.pulls, report.unread, front.seen) == (0, 0, (), [])


def test_provenance_alone_tells_the_base_and_no_packages(known: Contents, pusher: Pusher) -> None:
    [target] = pusher.push("1.0", Build(statements=[provenance(PYTHON)])).targets.values()

    known.learn([target], most_pulls=10)

    assert only(known, target) == Content(base=BASE, built_from=(BASE,), no_packages=NO_SBOM)


def test_annotation_tells_which_of_several_images_is_the_base(known: Contents, pusher: Pusher) -> None:
    named = {"org.opencontainers.image.base.name": "python:3.12", "org.opencontainers.image.base.digest": DIGEST}
    build = Build(statements=[provenance(GOLANG, PYTHON)], annotations=named)
    [target] = pusher.push("1.0", build).targets.values()

    known.learn([target], most_pulls=10)

    assert only(known, target).base == BASE


def test_labels_are_read_where_nothing_else_tells_the_base(known: Contents, pusher: Pusher) -> None:
    labels = {"org.opencontainers.image.base.name": "python:3.12", "maintainer": "acme"}
    build = Build(statements=[provenance(GOLANG, PYTHON)], labels=labels)
    [target] = pusher.push("1.0", build).targets.values()

    report = known.learn([target], most_pulls=10)

    assert report.pulls == 3
    assert only(known, target).labels == labels
    assert only(known, target).base == BaseImage("python:3.12")


def test_image_without_an_index_has_labels_only(known: Contents, pusher: Pusher) -> None:
    digest = pusher.image(Build(labels={"a": "b"}))["digest"]
    target = Target(pusher.repository, "1.0", digest, digest)

    report = known.learn([target], most_pulls=10)

    assert report.pulls == 1
    assert only(known, target) == Content(labels={"a": "b"}, no_packages=NO_SBOM)


def test_sbom_of_a_build_stage_is_not_that_of_the_image(known: Contents, pusher: Pusher) -> None:
    statements = [(SPDX, spdx(CURL, name="sbom-builder")), (SPDX, spdx(OPENSSL)), provenance(PYTHON)]
    [target] = pusher.push("1.0", Build(statements=statements)).targets.values()

    known.learn([target], most_pulls=10)

    assert only(known, target).packages == (OPENSSL,)


def test_sbom_that_cannot_be_read_is_no_empty_one(known: Contents, pusher: Pusher) -> None:
    statements = [(SPDX, b"<html>"), provenance(PYTHON)]
    [target] = pusher.push("1.0", Build(statements=statements)).targets.values()

    known.learn([target], most_pulls=10)

    assert only(known, target).packages is None
    assert only(known, target).no_packages == "it has an SBOM that is no JSON"


def test_huge_sbom_is_read_and_a_larger_one_not_even_asked_for(
    known: Contents, front: RegistryFront, pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = pusher.push("1.0", Build(statements=[(SPDX, spdx(CURL, files=30_000)), provenance(PYTHON)]))
    larger = pusher.push("2.0", Build("linux/arm64", statements=[(SPDX, spdx(CURL, files=40_000)), provenance(PYTHON)]))
    monkeypatch.setattr("bot.fleet.reading_contents.LARGEST_SBOM_BYTES", 2_200_000)
    [read], [unread] = huge.targets.values(), larger.targets.values()

    known.learn([read, unread], most_pulls=10)

    assert only(known, read).packages == (CURL,)
    assert only(known, unread).no_packages == "its SBOM has 3 MB, more than is read"
    assert sum("/blobs/" in path for _, path, _ in front.seen) == 3, "an SBOM and two provenances"


def test_a_fifth_of_the_pulls_is_left(known: Contents, front: RegistryFront, pusher: Pusher) -> None:
    front.limit, front.remaining = 10, 10
    targets = [
        target
        for number in range(5)
        for target in pusher.push(
            f"{number}", Build(labels={"n": f"{number}"}, statements=[provenance(PYTHON)])
        ).targets.values()
    ]

    report = known.learn(targets, most_pulls=100)

    assert (report.read, report.pulls, front.pulls, front.remaining) == (4, 8, 8, 2)
    [unread] = report.unread
    assert unread.why == "reading it takes pulls, and only 2 of 10 are left for no credential"
    assert not unread.is_failure


def test_no_pull_is_wasted_on_an_image_that_takes_two(known: Contents, front: RegistryFront, pusher: Pusher) -> None:
    front.limit, front.remaining = 10, 3
    [target] = pusher.push("1.0", Build(statements=[provenance(PYTHON)])).targets.values()

    report = known.learn([target], most_pulls=100)

    assert (report.read, report.pulls, front.pulls) == (0, 0, 0)


def test_no_more_pulls_are_made_than_asked_for_and_the_rest_comes_next_time(
    known: Contents, front: RegistryFront, pusher: Pusher
) -> None:
    pushed = pusher.push(
        "1.0",
        Build("linux/amd64", statements=[provenance(PYTHON)]),
        Build("linux/arm64", statements=[provenance(PYTHON)]),
    )
    targets = list(pushed.targets.values())

    first = known.learn(targets, most_pulls=2)
    second = known.learn(targets, most_pulls=2)

    assert (first.read, first.pulls, len(first.unread)) == (1, 2, 1)
    assert (second.read, second.pulls, second.unread) == (1, 2, ())


def test_labels_that_took_one_pull_too_many_are_read_later(
    known: Contents, front: RegistryFront, pusher: Pusher, clock: FrozenClock
) -> None:
    labels = {"org.opencontainers.image.base.name": "python:3.12"}
    [target] = pusher.push("1.0", Build(statements=[(SPDX, spdx(CURL))], labels=labels)).targets.values()

    known.learn([target], most_pulls=2)
    assert (only(known, target).packages, only(known, target).base) == ((CURL,), None)

    clock.advance(3600)
    report = known.learn([target], most_pulls=2)
    assert report.pulls == 1
    assert only(known, target).base == BaseImage("python:3.12")
    assert only(known, target).packages == (CURL,)


def test_failures_are_told_and_tried_again_ever_later(
    known: Contents, front: RegistryFront, pusher: Pusher, clock: FrozenClock
) -> None:
    [target] = pusher.push("1.0", Build(statements=[provenance(PYTHON)])).targets.values()
    front.tamper = lambda path, body: body + b" " if "/manifests/" in path else body

    report = known.learn([target], most_pulls=10)
    [unread] = report.unread
    assert unread.is_failure
    assert unread.why == "the registry did not give it: content of another digest"
    assert known.read([target.digest]) == {}

    front.seen.clear()
    assert known.learn([target], most_pulls=10).unread == (unread,)
    assert front.seen == [], "a moment later it is not tried again"

    front.tamper = lambda _, body: body
    clock.advance(16 * 60)
    assert known.learn([target], most_pulls=10).read == 1


def test_image_that_is_gone_takes_no_pull(known: Contents, front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    report = known.learn([Target(pusher.repository, "1.0", DIGEST, OTHER)], most_pulls=10)

    assert front.pulls == 0
    assert [each.why for each in report.unread] == ["the registry does not show it (asked with no credential)"]


def test_rows_of_other_workspaces_are_not_read(store: Store, known: Contents, pusher: Pusher) -> None:
    [target] = pusher.push("1.0", Build()).targets.values()
    known.learn([target], most_pulls=10)

    with store.read() as connection:
        assert contents.read(connection, HOME, [target.digest])
        assert contents.read(connection, "T0OTHER", [target.digest]) == {}


def test_what_is_still_to_be_read_needs_a_credential(store: Store, known: Contents, clock: FrozenClock) -> None:
    targets = [Target(RepositoryName("acme", name), "latest", DIGEST[:-1] + name, "", None) for name in "0123"]
    now = clock.now()
    due = {"0": None, "1": now + timedelta(minutes=1), "2": now}

    def keep(connection: Connection) -> None:
        for name, due_at in due.items():
            row = {"workspace": HOME, "digest": DIGEST[:-1] + name, "repository": f"acme/{name}", "state": "failed"}
            put(connection, tables.contents, {**row, "facts": {}, "read_at": now, "due_at": due_at})

    store.write(keep)
    token = Credentials.from_values(username="ana", token=SecretStr("dckr_pat_1234"))
    with HubClient(HubUrls(), token, clock) as hub:
        assert Contents(store, hub).due(targets) == tuple(targets[2:])
    assert known.due(targets) == ()


def test_the_shared_store_keeps_it_too(shared_store: Store, hub: HubClient, pusher: Pusher, clock: FrozenClock) -> None:
    good = pusher.push("1.0", Build("linux/amd64", statements=[(SPDX, spdx(CURL)), provenance(PYTHON)]))
    [target] = good.targets.values()
    missing = Target(pusher.repository, "2.0", OTHER, OTHER)
    known = Contents(shared_store, hub)

    first = known.learn([target, missing], most_pulls=10)
    clock.advance(3600)
    second = known.learn([target, missing], most_pulls=10)

    assert only(known, target) == Content(base=BASE, built_from=(BASE,), packages=(CURL,))
    assert (first.read, second.read) == (1, 0)
    assert first.unread == second.unread


def test_backoff_doubles_up_to_a_day() -> None:
    minutes = [retry_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 7, 8, 1000)]

    assert minutes == [15, 30, 60, 960, 1440, 1440]
