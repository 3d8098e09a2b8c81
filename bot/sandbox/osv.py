"""An OSV on your own machine: advisories, looked up by package in batches, and read one by one.

Source: https://google.github.io/osv.dev/post-v1-querybatch/ and https://google.github.io/osv.dev/get-v1-vulns/ for the
API, https://ossf.github.io/osv-schema/ for what an advisory is; that qualifiers of a package URL are left out,
https://github.com/google/osv.dev/issues/3126; the texts of errors, from public reports.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from bot.sandbox.builders.builder import Builder
from bot.sandbox.clock import utc_now
from bot.sandbox.httpd import Answer, Request
from bot.sandbox.osv_seed import ADVISORIES

Json = dict[str, Any]

MOST_QUERIES = 1000
PAGE_SIZE = 1000
ECOSYSTEM = re.compile(
    r"(AlmaLinux|Alpaquita|Alpine|Bitnami|CRAN|Chainguard|ConanCenter|Debian|Echo|Go|Hackage|Hex|Julia|Mageia|Maven"
    r"|MinimOS|NuGet|Packagist|Photon OS|Pub|PyPI|Red Hat|Rocky Linux|RubyGems|SwiftURL|Ubuntu|Wolfi|crates\.io|npm"
    r"|opam|openSUSE)(:.+)?"
)
PURL = re.compile(r"pkg:(?P<type>[^/@?#]+)/(?P<name>[^@?#]+)(?:@(?P<version>[^?#]+))?(?:\?[^#]*)?(?:#.*)?")
PURL_TYPES = {
    "apk": "Alpine",
    "cargo": "crates.io",
    "composer": "Packagist",
    "deb": "Debian",
    "gem": "RubyGems",
    "golang": "Go",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "pypi": "PyPI",
}
SYSTEM_TYPES = frozenset({"apk", "deb"})
# gRPC's codes, which the gateway in front of it writes into the body.
INVALID_ARGUMENT, NOT_FOUND = 3, 5


class _Refused(Exception):  # noqa: N818 - It is an answer, not a failure.
    """A request that OSV does not carry out."""


class OsvSimulator(Builder):
    """The simulated OSV; a service like the simulated build providers, with the same faults.

    Args:
        now: Returns the time, aware and UTC.
        port: The TCP port; 0 lets the system choose.
        advisories: What it knows at first.

    Attributes:
        page_size: How many vulnerabilities of one package an answer holds.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
        advisories: Sequence[Mapping[str, Any]] = ADVISORIES,
    ) -> None:
        super().__init__(now=now, port=port)
        self.page_size = PAGE_SIZE
        self._advisories: dict[str, Json] = {}
        for each in advisories:
            self.add(each)

    def add(self, advisory: Mapping[str, Any]) -> None:
        """Publish an advisory, or its new version: it was changed just now, if it does not say when."""
        with self._lock:
            self._advisories[advisory["id"]] = {"modified": f"{self.clock():%Y-%m-%dT%H:%M:%S.%fZ}", **advisory}

    def withdraw(self, name: str) -> None:
        """Take an advisory back; it stays where it is, and says so."""
        with self._lock:
            self._advisories[name]["withdrawn"] = f"{self.clock():%Y-%m-%dT%H:%M:%SZ}"

    def answer_to(self, request: Request) -> Answer:
        """Answer a call of the API."""
        name = re.fullmatch(r"/v1/vulns/(?P<id>[^/]+)", request.path)
        if name is not None and request.method == "GET":
            found = self._advisories.get(unquote(name["id"]))
            return _json(200, found) if found else _error(404, NOT_FOUND, "Bug not found.")
        if request.path == "/v1/querybatch" and request.method == "POST":
            try:
                return _json(200, {"results": [self._result(query) for query in _queries(request.body)]})
            except _Refused as refused:
                return _error(400, INVALID_ARGUMENT, str(refused))
        return _error(404, NOT_FOUND, "Not Found")

    def _result(self, query: Json) -> Json:
        ecosystem, name, version = _package(query)
        found = [
            {"id": each["id"], "modified": each["modified"]}
            for each in self._advisories.values()
            if "withdrawn" not in each and _affects(each, ecosystem, name, version)
        ]
        start = _offset(query.get("page_token"))
        page = found[start : start + self.page_size]
        result: Json = {"vulns": page} if page else {}
        if start + self.page_size < len(found):
            result["next_page_token"] = base64.b64encode(str(start + self.page_size).encode()).decode()
        return result


