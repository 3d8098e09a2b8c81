"""Docker Scout: what is vulnerable in images, by the digests of their platforms' manifests.

One query for the counts of many images, one for each vulnerability of one. Only the latter is documented; all three
queries are in the schema that Docker publishes with its own client. Whoever asks with an organization in the context
must belong to it and sees its images; without one, everybody sees what is public.

Source: https://docs.docker.com/dhi/tools/api/ and https://docs.docker.com/dhi/how-to/vex-api/; the schema in
https://github.com/docker/hub-mcp, `src/scout/genql`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.errors import UnexpectedResponseError
from bot.hub.api import Api, Call, HubUrls, Reply
from bot.hub.auth import Operation
from bot.hub.decoding import (
    HubModel,
    OptionalBool,
    OptionalInt,
    OptionalText,
    decode,
    decode_many,
    read_bool,
    read_text,
)
from bot.hub.failures import clean
from bot.hub.graphql import complaint
from bot.images import RepositoryName, check_namespace

MOST_DIGESTS = 100
"""How many images are asked about at once. No limit is documented; an answer about so many is some ten kilobytes."""

_PATH = "/v1/graphql"
_HOST = "hub.docker.com"
_HIGHEST_SCORE = 10.0
_NOT_FIXED = frozenset({"", "not fixed"})

_SUMMARIES = """
query ($context: Context!, $digests: [String!]!, $repository: ScRepositoryInput) {
  imageSummariesByDigest(context: $context, digests: $digests, repository: $repository) {
    digest
    sbomState
    vulnerabilityReport { critical high medium low unspecified total }
  }
}
"""
_PACKAGES = """
query ($context: Context!, $query: IpImagePackagesForImageCoordsQuery!) {
  imagePackagesForImageCoords(context: $context, query: $query) {
    digest
    sbomState
    imagePackages {
      packages {
        package {
          purl
          name
          version
          vulnerabilities { sourceId fixedBy isExcepted cvss { severity score } }
        }
      }
    }
  }
}
"""
_ENROLMENT = """
query ($context: Context!) {
  namespaceEntitlements(context: $context) { isEnrolled }
}
"""


def _read_score(value: Any) -> float | None:
    """Read a CVSS score, also one that comes as text; what is none is unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        score = float(value)
    except (ValueError, OverflowError):
        return None
    return score if 0 <= score <= _HIGHEST_SCORE else None


def _read_fix(value: Any) -> str | None:
    told = (read_text(value) or "").strip()
    return None if told.lower() in _NOT_FIXED else told


class VulnerabilityReport(HubModel):
    """How many vulnerabilities of each severity, and in all. Whatever Docker Scout does not say is None."""

    critical: OptionalInt = None
    high: OptionalInt = None
    medium: OptionalInt = None
    low: OptionalInt = None
    unspecified: OptionalInt = None
    total: OptionalInt = None

    @property
    def counts(self) -> Mapping[str, int] | None:
        """The numbers by severity in lower case; None when one of them is missing or none: a gap is not a zero.

        None as well when they fall short of the total.
        """
        told = {name: getattr(self, name) for name in ("critical", "high", "medium", "low", "unspecified")}
        known = {name: number for name, number in told.items() if number is not None and number >= 0}
        is_whole = len(known) == len(told) and sum(known.values()) >= (self.total or 0)
        return known if is_whole else None


class ImageSummary(HubModel):
    """What Docker Scout knows of an image, in numbers.

    Attributes:
        digest: Of the platform's manifest.
        state: How far the analysis is: `INDEXED`, `INDEXING`, `INDEXING_FAILED`, `INDEXING_UNAVAILABLE`, `NONE`; an
            open set. Nothing else counts as analysed than the first.
        report: None: it was not scanned yet.
    """

    digest: str
    state: OptionalText = Field(default=None, alias="sbomState")
    report: Annotated[VulnerabilityReport | None, BeforeValidator(lambda value: decode(VulnerabilityReport, value))] = (
        Field(default=None, alias="vulnerabilityReport")
    )


