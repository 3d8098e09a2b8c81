"""Repositories, from literal answers."""

from datetime import UTC, datetime

import pytest

from bot.errors import NotFoundError
from bot.hub.repositories import Category, ImmutableTags, Permissions, Repositories, Repository
from bot.images import InvalidReferenceError, RepositoryName
from tests.hub.support import FakeWire, json_answer, make_api, scripted

LISTED = {
    "name": "highland_builder",
    "namespace": "docker",
    "repository_type": "image",
    "status": 1,
    "status_description": "active",
    "description": "Image for performing Docker build requests",
    "is_private": False,
    "star_count": 7,
    "pull_count": 15_722_123_999,
    "last_updated": "2023-06-20T10:44:45.459826Z",
    "last_modified": "2024-10-16T13:48:34.145251Z",
    "date_registered": "2015-05-19T21:13:35.937763Z",
    "affiliation": "",
    "media_types": ["application/octet-stream", None],
    "content_types": ["unrecognized", "image"],
    "categories": [{"name": "Languages & frameworks", "slug": "languages-and-frameworks"}, None],
    "storage_size": 488_723_114_800,
    "something_new": {"from": "the future"},
}


def test_repository_of_a_list_is_read() -> None:
    wire = FakeWire(scripted(json_answer({"count": 1, "next": None, "results": [LISTED]})))

    (repository,) = Repositories(make_api(wire)).list("docker")

    assert repository == Repository(
        namespace="docker",
        name="highland_builder",
        repository_type="image",
        status=1,
        status_description="active",
        description="Image for performing Docker build requests",
        is_private=False,
        star_count=7,
        pull_count=15_722_123_999,
        last_updated=datetime(2023, 6, 20, 10, 44, 45, 459826, tzinfo=UTC),
        last_modified=datetime(2024, 10, 16, 13, 48, 34, 145251, tzinfo=UTC),
        date_registered=datetime(2015, 5, 19, 21, 13, 35, 937763, tzinfo=UTC),
        media_types=("application/octet-stream",),
        content_types=("unrecognized", "image"),
        categories=(Category(name="Languages & frameworks", slug="languages-and-frameworks"),),
        storage_size=488_723_114_800,
    )
    assert repository.repository_name == RepositoryName("docker", "highland_builder")


def test_single_repository_has_more_to_say() -> None:
    answer = json_answer(
        {
            **LISTED,
            "full_description": "# Hello",
            "permissions": {"read": True, "write": "false"},
            "immutable_tags_settings": {"enabled": True, "rules": "v.*"},
            "collaborator_count": "3",
        }
    )

    repository = Repositories(make_api(FakeWire(scripted(answer)))).get(RepositoryName("docker", "highland_builder"))

    assert repository.full_description == "# Hello"
    assert repository.permissions == Permissions(read=True, write=False, admin=None)
    assert repository.immutable_tags_settings == ImmutableTags(enabled=True, rules=("v.*",))
    assert repository.collaborator_count == 3


def test_what_is_null_or_absent_is_unknown() -> None:
    nulls = dict.fromkeys(LISTED) | {"namespace": "acme", "name": "api"}
    wire = FakeWire(scripted(json_answer(nulls), json_answer({"namespace": "acme", "name": "api"})))
    repositories = Repositories(make_api(wire))

    null, absent = (repositories.get(RepositoryName("acme", "api")) for _ in range(2))
    assert null.model_copy(update={"has_no_push": False}) == absent
    assert (null.has_no_push, absent.has_no_push) == (True, False)
    assert Repository(namespace="acme", name="api").is_private is None


def test_repository_is_asked_for_on_the_namespaced_route_in_lower_case() -> None:
    wire = FakeWire(scripted(json_answer(LISTED)))

    Repositories(make_api(wire)).get(RepositoryName("ACME", "My.Repo_name-x"))

    assert str(wire.sent[0]) == "GET /v2/namespaces/acme/repositories/my.repo_name-x"


def test_only_given_filters_are_sent() -> None:
    wire = FakeWire(scripted(json_answer({"results": []})))
    repositories = Repositories(make_api(wire))

    assert list(repositories.list("Acme")) == []
    assert list(repositories.list("acme", name="", ordering="-last_updated", limit=10)) == []

    assert [(str(sent), sent.request.query) for sent in wire.sent] == [
        ("GET /v2/namespaces/acme/repositories", (("page_size", "100"),)),
        (
            "GET /v2/namespaces/acme/repositories",
            (("name", ""), ("ordering", "-last_updated"), ("page_size", "10")),
        ),
    ]


def test_missing_repository_is_named_as_people_write_it() -> None:
    wire = FakeWire(scripted(json_answer({"message": "object not found", "errinfo": {}}, 404)))

    with pytest.raises(NotFoundError) as raised:
        Repositories(make_api(wire)).get(RepositoryName("library", "nginx"))

    assert raised.value.resource == "nginx"


@pytest.mark.parametrize("namespace", ["", "..", "a/b", "a b", "-"])
def test_namespace_that_cannot_be_sends_nothing(namespace: str) -> None:
    wire = FakeWire(scripted(json_answer({"results": []})))

    with pytest.raises(InvalidReferenceError):
        Repositories(make_api(wire)).list(namespace)
    assert wire.sent == []
