"""Docker Scout's resource: what is sent, with which credential, and what the answers are."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.clock import FrozenClock
from bot.errors import (
    ForbiddenError,
    HubError,
    InvalidError,
    NoCredentialError,
    PlanError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
)
from bot.hub.api import HubUrls
from bot.hub.auth import Credential
from bot.hub.protocol import Answer
from bot.hub.retrying import Failure, Mishap, Outcome
from bot.hub.scout import MOST_DIGESTS, ImagePackages, Scout, VulnerabilityReport
from bot.images import RepositoryName
from tests.hub.support import NOW, OAT, OAT_OF_ACME, PAT, PAT_OF_ANA, FakeWire, Sent, json_answer, jwt, make_api

API = RepositoryName("acme", "api")
NGINX = RepositoryName("library", "nginx")
A, B = (f"sha256:{letter * 64}" for letter in "ab")
REPORT = {"critical": 1, "high": 2, "medium": 3, "low": 4, "unspecified": 0, "total": 10}


class Service:
    """Logs everybody in, and answers queries by a function of who asks."""

    def __init__(self, *answers: Outcome, by_caller: Callable[[str], Outcome] | None = None) -> None:
        self._answers = list(answers)
        self._by_caller = by_caller
        self._callers: dict[str, str] = {}
        self.clock = FrozenClock(NOW)
        self.wire = FakeWire(self, self.clock)

    def __call__(self, sent: Sent) -> Outcome:
        if sent.request.path == "/v2/auth/token":
            bearer = jwt(serial=len(self._callers) + 1)
            self._callers[bearer] = sent.request.body["identifier"]
            return json_answer({"access_token": bearer})
        if self._by_caller:
            return self._by_caller(self._callers[sent.bearer or ""])
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def scout(self, *credentials: Credential) -> Scout:
        return Scout(make_api(self.wire, *(credentials or (OAT_OF_ACME,))), HubUrls())

    @property
    def asked(self) -> list[Sent]:
        return [sent for sent in self.wire.sent if sent.request.path == "/v1/graphql"]


def summaries_of(*entries: Any, **more: Any) -> Answer:
    return json_answer({"data": {"imageSummariesByDigest": list(entries)}, **more})


def error(status: Any, message: str = "No", name: str = "imageSummariesByDigest") -> Answer:
    extensions = {"code": "DOWNSTREAM_SERVICE_ERROR", "status": status}
    return json_answer({"data": {name: None}, "errors": [{"message": message, "extensions": extensions}]})


def packages_of(*packages: Any, state: Any = "INDEXED") -> Answer:
    image = {"sbomState": state, "imagePackages": {"packages": [{"package": each} for each in packages]}}
    return json_answer({"data": {"imagePackagesForImageCoords": image}})


def test_counts_of_many_images_are_one_request_to_docker_scout_with_the_bearer_of_docker_hub() -> None:
    service = Service(summaries_of({"digest": A, "sbomState": "INDEXED", "vulnerabilityReport": REPORT}))

    found = service.scout().summaries("acme", [A, B])

    assert list(found.by_digest) == [A]
    report = found.by_digest[A].report
    assert report is not None
    assert report.counts == {"critical": 1, "high": 2, "medium": 3, "low": 4, "unspecified": 0}
    login, asked = service.wire.sent
    assert login.request.url == "https://hub.docker.com/v2/auth/token"
    assert (asked.request.method, asked.request.url) == ("POST", "https://api.scout.docker.com/v1/graphql")
    assert asked.bearer not in {None, OAT}
    assert asked.request.body["variables"] == {
        "context": {"organization": "acme"},
        "digests": [A, B],
        "repository": None,
    }


def test_public_images_are_asked_about_without_an_organization() -> None:
    service = Service(summaries_of())

    service.scout(PAT_OF_ANA).summaries(None, [A], NGINX)

    assert service.asked[0].request.body["variables"] == {
        "context": {},
        "digests": [A],
        "repository": {"hostName": "hub.docker.com", "repoName": "library/nginx"},
    }


def test_more_images_than_fit_are_not_asked_about() -> None:
    with pytest.raises(ValueError, match="101 digests"):
        Service().scout().summaries("acme", [A] * (MOST_DIGESTS + 1))


@pytest.mark.parametrize(
    "report",
    [
        {},
        {**REPORT, "high": None},
        {name: number for name, number in REPORT.items() if name != "low"},
        {**REPORT, "critical": -1},
        {**REPORT, "critical": "many"},
        {**REPORT, "critical": 1.5},
    ],
)
def test_a_gap_in_a_report_is_not_a_zero(report: dict[str, Any]) -> None:
    service = Service(summaries_of({"digest": A, "sbomState": "INDEXED", "vulnerabilityReport": report}))

    found = service.scout().summaries("acme", [A]).by_digest[A].report

    assert found is not None
    assert found.counts is None


def test_numbers_may_be_texts() -> None:
    report = {name: str(number) for name, number in REPORT.items()}
    service = Service(summaries_of({"digest": A, "vulnerabilityReport": report}))

    found = service.scout().summaries("acme", [A]).by_digest[A]

    assert found.state is None
    assert found.report is not None
    assert found.report.counts is not None


@pytest.mark.parametrize("report", [None, [], "x", 7])
def test_no_report_is_none(report: Any) -> None:
    service = Service(summaries_of({"digest": A, "sbomState": "INDEXED", "vulnerabilityReport": report}, None, 7, {}))

    found = service.scout().summaries("acme", [A]).by_digest

    assert (list(found), found[A].report) == ([A], None)


def test_a_part_of_an_answer_comes_with_what_is_wrong_with_the_rest() -> None:
    problem = {"message": f"no luck with {OAT}\x1b", "path": ["imageSummariesByDigest", 1]}
    service = Service(summaries_of({"digest": A, "sbomState": "NONE"}, None, errors=[problem]))

    found = service.scout().summaries("acme", [A, B])

    assert (list(found.by_digest), found.problem) == ([A], "no luck with [redacted]")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(402), PlanError),
        (error("PAYMENT_REQUIRED"), PlanError),
        (error(403), ForbiddenError),
        (error("403 FORBIDDEN"), ForbiddenError),
        (error(401), UnauthorizedError),
        (error(400), InvalidError),
        (json_answer({"errors": [{"message": "No", "locations": []}]}), InvalidError),
        (json_answer({"errors": [{"message": "No"}]}, 422), InvalidError),
        (error(None), UnexpectedResponseError),
        (error(418), UnexpectedResponseError),
        (error(500), UnavailableError),
        (error(503), UnavailableError),
        (Answer(200, {}, b"<html><title>Sorry</title>"), UnexpectedResponseError),
        (Failure(Mishap.NOT_JSON, 200, "a web page instead of data"), UnavailableError),
        (Failure(Mishap.LOST), UnavailableError),
        (Failure(Mishap.REDIRECTED), UnexpectedResponseError),
        (json_answer({"message": "no"}, 403), ForbiddenError),
        (json_answer({}), UnexpectedResponseError),
        (json_answer([]), UnexpectedResponseError),
        (json_answer({"data": None}), UnexpectedResponseError),
        (json_answer({"data": {}}), UnexpectedResponseError),
        (json_answer({"data": []}), UnexpectedResponseError),
    ],
)
def test_errors_are_ours(answer: Outcome, kind: type[HubError]) -> None:
    asks: Sequence[Callable[[Scout], object]] = (
        lambda scout: scout.summaries("acme", [A]),
        lambda scout: scout.packages("acme", API, A),
        lambda scout: scout.enabled("acme"),
    )
    for ask in asks:
        with pytest.raises(kind) as raised:
            ask(Service(answer).scout())
        assert type(raised.value) is kind
        assert "at Docker Scout" in raised.value.resource
        assert raised.value.credential == "the organization token of acme"


def test_that_the_plan_does_not_allow_it_is_said_clearly() -> None:
    with pytest.raises(PlanError) as raised:
        Service(error(402, "Plan limits exceeded")).scout().summaries("acme", [A], API)

    assert str(raised.value) == (
        "The plan at Docker Hub does not include the vulnerabilities of acme/api at Docker Scout (asked with the "
        "organization token of acme). It said: Plan limits exceeded. An owner of the organization can change its plan."
    )


def test_a_refusal_names_what_was_asked_and_with_what() -> None:
    with pytest.raises(ForbiddenError) as raised:
        Service(error(403, f"Not for {PAT}")).scout(PAT_OF_ANA).packages("acme", API, A)

    assert raised.value.sentence() == (
        "Docker Hub does not allow the use of the vulnerabilities of acme/api at Docker Scout with the PAT of ana."
    )
    assert raised.value.detail == "Not for [redacted]"


def test_what_one_token_may_not_another_is_asked() -> None:
    service = Service(by_caller=lambda caller: error(403) if caller == "acme" else summaries_of({"digest": A}))

    found = service.scout(OAT_OF_ACME, PAT_OF_ANA).summaries("acme", [A])

    assert list(found.by_digest) == [A]
    assert len(service.asked) == 2


def test_without_a_token_nothing_is_sent() -> None:
    service = Service(summaries_of())

    with pytest.raises(NoCredentialError):
        Scout(make_api(service.wire), HubUrls()).summaries("acme", [A])

    assert service.wire.sent == []


@pytest.mark.parametrize("passing", [error(503), json_answer({}, 502), Failure(Mishap.LOST), error("BAD_GATEWAY")])
def test_a_query_is_repeated_as_any_read_is(passing: Outcome) -> None:
    service = Service(passing, passing, summaries_of({"digest": A}))

    assert list(service.scout().summaries("acme", [A]).by_digest) == [A]
    assert len(service.asked) == 3


def test_a_bearer_that_is_not_taken_is_renewed() -> None:
    service = Service(error(401), summaries_of({"digest": A}))

    assert list(service.scout().summaries("acme", [A]).by_digest) == [A]
    assert [sent.request.path for sent in service.wire.sent] == ["/v2/auth/token", "/v1/graphql"] * 2


def test_limits_of_docker_scout_are_its_own() -> None:
    limited = json_answer({}, 429, Retry_After="300")
    service = Service(limited, summaries_of())
    api = make_api(service.wire, OAT_OF_ACME)

    with pytest.raises(RateLimitedError) as raised:
        Scout(api, HubUrls()).summaries("acme", [A])

    assert (raised.value.retry_at - NOW).total_seconds() == pytest.approx(300, abs=1)
    assert not api.budget(OAT_OF_ACME).is_spent
    assert len(service.asked) == 1


def test_each_vulnerability_of_an_image() -> None:
    curl = {
        "purl": "pkg:deb/debian/curl@1",
        "name": "curl",
        "version": "1",
        "vulnerabilities": [
            {"sourceId": "CVE-1", "fixedBy": "2", "isExcepted": False, "cvss": {"severity": "HIGH", "score": 7.5}},
            {"sourceId": "CVE-2", "fixedBy": "not fixed", "isExcepted": True, "cvss": {"severity": None, "score": "9"}},
            {"sourceId": "CVE-3", "fixedBy": None, "isExcepted": "?", "cvss": None},
            {"sourceId": "CVE-4", "cvss": {"score": "NaN"}},
        ],
    }
    service = Service(packages_of(curl, {"name": "tar", "vulnerabilities": None}))

    found = service.scout().packages("acme", API, A)

    assert found is not None
    assert found.state == "INDEXED"
    assert found.packages is not None
    first, second = found.packages
    assert [
        (each.id, each.fixed_by, each.is_excepted, each.cvss.severity, each.cvss.score)
        for each in first.vulnerabilities or ()
    ] == [
        ("CVE-1", "2", False, "HIGH", 7.5),
        ("CVE-2", None, True, None, 9.0),
        ("CVE-3", None, False, None, None),
        ("CVE-4", None, False, None, None),
    ]
    assert (second.name, second.vulnerabilities) == ("tar", None)
    assert service.asked[0].request.body["variables"]["query"] == {
        "digest": A,
        "hostName": "hub.docker.com",
        "repoName": "acme/api",
        "includeExcepted": True,
        "includePublic": True,
    }


@pytest.mark.parametrize(
    "package",
    [
        None,
        {"name": "curl", "vulnerabilities": [{"sourceId": "CVE-1"}, None]},
        {"name": "curl", "vulnerabilities": [{"sourceId": "", "cvss": {}}]},
        {"name": "curl", "vulnerabilities": [{"fixedBy": "2"}]},
        {"name": "curl", "vulnerabilities": {}},
    ],
)
def test_packages_of_which_something_cannot_be_read_are_not_told(package: Any) -> None:
    found = Service(packages_of({"name": "tar", "vulnerabilities": []}, package)).scout().packages("acme", API, A)

    assert found == ImagePackages("INDEXED", None)


def test_a_report_that_falls_short_of_its_total_has_no_counts() -> None:
    zeros = dict.fromkeys(("critical", "high", "medium", "low", "unspecified"), 0)

    assert VulnerabilityReport.model_validate({**zeros, "total": 7}).counts is None
    assert VulnerabilityReport.model_validate({**zeros, "total": 0}).counts == zeros


def test_an_image_that_docker_scout_does_not_know_is_none() -> None:
    assert (
        Service(json_answer({"data": {"imagePackagesForImageCoords": None}})).scout().packages("acme", API, A) is None
    )


@pytest.mark.parametrize("contents", [None, {}, {"packages": None}, {"packages": {}}, [], 7])
def test_packages_that_are_not_told_are_none_and_not_no_packages(contents: Any) -> None:
    image = {"sbomState": "INDEXED", "imagePackages": contents}
    service = Service(json_answer({"data": {"imagePackagesForImageCoords": image}}))

    assert service.scout().packages("acme", API, A) == ImagePackages("INDEXED", None)


def test_a_list_of_packages_beside_an_error_is_not_whole() -> None:
    image = {"sbomState": "INDEXED", "imagePackages": {"packages": []}}
    answer = json_answer({"data": {"imagePackagesForImageCoords": image}, "errors": [{"message": "No"}]})

    assert Service(answer).scout().packages("acme", API, A) == ImagePackages("INDEXED", None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [({"isEnrolled": True}, True), ({"isEnrolled": False}, False), ({"isEnrolled": None}, None), ({}, None), (7, None)],
)
def test_enrolment(told: Any, expected: bool | None) -> None:  # noqa: FBT001 - A table's column.
    service = Service(json_answer({"data": {"namespaceEntitlements": told}}))

    assert service.scout().enabled("Acme") is expected
    assert service.asked[0].request.body["variables"] == {"context": {"organization": "acme"}}
