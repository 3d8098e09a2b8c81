"""What the simulated Docker Scout answers: one GraphQL endpoint, whose errors come with status 200.

Source: https://docs.docker.com/dhi/tools/api/ for the endpoint, the bearer and the form of errors; the queries beside
the documented one from https://github.com/docker/hub-mcp.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import Permission, permission
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import html_answer, json_answer
from bot.sandbox.hub.scout import Known
from bot.sandbox.hub.scout_query import Field, SyntaxProblemError, parse
from bot.sandbox.hub.scout_schema import UNDOCUMENTED, problems, selected, values
from bot.sandbox.hub.scout_seed import Finding

PATH = "/v1/graphql"
HOSTS = frozenset({"hub.docker.com", "docker.io"})
NOT_ALLOWED = "You are not allowed to read data for this team"
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED")
_STATUS_WORDS = {401: "UNAUTHENTICATED", 402: "PAYMENT_REQUIRED", 403: "FORBIDDEN", 503: "SERVICE_UNAVAILABLE"}


class _RefusedError(Exception):
    """A field cannot be answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def answer_scout(call: Call) -> Answer:
    """Answer a query."""
    if call.request.method != "POST":
        return html_answer(405)
    asked = call.json_object()
    text = asked.get("query") if asked else None
    given = (asked or {}).get("variables") or {}
    if not isinstance(text, str) or not isinstance(given, dict):
        return _invalid(call, "GRAPHQL_PARSE_FAILED", ["Must provide query string."])
    try:
        query = parse(text)
    except SyntaxProblemError as error:
        return _invalid(call, "GRAPHQL_PARSE_FAILED", [str(error)])
    missing = UNDOCUMENTED if call.unknowns.scout_undocumented == "gone" else frozenset[str]()
    wrong = problems(query, given, missing=missing)
    if wrong:
        return _invalid(call, "GRAPHQL_VALIDATION_FAILED", wrong)
    data: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for each in query.selections:
        try:
            found = _resolve(call, each, values(each, query, given), errors)
        except _RefusedError as error:
            data[each.key] = None
            errors.append(_error(call, error.status, error.message, [each.key]))
        else:
            data[each.key] = selected(found, each.selections)
    return _whole(call, data, errors)


def _resolve(call: Call, field: Field, arguments: Mapping[str, Any], errors: list[dict[str, Any]]) -> Any:
    if call.caller.kind == "invalid":
        raise _RefusedError(401, "invalid or expired token")
    refusal = call.scout.refusal(field.name)
    if refusal is not None:
        raise _RefusedError(refusal.status, refusal.message)
    if field.name in UNDOCUMENTED:
        is_refused_oat = call.caller.kind == "oat" and call.unknowns.scout_oat == "documented_only"
        if is_refused_oat or call.unknowns.scout_undocumented == "refused":
            raise _RefusedError(403, NOT_ALLOWED)
    _check_organization(call, _organization(arguments))
    return _QUERIES[field.name](call, field, arguments, errors)


def _summaries(call: Call, field: Field, arguments: Mapping[str, Any], errors: list[dict[str, Any]]) -> Any:
    repository = arguments.get("repository")
    if repository is None and call.unknowns.scout_repository == "required":
        raise _RefusedError(400, "repository is required")
    path = _path(repository) if repository else None
    entries: list[dict[str, Any]] = []
    for digest in arguments["digests"]:
        known = _visible(call, digest, _organization(arguments), path, includes_public=False)
        if known is None:
            continue
        if known.is_broken:
            place = [field.key, len(entries), "vulnerabilityReport"]
            errors.append(_error(call, 503, "downstream service error", place))
        entries.append({"digest": digest, "sbomState": known.state, "vulnerabilityReport": _report(known)})
    return entries


def _report(known: Known) -> dict[str, int] | None:
    if known.state != "INDEXED" or known.findings is None or known.is_broken:
        return None
    by_id = {each.id: each.severity for each in known.findings if not each.is_excepted}
    counts = Counter[str](by_id.values())
    return {**{name.lower(): counts[name] for name in _SEVERITIES}, "total": len(by_id)}


def _packages(call: Call, field: Field, arguments: Mapping[str, Any], errors: list[dict[str, Any]]) -> Any:
    query = arguments["query"]
    organization = _organization(arguments)
    includes_public = organization is None or bool(query.get("includePublic"))
    path = _path(query, organization)
    known = _visible(call, query["digest"], organization, path, includes_public=includes_public)
    if known is None:
        return None
    if known.is_broken:
        errors.append(_error(call, 503, "downstream service error", [field.key, "imagePackages"]))
    return {
        "digest": known.digest,
        "hostName": query["hostName"],
        "repoName": query["repoName"],
        "sbomState": known.state,
        "imagePackages": None if known.is_broken else {"packages": _entries(known, query)},
    }


