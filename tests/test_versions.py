import pytest

from bot.versions import parse_version


def test_tags_sort_by_the_precedence_of_semantic_versioning() -> None:
    rising = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    rising += ["v1.2", "1.2.1", "1.10.0", "2024.11"]

    shuffled = [*rising[::2], *rising[1::2]]

    assert sorted(shuffled, key=lambda tag: parse_version(tag) or pytest.fail(tag)) == rising


@pytest.mark.parametrize("tag", ["latest", "sha-1f3c", "pr-12", "stable", "", "v", "1..2"])
def test_other_tags_are_no_versions(tag: str) -> None:
    assert parse_version(tag) is None


def test_missing_numbers_and_the_v_do_not_matter() -> None:
    assert parse_version("v1.2") == parse_version("1.2.0")
    assert hash(parse_version("v1.2")) == hash(parse_version("1.2.0"))
