"""Which repositories are meant: one (`acme/api`), some of a namespace (`acme/api-*`), or all of it (`acme/*`).

The namespace is always one: Docker Hub tells of pushes by repository, and lists by namespace.
"""

import re
from dataclasses import dataclass
from typing import Self

from bot.images import (
    OFFICIAL_NAMESPACE,
    ImageReference,
    InvalidReferenceError,
    RepositoryName,
    check_namespace,
    check_tag,
)
from bot.pushes.filters import glob_matches
from bot.words import quoted

_SIGNS = frozenset("*?")
_NAME_GLOB = re.compile(r"[a-z0-9._*?-]{1,255}")
# `docker.io/acme/*`, as people copy it.
_HUB_PREFIX = re.compile(r"(?:docker\.io|index\.docker\.io|hub\.docker\.com/r)/", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Pattern:
    """Repositories of one namespace.

    Attributes:
        namespace: Exact, lower case.
        name: A glob (`*`, `?`), lower case; without a sign it is one repository's name.
    """

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def is_exact(self) -> bool:
        """Whether exactly one repository is meant."""
        return not _SIGNS & set(self.name)

    def matches(self, repository: RepositoryName) -> bool:
        """Return whether the repository is meant."""
        return repository.namespace == self.namespace and glob_matches(self.name, repository.name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `namespace/name`, where the name may be a glob.

        Raises:
            InvalidReferenceError: The text is something else; the message is a sentence.
        """
        written = WrittenPattern.parse(text)
        if written.namespace is None:
            raise InvalidReferenceError(
                f"{quoted(text)} lacks the namespace: write `acme/{written.name}`, or `{OFFICIAL_NAMESPACE}/…` for an "
                "official image."
            )
        if written.tag:
            raise InvalidReferenceError(f"{quoted(text)} names a tag; a repository was expected.")
        return cls(written.namespace, written.name)


@dataclass(frozen=True)
class WrittenPattern:
    """Repositories as somebody wrote them.

    Attributes:
        name: A glob.
        namespace: None when it was left out.
        tag: None when none was given.
    """

    name: str
    namespace: str | None = None
    tag: str | None = None

    def __str__(self) -> str:
        """Return the pattern so that `parse` reads the same one again."""
        return f"{f'{self.namespace}/' if self.namespace else ''}{self.name}{f':{self.tag}' if self.tag else ''}"

    @property
    def is_exact(self) -> bool:
        """Whether exactly one repository is meant."""
        return not _SIGNS & set(self.name)

    @property
    def reference(self) -> ImageReference:
        """The same as an image's name; for an exact one."""
        return ImageReference(self.name, namespace=self.namespace)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an image's name, a Docker Hub address, or a pattern; each may end in a tag.

        Raises:
            InvalidReferenceError: The text is none of these; the message is a sentence.
        """
        stripped = text.strip()
        if _SIGNS & set(stripped) and "://" not in stripped:
            return cls._parse_glob(stripped)
        reference = ImageReference.parse(stripped)
        if reference.digest:
            raise InvalidReferenceError(f"{quoted(text)} names a digest, and what is pushed is a tag.")
        return cls(reference.name, reference.namespace, reference.tag)

    @classmethod
    def _parse_glob(cls, text: str) -> Self:
        repository, _, tag = _HUB_PREFIX.sub("", text, count=1).partition(":")
        *before, name = repository.split("/")
        if len(before) > 1:
            raise InvalidReferenceError(f"{quoted(text)} has too many slashes: write `acme/*` or `acme/api-*`.")
        namespace = before[0] if before else None
        if namespace and _SIGNS & set(namespace):
            raise InvalidReferenceError(
                f"{quoted(text)}: the namespace must be a name; write `acme/*` or `acme/api-*`."
            )
        if not _NAME_GLOB.fullmatch(name.lower()):
            raise InvalidReferenceError(f"{quoted(text)} is not a pattern; write `acme/*` or `acme/api-*`.")
        if _SIGNS & set(tag):
            raise InvalidReferenceError(f"{quoted(text)}: a pattern for tags goes into an option, `--tag '…'`.")
        return cls(name.lower(), check_namespace(before[0]) if before else None, check_tag(tag) if tag else None)
