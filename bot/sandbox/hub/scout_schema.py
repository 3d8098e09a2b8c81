"""The part of Docker Scout's schema that is played here, and what the real service would refuse before answering.

Source: the schema that Docker publishes in https://github.com/docker/hub-mcp, `src/scout/genql`, and
https://docs.docker.com/dhi/tools/api/.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.hub.scout_query import Declared, Field, Query, Variable

UNDOCUMENTED = frozenset({"imageSummariesByDigest", "namespaceEntitlements", "repoFeatures"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A field of an object.

    Attributes:
        type: The object it is, or None for a scalar.
        arguments: Their types, as the schema writes them.
    """

    type: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)


_SCALAR = Shape()
_CONTEXT = {"context": "Context!"}

OBJECTS: Mapping[str, Mapping[str, Shape]] = {
    "Query": {
        "imageSummariesByDigest": Shape(
            "SdImageSummary", {**_CONTEXT, "digests": "[String!]!", "repository": "ScRepositoryInput"}
        ),
        "imagePackagesForImageCoords": Shape(
            "IpImagePackagesForImageCoords", {**_CONTEXT, "query": "IpImagePackagesForImageCoordsQuery!"}
        ),
        "namespaceEntitlements": Shape("NamespaceEntitlements", _CONTEXT),
        "repoFeatures": Shape("RepositoryFeatures", {**_CONTEXT, "repoName": "String!", "hostName": "String"}),
    },
    "SdImageSummary": {
        "digest": _SCALAR,
        "sbomState": _SCALAR,
        "vulnerabilityReport": Shape("VulnerabilityReport"),
    },
    "VulnerabilityReport": dict.fromkeys(("critical", "high", "medium", "low", "unspecified", "total"), _SCALAR),
    "IpImagePackagesForImageCoords": {
        **dict.fromkeys(("digest", "hostName", "repoName", "sbomState"), _SCALAR),
        "imagePackages": Shape("IpImagePackages"),
    },
    "IpImagePackages": {"packages": Shape("IpImagePackage")},
    "IpImagePackage": {"package": Shape("Package")},
    "Package": {
        **dict.fromkeys(("purl", "name", "version"), _SCALAR),
        "vulnerabilities": Shape("VpVulnerability"),
    },
    "VpVulnerability": {
        **dict.fromkeys(("sourceId", "source", "fixedBy", "vulnerableRange", "url", "publishedAt"), _SCALAR),
        "cvss": Shape("VpCVSS"),
        **dict.fromkeys(("isExcepted", "cisaExploited"), _SCALAR),
    },
    "VpCVSS": dict.fromkeys(("severity", "score", "vector", "version"), _SCALAR),
    "NamespaceEntitlements": dict.fromkeys(("namespace", "isEnrolled"), _SCALAR),
    "RepositoryFeatures": {"vulnerabilityReporting": Shape("RepositoryFeature")},
    "RepositoryFeature": {"enabled": _SCALAR},
}
INPUTS: Mapping[str, Mapping[str, str]] = {
    # `namespace` and `teamId` are deprecated spellings.
    "Context": {"organization": "String", "namespace": "String", "teamId": "String"},
    "ScRepositoryInput": {"hostName": "String!", "repoName": "String!"},
    "IpImagePackagesForImageCoordsQuery": {
        **dict.fromkeys(("digest", "hostName", "repoName"), "String!"),
        **dict.fromkeys(("includeExcepted", "includeNodsa", "includePublic"), "Boolean"),
    },
}
_SCALARS: Mapping[str, type] = {"String": str, "Boolean": bool}


def problems(query: Query, given: Mapping[str, Any], *, missing: frozenset[str] = frozenset()) -> list[str]:
    """Return what the real service would say is wrong with a query; empty when it can be answered.

    Args:
        query: What is asked.
        given: The values of its variables.
        missing: Fields of `Query` that the schema does not have after all.
    """
    found = list(_in_selections("Query", query.selections, query.variables, missing))
    for name, declared in query.variables.items():
        if name in given or not declared.has_default:
            found += _in_value(f'Variable "${name}"', declared.type, given.get(name))
    return found