def _entries(known: Known, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    if known.state != "INDEXED":
        return []
    # A package with nothing wrong with it, so that an image without vulnerabilities is not without packages.
    entries: dict[str, dict[str, Any]] = {
        "pkg:deb/debian/base-files@12.4": _package("pkg:deb/debian/base-files@12.4", "base-files", "12.4")
    }
    for each in known.findings or ():
        package = entries.setdefault(each.purl, _package(each.purl, each.package, each.version))
        if not each.is_excepted or query.get("includeExcepted"):
            package["vulnerabilities"].append(_vulnerability(each))
    if known.findings is None:
        for package in entries.values():
            package["vulnerabilities"] = None
    return [{"package": package} for package in entries.values()]


def _package(purl: str, name: str, version: str) -> dict[str, Any]:
    return {"purl": purl, "name": name, "version": version, "vulnerabilities": []}


def _vulnerability(finding: Finding) -> dict[str, Any]:
    return {
        "sourceId": finding.id,
        "source": "nist",
        "fixedBy": finding.fixed_by,
        "vulnerableRange": f"<{finding.fixed_by}" if finding.fixed_by else f">={finding.version}",
        "url": f"https://scout.docker.com/v/{finding.id}",
        "publishedAt": None,
        "cvss": {"severity": finding.severity, "score": finding.score, "vector": None, "version": None},
        "isExcepted": finding.is_excepted,
        "cisaExploited": False,
    }


def _entitlements(call: Call, _: Field, arguments: Mapping[str, Any], __: list[dict[str, Any]]) -> Any:
    organization = _organization(arguments)
    if organization is None:
        raise _RefusedError(403, NOT_ALLOWED)
    return {"namespace": organization, "isEnrolled": call.scout.is_enrolled(organization)}


def _features(call: Call, _: Field, arguments: Mapping[str, Any], __: list[dict[str, Any]]) -> Any:
    path = _path(arguments, _organization(arguments))
    return {"vulnerabilityReporting": {"enabled": call.scout.is_enabled(path)}}


def _organization(arguments: Mapping[str, Any]) -> str | None:
    context = arguments["context"]
    return context.get("organization") or context.get("namespace") or None


def _check_organization(call: Call, organization: str | None) -> None:
    """Let only those ask about an organization who belong to it; a person's own namespace is theirs."""
    if organization is None:
        return
    caller = call.caller
    account = call.state.accounts.get(organization)
    is_member = account is not None and caller.kind != "oat" and caller.name in account.members
    if not caller.is_logged_in or not (is_member or caller.name == organization):
        raise _RefusedError(403, NOT_ALLOWED)


def _visible(
    call: Call, digest: str, organization: str | None, path: str | None, *, includes_public: bool
) -> Known | None:
    """Return an image of the organization, or a public one where those are looked up; at one place, or anywhere."""
    for known in call.scout.known(digest):
        repository = known.repository
        if path is not None and repository.path != path:
            continue
        if organization is not None and repository.namespace == organization:
            if permission(call.state, call.caller, repository) >= Permission.READ:
                return known
        elif (organization is None or includes_public) and not repository.is_private:
            return known
    return None


def _path(coordinates: Mapping[str, Any], organization: str | None = None) -> str:
    """Return the repository that is meant; its namespace may be left out."""
    if coordinates.get("hostName", "hub.docker.com") not in HOSTS:
        return ""
    name = str(coordinates["repoName"])
    return name if "/" in name else f"{organization or 'library'}/{name}"


def _error(call: Call, status: int, message: str, path: list[Any]) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": "DOWNSTREAM_SERVICE_ERROR"}
    match call.unknowns.scout_status:
        case "number":
            extensions["status"] = status
        case "text":
            extensions["status"] = f"{status} {_STATUS_WORDS.get(status, 'ERROR')}"
        case "word":
            extensions["status"] = _STATUS_WORDS.get(status, "ERROR")
    return {"message": message, "path": path, "extensions": extensions}


def _invalid(call: Call, code: str, messages: list[str]) -> Answer:
    place = [{"line": 1, "column": 1}]
    errors = [{"message": each, "locations": place, "extensions": {"code": code}} for each in messages]
    return json_answer(int(call.unknowns.scout_invalid), {"errors": errors, **_correlation(call)})


def _whole(call: Call, data: dict[str, Any], errors: list[dict[str, Any]]) -> Answer:
    is_nothing = errors and all(value is None for value in data.values())
    told = None if is_nothing and call.unknowns.scout_data == "null" else data
    return json_answer(200, {"data": told, **({"errors": errors} if errors else {}), **_correlation(call)})


def _correlation(call: Call) -> dict[str, Any]:
    seed = json.dumps([call.now.isoformat(), call.request.body.decode(errors="replace")])
    return {"extensions": {"correlation_id": str(uuid5(NAMESPACE_URL, seed))}}


_QUERIES: Mapping[str, Callable[[Call, Field, Mapping[str, Any], list[dict[str, Any]]], Any]] = {
    "imageSummariesByDigest": _summaries,
    "imagePackagesForImageCoords": _packages,
    "namespaceEntitlements": _entitlements,
    "repoFeatures": _features,
}
