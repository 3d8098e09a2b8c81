"""Reads what is in one image out of its registry, with as few pulls as will do.

An index (one pull) leads to the statements about an image (another), which are files and free. Labels take one more
pull, that of the image's own manifest, and are read where nothing else tells what the image is built on.
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.fleet.statements import (
    PROVENANCE,
    SPDX,
    BaseImage,
    Sbom,
    base_of_annotations,
    read_materials,
    read_sbom,
)
from bot.fleet.vulnerabilities.model import Target
from bot.hub.manifests import Descriptor, Manifest, read_texts_by_name
from bot.hub.registry import PullBudget, Registry
from bot.images import RepositoryName

logger = logging.getLogger(__name__)

RESERVE = 0.2
"""The part of a pull budget that is left alone: people and machines pull, too."""
LARGEST_SBOM_BYTES = 64_000_000
_LARGEST_FILE_BYTES = 8_000_000
"""Of provenance and configuration, which have some kilobytes."""
_MOST_STATEMENTS = 16
_OF_THE_IMAGE = "sbom"
NO_SBOM = "it has no SBOM; build it with `--sbom=true`"


class PullsSpentError(Exception):
    """No more pulls may be made. `str()` is a clause that says why."""


class Pulls:
    """The pulls of one run. Safe to use from several threads.

    Args:
        most: How many there may be.

    Attributes:
        made: How many there were.
        are_counted: Whether a budget was seen that they are counted against.
    """

    def __init__(self, most: int) -> None:
        self.made = 0
        self.are_counted = False
        self._most = most
        self._lock = threading.Lock()

    def take(self, budget: PullBudget, *, needed: int = 1) -> None:
        """Note that a pull is about to be made.

        Args:
            budget: What it is counted against, as it is now.
            needed: How many it takes to make anything of it; fewer would be wasted.

        Raises:
            PullsSpentError: It may not be made.
        """
        limit, remaining = budget.limit.limit, budget.limit.remaining
        with self._lock:
            self.are_counted = self.are_counted or limit is not None
            if self.made + needed > self._most:
                raise PullsSpentError("it was left for later: reading it takes pulls, and so many at once are enough")
            if limit is not None and remaining is not None and remaining - needed < limit * RESERVE:
                raise PullsSpentError(
                    f"reading it takes pulls, and only {remaining} of {limit} are left for {budget.credential}"
                )
            self.made += 1


@dataclass(frozen=True)
class Content:
    """What is in an image.

    Attributes:
        labels: As its configuration has them; empty also where they were not worth a pull.
        base: The image it is built on; None: nothing tells.
        built_from: All images that took part in its build, also in other stages than the last.
        packages: Package URLs; None: there is no list.
        no_packages: Why there is none, a clause for people; empty: there is one.
        is_whole: Whether all was read that is worth it; else the labels are still to come.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    base: BaseImage | None = None
    built_from: tuple[BaseImage, ...] = ()
    packages: tuple[str, ...] | None = None
    no_packages: str = ""
    is_whole: bool = True


