"""Manifests: what the registry says an image is made of. Pure.

An index lists the images of several platforms, and manifests that state something of them; a manifest lists the blobs
of one image. Read liberally: an entry that cannot be read is left out.

Source: https://github.com/opencontainers/image-spec/blob/main/image-index.md and `manifest.md` beside it; for
attestations https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.hub.decoding import read_int, read_text
from bot.images import is_digest

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))

_STATEMENT = "application/vnd.in-toto+json"
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION = "attestation-manifest"
_PREDICATE = "in-toto.io/predicate-type"


@dataclass(frozen=True)
class Descriptor:
    """A pointer to a manifest or blob.

    Attributes:
        digest: Of what it points to.
        size_bytes: The length of that; None: not told.
        media_type: Its kind; may be empty.
        annotations: What is said of it.
    """

    digest: str
    size_bytes: int | None = None
    media_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_attestation(self) -> bool:
        """Whether it points to statements about an image of the same index."""
        return self.annotations.get(_REFERENCE_TYPE) == _ATTESTATION

    @property
    def about(self) -> str | None:
        """Of an attestation: the digest of the image that it is about."""
        return self.annotations.get(_REFERENCE_DIGEST)

    @property
    def predicate(self) -> str | None:
        """Of a statement: the kind of what is said, a URI; None: it is no statement, or does not tell."""
        return self.annotations.get(_PREDICATE) if self.media_type == _STATEMENT else None


@dataclass(frozen=True)
class Manifest:
    """A manifest or index.

    Attributes:
        digest: Its own.
        media_type: Its kind.
        manifests: Of an index: what it lists.
        config: Of a manifest: its configuration; None: it has none.
        layers: Of a manifest: its other blobs.
        annotations: What is said of it.
    """

    digest: str
    media_type: str
    manifests: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_index(self) -> bool:
        """Whether it lists images, and is none."""
        return self.media_type in INDEX_TYPES

    def image(self, digest: str) -> Descriptor | None:
        """Return the entry of an index for an image; None: it is not in there."""
        return next((each for each in self.manifests if each.digest == digest), None)

    def attestation(self, digest: str) -> Descriptor | None:
        """Return the entry of an index for the statements about an image; None: there are none."""
        return next((each for each in self.manifests if each.is_attestation and each.about == digest), None)


def read_manifest(data: Any, *, digest: str, content_type: str) -> Manifest | None:
    """Return the manifest that an answer's JSON is; None: it is none of the kinds that are known.

    Args:
        data: Decoded JSON.
        digest: That of the answer's body.
        content_type: What the answer's header says; the body itself may say it too.
    """
    if not isinstance(data, dict):
        return None
    media_type = read_text(data.get("mediaType")) or content_type.partition(";")[0].strip()
    if media_type not in (*INDEX_TYPES, *MANIFEST_TYPES):
        return None
    return Manifest(
        digest=digest,
        media_type=media_type,
        manifests=_descriptors(data.get("manifests")),
        config=_descriptor(data.get("config")),
        layers=_descriptors(data.get("layers")),
        annotations=read_texts_by_name(data.get("annotations")),
    )


def read_texts_by_name(value: Any) -> dict[str, str]:
    """Read an object of texts, like annotations and labels; what is no text is left out."""
    entries = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in entries if isinstance(text, str)}


def digest_of(body: bytes, *, like: str = "sha256:") -> str:
    """Return the digest of bytes, by the algorithm that another digest names."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def _descriptors(value: Any) -> tuple[Descriptor, ...]:
    entries = map(_descriptor, value if isinstance(value, list) else ())
    return tuple(each for each in entries if each is not None)


def _descriptor(value: Any) -> Descriptor | None:
    """Read a pointer; None: it points nowhere."""
    digest = read_text(value.get("digest")) if isinstance(value, dict) else None
    if digest is None or not is_digest(digest):
        return None
    return Descriptor(
        digest,
        read_int(value.get("size")),
        read_text(value.get("mediaType")) or "",
        read_texts_by_name(value.get("annotations")),
    )
