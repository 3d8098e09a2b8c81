import pytest

from bot.chat.tag_facts import PlatformFacts, TagFacts
from bot.errors import UsageError
from commands.diff import compare_platforms
from tests.support.desk import Desk, digest


def test_diff_shows_what_changed_per_platform_and_both_sides_facts(desk: Desk) -> None:
    assert desk.says("diff acme/api:1.0.0 1.1.0") == [
        "acme/api:1.0.0 → acme/api:1.1.0",
        "Platform | 1.0.0 | 1.1.0 | Change",
        "linux/amd64 | 84.2 MB | 85.2 MB | +1.0 MB (+1.2%)",
        "linux/arm64/v8 | – | 80.0 MB | gained",
        "Digest: 111111111111 → 222222222222",
        "Pushed: 2026-10-12 09:00 UTC → 2026-11-19 09:00 UTC",
        "Apart: 38 d 0 h, the second is newer",
        "Last pulled: unknown → 2026-11-21 06:00 UTC",
    ]


def test_two_tags_of_one_image_are_said_to_be_the_same(desk: Desk) -> None:
    said = desk.says("diff acme/api:1.1.0 :latest")

    assert said[1] == "Both point at the same image."
    assert said[3] == "linux/amd64 | 85.2 MB | 85.2 MB | same image"


def test_two_images_are_told_apart_by_their_full_names(desk: Desk) -> None:
    assert desk.says("diff acme/api:1.0.0 library/nginx:latest")[1] == (
        "Platform | acme/api:1.0.0 | library/nginx:latest | Change"
    )


def test_a_bare_word_that_is_no_tag_is_explained(desk: Desk) -> None:
    assert str(desk.ask("diff acme/api:1.0.0 nginx").failure).endswith(
        "To compare with another image, write `nginx:latest`."
    )


def test_a_side_that_is_missing_is_named(desk: Desk) -> None:
    assert "does not show acme/api:9.9.9" in str(desk.ask("diff acme/api:9.9.9 1.0.0").failure)


@pytest.mark.parametrize(
    "line",
    [
        "diff",
        "diff acme/api:1",
        "diff acme/api:1 a b",
        "diff acme/api:1 a/b/c",
        f"diff acme/api:1@{digest('1')} 2",
        f"diff acme/api:1 acme/api@{digest('1')}",
    ],
)
def test_anything_but_two_images_is_refused_before_anything_is_asked(desk: Desk, line: str) -> None:
    with pytest.raises(UsageError):
        desk.ask(line)
    assert desk.paths() == []


def facts(*platforms: PlatformFacts) -> TagFacts:
    return TagFacts(name="x", platforms=platforms)


def one(platform: str, size_bytes: int | None, letter: str | None = "a") -> PlatformFacts:
    return PlatformFacts(platform=platform, size_bytes=size_bytes, digest=digest(letter) if letter else None)


@pytest.mark.parametrize(
    ("left", "right", "change", "growth"),
    [
        (one("linux/amd64", 10), one("linux/amd64", 10), "same", 0),
        (one("linux/amd64", 10), one("linux/amd64", 8, "b"), "changed", -2),
        (one("linux/amd64", None), one("linux/amd64", 8, "b"), "changed", None),
        (one("linux/amd64", 10, None), one("linux/amd64", 10, None), "changed", 0),
    ],
)
def test_growth_is_known_only_when_both_sizes_are(
    left: PlatformFacts, right: PlatformFacts, change: str, growth: int | None
) -> None:
    (compared,) = compare_platforms(facts(left), facts(right))

    assert (compared.change, compared.growth_bytes) == (change, growth)


def test_platforms_come_and_go() -> None:
    changes = compare_platforms(facts(one("linux/386", 1)), facts(one("linux/arm64", 2)))

    assert [(each.platform, each.change) for each in changes] == [("linux/386", "lost"), ("linux/arm64", "gained")]


def test_windows_builds_are_told_apart_by_their_version() -> None:
    old = PlatformFacts(platform="windows/amd64", os_version="10.0.17763", size_bytes=1)
    new = PlatformFacts(platform="windows/amd64", os_version="10.0.20348", size_bytes=2)

    assert [each.change for each in compare_platforms(facts(old), facts(old, new))] == ["changed", "gained"]
