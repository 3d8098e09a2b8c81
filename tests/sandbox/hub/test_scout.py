"""The simulated Docker Scout: who sees what, how far an analysis is, and how it says no."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from bot.sandbox.clock import SettableClock
from bot.sandbox.hub import scout_seed
from bot.sandbox.hub.scout import SbomState
from bot.sandbox.hub.scout_seed import Finding
from bot.sandbox.hub.seed import ACME_OAT, ANA_PAT, ZOE_PAT
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import HubState, digest_of
from bot.sandbox.hub.unknowns import Unknowns
from tests.sandbox.hub.conftest import NOW

Login = Callable[[str, str], dict[str, str]]
Json = dict[str, Any]

API = digest_of("amd64")
API_ARM = digest_of("arm64")
SUMMARIES = """
query ($context: Context!, $digests: [String!]!, $repository: ScRepositoryInput) {
  imageSummariesByDigest(context: $context, digests: $digests, repository: $repository) {
    digest sbomState vulnerabilityReport { critical high medium low unspecified total }
  }
}
"""
PACKAGES = """
query BaseVex($ctx: Context!, $q: IpImagePackagesForImageCoordsQuery!) {
  imagePackagesForImageCoords(context: $ctx, query: $q) {
    digest, sbomState
    imagePackages { packages { package { purl name version
      vulnerabilities { sourceId isExcepted fixedBy cvss { severity score } } } } }
  }
}
"""
OPENSSL = Finding("CVE-2026-1", "CRITICAL", "openssl", "3.0.1+a", "3.0.2", 9.8)
LIBSSL = Finding("CVE-2026-1", "CRITICAL", "libssl3", "3.0.1+a", "3.0.2", 9.8)
TAR = Finding("CVE-2026-2", "LOW", "tar", "1.34")
ZERO = dict.fromkeys(("critical", "high", "medium", "low", "unspecified", "total"), 0)


@pytest.fixture
def ana(login: Login) -> dict[str, str]:
    return login("ana", ANA_PAT)


def ask(hub: HubSimulator, headers: Json, query: str, **variables: Any) -> Json:
    body = {"query": query, "variables": variables}
    answer = requests.post(f"{hub.url}/v1/graphql", json=body, headers=headers, timeout=5)
    assert answer.status_code == 200
    told: Json = answer.json()
    assert told["extensions"]["correlation_id"]
    return told


def summaries(hub: HubSimulator, headers: Json, *digests: str, organization: str | None = "acme") -> Json:
    context = {"organization": organization} if organization else {}
    return ask(hub, headers, SUMMARIES, context=context, digests=list(digests))


def packages(hub: HubSimulator, headers: Json, digest: str = API, repository: str = "acme/api", **more: Any) -> Any:
    query = {"digest": digest, "hostName": "hub.docker.com", "repoName": repository, **more}
    told = ask(hub, headers, PACKAGES, ctx={"organization": "acme"}, q=query)
    return told["data"]["imagePackagesForImageCoords"]


def vulnerable(found: Any) -> Json:
    entries = [each["package"] for each in found["imagePackages"]["packages"]]
    return {each["name"]: [one["sourceId"] for one in each["vulnerabilities"]] for each in entries}


def test_counts_are_of_distinct_vulnerabilities_that_are_not_excepted(hub: HubSimulator, ana: Json) -> None:
    excepted = Finding("CVE-2026-3", "HIGH", "tar", "1.34", is_excepted=True)
    hub.scout.put(API, OPENSSL, LIBSSL, TAR, excepted)

    told = summaries(hub, ana, API)

    report = {**ZERO, "critical": 1, "low": 1, "total": 2}
    assert told["data"] == {
        "imageSummariesByDigest": [{"digest": API, "sbomState": "INDEXED", "vulnerabilityReport": report}]
    }
    assert "errors" not in told


def test_each_vulnerability_with_its_package(hub: HubSimulator, ana: Json) -> None:
    hub.scout.put(API, OPENSSL, TAR, Finding("CVE-2026-3", "HIGH", "tar", "1.34", is_excepted=True))

    found = packages(hub, ana)

    assert (found["digest"], found["sbomState"]) == (API, "INDEXED")
    assert vulnerable(found) == {"base-files": [], "openssl": ["CVE-2026-1"], "tar": ["CVE-2026-2"]}
    assert found["imagePackages"]["packages"][1]["package"] == {
        "purl": "pkg:deb/debian/openssl@3.0.1%2Ba",
        "name": "openssl",
        "version": "3.0.1+a",
        "vulnerabilities": [
            {
                "sourceId": "CVE-2026-1",
                "isExcepted": False,
                "fixedBy": "3.0.2",
                "cvss": {"severity": "CRITICAL", "score": 9.8},
            }
        ],
    }
    assert vulnerable(packages(hub, ana, includeExcepted=True))["tar"] == ["CVE-2026-2", "CVE-2026-3"]


def test_only_the_digest_of_a_platform_in_its_own_repository_is_known(
    hub: HubSimulator, ana: Json, state: HubState
) -> None:
    index = state.repository("acme/api").tags["latest"].digest or ""

    assert packages(hub, ana) is not None
    assert packages(hub, ana, repository="api") is not None
    assert packages(hub, ana, hostName="docker.io") is not None
    assert packages(hub, ana, index) is None
    assert packages(hub, ana, repository="acme/site") is None
    assert packages(hub, ana, hostName="quay.io") is None
    assert summaries(hub, ana, index, digest_of("nothing"), "")["data"] == {"imageSummariesByDigest": []}


@pytest.mark.parametrize("word", ["INDEXING", "INDEXING_FAILED", "INDEXING_UNAVAILABLE", "NONE"])
def test_what_is_not_indexed_has_no_report_and_no_packages(hub: HubSimulator, ana: Json, word: SbomState) -> None:
    hub.scout.set_state(API, word)

    (summary,) = summaries(hub, ana, API)["data"]["imageSummariesByDigest"]
    found = packages(hub, ana)

    assert summary == {"digest": API, "sbomState": word, "vulnerabilityReport": None}
    assert (found["sbomState"], found["imagePackages"]) == (word, {"packages": []})


def test_what_is_not_scanned_is_known_and_has_no_report(hub: HubSimulator, ana: Json) -> None:
    hub.scout.unscan(API)

    (summary,) = summaries(hub, ana, API)["data"]["imageSummariesByDigest"]

    assert summary == {"digest": API, "sbomState": "INDEXED", "vulnerabilityReport": None}
    assert packages(hub, ana)["imagePackages"]["packages"][0]["package"]["vulnerabilities"] is None


def test_some_of_a_batch_may_be_missing_or_fail(hub: HubSimulator, ana: Json) -> None:
    hub.scout.forget(API)
    hub.scout.break_report(API_ARM)

    told = summaries(hub, ana, API, API_ARM)

    assert told["data"]["imageSummariesByDigest"] == [
        {"digest": API_ARM, "sbomState": "INDEXED", "vulnerabilityReport": None}
    ]
    assert told["errors"][0]["path"] == ["imageSummariesByDigest", 0, "vulnerabilityReport"]


def test_a_push_is_analysed_after_a_while(hub: HubSimulator, ana: Json, clock: SettableClock) -> None:
    hub.scout.indexing_seconds = 60
    digest = hub.push("acme/site", "2.0").images[0].digest or ""

    def state() -> str:
        return str(summaries(hub, ana, digest)["data"]["imageSummariesByDigest"][0]["sbomState"])

    assert state() == "INDEXING"
    clock.advance(seconds=60)
    assert state() == "INDEXED"


def test_what_is_no_image_cannot_be_indexed(hub: HubSimulator, ana: Json) -> None:
    tag = hub.push("acme/site", "chart", media_type="application/vnd.cncf.helm.config.v1+json")

    (summary,) = summaries(hub, ana, tag.images[0].digest or "")["data"]["imageSummariesByDigest"]

    assert summary["sbomState"] == "INDEXING_UNAVAILABLE"


def test_an_organization_shows_its_own_and_the_public_shows_what_is_public(
    hub: HubSimulator, login: Login, state: HubState, ana: Json
) -> None:
    nginx = state.repository("library/nginx").tags["latest"].images[0].digest or ""
    site = state.repository("acme/site").tags["latest"].images[0].digest or ""
    nobody: Json = {}

    def shown(headers: Json, organization: str | None) -> list[str] | None:
        found = summaries(hub, headers, API, site, nginx, organization=organization)["data"]["imageSummariesByDigest"]
        return None if found is None else [each["digest"] for each in found]

    assert shown(ana, "acme") == shown(login("acme", ACME_OAT), "acme") == [API, site]
    assert shown(ana, None) == shown(nobody, None) == shown(login("zoe", ZOE_PAT), None) == [site, nginx]
    assert shown(login("zoe", ZOE_PAT), "acme") is None
    assert shown(nobody, "acme") is None
    assert shown(login("zoe", ZOE_PAT), "zoe") == []


def test_public_images_may_be_included(hub: HubSimulator, ana: Json, state: HubState) -> None:
    nginx = state.repository("library/nginx").tags["latest"].images[0].digest or ""

    assert packages(hub, ana, nginx, "library/nginx") is None
    assert packages(hub, ana, nginx, "library/nginx", includePublic=True)["digest"] == nginx


def test_a_refusal_is_an_answer_with_status_200(hub: HubSimulator, ana: Json) -> None:
    hub.scout.refuse(402, times=1)

    told = summaries(hub, ana, API)

    assert told["data"] == {"imageSummariesByDigest": None}
    assert told["errors"] == [
        {
            "message": "Plan limits exceeded",
            "path": ["imageSummariesByDigest"],
            "extensions": {"code": "DOWNSTREAM_SERVICE_ERROR", "status": 402},
        }
    ]
    assert "errors" not in summaries(hub, ana, API)


@pytest.mark.parametrize(
    ("position", "status"), [("number", 403), ("text", "403 FORBIDDEN"), ("word", "FORBIDDEN"), ("absent", None)]
)
def test_a_status_has_many_forms(hub: HubSimulator, ana: Json, position: Any, status: object) -> None:
    hub.unknowns = Unknowns(scout_status=position, scout_data="null")
    hub.scout.refuse(403, query="imageSummariesByDigest")

    told = summaries(hub, ana, API)

    assert told["data"] is None
    assert told["errors"][0]["extensions"].get("status") == status
    assert packages(hub, ana) is not None
    hub.scout.allow()
    assert "errors" not in summaries(hub, ana, API)


def test_a_bad_bearer_is_refused(hub: HubSimulator) -> None:
    told = summaries(hub, {"Authorization": f"Bearer {ANA_PAT}"}, API)

    assert told["errors"][0]["extensions"]["status"] == 401


def test_organization_tokens_may_be_kept_to_what_is_documented(hub: HubSimulator, login: Login, ana: Json) -> None:
    hub.unknowns = Unknowns(scout_oat="documented_only")
    acme = login("acme", ACME_OAT)

    assert summaries(hub, acme, API)["errors"][0]["extensions"]["status"] == 403
    assert packages(hub, acme) is not None
    assert "errors" not in summaries(hub, ana, API)


def test_enrolment_and_features(hub: HubSimulator, ana: Json) -> None:
    enrolled = "query ($c: Context!) { a: namespaceEntitlements(context: $c) { isEnrolled } }"
    feature = (
        'query ($c: Context!) { repoFeatures(context: $c, repoName: "acme/api", hostName: "docker.io")'
        " { vulnerabilityReporting { enabled } } }"
    )
    context = {"organization": "acme"}

    assert ask(hub, ana, enrolled, c=context)["data"] == {"a": {"isEnrolled": True}}
    hub.scout.enable("acme/api", is_enabled=False)
    assert ask(hub, ana, feature, c=context)["data"] == {"repoFeatures": {"vulnerabilityReporting": {"enabled": False}}}
    assert packages(hub, ana) is None
    hub.scout.enable("acme/api")
    hub.scout.enroll("acme", is_enrolled=False)
    assert ask(hub, ana, enrolled, c=context)["data"] == {"a": {"isEnrolled": False}}
    assert packages(hub, ana) is None
    assert ask(hub, ana, enrolled, c={})["errors"][0]["extensions"]["status"] == 403


@pytest.mark.parametrize("status", ["200", "400", "422"])
def test_a_query_that_the_schema_does_not_allow(hub: HubSimulator, ana: Json, status: Any) -> None:
    hub.unknowns = Unknowns(scout_invalid=status)
    body = {"query": "{ imageSummariesByDigest(context: {}, digests: []) { digest size } }"}

    answer = requests.post(f"{hub.url}/v1/graphql", json=body, headers=ana, timeout=5)

    assert answer.status_code == int(status)
    assert answer.json()["errors"] == [
        {
            "message": 'Cannot query field "size" on type "SdImageSummary".',
            "locations": [{"line": 1, "column": 1}],
            "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
        }
    ]
    assert "data" not in answer.json()


def test_undocumented_queries_may_be_gone(hub: HubSimulator, ana: Json) -> None:
    hub.unknowns = Unknowns(scout_undocumented="gone")

    told = summaries(hub, ana, API)

    assert told["errors"][0]["message"] == 'Cannot query field "imageSummariesByDigest" on type "Query".'
    assert packages(hub, ana) is not None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"query": 7}', b'{"query": "{", "variables": {}}', b"\xff"])
def test_what_is_no_query_is_refused(hub: HubSimulator, body: bytes) -> None:
    answer = requests.post(f"{hub.url}/v1/graphql", data=body, timeout=5)

    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert requests.get(f"{hub.url}/v1/graphql", timeout=5).status_code == 405


def test_scout_spends_nothing_of_the_apis_budget(hub: HubSimulator, ana: Json) -> None:
    answer = requests.post(f"{hub.url}/v1/graphql", json={"query": SUMMARIES}, headers=ana, timeout=5)

    assert "x-ratelimit-remaining" not in answer.headers


def test_verbs_change_what_is_known(hub: HubSimulator, ana: Json) -> None:
    hub.scout.put(API, OPENSSL)
    hub.scout.add(API, TAR)
    hub.scout.fix(API, "CVE-2026-2", "1.35")
    assert [each.fixed_by for each in hub.scout.findings(API)] == ["3.0.2", "1.35"]

    hub.scout.except_(API, "CVE-2026-1")
    assert vulnerable(packages(hub, ana))["openssl"] == []

    hub.scout.remove(API, "CVE-2026-2")
    assert [each.id for each in hub.scout.findings(API)] == ["CVE-2026-1"]
    with pytest.raises(KeyError):
        hub.scout.add(digest_of("nothing"), TAR)


def test_what_is_made_up_is_the_same_every_time_and_less_in_fresh_builds() -> None:
    def made_up(age_days: float, now_days: float = 0) -> frozenset[str]:
        at = NOW + timedelta(days=now_days)
        found = scout_seed.findings("acme/api", NOW - timedelta(days=age_days), began_at=NOW, now=at)
        return frozenset(each.id for each in found)

    assert made_up(0) == made_up(0)
    assert made_up(0) < made_up(100) < made_up(400)
    assert scout_seed.findings("acme/api", None, began_at=NOW, now=NOW)
    # News come with the days, and what is mended leaves who builds again.
    assert made_up(0) < made_up(0, now_days=21)
    assert made_up(-20, now_days=21) < made_up(0, now_days=21)


def test_what_is_made_up_is_well_formed() -> None:
    bands = {"CRITICAL": (9, 10), "HIGH": (7, 8.9), "MEDIUM": (4, 6.9), "LOW": (0.1, 3.9)}

    found = [
        finding
        for name in ("api", "web", "gateway", "python", "node", "kafka")
        for finding in scout_seed.findings(f"acme/{name}", None, began_at=NOW, now=NOW)
    ]

    assert len(found) > 50
    assert {each.severity for each in found} == {*bands, "UNSPECIFIED"}
    assert all(each.id.startswith("CVE-2026-") and each.id[9:].isdigit() for each in found)
    assert all(each.score is None for each in found if each.severity == "UNSPECIFIED")
    assert all(
        bands[each.severity][0] <= (each.score or 0) <= bands[each.severity][1]
        for each in found
        if each.severity in bands
    )