def _queries(body: bytes) -> list[Json]:
    try:
        data = json.loads(body)
    except ValueError:
        raise _Refused("Failed to parse the request.") from None
    queries = data.get("queries") if isinstance(data, dict) else None
    if not isinstance(queries, list) or not all(isinstance(query, dict) for query in queries):
        raise _Refused("Failed to parse the request.")
    if len(queries) > MOST_QUERIES:
        raise _Refused("Too many queries.")
    return queries


def _package(query: Json) -> tuple[str, str, str]:
    package, version = query.get("package") or {}, query.get("version", "")
    purl = package.get("purl")
    if purl is None:
        ecosystem = package.get("ecosystem", "")
        if not ECOSYSTEM.fullmatch(ecosystem):
            raise _Refused("Invalid ecosystem.")
        return ecosystem, package.get("name", ""), version
    parts = PURL.fullmatch(purl)
    if parts is None or parts["type"] not in PURL_TYPES:
        raise _Refused("Invalid package URL.")
    if package.get("name") or package.get("ecosystem"):
        raise _Refused("name or ecosystem specified in a PURL query.")
    if parts["version"] and version:
        raise _Refused("version specified in params and PURL query.")
    name = unquote(parts["name"])
    name = name.partition("/")[2] if parts["type"] in SYSTEM_TYPES else name
    name = name.replace("/", ":", 1) if parts["type"] == "maven" else name
    return PURL_TYPES[parts["type"]], name, version or unquote(parts["version"] or "")


def _affects(advisory: Json, ecosystem: str, name: str, version: str) -> bool:
    """Tell whether a version is affected; an ecosystem without its release stands for all releases."""
    for affected in advisory.get("affected", ()):
        package = affected["package"]
        ecosystems = {package["ecosystem"], package["ecosystem"].partition(":")[0]}
        if package["name"] == name and ecosystem in ecosystems:
            ranges = affected.get("ranges", ())
            if version in affected.get("versions", ()) or any(_is_within(version, each) for each in ranges):
                return True
    return False


def _is_within(version: str, versions: Json) -> bool:
    """Evaluate a range. Source: https://ossf.github.io/osv-schema/#evaluation."""
    if versions.get("type") == "GIT":
        return False
    ours, is_vulnerable = _order(version), False
    for event in versions["events"]:
        if "introduced" in event and (event["introduced"] == "0" or ours >= _order(event["introduced"])):
            is_vulnerable = True
        is_fixed = "fixed" in event and ours >= _order(event["fixed"])
        if is_fixed or ("last_affected" in event and ours > _order(event["last_affected"])):
            is_vulnerable = False
    return is_vulnerable


def _order(version: str) -> list[tuple[int, int, str]]:
    """Order versions as Debian does, more or less: numbers by value, and `~` before everything, even the end.

    Each ecosystem has an order of its own; for what is seeded here, this one will do.
    """
    return [*_pieces(version), (1, 0, "")]


def _pieces(version: str) -> Iterator[tuple[int, int, str]]:
    for number, tilde, text in re.findall(r"(\d+)|(~)|([^\d~]+)", version):
        if tilde:
            yield 0, 0, ""
        elif number:
            yield 3, int(number), ""
        else:
            yield 2, 0, text


def _offset(token: object) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(str(token), validate=True))
    except (binascii.Error, ValueError):
        raise _Refused("Invalid page token.") from None


def _error(status: int, code: int, message: str) -> Answer:
    return _json(status, {"code": code, "message": message})


def _json(status: int, data: object) -> Answer:
    return Answer(status, json.dumps(data).encode())
