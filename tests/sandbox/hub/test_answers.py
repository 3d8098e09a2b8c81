"""Every switch that concerns the shape of an answer, in each of its other positions."""

from typing import Any

import pytest
import requests

from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, Image
from bot.sandbox.hub.unknowns import Unknowns

TAG = "/v2/namespaces/acme/repositories/api/tags/latest"


@pytest.fixture(autouse=True)
def public_api(state: HubState) -> None:
    state.repository("acme/api").is_private = False


def tag(hub: HubSimulator, **switches: str) -> dict[str, Any]:
    hub.unknowns = Unknowns.model_validate(switches)
    body: dict[str, Any] = requests.get(f"{hub.url}{TAG}", timeout=5).json()
    return body


def test_attestations_may_stand_among_the_images(hub: HubSimulator) -> None:
    plain, listed = tag(hub), tag(hub, attestations="listed")

    assert listed["images"][:2] == plain["images"]
    assert [(image["os"], image["architecture"]) for image in listed["images"][2:]] == [("unknown", "unknown")] * 2
    assert len({image["digest"] for image in listed["images"]}) == 4


def test_images_may_be_an_object_null_or_empty(hub: HubSimulator) -> None:
    first = tag(hub)["images"][0]

    assert tag(hub, tag_images="object")["images"] == first
    assert tag(hub, tag_images="null")["images"] is None
    assert tag(hub, tag_images="empty")["images"] == []


def test_v2_may_be_text(hub: HubSimulator) -> None:
    assert (tag(hub)["v2"], tag(hub, tag_v2="string")["v2"]) == (True, "true")


def test_status_may_have_its_documented_name(hub: HubSimulator) -> None:
    body = tag(hub, tag_status_key="status")

    assert body["status"] == "active"
    assert "tag_status" not in body


def test_status_may_be_a_word_that_no_document_names(hub: HubSimulator, state: HubState) -> None:
    moment = state.repository("acme/api").registered_at
    state.push_tag("acme/api", "latest", at=moment, images=[Image("linux", "amd64", pushed_at=moment)])

    assert tag(hub)["tag_status"] == "inactive"
    assert tag(hub, status_words="others")["tag_status"] == "archived"


def test_digest_may_be_null_or_absent(hub: HubSimulator, state: HubState) -> None:
    assert tag(hub)["digest"] == state.repository("acme/api").tags["latest"].digest
    assert tag(hub, tag_digest="null")["digest"] is None
    assert "digest" not in tag(hub, tag_digest="absent")


@pytest.mark.parametrize(
    ("position", "updated", "pushed"),
    [
        ("recorded", "2026-11-21T10:00:00.123456Z", "2026-11-21T10:00:00.123456192Z"),
        ("none", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("nine", "2026-11-21T10:00:00.123456192Z", "2026-11-21T10:00:00.123456192Z"),
    ],
)
def test_times_may_have_any_number_of_digits(hub: HubSimulator, position: str, updated: str, pushed: str) -> None:
    body = tag(hub, time_digits=position)

    assert (body["last_updated"], body["images"][0]["last_pushed"]) == (updated, pushed)


def test_tag_without_images_has_no_size(hub: HubSimulator, state: HubState) -> None:
    state.push_tag("acme/api", "latest", at=hub.clock(), images=[])

    assert (tag(hub)["images"], tag(hub)["full_size"]) == ([], None)


def test_size_is_the_only_images_where_there_is_no_amd64(hub: HubSimulator, state: HubState) -> None:
    state.push_tag("acme/api", "latest", at=hub.clock(), images=[Image("linux", "s390x", size_bytes=77)])

    assert tag(hub)["full_size"] == 77
