import pytest

from bot.images import InvalidReferenceError, RepositoryName
from bot.pushes.patterns import Pattern, WrittenPattern


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("acme/api", WrittenPattern("api", "acme")),
        ("ACME/Api", WrittenPattern("api", "acme")),
        ("nginx", WrittenPattern("nginx")),
        ("acme/api:1.27", WrittenPattern("api", "acme", "1.27")),
        ("https://hub.docker.com/r/acme/api", WrittenPattern("api", "acme")),
        ("acme/*", WrittenPattern("*", "acme")),
        ("Acme/API-*", WrittenPattern("api-*", "acme")),
        ("docker.io/acme/api-?", WrittenPattern("api-?", "acme")),
        ("api-*", WrittenPattern("api-*")),
        ("acme/*:latest", WrittenPattern("*", "acme", "latest")),
    ],
)
def test_names_patterns_and_addresses_are_read(text: str, found: WrittenPattern) -> None:
    assert WrittenPattern.parse(text) == found
    assert WrittenPattern.parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("*/api", "the namespace must be a name"),
        ("*/*", "the namespace must be a name"),
        ("a/b/*", "too many slashes"),
        ("/*", "a namespace is missing"),
        ("acme/`*", "is not a pattern"),
        ("acme/{a,b}*", "is not a pattern"),
        ("acme/api:v*", "goes into an option"),
        ("acme/api@sha256:" + "0" * 64, "names a digest"),
        ("ghcr.io/acme/api", "only images of Docker Hub"),
        ("", "missing"),
    ],
)
def test_what_is_neither_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(InvalidReferenceError, match=why):
        WrittenPattern.parse(text)


def test_a_pattern_matches_within_its_namespace() -> None:
    some = Pattern.parse("acme/api-*")

    assert some.matches(RepositoryName("acme", "api-web"))
    assert not some.matches(RepositoryName("acme", "api"))
    assert not some.matches(RepositoryName("other", "api-web"))
    assert (some.is_exact, Pattern.parse("acme/api").is_exact) == (False, True)


@pytest.mark.parametrize("text", ["nginx", "acme/api:1"])
def test_a_stored_pattern_names_namespace_and_no_tag(text: str) -> None:
    with pytest.raises(InvalidReferenceError):
        Pattern.parse(text)
