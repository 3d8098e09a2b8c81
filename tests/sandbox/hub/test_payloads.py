"""The payloads of webhooks, against the fields that the recorded ones have.

Source: docs.docker.com, webhooks, as it was in 2014 and as it is; payloads that others published.
"""

import json
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import parse_qs, unquote

import pytest

from bot.sandbox.hub.payloads import BodyForm, PayloadShape, PushFacts, encoded, push_payload
from bot.sandbox.hub.state import Image, Repository, digest_of

AT = datetime(2026, 11, 21, 12, 0, 0, 999_999, tzinfo=UTC)
SECOND = 1_795_262_400
IMAGES = [Image("linux", "amd64", digest=digest_of("a")), Image("linux", "arm64", "v8", digest=digest_of("b"))]
SHAPES: tuple[PayloadShape, ...] = get_args(PayloadShape)


def repository(path: str = "acme/app") -> Repository:
    namespace, _, name = path.partition("/")
    registered_at = datetime(2022, 7, 30, 11, 9, 26, tzinfo=UTC)
    return Repository(namespace, name, 1, registered_at, registered_at, star_count=3)


def payload(shape: PayloadShape, path: str = "acme/app", *, is_last: bool = True) -> dict[str, Any]:
    facts = PushFacts(repository(path), "latest", AT, "ana", "a/media+type", IMAGES, IMAGES[:1], is_last=is_last)
    return push_payload(shape, facts)


def test_the_newest_recorded_one_is_the_default_shape() -> None:
    found = payload("2022")

    assert found.pop("callback_url").startswith("https://registry.hub.docker.com/u/acme/app/hook/")
    assert found == {
        "push_data": {
            "images": [],
            "media_type": "a/media+type",
            "pushed_at": SECOND,
            "pusher": "ana",
            "tag": "latest",
        },
        "repository": {
            "comment_count": 0,
            "date_created": 1_659_179_366,
            "description": "",
            "full_description": None,
            "is_official": False,
            "is_private": False,
            "is_trusted": False,
            "name": "app",
            "namespace": "acme",
            "owner": "acme",
            "repo_name": "acme/app",
            "repo_url": "https://hub.docker.com/r/acme/app",
            "star_count": 3,
            "status": "Active",
        },
    }


def test_the_callback_has_33_characters_as_recorded() -> None:
    assert len(payload("2022")["callback_url"].split("/")[-2]) == 33


def test_an_automated_build_of_2014_has_images_floats_and_no_tag() -> None:
    found = payload("2014")

    ids = [str(image.digest).removeprefix("sha256:") for image in IMAGES]
    assert found["push_data"] == {"images": ids, "pushed_at": float(SECOND), "pusher": "ana"}
    assert isinstance(found["push_data"]["pushed_at"], float)
    assert {"comment_count": "0", "date_created": 1_659_179_366.0, "is_trusted": True}.items() <= found[
        "repository"
    ].items()
    assert found["repository"]["dockerfile"]
    assert found["repository"]["repo_url"] == "https://registry.hub.docker.com/u/acme/app/"


def test_in_2015_only_the_last_webhook_of_a_push_listed_images() -> None:
    assert payload("2015", is_last=False)["push_data"] == {"images": None, "pushed_at": SECOND, "pusher": "ana"}
    assert len(payload("2015")["push_data"]["images"]) == 2


def test_in_2016_there_was_a_tag_and_no_media_type() -> None:
    assert sorted(payload("2016")["push_data"]) == ["images", "pushed_at", "pusher", "tag"]


def test_the_official_example_has_neither_images_nor_media_type() -> None:
    assert sorted(payload("documented")["push_data"]) == ["pushed_at", "pusher", "tag"]


def test_a_hardened_image_tells_what_changed_in_each_platform() -> None:
    found = payload("hardened")

    changed = found["dhi_metadata"]
    assert list(changed) == [image.digest for image in IMAGES]
    assert [each["previous_version"]["digest"] for each in changed.values()] == [IMAGES[0].digest, None]
    assert "callback_url" not in found


@pytest.mark.parametrize("shape", SHAPES)
def test_an_official_repository_is_named_without_its_namespace(shape: PayloadShape) -> None:
    found = payload(shape, "library/busybox")["repository"]

    assert (found["repo_name"], found["name"], found["namespace"], found["is_official"]) == (
        "busybox",
        "busybox",
        "library",
        True,
    )
    assert found["repo_url"].rstrip("/").endswith("/_/busybox")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_says_what_the_digest_of_the_tag_is(shape: PayloadShape) -> None:
    assert not {"digest", "event", "id"} & payload(shape).keys() | payload(shape)["push_data"].keys() & {"digest"}


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        ("json", "application/json"),
        ("form", "application/x-www-form-urlencoded"),
        ("bare_form", "application/x-www-form-urlencoded"),
    ],
)
def test_every_form_holds_the_same(form: BodyForm, content_type: str) -> None:
    told = payload("2022") | {"note": "a=b&c=ü %20"}

    body, found_type = encoded(told, form)

    text = body.decode()
    read = {
        "json": lambda: json.loads(text),
        "form": lambda: json.loads(parse_qs(text)["payload"][0]),
        "bare_form": lambda: json.loads(unquote(text)),
    }
    assert read[form]() == told
    assert found_type == content_type
