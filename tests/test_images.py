import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import ImageReference, InvalidReferenceError, RepositoryName, check_namespace

DIGEST = "sha256:" + "0123456789abcdef" * 4

PARSED = [
    ("nginx", ImageReference("nginx")),
    ("nginx:1.27", ImageReference("nginx", tag="1.27")),
    ("library/nginx:1.27", ImageReference("nginx", "library", "1.27")),
    ("acme/api", ImageReference("api", "acme")),
    (f"acme/api@{DIGEST}", ImageReference("api", "acme", digest=DIGEST)),
    (f"acme/api:1.2@{DIGEST}", ImageReference("api", "acme", "1.2", DIGEST)),
    ("docker.io/nginx", ImageReference("nginx", "library")),
    ("docker.io/acme/api:1", ImageReference("api", "acme", "1")),
    ("index.docker.io/library/nginx", ImageReference("nginx", "library")),
    ("registry-1.docker.io/acme/api", ImageReference("api", "acme")),
    ("Acme/API:V1", ImageReference("api", "acme", "V1")),
    ("acme/my.repo_name-x__y", ImageReference("my.repo_name-x__y", "acme")),
    ("https://hub.docker.com/r/acme/api", ImageReference("api", "acme")),
    ("https://hub.docker.com/r/acme/api/tags?name=v1", ImageReference("api", "acme")),
    ("hub.docker.com/_/nginx", ImageReference("nginx", "library")),
    ("https://hub.docker.com/repository/docker/acme/api/general", ImageReference("api", "acme")),
    ("https://hub.docker.com/layers/library/nginx/1.27/images/sha256-0be8", ImageReference("nginx", "library", "1.27")),
    ("  nginx  ", ImageReference("nginx")),
]

REFUSED = [
    ("", "An image name is missing."),
    ("ghcr.io/acme/api:1", "only images of Docker Hub can be used"),
    ("localhost:5000/api", "only images of Docker Hub can be used"),
    ("acme/api/extra", "too many slashes"),
    ("acme/", "a repository name is missing"),
    ("/api", "a namespace is missing"),
    ("acme/-api", "is not a repository name"),
    ("acme/api:", "is not a tag"),
    ("acme/api:-1", "is not a tag"),
    ("acme/api:" + "x" * 129, "is not a tag"),
    ("acme/api@sha256:12", "is not a digest"),
    ("acme/api@", "is not a digest"),
    ("a" * 256, "is too long"),
    ("https://example.com/r/acme/api", "is not a page of Docker Hub"),
    ("https://hub.docker.com/search?q=nginx", "not one of an image"),
    ("acme/a pi", "is not a repository name"),
]


@pytest.mark.parametrize(("text", "reference"), PARSED)
def test_a_reference_is_read_in_every_form_people_write(text: str, reference: ImageReference) -> None:
    assert ImageReference.parse(text) == reference


@pytest.mark.parametrize(("text", "complaint"), REFUSED)
def test_anything_else_is_refused_with_a_sentence_that_says_why(text: str, complaint: str) -> None:
    with pytest.raises(InvalidReferenceError, match=complaint):
        ImageReference.parse(text)


def test_what_was_typed_is_quoted_short_and_cannot_end_its_quotation() -> None:
    with pytest.raises(InvalidReferenceError) as refused:
        ImageReference.parse("`" + "x" * 300 + "`!")

    assert str(refused.value).count("`") == 2
    assert len(str(refused.value)) < 200


component = st.from_regex(r"[a-z0-9]+((\.|_|__|-{1,3})[a-z0-9]+){0,3}", fullmatch=True).filter(
    lambda text: len(text) < 60
)
tag = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=1).flatmap(
    lambda head: st.text(string.ascii_letters + string.digits + "._-", max_size=127).map(lambda rest: head + rest)
)
digest = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
# A first part with a dot would be a registry, as Docker's own tools read it.
references = st.builds(
    ImageReference,
    component,
    st.none() | component.filter(lambda text: "." not in text and text != "localhost"),
    st.none() | tag,
    st.none() | digest,
)


@given(references)
def test_printing_and_parsing_a_reference_round_trips(reference: ImageReference) -> None:
    assert ImageReference.parse(str(reference)) == reference


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_never_a_crash(text: str) -> None:
    try:
        reference = ImageReference.parse(text)
    except InvalidReferenceError as refused:
        assert str(refused)
    else:
        assert ImageReference.parse(str(reference)) == reference


def test_a_short_name_takes_the_namespace_it_is_given_and_a_full_one_keeps_its_own() -> None:
    assert ImageReference.parse("api").in_namespace("acme") == RepositoryName("acme", "api")
    assert ImageReference.parse("other/api").in_namespace("acme") == RepositoryName("other", "api")


def test_official_images_are_written_without_their_namespace() -> None:
    official = RepositoryName.parse("nginx")

    assert (str(official), official.familiar, official.url) == (
        "library/nginx",
        "nginx",
        "https://hub.docker.com/_/nginx",
    )
    assert RepositoryName.parse("acme/api").url == "https://hub.docker.com/r/acme/api"


def test_a_repository_is_not_read_from_an_image_with_a_tag() -> None:
    with pytest.raises(InvalidReferenceError, match="a repository was expected"):
        RepositoryName.parse("acme/api:1")


def test_a_namespace_is_lowered_and_checked() -> None:
    assert check_namespace("Acme") == "acme"
    with pytest.raises(InvalidReferenceError, match="is not a namespace"):
        check_namespace("a/b")