class ContentReader:
    """Reads out of the registry.

    Args:
        registry: The registry.
        pulls: Those that may be made.
    """

    def __init__(self, registry: Registry, pulls: Pulls) -> None:
        self._registry = registry
        self._pulls = pulls

    def top(self, target: Target) -> Manifest:
        """Return what the tag of an image points to: an index, or the image's own manifest.

        Raises:
            PullsSpentError: There may be no more pulls.
            HubError: The registry did not give it.
        """
        # An index is of no use without the statements that it leads to.
        needed = 1 if target.index_digest == target.digest else 2
        return self._pull(target.repository, target.index_digest, needed=needed)

    def read(self, target: Target, top: Manifest) -> Content:
        """Return what is in an image; where the pulls end in between, what was read until then.

        Args:
            target: Which.
            top: What its tag points to: an index, or its own manifest.

        Raises:
            PullsSpentError: There may be no more pulls.
            HubError: The registry did not give what it takes.
        """
        if not top.is_index:
            return self._with_labels(target, Content(no_packages=NO_SBOM), top)
        image, attestation = top.image(target.digest), top.attestation(target.digest)
        content = self._stated(target, attestation) if attestation else Content(no_packages=NO_SBOM)
        base = base_of_annotations({**top.annotations, **(image.annotations if image else {})})
        # Several images are those of several stages, and nothing tells which stage is the last.
        base = base or (content.built_from[0] if len(content.built_from) == 1 else None)
        if base is not None:
            return replace(content, base=base)
        try:
            return self.complete(target, content)
        except PullsSpentError:
            return replace(content, is_whole=False)

    def complete(self, target: Target, content: Content) -> Content:
        """Return the content of an image with its labels.

        Raises:
            PullsSpentError: There may be no more pulls.
            HubError: The registry did not give them.
        """
        return self._with_labels(target, content, self._pull(target.repository, target.digest))

    def _pull(self, repository: RepositoryName, digest: str, *, needed: int = 1) -> Manifest:
        """Return a manifest or index, looking at the budget just before."""
        head = self._registry.head(repository, digest)
        self._pulls.take(head.budget, needed=needed)
        return self._registry.manifest(repository, digest).manifest

    def _stated(self, target: Target, attestation: Descriptor) -> Content:
        layers = self._pull(target.repository, attestation.digest).layers
        provenance = [each for each in layers if (each.predicate or "").startswith(PROVENANCE)][:_MOST_STATEMENTS]
        sboms = [each for each in layers if (each.predicate or "").startswith(SPDX)][:_MOST_STATEMENTS]
        content = Content(built_from=self._materials(target, provenance), no_packages=NO_SBOM)
        if not sboms:
            return content
        largest = max(each.size_bytes or 0 for each in sboms)
        if largest > LARGEST_SBOM_BYTES:
            return replace(content, no_packages=f"its SBOM has {largest / 1e6:,.0f} MB, more than is read")
        try:
            packages = self._packages(target, sboms)
        except ValueError as error:
            return replace(content, no_packages=f"it has {error}")
        return replace(content, packages=packages, no_packages="")

    def _packages(self, target: Target, descriptors: Sequence[Descriptor]) -> tuple[str, ...]:
        """Return the packages of the image itself: where stages were looked at too, they have SBOMs of their own."""
        sboms: list[Sbom] = []
        for descriptor in descriptors:
            body = self._registry.blob(target.repository, descriptor, most_bytes=LARGEST_SBOM_BYTES)
            sboms.append(read_sbom(body))
        return next((each for each in sboms if each.name == _OF_THE_IMAGE), sboms[0]).packages

    def _materials(self, target: Target, descriptors: Sequence[Descriptor]) -> tuple[BaseImage, ...]:
        images: dict[BaseImage, None] = {}
        for descriptor in descriptors:
            body = self._registry.blob(target.repository, descriptor, most_bytes=_LARGEST_FILE_BYTES)
            try:
                images.update(dict.fromkeys(read_materials(body)))
            except ValueError as error:
                logger.warning("content_not_readable", extra={"digest": descriptor.digest, "why": str(error)})
        return tuple(images)

    def _with_labels(self, target: Target, content: Content, manifest: Manifest) -> Content:
        labels: dict[str, str] = {}
        if manifest.config is not None:
            body = self._registry.blob(target.repository, manifest.config, most_bytes=_LARGEST_FILE_BYTES)
            labels = _labels(body)
        base = base_of_annotations({**labels, **manifest.annotations})
        return replace(content, labels=labels, base=content.base or base, is_whole=True)


def _labels(configuration: bytes) -> dict[str, str]:
    """Read the labels of an image. Source: https://github.com/opencontainers/image-spec/blob/main/config.md."""
    try:
        data = json.loads(configuration)
    except (ValueError, RecursionError):
        return {}
    config = data.get("config") if isinstance(data, dict) else None
    return read_texts_by_name(config.get("Labels")) if isinstance(config, dict) else {}
