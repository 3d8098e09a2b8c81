from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.document import Size
from bot.pushes import sizes
from bot.pushes.model import PlatformImage, TagImage

PUSHED = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)


def image(size: int | None = None, /, digest: str = "sha256:aa", **by_platform: int | None) -> TagImage:
    """Return an image; the platforms are those of Linux, and `_` stands for a slash."""
    platforms = tuple(
        PlatformImage(platform=f"linux/{name.replace('_', '/')}", size_bytes=each) for name, each in by_platform.items()
    )
    return TagImage(digest=digest, pushed_at=PUSHED, size_bytes=size, platforms=platforms)


BEFORE = "sha256:bb"


def plain(words: str) -> str:
    """Return the words with usual blanks."""
    return words.replace(sizes.NO_BREAK, " ")


def pieces_of(after: TagImage, before: TagImage | None) -> tuple[str, ...]:
    return tuple(map(plain, sizes.size_pieces(after, before)))


def test_no_line_ends_between_a_number_and_its_unit() -> None:
    assert sizes.format_change(82_900_000, 84_200_000) == "+1.3\u00a0MB (+1.6\u00a0%)"
    assert sizes.size_words(image(amd64=84_200_000)) == "84.2\u00a0MB"


def test_one_platform_says_size_change_and_platform() -> None:
    pieces = pieces_of(image(amd64=84_200_000), image(amd64=82_900_000, digest=BEFORE))

    assert pieces == ("84.2 MB, +1.3 MB (+1.6 %)", "amd64")


def test_an_image_whose_one_before_is_not_known_says_no_change() -> None:
    assert pieces_of(image(amd64=84_200_000), None) == ("84.2 MB", "amd64")


def test_a_few_platforms_that_differ_are_told_one_by_one() -> None:
    pieces = pieces_of(image(amd64=84_200_000, arm64=80_000_000), image(amd64=84_200_000, digest=BEFORE))

    assert pieces == ("amd64 84.2 MB, same size", "arm64 80.0 MB")


def test_many_platforms_are_told_as_a_range_with_the_largest_change() -> None:
    after = image(amd64=50_000_000, arm64=48_000_000, arm_v7=45_000_000, s390x=47_000_000)
    before = image(amd64=49_000_000, arm64=50_000_000, arm_v7=45_000_000, s390x=47_000_000, digest=BEFORE)

    assert pieces_of(after, before) == (
        "45.0 MB to 50.0 MB, up to -2.0 MB (-4.0 %)",
        "4 platforms: amd64, arm64, arm/v7, s390x",
    )


def test_the_same_image_again_is_called_so() -> None:
    same = image(amd64=84_200_000)

    assert pieces_of(same, same) == ("84.2 MB, same image as before", "amd64")
    assert sizes.change_words(same, same) == "same image as before"


def test_an_artifact_without_platforms_has_the_size_that_docker_hub_tells() -> None:
    assert pieces_of(image(24_310), image(24_000, digest=BEFORE)) == ("24.3 kB, +310 B (+1.3 %)",)


def test_a_size_that_nobody_knows_is_unknown() -> None:
    assert pieces_of(image(), None) == ("size unknown",)
    assert sizes.size_cell(image()) == Size(None)


def test_a_platform_that_is_there_twice_is_compared_with_nothing() -> None:
    windows = PlatformImage(platform="windows/amd64", size_bytes=100)
    twice = TagImage(digest="sha256:aa", pushed_at=PUSHED, platforms=(windows, windows))

    assert sizes.change_words(twice, twice.model_copy(update={"digest": BEFORE})) == ""


def test_a_platform_that_is_gone_is_lost() -> None:
    before = image(amd64=1, arm_v7=1, arm64=1, digest=BEFORE)

    assert sizes.lost_platforms(image(amd64=1, arm64=1), before) == ("linux/arm/v7",)
    assert sizes.lost_platforms(before, image(amd64=1)) == ()


def test_where_a_platform_has_no_name_none_is_called_lost() -> None:
    nameless = TagImage(digest="sha256:aa", pushed_at=PUSHED, platforms=(PlatformImage(size_bytes=1),))

    assert sizes.lost_platforms(nameless, image(amd64=1)) == ()
    assert sizes.lost_platforms(image(1), image(amd64=1)) == ()
    assert sizes.lost_platforms(image(amd64=1), None) == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (100, 100, "same size"),
        (82_900_000, 84_200_000, "+1.3 MB (+1.6 %)"),
        (84_200_000, 82_900_000, "-1.3 MB (-1.5 %)"),
        (80_100_000, 108_000_000, "+27.9 MB (+35 %)"),
        (10_000_000_000, 10_000_000_200, "+200 B"),
        (1_000, 101_000, "+100 kB (+10,000 %)"),
        (0, 5_000, "+5.0 kB"),
    ],
)
def test_a_change_is_written_with_its_share(before: int, after: int, words: str) -> None:
    assert plain(sizes.format_change(before, after)) == words


@given(st.integers(-(2**63), 2**63), st.integers(-(2**63), 2**63))
def test_a_change_says_which_way_it_went(before: int, after: int) -> None:
    words = sizes.format_change(before, after)

    expected = "+" if after > before else "-" if after < before else "same size"
    assert words.startswith(expected)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [(100, 141, "41 %"), (100, 102, "2.0 %"), (0, 5_000, "5.0 kB"), (100, 1_200, "1,100 %")],
)
def test_growth_is_a_share_of_what_was_there(before: int, after: int, words: str) -> None:
    assert plain(sizes.format_growth(before, after)) == words


@pytest.mark.parametrize(
    ("platform", "short"),
    [("linux/arm64/v8", "arm64/v8"), ("windows/amd64", "windows/amd64"), (None, "unknown"), ("", "unknown")],
)
def test_that_a_platform_is_of_linux_goes_without_saying(platform: str | None, short: str) -> None:
    assert sizes.short_platform(platform) == short
