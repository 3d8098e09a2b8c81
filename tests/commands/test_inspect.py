import pytest

from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns
from tests.support.desk import Desk, ago, digest, image, open_desk, spoken


def test_inspect_says_what_to_pin_and_everything_else(desk: Desk) -> None:
    assert desk.says("inspect acme/api:1.1.0") == [
        "acme/api:1.1.0",
        f"acme/api:1.1.0@{digest('2')}",
        f"Index digest: {digest('2')}",
        "Pushed: 2026-11-19 09:00 UTC by bo",
        "Last pulled: 2026-11-21 06:00 UTC",
        "Size: amd64 85.2 MB, arm64/v8 80.0 MB",
        "Status: active",
        "Type: image (application/vnd.oci.image.index.v1+json)",
        "Repository: acme/api",
        "Platform | Size | Digest | Pulled | Status",
        f"linux/amd64 | 85.2 MB | {digest('b')} | 2026-11-21 06:00 UTC | active",
        f"linux/arm64/v8 | 80.0 MB | {digest('c')} | unknown | active",
    ]


def test_inspect_costs_one_request(desk: Desk) -> None:
    desk.ask("inspect acme/api:1.1.0")

    assert desk.paths() == ["GET /v2/namespaces/acme/repositories/api/tags/1.1.0"]


def test_without_a_tag_latest_is_meant_and_official_images_are_pinned_by_their_short_name(desk: Desk) -> None:
    said = desk.says("inspect library/nginx")

    assert said[0] == "library/nginx:latest"
    assert said[1].startswith("nginx:latest@sha256:")


def test_a_missing_tag_is_said_to_be_missing_with_the_nearest_ones(desk: Desk) -> None:
    outcome = desk.ask("inspect acme/api:1.1.1")

    assert not outcome.is_good
    assert outcome.failure is None
    assert desk.says("inspect acme/api:1.1.1") == [
        "acme/api:1.1.1 does not exist",
        "The nearest tags:",
        "- 1.1.0",
        "- 1.0.0",
    ]


def test_a_tag_like_no_other_gets_the_newest_ones(desk: Desk) -> None:
    assert desk.says("inspect acme/api:zzz")[1:] == ["The newest tags:", "- latest", "- 1.1.0", "- 1.0.0"]


def test_a_missing_tag_of_an_empty_repository_leads_to_docker_hub(desk: Desk) -> None:
    assert desk.says("inspect acme/empty:1")[1:] == ["See the repository at Docker Hub."]


def test_a_missing_repository_is_another_thing_than_a_missing_tag(desk: Desk) -> None:
    assert "does not show the tags of acme/nope" in str(desk.ask("inspect acme/nope:1").failure)


@pytest.mark.parametrize("letter", ["2", "c"])
def test_a_digest_finds_the_newest_tag_that_points_at_it(desk: Desk, letter: str) -> None:
    assert desk.says(f"inspect acme/api@{digest(letter)}")[0] in {"acme/api:latest", "acme/api:1.1.0"}


def test_a_digest_that_no_tag_has_is_said_with_how_many_were_searched(desk: Desk) -> None:
    outcome = desk.ask(f"inspect acme/api@{digest('f')}")

    assert not outcome.is_good
    assert "None of the 3 newest tags points at this digest; an older or deleted one may." in desk.says(
        f"inspect acme/api@{digest('f')}"
    )


def test_a_tag_that_has_moved_off_its_digest_is_said_to_have_moved(desk: Desk) -> None:
    outcome = desk.ask(f"inspect acme/api:1.0.0@{digest('2')}")

    assert not outcome.is_good
    assert "The digest that was asked for is not what this tag points at now." in desk.says(
        f"inspect acme/api:1.0.0@{digest('2')}"
    )
    assert desk.ask(f"inspect acme/api:1.0.0@{digest('1')}").is_good


def test_nothing_known_reads_unknown_and_nothing_can_be_pinned() -> None:
    state = HubState()
    state.create_repository("acme", "odd", at=ago(days=9))
    state.push_tag("acme/odd", "x", at=ago(days=1), images=[image("linux/amd64", "a", None)]).digest = None
    with open_desk(state=state) as desk:
        said = desk.says("inspect acme/odd:x")

    assert said[1:3] == [f"acme/odd:x@{digest('a')}", "Digest: unknown"]


def test_a_digest_that_is_kept_back_cannot_be_compared_and_that_is_said() -> None:
    with open_desk() as desk:
        desk.hub.unknowns = Unknowns(tag_digest="absent")
        outcome = desk.ask(f"inspect acme/api:1.1.0@{digest('2')}")

        assert outcome.is_good
        assert "cannot be compared" in spoken(outcome.document)[-1]