@dataclass(frozen=True)
class Summaries:
    """An answer about several images.

    Attributes:
        by_digest: What is known. An image that Docker Scout does not know is missing.
        problem: Why some of it is missing, in the service's words, where it says so; empty otherwise.
    """

    by_digest: Mapping[str, ImageSummary]
    problem: str = ""


class Cvss(HubModel):
    """How bad a vulnerability is. Whatever Docker Scout does not say is None.

    Attributes:
        severity: `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, `UNSPECIFIED`.
        score: 0 to 10.
    """

    severity: OptionalText = None
    score: Annotated[float | None, BeforeValidator(_read_score)] = None


class PackageVulnerability(HubModel):
    """A vulnerability in a package.

    Attributes:
        id: `CVE-…`, or another database's name for it.
        fixed_by: The version without it; None when there is none.
        is_excepted: Whether a statement says that it does no harm here.
        cvss: How bad it is.
    """

    id: str = Field(alias="sourceId", min_length=1)
    fixed_by: Annotated[str | None, BeforeValidator(_read_fix)] = Field(default=None, alias="fixedBy")
    is_excepted: Annotated[bool, BeforeValidator(lambda value: read_bool(value) is True)] = Field(
        default=False, alias="isExcepted"
    )
    cvss: Annotated[Cvss, BeforeValidator(lambda value: decode(Cvss, value) or Cvss())] = Cvss()


def _read_vulnerabilities(value: Any) -> tuple[PackageVulnerability, ...] | None:
    """Read all vulnerabilities of a package; None: they are not told.

    Raises:
        ValueError: One of them cannot be read. Without it, the package would look better than it is.
    """
    if value is None:
        return None
    found = decode_many(PackageVulnerability, value)
    if not isinstance(value, list) or len(found) < len(value):
        raise ValueError
    return found


class Package(HubModel):
    """A package in an image.

    Attributes:
        purl: Its package URL.
        name: As people write it.
        version: Which is installed.
        vulnerabilities: What is wrong with it; None: Docker Scout does not say, which is not the same as nothing.
    """

    purl: OptionalText = None
    name: OptionalText = None
    version: OptionalText = None
    vulnerabilities: Annotated[tuple[PackageVulnerability, ...] | None, BeforeValidator(_read_vulnerabilities)] = None


@dataclass(frozen=True)
class ImagePackages:
    """An image with its packages.

    Attributes:
        state: How far the analysis is, as for `ImageSummary`; None: Docker Scout does not say.
        packages: None: Docker Scout does not say, or something that cannot be read.
    """

    state: str | None
    packages: tuple[Package, ...] | None


class _Enrolment(HubModel):
    is_enrolled: OptionalBool = Field(default=None, alias="isEnrolled")


class _Image(HubModel):
    state: OptionalText = Field(default=None, alias="sbomState")
    contents: Any = Field(default=None, alias="imagePackages")


class _Entry(HubModel):
    package: Annotated[Package, BeforeValidator(lambda value: decode(Package, value))]


