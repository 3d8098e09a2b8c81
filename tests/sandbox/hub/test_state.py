from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.hub.state import INDEX_TYPE, MANIFEST_TYPE, HubState, Image, ImmutableTagError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def state() -> HubState:
    state = HubState()
    state.create_repository("acme", "api", at=NOW)
    return state


def test_repository_cannot_be_created_twice(state: HubState) -> None:
    with pytest.raises(ValueError, match="acme/api exists"):
        state.create_repository("acme", "api", at=NOW)


def test_push_gives_a_tag_its_images_and_the_repository_its_time(state: HubState) -> None:
    images = [Image("linux", "amd64", digest="sha256:1"), Image("linux", "arm64", digest="sha256:2")]

    tag = state.push_tag("acme/api", "1.0", at=NOW, images=images, pusher="ana")

    assert (tag.images, tag.pushed_at, tag.pusher, tag.media_type) == (images, NOW, "ana", INDEX_TYPE)
    assert state.repository("acme/api").pushed_at == NOW


def test_same_images_have_the_same_digest(state: HubState) -> None:
    images = [Image("linux", "amd64", digest="sha256:1"), Image("linux", "arm64", digest="sha256:2")]

    first = state.push_tag("acme/api", "1.0", at=NOW, images=images)
    second = state.push_tag("acme/api", "latest", at=NOW, images=images)
    other = state.push_tag("acme/api", "2.0", at=NOW, images=images[::-1])

    assert first.digest == second.digest != other.digest


def test_single_image_lends_its_digest_to_the_tag(state: HubState) -> None:
    tag = state.push_tag("acme/api", "1.0", at=NOW)

    assert (tag.digest, tag.media_type, tag.pusher) == (tag.images[0].digest, MANIFEST_TYPE, "acme")


def test_pushing_again_keeps_the_tags_number_and_pulls(state: HubState) -> None:
    first = state.push_tag("acme/api", "latest", at=NOW)
    state.pull_tag("acme/api", "latest", at=NOW)

    second = state.push_tag("acme/api", "latest", at=NOW + timedelta(hours=1))

    assert (second.id, second.pulled_at) == (first.id, NOW)
    assert second.digest != first.digest


def test_older_push_does_not_turn_back_the_repositorys_time(state: HubState) -> None:
    state.push_tag("acme/api", "latest", at=NOW)
    state.push_tag("acme/api", "old", at=NOW - timedelta(days=1))

    assert state.repository("acme/api").pushed_at == NOW


def test_pull_moves_pull_times_and_the_counter_and_no_push_time(state: HubState) -> None:
    state.push_tag("acme/api", "latest", at=NOW)

    state.pull_tag("acme/api", "latest", at=NOW + timedelta(days=1))

    repository = state.repository("acme/api")
    tag = repository.tags["latest"]
    assert (repository.pull_count, repository.pushed_at) == (1, NOW)
    assert (tag.pulled_at, tag.images[0].pulled_at) == (NOW + timedelta(days=1),) * 2


def test_immutable_tag_can_be_pushed_once_and_never_deleted(state: HubState) -> None:
    # Docker Hub API, immutable tags: cannot be overwritten or deleted.
    state.repository("acme/api").immutable_rules = ("v.*",)
    state.push_tag("acme/api", "v1", at=NOW)

    with pytest.raises(ImmutableTagError):
        state.push_tag("acme/api", "v1", at=NOW)
    with pytest.raises(ImmutableTagError):
        state.delete_tag("acme/api", "v1")
    state.push_tag("acme/api", "dev1", at=NOW)
    state.push_tag("acme/api", "dev1", at=NOW)


def test_deleting_a_tag_or_repository_removes_it(state: HubState) -> None:
    state.push_tag("acme/api", "1.0", at=NOW)

    state.delete_tag("acme/api", "1.0")
    assert state.repository("acme/api").tags == {}
    state.delete_repository("acme/api")
    assert state.find_repository("acme/api") is None


def test_numbers_are_never_given_twice(state: HubState) -> None:
    numbers = [state.create_repository("acme", f"r{number}", at=NOW).id for number in range(5)]
    numbers += [state.push_tag("acme/r0", f"t{number}", at=NOW).id for number in range(5)]

    assert len(set(numbers)) == 10