def values(field_: Field, query: Query, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a field with the variables filled in; a variable that was not given is left out."""

    def filled(value: Any) -> Any:
        match value:
            case Variable(name):
                return given.get(name, query.variables[name].default)
            case dict():
                return {key: filled(each) for key, each in value.items()}
            case list():
                return [filled(each) for each in value]
        return value

    return {name: filled(value) for name, value in field_.arguments.items()}


def selected(data: Any, selections: Sequence[Field]) -> Any:
    """Return only what was asked for, under the names that were asked for."""
    if isinstance(data, list):
        return [selected(each, selections) for each in data]
    if not isinstance(data, dict) or not selections:
        return data
    return {each.key: selected(data.get(each.name), each.selections) for each in selections}


def _in_selections(
    type_name: str, selections: Sequence[Field], declared: Mapping[str, Declared], missing: frozenset[str]
) -> Iterator[str]:
    for each in selections:
        shape = OBJECTS[type_name].get(each.name)
        if shape is None or (type_name == "Query" and each.name in missing):
            yield f'Cannot query field "{each.name}" on type "{type_name}".'
            continue
        yield from _in_arguments(each, shape, declared)
        if shape.type is None and each.selections:
            yield f'Field "{each.name}" must not have a selection since it has no subfields.'
        elif shape.type is not None and not each.selections:
            yield f'Field "{each.name}" of type "{shape.type}" must have a selection of subfields.'
        elif shape.type is not None:
            yield from _in_selections(shape.type, each.selections, declared, missing)


def _in_arguments(asked: Field, shape: Shape, declared: Mapping[str, Declared]) -> Iterator[str]:
    for name, value in asked.arguments.items():
        if name not in shape.arguments:
            yield f'Unknown argument "{name}" on field "{asked.name}".'
        else:
            yield from _in_literal(f'Argument "{name}"', shape.arguments[name], value, declared)
    for name, wanted in shape.arguments.items():
        if wanted.endswith("!") and name not in asked.arguments:
            yield f'Field "{asked.name}" argument "{name}" of type "{wanted}" is required, but it was not provided.'


def _in_literal(what: str, wanted: str, value: Any, declared: Mapping[str, Declared]) -> Iterator[str]:
    """Find what is wrong with a value in the query's text, in which there may be variables."""
    match value:
        case Variable(name) if name not in declared:
            yield f'Variable "${name}" is not defined.'
        case Variable(name):
            has = declared[name].type
            if has not in {wanted, f"{wanted}!"}:
                yield f'Variable "${name}" of type "{has}" used in position expecting type "{wanted}".'
        case dict() if wanted.rstrip("!") in INPUTS:
            fields = INPUTS[wanted.rstrip("!")]
            for key, each in value.items():
                if key in fields:
                    yield from _in_literal(f'{what}, field "{key}"', fields[key], each, declared)
            yield from _in_fields(what, wanted.rstrip("!"), value)
        case _:
            yield from _in_value(what, wanted, value)


def _in_value(what: str, wanted: str, value: Any) -> Iterator[str]:
    """Find what is wrong with a value that is all there."""
    if value is None:
        if wanted.endswith("!"):
            yield f'{what} of required type "{wanted}" was not provided.'
        return
    bare = wanted.removesuffix("!")
    if bare.startswith("["):
        for each in value if isinstance(value, list) else [value]:
            yield from _in_value(what, bare[1:-1], each)
    elif bare in INPUTS:
        yield from _in_fields(what, bare, value)
        for key, type_ in INPUTS[bare].items():
            if isinstance(value, dict) and value.get(key) is not None:
                yield from _in_value(f'{what}, field "{key}"', type_, value[key])
    elif bare not in _SCALARS:
        yield f'Unknown type "{bare}".'
    elif not isinstance(value, _SCALARS[bare]):
        yield f"{what} got invalid value; {bare} cannot represent it."


def _in_fields(what: str, bare: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f'{what} got invalid value; Expected type "{bare}" to be an object.'
        return
    for key in value:
        if key not in INPUTS[bare]:
            yield f'{what} got invalid value; Field "{key}" is not defined by type "{bare}".'
    for key, wanted in INPUTS[bare].items():
        if wanted.endswith("!") and value.get(key) is None:
            yield f'{what} got invalid value; Field "{key}" of required type "{wanted}" was not provided.'