class Scout:
    """Docker Scout."""

    def __init__(self, api: Api, urls: HubUrls) -> None:
        self._api = api
        self._origin = urls.scout

    def require_credential(self, organization: str | None) -> None:
        """Return if there is a token to ask with; nothing is asked.

        Raises:
            NoCredentialError: There is none: Docker Scout answers nobody without.
        """
        self._api.credentials.choose(Operation.READ_VULNERABILITIES, organization)

    def enabled(self, organization: str) -> bool | None:
        """Return whether an organization uses Docker Scout; None: Docker Scout does not say.

        Raises:
            InvalidReferenceError: No organization can be called that.
            HubError: Docker Scout did not tell.
        """
        organization = check_namespace(organization)
        resource = f"the enrolment of {organization}"
        reply = self._ask(organization, resource, _ENROLMENT, {})
        enrolment = decode(_Enrolment, self._field(reply, resource, "namespaceEntitlements"))
        return enrolment.is_enrolled if enrolment else None

    def summaries(
        self, organization: str | None, digests: Sequence[str], repository: RepositoryName | None = None
    ) -> Summaries:
        """Return how many vulnerabilities are in images, in one request.

        Args:
            organization: Whose images they are; None: public ones are looked up.
            digests: Of the platforms' manifests, at most `MOST_DIGESTS`.
            repository: Where they all are; None: anywhere.

        Raises:
            ValueError: Those are too many digests.
            PlanError: The plan does not allow it.
            HubError: Docker Scout did not tell.
        """
        if len(digests) > MOST_DIGESTS:
            raise ValueError(f"{len(digests)} digests; {MOST_DIGESTS} fit into a request")
        resource = f"the vulnerabilities of {repository.familiar if repository else _images_of(organization)}"
        variables = {"digests": list(digests), "repository": _coordinates(repository) if repository else None}
        reply = self._ask(organization, resource, _SUMMARIES, variables)
        found = decode_many(ImageSummary, self._field(reply, resource, "imageSummariesByDigest"))
        problem = clean(complaint(reply.answer.data), self._api.credentials.secrets)
        return Summaries({each.digest: each for each in found}, problem)

    def packages(self, organization: str | None, repository: RepositoryName, digest: str) -> ImagePackages | None:
        """Return what is in an image, with each vulnerability; None: Docker Scout does not know the image.

        What is excepted is among them, so that it can be told whether the list is as long as what was counted.

        Args:
            organization: Whose image it is; None: public ones are looked up.
            repository: Where it is.
            digest: Of the platform's manifest, not of an index.

        Raises:
            PlanError: The plan does not allow it.
            HubError: Docker Scout did not tell.
        """
        resource = f"the vulnerabilities of {repository.familiar}"
        query = {"digest": digest, **_coordinates(repository), "includeExcepted": True, "includePublic": True}
        reply = self._ask(organization, resource, _PACKAGES, {"query": query})
        image = decode(_Image, self._field(reply, resource, "imagePackagesForImageCoords"))
        if image is None:
            return None
        told = image.contents.get("packages") if isinstance(image.contents, dict) else None
        if not isinstance(told, list) or complaint(reply.answer.data):
            return ImagePackages(image.state, None)
        return ImagePackages(image.state, _packages(told))

    def _ask(self, organization: str | None, resource: str, query: str, variables: dict[str, Any]) -> Reply:
        context = {"organization": organization} if organization else {}
        call = Call(
            Operation.READ_VULNERABILITIES,
            organization,
            f"{resource} at Docker Scout",
            _PATH,
            method="POST",
            body={"query": query, "variables": {"context": context, **variables}},
            origin=self._origin,
            is_query=True,
        )
        return self._api.send(call)

    def _field(self, reply: Reply, resource: str, name: str) -> Any:
        """Return what was asked for.

        Raises:
            UnexpectedResponseError: The answer has no room for it.
        """
        answer = reply.answer.data
        data = answer.get("data") if isinstance(answer, dict) else None
        said = clean(complaint(answer), self._api.credentials.secrets)
        if not isinstance(data, dict) or name not in data or (said and data[name] is None):
            raise UnexpectedResponseError(
                f"{resource} at Docker Scout",
                credential=reply.credential,
                detail=said or "data of another shape",
                status=reply.answer.status,
            )
        return data[name]


def _images_of(organization: str | None) -> str:
    return f"images of {organization}" if organization else "public images"


def _coordinates(repository: RepositoryName) -> dict[str, str]:
    return {"hostName": _HOST, "repoName": str(repository)}


def _packages(told: Sequence[Any]) -> tuple[Package, ...] | None:
    """Return all packages of a list; None: one of them cannot be read."""
    entries = decode_many(_Entry, told)
    return tuple(entry.package for entry in entries) if len(entries) == len(told) else None
