"""The simulated OSV, asked without any client of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bot.sandbox.osv import OsvSimulator
from bot.sandbox.osv_seed import ADVISORIES

CURL = {"package": {"ecosystem": "Debian:12", "name": "curl"}, "version": "7.88.1-10"}


@pytest.fixture
def osv() -> Iterator[OsvSimulator]:
    with OsvSimulator() as osv:
        yield osv


def batch(osv: OsvSimulator, *queries: Any) -> requests.Response:
    return requests.post(f"{osv.url}/v1/querybatch", json={"queries": list(queries)}, timeout=5)


def ids(result: dict[str, Any]) -> list[str]:
    return [each["id"] for each in result.get("vulns", [])]


def test_results_come_in_the_order_of_the_queries_and_may_be_empty(osv: OsvSimulator) -> None:
    clean = {"package": {"purl": "pkg:npm/left-pad@1.3.0"}}

    results = batch(osv, clean, CURL).json()["results"]

    assert results[0] == {}
    assert ids(results[1]) == ["DSA-5587-1", "DEBIAN-CVE-2023-46218", "DEBIAN-CVE-2023-46219"]
    assert set(results[1]["vulns"][0]) == {"id", "modified"}


@pytest.mark.parametrize(
    ("package", "version", "expected"),
    [
        ({"purl": "pkg:pypi/jinja2@3.1.2"}, None, ["GHSA-h5c8-rqwp-cp95", "PYSEC-2024-9"]),
        ({"purl": "pkg:pypi/jinja2"}, "3.1.2", ["GHSA-h5c8-rqwp-cp95", "PYSEC-2024-9"]),
        ({"purl": "pkg:pypi/jinja2@3.1.3"}, None, []),
        ({"ecosystem": "npm", "name": "braces"}, "3.0.2", ["GHSA-grv7-fg5c-xmjg"]),
        ({"ecosystem": "npm", "name": "braces"}, "2.3.4", []),
        ({"ecosystem": "Debian:12", "name": "curl"}, "7.88.1-10+deb12u5", []),
        ({"ecosystem": "Debian:13", "name": "curl"}, "7.88.1-10", []),
        # The release is a qualifier, and those are left out: all releases are searched.
        ({"purl": "pkg:apk/alpine/curl@8.4.0-r0?distro=alpine-3.20"}, None, ["ALPINE-CVE-2023-46218"]),
    ],
)
def test_packages_are_found_by_either_name(
    osv: OsvSimulator, package: dict[str, str], version: str | None, expected: list[str]
) -> None:
    query = {"package": package, **({"version": version} if version else {})}

    assert ids(batch(osv, query).json()["results"][0]) == expected


def test_long_results_come_in_pages(osv: OsvSimulator) -> None:
    osv.page_size = 2

    first = batch(osv, CURL).json()["results"][0]
    second = batch(osv, {**CURL, "page_token": first["next_page_token"]}).json()["results"][0]

    assert ids(first) + ids(second) == ["DSA-5587-1", "DEBIAN-CVE-2023-46218", "DEBIAN-CVE-2023-46219"]
    assert "next_page_token" not in second


@pytest.mark.parametrize(
    "query",
    [
        {"package": {"purl": "pkg:pypi/jinja2@3.1.2"}, "version": "3.1.2"},
        {"package": {"purl": "pkg:pypi/jinja2@3.1.2", "ecosystem": "PyPI"}},
        {"package": {"ecosystem": "Nonesuch", "name": "x"}, "version": "1"},
        {**CURL, "page_token": "?"},
        "curl",
    ],
)
def test_one_bad_query_refuses_the_batch(osv: OsvSimulator, query: Any) -> None:
    answer = batch(osv, CURL, query)

    assert answer.status_code == 400
    assert answer.json()["code"] == 3


def test_too_many_queries_are_refused(osv: OsvSimulator) -> None:
    assert batch(osv, *[CURL] * 1001).status_code == 400


def test_advisories_are_read_by_their_ids(osv: OsvSimulator) -> None:
    found = requests.get(f"{osv.url}/v1/vulns/DSA-5587-1", timeout=5)
    missing = requests.get(f"{osv.url}/v1/vulns/CVE-1999-0001", timeout=5)

    assert found.json() == ADVISORIES[0]
    assert (missing.status_code, missing.json()["code"]) == (404, 5)


def test_withdrawn_advisories_are_not_found_but_can_be_read(osv: OsvSimulator) -> None:
    osv.withdraw("DSA-5587-1")

    assert "DSA-5587-1" not in ids(batch(osv, CURL).json()["results"][0])
    assert requests.get(f"{osv.url}/v1/vulns/DSA-5587-1", timeout=5).json()["withdrawn"]
