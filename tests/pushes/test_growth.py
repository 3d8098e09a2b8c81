"""When an image counts as grown too large."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pushes.growth import BASELINE_LIMIT, PUSH_LIMIT, Limit, Thresholds, growths
from bot.pushes.model import Growth, PlatformImage, TagImage

PUSHED_AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MB = 1_000_000
EVERYTHING = Thresholds(push=Limit(0, 0), against_baseline=Limit(0, 0))

platforms = st.sampled_from(["linux/amd64", "linux/arm64", "windows/amd64", None])
sizes = st.one_of(st.none(), st.integers(0, 10**12))
images = st.builds(
    lambda parts, size: TagImage(
        digest="d",
        pushed_at=PUSHED_AT,
        size_bytes=size,
        platforms=tuple(PlatformImage(platform=name, size_bytes=each) for name, each in parts),
    ),
    st.lists(st.tuples(platforms, sizes), max_size=5),
    sizes,
)
limits = st.builds(Limit, st.floats(0, 500), st.integers(0, 10**9))
thresholds = st.builds(Thresholds, limits, limits, st.one_of(st.none(), st.just("1.0"), st.integers(0, 10**12)))


def image(**sizes_bytes: int | None) -> TagImage:
    """Return an image by platform; underscores stand for slashes."""
    parts = tuple(PlatformImage(platform=name.replace("_", "/"), size_bytes=size) for name, size in sizes_bytes.items())
    return TagImage(digest="d", pushed_at=PUSHED_AT, platforms=parts)


def grew(before: int, after: int, *, against: str = "the last push", platform: str | None = "linux/amd64") -> Growth:
    return Growth(platform=platform, against=against, before_bytes=before, after_bytes=after)


@pytest.mark.parametrize(
    ("before", "after", "is_too_much"),
    [
        (50 * MB, 55 * MB, True),
        (50 * MB, 55 * MB - 1, False),
        (100 * MB, 109 * MB, False),
        (10 * MB, 14 * MB, False),
        (10 * MB, 15 * MB, True),
        (100 * MB, 50 * MB, False),
    ],
)
def test_a_push_may_grow_by_less_than_ten_percent_or_five_megabytes(
    before: int, after: int, *, is_too_much: bool
) -> None:
    found = growths(image(linux_amd64=after), image(linux_amd64=before), None, Thresholds())

    assert found == ((grew(before, after),) if is_too_much else ())


def test_slow_growth_is_seen_against_the_first_known_image() -> None:
    now, last, first = (image(linux_amd64=size * MB) for size in (125, 124, 100))

    assert growths(now, last, first, Thresholds()) == (grew(100 * MB, 125 * MB, against="the first known image"),)


def test_the_first_known_image_that_is_the_last_push_is_said_once() -> None:
    assert growths(
        image(linux_amd64=80 * MB), image(linux_amd64=40 * MB), image(linux_amd64=40 * MB), Thresholds()
    ) == (grew(40 * MB, 80 * MB),)


def test_a_baseline_that_was_set_is_said_by_its_name() -> None:
    now, same = image(linux_amd64=80 * MB), image(linux_amd64=40 * MB)

    assert growths(now, same, same, Thresholds(baseline="1.0")) == (
        grew(40 * MB, 80 * MB),
        grew(40 * MB, 80 * MB, against="the baseline 1.0"),
    )
    assert growths(now, None, None, Thresholds(baseline=50 * MB)) == (grew(50 * MB, 80 * MB, against="the baseline"),)


def test_each_platform_is_compared_with_itself() -> None:
    before = image(linux_amd64=50 * MB, linux_arm64=90 * MB)
    after = image(linux_arm64=91 * MB, linux_amd64=60 * MB, linux_s390x=500 * MB)

    assert growths(after, before, None, Thresholds()) == (grew(50 * MB, 60 * MB),)


@pytest.mark.parametrize("size", [None, 0])
def test_an_unknown_size_says_nothing(size: int | None) -> None:
    known, unknown = image(linux_amd64=50 * MB), image(linux_amd64=size)

    assert growths(known, unknown, unknown, EVERYTHING) == ()
    assert growths(unknown, known, known, EVERYTHING) == ()


def test_images_of_unknown_platforms_are_compared_where_each_is_the_only_one() -> None:
    def of(size: int) -> TagImage:
        return TagImage(digest="d", pushed_at=PUSHED_AT, size_bytes=size)

    assert growths(of(60), of(50), None, EVERYTHING) == (grew(50, 60, platform=None),)
    assert growths(of(60), image(linux_amd64=50), None, EVERYTHING) == ()


def test_platforms_that_occur_twice_cannot_be_told_apart() -> None:
    def of(size: int) -> TagImage:
        parts = tuple(PlatformImage(platform="windows/amd64", size_bytes=each) for each in (size, size + 1))
        return TagImage(digest="d", pushed_at=PUSHED_AT, platforms=parts)

    assert growths(of(100), of(50), None, EVERYTHING) == ()


@pytest.mark.parametrize(
    ("percent", "size_bytes", "baseline", "expected"),
    [
        (None, None, None, Thresholds()),
        (None, None, "1.0", Thresholds(baseline="1.0")),
        (20.0, None, None, Thresholds(Limit(20.0, 0), BASELINE_LIMIT)),
        (None, 7, None, Thresholds(Limit(0.0, 7), BASELINE_LIMIT)),
        (20.0, 7, 50, Thresholds(Limit(20.0, 7), Limit(20.0, 7), 50)),
    ],
)
def test_what_was_written_down_takes_the_place_of_the_usual(
    percent: float | None, size_bytes: int | None, baseline: str | int | None, expected: Thresholds
) -> None:
    assert Thresholds.configured(percent=percent, size_bytes=size_bytes, baseline=baseline) == expected
    assert Thresholds() == Thresholds(PUSH_LIMIT, BASELINE_LIMIT, None)


@given(images, st.none() | images, st.none() | images, thresholds)
def test_what_is_said_to_have_grown_has_grown_as_much_as_the_limit(
    now: TagImage, last: TagImage | None, baseline: TagImage | None, limits: Thresholds
) -> None:
    for found in growths(now, last, baseline, limits):
        limit = limits.push if found.against == "the last push" else limits.against_baseline
        assert found.before_bytes < found.after_bytes
        assert limit.is_reached(found.before_bytes, found.after_bytes)
        assert found.platform in {None, *(each.platform for each in now.platforms)}


@given(images, thresholds)
def test_an_image_has_not_grown_against_itself(now: TagImage, limits: Thresholds) -> None:
    assert all(isinstance(limits.baseline, int) for _ in growths(now, now, now, limits))


@given(st.integers(1, 10**9), st.integers(1, 10**9), limits, st.floats(0, 500), st.integers(0, 10**9))
def test_a_higher_limit_never_says_more(before: int, after: int, limit: Limit, percent: float, size: int) -> None:
    higher = Limit(limit.percent + percent, limit.size_bytes + size)

    assert limit.is_reached(before, after) or not higher.is_reached(before, after)
