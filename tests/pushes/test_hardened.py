import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.pushes.hardened import HardenedChanges, hardened_changes
from bot.pushes.payload import parse_push

RECORDED = Path(__file__).parent / "payloads" / "push__2026_hardened.json"


def changed(**changes: Any) -> dict[str, Any]:
    """Return the metadata of one platform."""
    return {"schema_version": 1, "changes": changes}


def fixed(number: str, severity: Any = "LOW") -> dict[str, Any]:
    return {"cve_id": number, "severity": severity, "package": "openssl"}


def test_the_recorded_payload_is_understood() -> None:
    hardened = parse_push(RECORDED.read_bytes()).hardened

    assert hardened_changes(hardened) == HardenedChanges(("CVE-2026-0001",), {"high": 1})


def test_what_several_platforms_share_counts_once() -> None:
    one = changed(
        vulnerabilities_fixed=[fixed("CVE-2026-0002"), fixed("CVE-2026-0001", "critical")],
        packages_updated=[{"name": "openssl"}, {"name": "zlib"}],
    )
    two = changed(
        vulnerabilities_fixed=[fixed("CVE-2026-0001", "critical")],
        packages_updated=[{"name": "openssl"}],
        packages_added=[{"name": "tzdata"}],
        packages_removed=[{"name": "perl"}, {"name": "bash"}],
    )

    assert hardened_changes({"sha256:a": one, "sha256:b": two}) == HardenedChanges(
        ("CVE-2026-0001", "CVE-2026-0002"), {"critical": 1, "low": 1}, updated=2, added=1, removed=2
    )


def test_the_most_severe_come_first_and_those_of_unknown_severity_last() -> None:
    entries = [fixed("CVE-4", None), fixed("CVE-3", "Weird"), fixed("CVE-2", "HIGH"), fixed("CVE-1", "CRITICAL")]

    assert hardened_changes({"sha256:a": changed(vulnerabilities_fixed=entries)}) == HardenedChanges(
        ("CVE-1", "CVE-2", "CVE-3", "CVE-4"), {"critical": 1, "high": 1}
    )


def test_what_is_no_number_of_a_vulnerability_is_left_out() -> None:
    entries = [fixed("<!channel>"), fixed(""), fixed("GHSA-xxxx-1234-yyyy"), fixed("CVE-" + "9" * 500)]

    found = hardened_changes({"sha256:a": changed(vulnerabilities_fixed=entries)})

    assert found.fixed == ("GHSA-xxxx-1234-yyyy",)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
names = st.sampled_from(["vulnerabilities_fixed", "packages_updated", "packages_added", "packages_removed"])
entries = json_values | st.lists(st.fixed_dictionaries({"cve_id": json_values, "severity": json_values}), max_size=3)
platforms = json_values | st.fixed_dictionaries({"changes": json_values | st.dictionaries(names, entries)})


@given(st.dictionaries(st.text(max_size=8), platforms, max_size=3))
def test_any_json_is_read_without_complaint(metadata: dict[str, Any]) -> None:
    found = hardened_changes(json.loads(json.dumps(metadata)))

    assert sum(found.severities.values()) <= len(found.fixed)
