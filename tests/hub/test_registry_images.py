"""Manifests and files, read from a real registry through something in front of it."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from bot.clock import FrozenClock
from bot.errors import NotFoundError, RateLimitedError, UnexpectedResponseError
from bot.hub.auth import Credentials
from bot.hub.client import HubClient, HubUrls
from bot.hub.manifests import Descriptor, digest_of
from bot.images import InvalidReferenceError
from bot.sandbox.httpd import Answer, HttpServer, Request
from tests.hub.support import NOW, OAT, PAT
from tests.support.registry import Build, Pusher, RegistryFront, provenance, spdx

BASIC_OF_ANA = f"Basic {base64.b64encode(f'ana:{PAT}'.encode()).decode()}"
PURL = "pkg:deb/debian/curl@7.88.1-10?distro=debian-12"


def client_of(
    front: RegistryFront, credentials: Credentials | None = None, clock: FrozenClock | None = None
) -> HubClient:
    urls = HubUrls(registry=front.url, auth=front.url)
    return HubClient(urls, credentials or Credentials(), clock or FrozenClock(NOW))


@pytest.fixture
def client(front: RegistryFront) -> Iterator[HubClient]:
    with client_of(front) as client:
        yield client


@contextmanager
def elsewhere(content: bytes) -> Iterator[tuple[str, list[Request]]]:
    """A place where a registry keeps its files."""
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        seen.append(request)
        return Answer(200, content, "application/octet-stream")

    server = HttpServer(answer)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}", seen
    finally:
        server.stop()


def test_index_is_read_by_tag_and_by_digest(client: HubClient, pusher: Pusher) -> None:
    pushed = pusher.push(
        "1.0", Build("linux/amd64", statements=[("https://spdx.dev/Document", spdx(PURL))]), Build("linux/arm64")
    )

    by_tag = client.registry.manifest(pusher.repository, "1.0").manifest
    by_digest = client.registry.manifest(pusher.repository, pushed.digest).manifest

    assert by_tag == by_digest
    assert by_tag.is_index
    assert by_tag.digest == pushed.digest
    amd64, arm64 = pushed.targets["linux/amd64"].digest, pushed.targets["linux/arm64"].digest
    assert by_tag.image(arm64) is not None
    assert by_tag.attestation(arm64) is None
    attestation = by_tag.attestation(amd64)
    assert attestation is not None
    [layer] = client.registry.manifest(pusher.repository, attestation.digest).manifest.layers
    assert layer.predicate == "https://spdx.dev/Document"
    assert PURL.encode() in client.registry.blob(pusher.repository, layer, most_bytes=10_000)


def test_head_tells_the_digest_and_pulls_nothing(client: HubClient, front: RegistryFront, pusher: Pusher) -> None:
    pushed = pusher.push("1.0", Build())
    front.limit, front.remaining = 100, 76

    head = client.registry.head(pusher.repository, "1.0")

    assert head.digest == pushed.digest
    assert (head.budget.limit.limit, head.budget.limit.remaining) == (100, 76)
    assert front.pulls == 0


def test_one_token_serves_a_repository_until_it_ends(front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    clock = FrozenClock(NOW)
    with client_of(front, clock=clock) as client:
        client.registry.head(pusher.repository, "1.0")
        client.background().registry.manifest(pusher.repository, "1.0")
        assert len([path for _, path, _ in front.seen if path == "/token"]) == 1

        clock.advance(290)
        client.registry.head(pusher.repository, "1.0")

    assert len([path for _, path, _ in front.seen if path == "/token"]) == 2


def test_token_that_is_not_taken_any_more_is_replaced(front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    with client_of(front) as client:
        client.registry.head(pusher.repository, "1.0")
        bearer = front.seen[-1][2]
        front.invisible_to.add(bearer)

        with pytest.raises(NotFoundError):
            client.registry.head(pusher.repository, "1.0")

    # The old bearer, a fresh one (here: the same), and no more.
    assert [authorization for _, path, authorization in front.seen if path != "/token"] == [bearer] * 3


def test_refused_credential_leaves_public_images(front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    front.refuses.add(BASIC_OF_ANA)
    credentials = Credentials.from_values(username="ana", token=SecretStr(PAT))
    with client_of(front, credentials) as client:
        pull = client.registry.manifest(pusher.repository, "1.0")

    assert pull.budget.credential == "no credential, because the registry refuses the PAT of ana"


def test_what_one_credential_may_not_see_is_asked_with_the_next(front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    credentials = Credentials.from_values(
        username="ana", token=SecretStr(PAT), organization_tokens={"acme": SecretStr(OAT)}
    )
    with client_of(front, credentials) as client:
        client.registry.head(pusher.repository, "1.0")
        front.invisible_to.add(front.seen[-1][2])

        head = client.registry.head(pusher.repository, "1.0")

    assert head.budget.credential == "the organization token of acme"


def test_missing_images_are_not_found(client: HubClient, pusher: Pusher) -> None:
    pusher.push("1.0", Build())

    with pytest.raises(NotFoundError, match=re.escape(f"{pusher.repository}:2.0")):
        client.registry.manifest(pusher.repository, "2.0")
    with pytest.raises(InvalidReferenceError):
        client.registry.manifest(pusher.repository, "../../secret")


def test_spent_pulls_are_a_rate_limit_and_hold_up_no_looks(front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build())
    front.limit, front.remaining = 10, 0
    with client_of(front) as client:
        with pytest.raises(RateLimitedError):
            client.once().registry.manifest(pusher.repository, "1.0")

        assert client.once().registry.head(pusher.repository, "1.0").digest is not None


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_manifest_of_another_digest_is_refused(
    client: HubClient, front: RegistryFront, pusher: Pusher, by: str
) -> None:
    pushed = pusher.push("1.0", Build())
    front.tamper = lambda _, body: body + b" "

    with pytest.raises(UnexpectedResponseError, match="another digest"):
        client.registry.manifest(pusher.repository, "1.0" if by == "tag" else pushed.digest)


def test_file_of_another_digest_is_refused(client: HubClient, front: RegistryFront, pusher: Pusher) -> None:
    pointer = pusher.blob(b"an SBOM")
    front.tamper = lambda _, body: body.replace(b"SBOM", b"lie!")

    with pytest.raises(UnexpectedResponseError, match="another digest"):
        client.registry.blob(pusher.repository, Descriptor(pointer["digest"]), most_bytes=100)


def test_file_that_is_too_long_is_not_read(client: HubClient, pusher: Pusher) -> None:
    pointer = pusher.blob(b"x" * 200_000)

    with pytest.raises(UnexpectedResponseError, match="more data than is plausible"):
        client.registry.blob(pusher.repository, Descriptor(pointer["digest"]), most_bytes=100_000)


def test_file_kept_elsewhere_is_read_without_the_authorization(
    client: HubClient, front: RegistryFront, pusher: Pusher
) -> None:
    content = b"an SBOM"
    with elsewhere(content) as (url, seen):
        front.blobs_at = url
        found = client.registry.blob(pusher.repository, Descriptor(digest_of(content)), most_bytes=100)

    assert found == content
    assert [(request.raw_query, request.headers.get("authorization")) for request in seen] == [("signature=abc", None)]
    assert front.seen[-1][2].startswith("Bearer ")


def test_file_kept_elsewhere_has_to_be_the_one_asked_for(
    client: HubClient, front: RegistryFront, pusher: Pusher
) -> None:
    with elsewhere(b"another SBOM") as (url, _):
        front.blobs_at = url
        with pytest.raises(UnexpectedResponseError, match="another digest"):
            client.registry.blob(pusher.repository, Descriptor(digest_of(b"an SBOM")), most_bytes=100)


@pytest.mark.parametrize("target", ["http://cdn.example", "https://ana:secret@cdn.example", "ftp://cdn.example"])
def test_redirects_that_are_not_https_are_not_followed(
    client: HubClient, front: RegistryFront, pusher: Pusher, target: str
) -> None:
    front.blobs_at = target

    with pytest.raises(UnexpectedResponseError, match="a redirect that is not followed") as caught:
        client.registry.blob(pusher.repository, Descriptor(digest_of(b"an SBOM")), most_bytes=100)

    assert "secret" not in str(caught.value)
    assert "signature" not in str(caught.value)


def test_manifests_are_not_followed_anywhere(client: HubClient, front: RegistryFront, pusher: Pusher) -> None:
    pusher.push("1.0", Build(statements=[provenance()]))
    front.blobs_at = "https://cdn.example"

    assert client.registry.manifest(pusher.repository, "1.0").manifest.is_index
