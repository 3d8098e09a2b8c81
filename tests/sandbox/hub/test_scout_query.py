"""Reading queries, and what the schema has against them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.hub.scout_query import Declared, Field, Query, SyntaxProblemError, Variable, parse
from bot.sandbox.hub.scout_schema import problems, selected, values


def test_a_query_is_read_whole() -> None:
    query = parse(
        """
        query Name($a: [String!]!, $b: Int = 3) {  # a comment
          first: one(x: $a, y: {z: [1, -2.5, true, null, WORD, "t\\"ext"]}) { two, three { four } }
        }
        """
    )

    arguments = {"x": Variable("a"), "y": {"z": [1, -2.5, True, None, "WORD", 't"ext']}}
    inner = (Field("two", "two"), Field("three", "three", {}, (Field("four", "four"),)))
    assert query == Query(
        {"a": Declared("[String!]!"), "b": Declared("Int", has_default=True, default=3)},
        (Field("first", "one", arguments, inner),),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "{ a",
        "{ a { } }",
        "mutation { a }",
        "{ a } { b }",
        "query (a: Int) { b }",
        "{ a(b: ) }",
        "{ a(b: $) }",
        '{ a(b: "\\x") }',
        "{ ... on X { a } }",
        "{ a @skip(if: true) }",
        "{ a ; }",
        "{" * 10_000,
        "{ a(b: " + "[" * 10_000,
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(SyntaxProblemError, match="Syntax Error"):
        parse(text)


@given(st.text(alphabet='{}()[]$:!=, \n"\\abq#.1-', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except SyntaxProblemError:
        return


COORDS = 'imagePackagesForImageCoords(context: {}, query: {digest: "d", hostName: "h", repoName: "r"%s}) { digest }'


@pytest.mark.parametrize(
    ("text", "given_values", "problem"),
    [
        ("{ nothing }", {}, 'Cannot query field "nothing" on type "Query".'),
        (
            "{ imageSummariesByDigest(context: {}, digests: []) }",
            {},
            'Field "imageSummariesByDigest" of type "SdImageSummary" must have a selection of subfields.',
        ),
        (
            "{ imageSummariesByDigest(context: {}, digests: []) { digest { a } } }",
            {},
            'Field "digest" must not have a selection since it has no subfields.',
        ),
        (
            "{ imageSummariesByDigest(digests: []) { digest } }",
            {},
            (
                'Field "imageSummariesByDigest" argument "context" of type "Context!" is required, but it was not '
                "provided."
            ),
        ),
        (
            "{ imageSummariesByDigest(context: {}, digests: [], x: 1) { digest } }",
            {},
            'Unknown argument "x" on field "imageSummariesByDigest".',
        ),
        (
            "{ imageSummariesByDigest(context: {}, digests: [7]) { digest } }",
            {},
            'Argument "digests" got invalid value; String cannot represent it.',
        ),
        (
            "{ imageSummariesByDigest(context: $c, digests: []) { digest } }",
            {},
            'Variable "$c" is not defined.',
        ),
        (
            "query ($c: Context) { imageSummariesByDigest(context: $c, digests: []) { digest } }",
            {"c": {}},
            'Variable "$c" of type "Context" used in position expecting type "Context!".',
        ),
        (
            "query ($c: Context!) { imageSummariesByDigest(context: $c, digests: []) { digest } }",
            {},
            'Variable "$c" of required type "Context!" was not provided.',
        ),
        (
            "query ($c: Context!) { imageSummariesByDigest(context: $c, digests: []) { digest } }",
            {"c": {"team": "x"}},
            'Variable "$c" got invalid value; Field "team" is not defined by type "Context".',
        ),
        (
            "query ($c: Context!) { imageSummariesByDigest(context: $c, digests: []) { digest } }",
            {"c": "acme"},
            'Variable "$c" got invalid value; Expected type "Context" to be an object.',
        ),
        (
            "{ " + COORDS % ", x: true" + " }",
            {},
            (
                'Argument "query" got invalid value; Field "x" is not defined by type '
                '"IpImagePackagesForImageCoordsQuery".'
            ),
        ),
        (
            '{ imageSummariesByDigest(context: {}, digests: [], repository: {repoName: "r"}) { digest } }',
            {},
            'Argument "repository" got invalid value; Field "hostName" of required type "String!" was not provided.',
        ),
        ("query ($x: Nothing!) { " + COORDS % "" + " }", {"x": 1}, 'Unknown type "Nothing".'),
    ],
)
def test_what_the_schema_does_not_allow_is_told(text: str, given_values: dict[str, Any], problem: str) -> None:
    assert problems(parse(text), given_values) == [problem]


def test_variables_are_filled_in_and_only_what_was_asked_for_is_given() -> None:
    query = parse("query ($d: String!) { " + COORDS.replace('"d"', "$d") % ", includePublic: true" + " }")

    assert problems(query, {"d": "sha256:x"}) == []
    arguments = values(query.selections[0], query, {"d": "sha256:x"})
    assert arguments["query"] == {"digest": "sha256:x", "hostName": "h", "repoName": "r", "includePublic": True}
    data = [{"a": 1, "b": {"c": 2, "d": 3}}, None]
    assert selected(data, parse("{ x: a b { d } }").selections) == [{"x": 1, "b": {"d": 3}}, None]
