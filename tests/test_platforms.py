import pytest

from bot import platforms


@pytest.mark.parametrize(
    ("wanted", "platform", "is_it"),
    [
        ("arm64", "linux/arm64/v8", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("arm64/v8", "linux/arm64/v8", True),
        ("ARM64", "linux/arm64", True),
        ("linux", "linux/arm64", True),
        ("arm64/v8", "linux/arm64", False),
        ("v8", "linux/arm64/v8", False),
        ("arm", "linux/arm64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_what_is_left_out_does_not_matter_and_what_is_said_does(wanted: str, platform: str, is_it: bool) -> None:  # noqa: FBT001
    assert platforms.matches(wanted, platform) is is_it


@pytest.mark.parametrize("text", ["", "a b", "linux/amd64/v1/x", "linux//v8", "x" * 200, "`arm`"])
def test_what_is_no_platform_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a platform; write it like"):
        platforms.check_platform(text)


def test_what_is_not_known_may_be_the_one_asked_for() -> None:
    assert platforms.is_wanted(("arm64",), ["linux/amd64", None])
    assert platforms.is_wanted(("arm64",), None)
    assert platforms.is_wanted((), ["linux/amd64"])
    assert not platforms.is_wanted(("arm64",), ["linux/amd64"])
