"""What subscriptions ask to look at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.images import RepositoryName
from bot.pushes.filters import Filters
from bot.pushes.model import BuildEnds
from bot.pushes.patterns import Pattern
from bot.pushes.subjects import Interest, Subject, load_subjects, subjects_of
from bot.pushes.subscriptions import Subscriptions, Wish
from bot.store.base import Store
from bot.store.tables import subscriptions
from bot.store.workspaces import HOME

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWN = {"acme"}


def interest(image: str, *tags: str, since: datetime = NOON, **filters: Any) -> Interest:
    namespace, _, name = image.partition("/")
    return Interest(Pattern(namespace, name), Filters(tag=tags, **filters), since)


def keys(*images: str) -> list[str]:
    return [subject.key for subject in subjects_of(map(interest, images), OWN)]


def the(*interests: Interest) -> Subject:
    (subject,) = subjects_of(interests, OWN)
    return subject


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([], []),
        (["acme/api"], ["acme/"]),
        (["acme/api", "acme/*", "acme/web"], ["acme/"]),
        (["library/python"], ["library/python"]),
        (["library/python", "library/python", "library/nginx"], ["library/nginx", "library/python"]),
        (["bitnami/*"], ["bitnami/"]),
        (["bitnami/redis", "bitnami/r?"], ["bitnami/"]),
        (["aaa/x", "library/python", "acme/api"], ["acme/", "aaa/x", "library/python"]),
    ],
)
def test_what_is_looked_at(images: list[str], expected: list[str]) -> None:
    assert keys(*images) == expected


@pytest.mark.parametrize(
    ("interests", "tags"),
    [
        ([interest("library/python", "3.12")], ("3.12",)),
        ([interest("library/python", "3.12"), interest("library/python", "3.11", "3.12")], ("3.11", "3.12")),
        ([interest("library/python", *"abcde")], tuple("abcde")),
        ([interest("library/python", *"abcdef")], ()),
        ([interest("library/python", "3.*")], ()),
        ([interest("library/python", "3.1?")], ()),
        ([interest("library/python")], ()),
        ([interest("library/python", "3.12"), interest("library/python")], ()),
        ([interest("library/python", not_tag=("rc",))], ()),
    ],
)
def test_which_tags_are_asked_for_one_by_one(interests: list[Interest], tags: tuple[str, ...]) -> None:
    assert the(*interests).single_tags == tags


def test_a_push_is_wanted_since_the_first_subscription_that_wants_it() -> None:
    later = NOON + timedelta(hours=1)
    subject = the(interest("acme/api", "v*", since=NOON), interest("acme/*", since=later, not_pusher=("renovate",)))
    api, web = RepositoryName("acme", "api"), RepositoryName("acme", "web")

    assert subject.wanted_since(api, "v1", "ci") == NOON
    assert subject.wanted_since(api, "nightly", "ci") == later
    assert subject.wanted_since(web, "v1", "ci") == later
    assert subject.wanted_since(web, "v1", "renovate") is None


def test_a_subject_covers_what_its_patterns_match() -> None:
    subject = the(interest("acme/a*"), interest("acme/web"))

    assert subject.covers(RepositoryName("acme", "api"))
    assert subject.covers(RepositoryName("acme", "web"))
    assert not subject.covers(RepositoryName("acme", "docs"))
    assert not subject.covers(RepositoryName("other", "api"))


@pytest.mark.parametrize("filters", [{}, {"tag": ["3.12"], "of_a_later_version": 1}, {"tag": "no list"}, [], "text"])
def test_subscriptions_are_read_whatever_their_filters_are(store: Store, filters: Any) -> None:
    row = {
        "id": "sub_1",
        "workspace": HOME,
        "channel": "C1",
        "number": 1,
        "namespace": "library",
        "name": "python",
        "filters": filters,
        "origin": "command",
        "created_at": NOON,
    }
    store.write(lambda connection: connection.execute(insert(subscriptions), row))

    with store.read() as connection:
        (subject,) = load_subjects(connection, HOME, OWN)
        assert load_subjects(connection, "T2", OWN) == ()

    assert subject.wanted_since(RepositoryName("library", "python"), "3.12", "") == NOON


def test_nothing_is_looked_at_for_who_hears_of_builds_alone(store: Store) -> None:
    wish = Wish("C1", Pattern.parse("library/python"), Filters(builds=BuildEnds.ALL))
    Subscriptions(store, HOME).add(wish, by="U1")

    with store.read() as connection:
        assert load_subjects(connection, HOME, OWN) == ()
