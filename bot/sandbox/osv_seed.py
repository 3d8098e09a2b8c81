"""What the simulated OSV knows at first: the same vulnerabilities under several names, as real databases have them."""

from typing import Any

_CURL_FIX = "7.88.1-10+deb12u5"
_HEAP = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
_LEAK = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N"


def _fixed(ecosystem: str, name: str, *events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": kind, "events": list(events)}]}


def _before(ecosystem: str, name: str, version: str, kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return _fixed(ecosystem, name, {"introduced": "0"}, {"fixed": version}, kind=kind)


def _cvss(vector: str, kind: str = "CVSS_V3") -> list[dict[str, str]]:
    return [{"type": kind, "score": vector}]


ADVISORIES: tuple[dict[str, Any], ...] = (
    # One notice of Debian about two CVEs, beside the tracker's word on each.
    {
        "id": "DSA-5587-1",
        "modified": "2025-03-01T09:00:00Z",
        "upstream": ["CVE-2023-46218", "CVE-2023-46219"],
        "affected": [_before("Debian:12", "curl", _CURL_FIX)],
    },
    {
        "id": "DEBIAN-CVE-2023-46218",
        "modified": "2025-03-02T09:00:00Z",
        "upstream": ["CVE-2023-46218"],
        "severity": _cvss(_LEAK),
        "affected": [_before("Debian:12", "curl", _CURL_FIX)],
    },
    {
        "id": "DEBIAN-CVE-2023-46219",
        "modified": "2025-03-02T09:00:00Z",
        "upstream": ["CVE-2023-46219"],
        "affected": [_before("Debian:12", "curl", _CURL_FIX)],
    },
    # Rated by nobody but the CVE itself.
    {"id": "CVE-2023-46219", "modified": "2025-01-01T00:00:00Z", "severity": _cvss(_LEAK)},
    # The same in Alpine, in another version.
    {
        "id": "ALPINE-CVE-2023-46218",
        "modified": "2025-03-02T09:00:00Z",
        "upstream": ["CVE-2023-46218"],
        "affected": [_before("Alpine:v3.19", "curl", "8.5.0-r0")],
    },
    # Not fixed anywhere.
    {
        "id": "DEBIAN-CVE-2016-2781",
        "modified": "2025-03-02T09:00:00Z",
        "upstream": ["CVE-2016-2781"],
        "severity": [{"type": "Ubuntu", "score": "low"}],
        "affected": [_fixed("Debian:12", "coreutils", {"introduced": "0"})],
    },
    # Two databases of one language, aliases of each other.
    {
        "id": "GHSA-h5c8-rqwp-cp95",
        "modified": "2025-02-01T00:00:00Z",
        "aliases": ["CVE-2024-22195", "PYSEC-2024-9"],
        "database_specific": {"severity": "MODERATE"},
        "affected": [_before("PyPI", "jinja2", "3.1.3")],
    },
    {
        "id": "PYSEC-2024-9",
        "modified": "2025-02-02T00:00:00Z",
        "aliases": ["CVE-2024-22195"],
        "affected": [_before("PyPI", "jinja2", "3.1.3")],
    },
    # Two branches, each with its fix.
    {
        "id": "GHSA-grv7-fg5c-xmjg",
        "modified": "2025-02-01T00:00:00Z",
        "aliases": ["CVE-2024-4068"],
        "severity": [
            *_cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"),
            *_cvss("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", "CVSS_V4"),
        ],
        "affected": [
            _fixed(
                "npm",
                "braces",
                {"introduced": "2.0.0"},
                {"fixed": "2.3.4"},
                {"introduced": "3.0.0"},
                {"fixed": "3.0.3"},
                kind="SEMVER",
            )
        ],
    },
    {
        "id": "GO-2024-2687",
        "modified": "2025-02-01T00:00:00Z",
        "aliases": ["CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"],
        "severity": _cvss(_HEAP),
        "affected": [_before("Go", "stdlib", "1.21.9", kind="SEMVER")],
    },
    # Withdrawn: it was the same as another one.
    {
        "id": "GHSA-0000-0000-0000",
        "modified": "2025-02-01T00:00:00Z",
        "withdrawn": "2025-02-02T00:00:00Z",
        "affected": [_before("PyPI", "jinja2", "99")],
    },
)
