"""What a tag says about a push."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hub.tags import Image, Tag
from bot.pushes.model import PlatformImage, TagImage
from bot.pushes.verdicts import image_of, is_overtaken, is_shown

PUSHED_AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def after(seconds: float) -> datetime:
    return PUSHED_AT + timedelta(seconds=seconds)


def tag(pushed_after: float | None = 0, **fields: Any) -> Tag:
    pushed_at = None if pushed_after is None else after(pushed_after)
    return Tag.model_validate({"name": "1.0", "digest": DIGEST, "tag_last_pushed": pushed_at, **fields})


def part(pushed_after: float) -> Image:
    return Image(os="linux", architecture="amd64", last_pushed=after(pushed_after))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [(tag(0), True), (tag(900), True), (tag(-2), True), (tag(-2.1), False), (tag(None), False)],
)
def test_a_push_is_shown_by_what_is_two_seconds_older_or_newer(shown: Tag, *, expected: bool) -> None:
    assert is_shown(shown, PUSHED_AT) is expected


@pytest.mark.parametrize(
    ("shown", "later", "expected"),
    [
        pytest.param(tag(0), [], False, id="its own time"),
        pytest.param(tag(60), [30], False, id="a minute is one push"),
        pytest.param(tag(601), [], True, id="no push takes longer than ten minutes"),
        pytest.param(tag(601, images=[part(10)]), [], True, id="not even if a platform is as old"),
        pytest.param(tag(300), [], False, id="nothing else is known to have been pushed"),
        pytest.param(tag(300), [300], True, id="another push followed"),
        pytest.param(tag(300), [250, 200, 150, 100, 50], False, id="a chain of webhooks, one for each platform"),
        pytest.param(tag(300), [50, 100, 250], True, id="a chain with a gap"),
        pytest.param(tag(300, images=[part(300), part(-20)]), [300], False, id="a platform was pushed then"),
        pytest.param(tag(300, images=[part(300), part(200)]), [300], True, id="no platform was pushed then"),
        pytest.param(tag(300), [303, 500], False, id="what came after what is shown does not matter"),
        pytest.param(tag(300), [-300], False, id="what came before does not matter"),
        pytest.param(tag(None), [], False, id="unknown"),
    ],
)
def test_a_push_is_overtaken_when_the_image_is_of_another_one(
    shown: Tag, later: list[float], *, expected: bool
) -> None:
    assert is_overtaken(shown, PUSHED_AT, map(after, later)) is expected


@given(st.lists(st.floats(0, 400), max_size=8))
def test_the_last_push_is_never_overtaken(times: list[float]) -> None:
    last = max(times, default=0)

    assert not is_overtaken(tag(last), after(last), map(after, times))


def test_an_image_has_what_docker_hub_says_without_attestations() -> None:
    images = [
        {"os": "linux", "architecture": "arm64", "variant": "v8", "digest": "sha256:b", "size": 5},
        {"os": "unknown", "architecture": "unknown", "digest": "sha256:c", "size": 6},
    ]
    found = image_of(tag(1, images=images, full_size=5, media_type="application/vnd.oci.image.index.v1+json"))

    assert found == TagImage(
        digest=DIGEST,
        pushed_at=after(1),
        size_bytes=5,
        platforms=(PlatformImage(platform="linux/arm64/v8", digest="sha256:b", size_bytes=5),),
        media_type="application/vnd.oci.image.index.v1+json",
    )


def test_a_tag_without_a_digest_has_that_of_its_only_image() -> None:
    one = {"os": "linux", "architecture": "amd64", "digest": "sha256:b"}

    only = image_of(tag(digest=None, images=[one]))

    assert only is not None
    assert only.digest == "sha256:b"
    assert image_of(tag(digest=None, images=[one, one])) is None
    assert image_of(tag(digest=None)) is None
    assert image_of(tag(None)) is None


@given(st.text(), st.integers(), st.text(max_size=400), st.text(max_size=400))
def test_any_text_and_number_can_be_kept(digest: str, size: int, os: str, media_type: str) -> None:
    platform = {"os": os, "architecture": "amd64", "digest": digest, "size": size}
    found = image_of(tag(images=[platform], full_size=size, media_type=media_type))

    assert found is not None
    text = found.model_dump_json()
    assert TagImage.model_validate_json(text) == found
    assert "\\u0000" not in text
    assert all(each.size_bytes is None or each.size_bytes >= 0 for each in found.platforms)
