"""What is stated of an image beside it: its SBOM, and of what it was built. Pure.

BuildKit stores such statements as in-toto documents. An SBOM may have thirty megabytes, most of them a list of files;
it is read as a stream, for decoding it whole would take a hundred and thirty.

Source: https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md,
https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md and
https://spdx.github.io/spdx-spec/v2.3/package-information/#721-external-reference-field
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from bot.images import is_digest

SPDX = "https://spdx.dev/Document"
PROVENANCE = "https://slsa.dev/provenance/"

_BUFFER_BYTES = 16_384
"""What is read of an SBOM at a time; all that it holds is in memory at once."""
_PURL = re.compile(r"pkg:docker/(?P<name>[^@?#]+)(?:@(?P<version>[^?#]+))?(?:\?(?P<qualifiers>[^#]*))?")
_TOOLS = (
    "docker/dockerfile",
    "docker/dockerfile-upstream",
    "docker/buildkit-syft-scanner",
    "docker/scout-sbom-indexer",
)
"""Images that BuildKit itself uses, to read the Dockerfile and to write the SBOM: nothing of them is in the image."""


@dataclass(frozen=True)
class BaseImage:
    """An image that another is built on.

    Attributes:
        name: As it was written: `python:3.12`, `docker.io/library/python:3.12`, `ghcr.io/acme/base`.
        digest: What that pointed to when the image was built; None: unknown.
    """

    name: str
    digest: str | None = None


@dataclass(frozen=True)
class Sbom:
    """An SBOM.

    Attributes:
        name: What it calls itself; BuildKit calls that of the image `sbom`, and that of a stage `sbom-<stage>`.
        packages: Package URLs, each once, as they stand.
    """

    name: str
    packages: tuple[str, ...]


def read_sbom(statement: bytes) -> Sbom:
    """Return the SBOM that a statement holds.

    Raises:
        ValueError: It holds none.
    """
    import ijson  # noqa: PLC0415 - only who reads SBOMs needs it.

    name = ""
    has_packages = is_purl = False
    locator: str | None = None
    locators: dict[str, None] = {}
    try:
        for prefix, event, value in ijson.parse(io.BytesIO(statement), buf_size=_BUFFER_BYTES):
            match prefix, event:
                case "predicate.name", "string":
                    name = value
                case "predicate.packages", "start_array":
                    has_packages = True
                case "predicate.packages.item.externalRefs.item", "start_map":
                    locator, is_purl = None, False
                case "predicate.packages.item.externalRefs.item.referenceType", "string":
                    is_purl = value == "purl"
                case "predicate.packages.item.externalRefs.item.referenceLocator", "string":
                    locator = value
                case "predicate.packages.item.externalRefs.item", "end_map" if is_purl and locator is not None:
                    locators[locator] = None
                case _:
                    pass
    except ijson.JSONError as error:
        raise ValueError("an SBOM that is no JSON") from error
    if not has_packages:
        raise ValueError("an SBOM of another form than SPDX")
    return Sbom(name, tuple(locators))


def read_materials(statement: bytes) -> tuple[BaseImage, ...]:
    """Return the images that one was built from, by its provenance, without the tools of the builder.

    All stages of a Dockerfile are in there, so that several images do not tell which one the last stage is built on.

    Raises:
        ValueError: It is no provenance.
    """
    try:
        data = json.loads(statement)
    except (ValueError, RecursionError) as error:
        raise ValueError("a provenance that is no JSON") from error
    predicate = data.get("predicate") if isinstance(data, dict) else None
    if not isinstance(predicate, dict):
        raise ValueError("a provenance without a predicate")  # noqa: TRY004 - the data is wrong, not our code.
    found = (_image_of(material) for material in _materials(predicate))
    return tuple(dict.fromkeys(image for image in found if image is not None))


def base_of_annotations(annotations: Mapping[str, str]) -> BaseImage | None:
    """Return the base image that annotations or labels name; None: they do not.

    Source: https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    name = annotations.get("org.opencontainers.image.base.name", "").strip()
    digest = annotations.get("org.opencontainers.image.base.digest", "").strip()
    return BaseImage(name, digest if is_digest(digest) else None) if name else None


def _materials(predicate: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the materials: under that name in provenance 0.2, as resolved dependencies in 1."""
    definition = predicate.get("buildDefinition")
    newer = definition.get("resolvedDependencies") if isinstance(definition, dict) else None
    for materials in (predicate.get("materials"), newer):
        yield from (each for each in materials if isinstance(each, dict)) if isinstance(materials, list) else ()


def _image_of(material: dict[str, Any]) -> BaseImage | None:
    """Read `pkg:docker/python@3.12?platform=linux%2Famd64` with its digest."""
    uri = material.get("uri")
    found = _PURL.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        return None
    name = unquote(found["name"])
    if name in _TOOLS:
        return None
    version = unquote(found["version"] or "")
    told = parse_qs(found["qualifiers"] or "").get("digest", [""])[0]
    digests = material.get("digest")
    sha256 = digests.get("sha256") if isinstance(digests, dict) else None
    digest = next((each for each in (f"sha256:{sha256}", told, version) if is_digest(each)), None)
    return BaseImage(f"{name}:{version}" if version and not is_digest(version) else name, digest)
