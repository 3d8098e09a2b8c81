"""Vulnerabilities out of advisories: each is counted once, under whatever names it goes."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.vulnerabilities.advisories import Merged
from bot.fleet.vulnerabilities.model import Severity, Vulnerability, count
from bot.hub.advisory import Advisory, Affected, OsvPackage, Rating

CURL = OsvPackage("Debian:12", "curl", "7.88.1-10")
BRACES = OsvPackage("npm", "braces", "3.0.1")
HIGH = (Rating("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"),)
CRITICAL = (Rating("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),)


def merged(*advisories: Advisory) -> Merged:
    return Merged({each.id: each for each in advisories})


def found(
    *advisories: Advisory, package: OsvPackage = CURL, others: Sequence[Advisory] = ()
) -> tuple[Vulnerability, ...]:
    """Return what becomes of advisories for one package; others only rate."""
    return merged(*advisories, *others).vulnerabilities({package: [each.id for each in advisories]})


def affected(*fixed: str, package: OsvPackage = CURL, ratings: tuple[Rating, ...] = ()) -> tuple[Affected, ...]:
    return (Affected(package.ecosystem, package.name, fixed, ratings),)


def test_aliases_are_one_vulnerability_and_the_cve_is_its_name() -> None:
    [one] = found(
        Advisory("GHSA-aaaa-aaaa-aaaa", aliases=("CVE-2024-1234", "PYSEC-2024-9")),
        Advisory("PYSEC-2024-9"),
        Advisory("CVE-2024-1234"),
    )

    assert one.id == "CVE-2024-1234"
    assert one.aliases == ("GHSA-aaaa-aaaa-aaaa", "PYSEC-2024-9")


def test_aliases_are_followed_through_advisories_that_nobody_has() -> None:
    [one] = found(Advisory("PYSEC-1", aliases=("CVE-2024-1000",)), Advisory("GHSA-1", aliases=("CVE-2024-1000",)))

    assert (one.id, one.aliases) == ("CVE-2024-1000", ("GHSA-1", "PYSEC-1"))


def test_notice_of_a_distribution_is_the_vulnerabilities_upstream() -> None:
    vulnerabilities = found(
        Advisory("DSA-5587-1", upstream=("CVE-2023-46218", "CVE-2023-46219"), affected=affected("7.88.1-10+deb12u5")),
        Advisory("DEBIAN-CVE-2023-46218", upstream=("CVE-2023-46218",), ratings=HIGH),
    )

    assert [(each.id, each.severity, each.fixed_by) for each in vulnerabilities] == [
        ("CVE-2023-46218", Severity.HIGH, "7.88.1-10+deb12u5"),
        ("CVE-2023-46219", Severity.UNSPECIFIED, "7.88.1-10+deb12u5"),
    ]
    assert vulnerabilities[0].aliases == ("DEBIAN-CVE-2023-46218",), "a notice about two is no name of either"


def test_notice_that_lists_what_others_call_the_same_counts_once() -> None:
    [one] = found(Advisory("USN-1-1", upstream=("CVE-2024-1000", "UBUNTU-CVE-2024-1000", "GHSA-x")))

    assert (one.id, one.aliases) == ("CVE-2024-1000", ("USN-1-1",))


def test_tracker_that_names_nothing_upstream_tells_by_its_own_name() -> None:
    [one] = found(Advisory("ALPINE-CVE-2024-1000"), Advisory("CVE-2024-1000"))

    assert one.id == "CVE-2024-1000"


def test_related_or_unnamed_advisories_stand_for_themselves() -> None:
    assert [each.id for each in found(Advisory("DSA-1-1"), Advisory("GHSA-1"))] == ["DSA-1-1", "GHSA-1"]


def test_withdrawn_advisories_are_left_out_and_join_nothing() -> None:
    vulnerabilities = found(
        Advisory("GHSA-1", aliases=("CVE-2024-1000", "CVE-2024-2000"), is_withdrawn=True),
        Advisory("CVE-2024-1000"),
        Advisory("CVE-2024-2000"),
    )

    assert [each.id for each in vulnerabilities] == ["CVE-2024-1000", "CVE-2024-2000"]


def test_rating_for_the_package_comes_before_that_for_all() -> None:
    [one] = found(Advisory("CVE-2024-1000", ratings=CRITICAL, affected=affected(ratings=HIGH)))

    assert one.severity is Severity.HIGH


def test_rating_of_a_notice_about_several_counts_only_where_there_is_no_other() -> None:
    notice = Advisory("RHSA-1", upstream=("CVE-2024-1000", "CVE-2024-2000"), ratings=CRITICAL)

    severities = {each.id: each.severity for each in found(notice, others=[Advisory("CVE-2024-1000", word="low")])}

    assert severities == {"CVE-2024-1000": Severity.LOW, "CVE-2024-2000": Severity.CRITICAL}
    assert merged(notice, Advisory("CVE-2024-1000", word="low")).unrated() == ("CVE-2024-2000",)


@pytest.mark.parametrize(
    ("fixed", "version", "expected"),
    [
        (("2.3.4", "3.0.3"), "3.0.1", "3.0.3"),
        (("2.3.4", "3.0.3"), "2.0.0", "2.3.4"),
        (("3.0.3", "2.3.4"), "2.0.0", "2.3.4"),
        (("2.3.4", "3.0.3"), "4.0.0", None),
        (("2.3.4", "r5"), "2.0.0", "2.3.4"),
        (("2.3.4", "3.0.3"), "snapshot", "2.3.4"),
        ((), "1.0", None),
    ],
)
def test_fix_is_that_of_the_branch_in_use(fixed: tuple[str, ...], version: str, expected: str | None) -> None:
    package = OsvPackage("npm", "braces", version)

    [one] = found(Advisory("GHSA-1", affected=affected(*fixed, package=package)), package=package)

    assert one.fixed_by == expected


def test_fix_of_another_release_is_none() -> None:
    entries = (Affected("Debian:13", "curl", ("8.0",)), Affected("Debian:12", "wget", ("1.0",)), *affected())

    [one] = found(Advisory("CVE-2024-1000", affected=entries))

    assert one.fixed_by is None


def test_names_of_python_packages_are_compared_as_python_does() -> None:
    package = OsvPackage("PyPI", "zope-interface", "5.0")

    [one] = found(Advisory("PYSEC-1", affected=(Affected("PyPI", "Zope.Interface", ("5.1",)),)), package=package)

    assert one.fixed_by == "5.1"


def test_package_of_two_streams_is_one() -> None:
    streams = [OsvPackage(f"Red Hat:enterprise_linux:9::{name}", "curl", "7.76") for name in ("baseos", "appstream")]
    advisory = Advisory("RHSA-1", upstream=("CVE-2024-1000",))

    findings = merged(advisory).vulnerabilities({stream: ["RHSA-1"] for stream in streams})

    assert [each.id for each in findings] == ["CVE-2024-1000"]


def test_vulnerability_of_two_packages_is_listed_twice_and_counted_once() -> None:
    advisory = Advisory("CVE-2024-1000", ratings=HIGH)
    findings = merged(advisory).vulnerabilities({CURL: ["CVE-2024-1000"], BRACES: ["CVE-2024-1000"]})

    assert [each.package for each in findings] == ["braces", "curl"]
    assert count(findings)[Severity.HIGH] == 1


NAMES = [f"CVE-2024-100{n}" for n in range(5)] + [f"GHSA-{n}" for n in range(5)] + [f"PYSEC-{n}" for n in range(3)]
graphs = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), min_size=1)


def islands(edges: Mapping[str, Sequence[str]]) -> set[frozenset[str]]:
    """Return what hangs together, found by walking, which is not how the code does it."""
    neighbours: dict[str, set[str]] = {}
    for name, aliases in edges.items():
        for alias in (name, *aliases):
            neighbours.setdefault(name, set()).add(alias)
            neighbours.setdefault(alias, set()).add(name)
    reached = set()
    for start in edges:
        seen, left = {start}, [start]
        while left:
            fresh = neighbours[left.pop()] - seen
            seen |= fresh
            left += fresh
        reached.add(frozenset(seen))
    return reached


@given(graphs, st.randoms())
def test_however_aliases_overlap_each_vulnerability_counts_once(edges: dict[str, list[str]], random: object) -> None:
    order = list(edges)
    random.shuffle(order)  # type: ignore[attr-defined]
    advisories = [Advisory(name, aliases=tuple(edges[name]), word="high") for name in order]

    findings = found(*advisories)

    assert {each.names for each in findings} == islands(edges)
    assert sum(count(findings).values()) == len(findings) == len(islands(edges))
    for each in findings:
        assert each.id.startswith("CVE-") or not any(name.startswith("CVE-") for name in each.names)


@given(
    graphs, st.dictionaries(st.sampled_from(["DSA-1", "DSA-2", "USN-1"]), st.lists(st.sampled_from(NAMES), min_size=1))
)
def test_notices_add_no_vulnerability_that_is_known_already(
    edges: dict[str, list[str]], notices: dict[str, list[str]]
) -> None:
    plain = [Advisory(name, aliases=tuple(aliases)) for name, aliases in edges.items()]
    known = {name for island in islands(edges) for name in island}
    about_known = [
        Advisory(name, upstream=tuple(each for each in upstream if each in known))
        for name, upstream in notices.items()
        if set(upstream) & known
    ]

    assert {each.id for each in found(*plain, *about_known)} == {each.id for each in found(*plain)}
