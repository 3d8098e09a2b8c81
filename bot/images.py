"""Image references: parse, print, compare.

An image is `name[:tag][@digest]`. Docker Hub knows it as a namespace and a repository; official images live in the
namespace `library`, which people leave out. A *short* name has no namespace at all (`nginx`): which repository is
meant depends on the default namespace, so it stays open until somebody looks (`ImageReference.is_short`).

Source: https://github.com/distribution/reference for the grammar (lengths and characters of names, tags, digests).
"""

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote, urlsplit

from bot.words import quoted

OFFICIAL_NAMESPACE = "library"

_DOCKER_HUB_REGISTRIES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_DOCKER_HUB_SITES = frozenset({"hub.docker.com", "www.hub.docker.com"})

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(_COMPONENT)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LONGEST_NAME = 255


class InvalidReferenceError(ValueError):
    """The text is no Docker Hub image reference. `str()` is a sentence that says why."""


@dataclass(frozen=True, order=True)
class RepositoryName:
    """A repository of Docker Hub, exact: namespace and name, both lower case."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `namespace/name`; official images keep their `library/`."""
        return f"{self.namespace}/{self.name}"

    @property
    def is_official(self) -> bool:
        """Whether this is one of Docker's official images."""
        return self.namespace == OFFICIAL_NAMESPACE

    @property
    def familiar(self) -> str:
        """The name as people write it: `nginx`, `acme/api`."""
        return self.name if self.is_official else str(self)

    @property
    def url(self) -> str:
        """The repository's page at Docker Hub."""
        path = f"_/{self.name}" if self.is_official else f"r/{self}"
        return f"https://hub.docker.com/{path}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `namespace/name`; a bare name is an official image.

        Raises:
            InvalidReferenceError: The text is something else.
        """
        reference = ImageReference.parse(text)
        if reference.tag or reference.digest:
            raise InvalidReferenceError(f"{quoted(text)} names a tag or digest; a repository was expected.")
        return cls(reference.namespace or OFFICIAL_NAMESPACE, reference.name)


@dataclass(frozen=True)
class ImageReference:
    """An image as somebody wrote it.

    Attributes:
        name: The repository's name without its namespace.
        namespace: None for a short name, whose namespace is still to be found.
        tag: None when none was given; that is not yet `latest`.
        digest: `sha256:…` or `sha512:…`, or None.
    """

    name: str
    namespace: str | None = None
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """Return the reference so that `parse` reads the same one again."""
        namespace = f"{self.namespace}/" if self.namespace else ""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{namespace}{self.name}{tag}{digest}"

    @property
    def is_short(self) -> bool:
        """Whether the namespace was left out."""
        return self.namespace is None

    def in_namespace(self, namespace: str) -> RepositoryName:
        """Return the repository meant: the written namespace if there is one, else the given one."""
        return RepositoryName(self.namespace or namespace, self.name)

    @property
    def bare(self) -> "ImageReference":
        """The same without tag and digest."""
        return replace(self, tag=None, digest=None)

    def with_tag(self, tag: str) -> "ImageReference":
        """Return the same repository at another tag, without a digest.

        Raises:
            InvalidReferenceError: The tag cannot exist.
        """
        return replace(self, tag=check_tag(tag), digest=None)

    @staticmethod
    def parse(text: str) -> "ImageReference":
        """Read an image name, with tag and digest if it has them, or the address of a Docker Hub page.

        Upper case in the repository part is lowered, as Docker Hub's own site does.

        Raises:
            InvalidReferenceError: The text is something else; the message says what is wrong with it.
        """
        stripped = text.strip()
        if not stripped:
            raise InvalidReferenceError("An image name is missing.")
        return _hub_page(stripped) or _split_reference(stripped)


def check_tag(tag: str) -> str:
    """Return the tag unchanged.

    Raises:
        InvalidReferenceError: No tag can be called that.
    """
    if not _TAG.fullmatch(tag):
        raise InvalidReferenceError(
            f"{quoted(tag)} is not a tag: letters, digits, `.`, `_` and `-`, at most 128, not starting with `.` or `-`."
        )
    return tag


def is_digest(text: str) -> bool:
    """Return whether the text is a digest: `sha256:…` or `sha512:…`."""
    return _DIGEST.fullmatch(text) is not None


def check_namespace(namespace: str) -> str:
    """Return the namespace in lower case.

    Raises:
        InvalidReferenceError: No namespace can be called that.
    """
    return _check_component(namespace, "a namespace", namespace)


def _split_reference(text: str) -> ImageReference:
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidReferenceError(f"{quoted(digest)} is not a digest: `sha256:` and 64 hexadecimal digits.")
    last_slash = rest.rfind("/")
    colon = rest.find(":", last_slash + 1)
    path, tag = (rest, None) if colon < 0 else (rest[:colon], check_tag(rest[colon + 1 :]))
    namespace, name = _split_path(path, text)
    return ImageReference(name, namespace=namespace, tag=tag, digest=digest or None)


def _split_path(path: str, text: str) -> tuple[str | None, str]:
    parts = path.split("/")
    is_qualified = len(parts) > 1 and _is_registry(parts[0])
    if is_qualified:
        registry = parts.pop(0).lower()
        if registry not in _DOCKER_HUB_REGISTRIES:
            raise InvalidReferenceError(
                f"{quoted(text)} is on {quoted(registry)}; only images of Docker Hub can be used."
            )
    if len(parts) > 2:  # noqa: PLR2004 - Docker Hub knows exactly two levels: namespace and repository.
        raise InvalidReferenceError(f"{quoted(text)} has too many slashes: Docker Hub images are `namespace/name`.")
    name = _check_component(parts[-1], "a repository name", text)
    if len(parts) == 1:
        # `docker.io/nginx` always means the official image; only a bare `nginx` leaves the question open.
        return (OFFICIAL_NAMESPACE if is_qualified else None), name
    return _check_component(parts[0], "a namespace", text), name


def _is_registry(part: str) -> bool:
    """Tell a registry's host from a namespace, by the same marks that Docker's own tools use."""
    return "." in part or ":" in part or part.lower() == "localhost"


def _check_component(part: str, what: str, text: str) -> str:
    lowered = part.lower()
    if not part:
        raise InvalidReferenceError(f"{quoted(text)} is not an image: {what} is missing.")
    if len(lowered) > _LONGEST_NAME:
        raise InvalidReferenceError(f"{quoted(text)} is too long for {what}: at most {_LONGEST_NAME} characters.")
    if not _NAME.fullmatch(lowered):
        raise InvalidReferenceError(
            f"{quoted(part)} is not {what}: letters and digits, with single `.`, `_` or `-` between them."
        )
    return lowered


def _hub_page(text: str) -> ImageReference | None:
    """Read the address of a page at hub.docker.com; None when the text is no such address.

    Pages seen (observed 2026): `/r/ns/name`, `/_/name`, `/r/ns/name/tags?name=…`, `/repository/docker/ns/name`,
    `/layers/ns/name/tag/images/sha256-…` (with `library` written out).
    """
    is_address = "://" in text
    try:
        address = urlsplit(text if is_address else f"https://{text}")
        host = address.hostname or ""
    except ValueError as error:  # A bracket that opens an IPv6 address and never closes it.
        raise InvalidReferenceError(f"{quoted(text)} is not an image.") from error
    if host not in _DOCKER_HUB_SITES:
        if is_address:
            raise InvalidReferenceError(f"{quoted(text)} is not a page of Docker Hub.")
        return None
    parts = [unquote(part) for part in address.path.split("/") if part]
    namespace, name, tag = _page_parts(parts, text)
    return ImageReference(
        _check_component(name, "a repository name", text),
        namespace=_check_component(namespace, "a namespace", text),
        tag=check_tag(tag) if tag else None,
    )


def _page_parts(parts: list[str], text: str) -> tuple[str, str, str | None]:
    match parts:
        case ["_", name, *_]:
            return OFFICIAL_NAMESPACE, name, None
        case ["r", namespace, name, *_] | ["repository", "docker", namespace, name, *_]:
            return namespace, name, None
        case ["layers", namespace, name, tag, *_]:
            return namespace, name, tag
        case _:
            raise InvalidReferenceError(f"{quoted(text)} is a page of Docker Hub, but not one of an image.")
