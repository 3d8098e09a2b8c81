import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.images import RepositoryName
from bot.pushes.payload import ContentKind, Push, RejectedPayloadError, content_kind, parse_push

PAYLOADS = Path(__file__).parent / "payloads"
NEWEST = json.loads((PAYLOADS / "push__2022_today.json").read_text())


def recorded(name: str) -> Push:
    return parse_push((PAYLOADS / f"push__{name}.json").read_bytes())


def changed(section: str, **fields: Any) -> bytes:
    """Return today's payload with other fields in one of its sections; `...` takes one out."""
    merged = {**NEWEST[section], **fields}
    kept = {name: value for name, value in merged.items() if value is not ...}
    return json.dumps({**NEWEST, section: kept}).encode()


def rejected(body: bytes) -> tuple[str, str]:
    with pytest.raises(RejectedPayloadError) as caught:
        parse_push(body)
    return caught.value.field, caught.value.problem


def test_every_recorded_payload_is_tested() -> None:
    tested = {"2022_today", "2014_automated_build", "2015_official", "2026_helm_chart", "2026_hardened"}

    assert {path.stem.removeprefix("push__") for path in PAYLOADS.glob("*.json")} == tested


def test_todays_payload_is_read() -> None:
    assert recorded("2022_today") == Push(
        repository=RepositoryName("acme", "app"),
        tag="latest",
        pushed_at=datetime(2022, 7, 31, 16, 16, 42, tzinfo=UTC),
        pusher="acme",
        media_type="application/vnd.docker.distribution.manifest.v2+json",
    )


def test_an_automated_build_of_2014_has_no_tag_and_a_float_for_a_time() -> None:
    assert recorded("2014_automated_build") == Push(
        repository=RepositoryName("svendowideit", "testhook"),
        tag="",
        pushed_at=datetime(2014, 12, 3, 0, 22, 41, tzinfo=UTC),
        pusher="trustedbuilder",
    )


def test_an_official_repository_has_no_namespace_in_its_name() -> None:
    push = recorded("2015_official")

    assert (push.repository, push.tag, push.media_type) == (RepositoryName("library", "busybox"), "", None)
    assert push.content_kind is ContentKind.IMAGE


def test_a_helm_chart_is_told_from_an_image() -> None:
    assert recorded("2026_helm_chart").content_kind is ContentKind.HELM_CHART


def test_what_changed_in_a_hardened_image_is_kept() -> None:
    hardened = recorded("2026_hardened").hardened

    assert [each["change_categories"] for each in hardened.values()] == [["vulnerability_fix"]]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        (None, ContentKind.IMAGE),
        ("application/vnd.docker.distribution.manifest.list.v2+json", ContentKind.IMAGE),
        ("application/vnd.docker.container.image.v1+json", ContentKind.IMAGE),
        ("application/vnd.oci.image.index.v1+json", ContentKind.IMAGE),
        ("application/vnd.cncf.helm.config.v1+json", ContentKind.HELM_CHART),
        ("application/vnd.docker.ai.model.config.v0.1+json", ContentKind.MODEL),
        ("application/vnd.docker.plugin.v1+json", ContentKind.PLUGIN),
        ("application/vnd.example.something+json", ContentKind.OTHER),
    ],
)
def test_media_types_tell_what_was_pushed(media_type: str | None, kind: ContentKind) -> None:
    assert content_kind(media_type) is kind


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(NEWEST).encode(),
        b"\xef\xbb\xbf" + json.dumps(NEWEST).encode(),
        urlencode({"payload": json.dumps(NEWEST)}).encode(),
        urlencode({"other": "1", "payload": json.dumps(NEWEST)}).encode(),
        quote(json.dumps(NEWEST)).encode(),
        f"{quote(json.dumps(NEWEST))}=".encode(),
    ],
)
def test_json_and_forms_say_the_same(body: bytes) -> None:
    assert parse_push(body) == recorded("2022_today")


@pytest.mark.parametrize("pushed_at", [1659284202, 1659284202.0, "1659284202"])
def test_a_time_may_be_a_number_of_any_kind(pushed_at: object) -> None:
    assert parse_push(changed("push_data", pushed_at=pushed_at)).pushed_at.timestamp() == 1659284202


def test_the_name_is_put_together_where_the_full_one_is_missing() -> None:
    assert parse_push(changed("repository", repo_name=...)).repository == RepositoryName("acme", "app")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"[]", ""),
        (b"null", ""),
        (b"[" * 100_000, ""),
        (b"payload=nothing", ""),
        (b"{}", "push_data"),
        (json.dumps({"push_data": [], "repository": {}}).encode(), "push_data"),
        (json.dumps({"push_data": NEWEST["push_data"]}).encode(), "repository"),
        (changed("push_data", tag=5), "push_data.tag"),
        (changed("push_data", tag="a tag"), "push_data.tag"),
        (changed("push_data", tag="<!channel>"), "push_data.tag"),
        (changed("push_data", tag="x" * 129), "push_data.tag"),
        (changed("push_data", tag=f"v1@sha256:{'a' * 64}"), "push_data.tag"),
        (changed("push_data", pusher=["x"]), "push_data.pusher"),
        (changed("push_data", pusher="x" * 256), "push_data.pusher"),
        (changed("push_data", media_type=1), "push_data.media_type"),
        (changed("push_data", pushed_at=...), "push_data.pushed_at"),
        (changed("push_data", pushed_at=None), "push_data.pushed_at"),
        (changed("push_data", pushed_at=True), "push_data.pushed_at"),
        (changed("push_data", pushed_at=-1), "push_data.pushed_at"),
        (changed("push_data", pushed_at=1e300), "push_data.pushed_at"),
        (changed("push_data", pushed_at="yesterday"), "push_data.pushed_at"),
        (changed("push_data", pushed_at=1659284202000), "push_data.pushed_at"),
        (changed("repository", repo_name=..., name=..., namespace=...), "repository.repo_name"),
        (changed("repository", repo_name="../../etc"), "repository.repo_name"),
        (changed("repository", repo_name="ghcr.io/acme/app"), "repository.repo_name"),
        (changed("repository", repo_name=7), "repository.repo_name"),
        (changed("repository", repo_name="acme/app:latest"), "repository.repo_name"),
    ],
)
def test_nonsense_is_rejected_and_the_field_named(body: bytes, field: str) -> None:
    found, problem = rejected(body)

    assert found == field
    assert problem.endswith(".")
    assert "NaN" not in problem


def test_a_time_that_is_no_number_is_rejected() -> None:
    body = json.dumps(NEWEST).replace("1659284202", "NaN").encode()

    assert rejected(body)[0] == "push_data.pushed_at"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["push_data", "repository"]), st.data())
def test_whatever_stands_in_a_field_is_read_or_rejected(section: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(NEWEST[section])))

    try:
        push = parse_push(changed(section, **{name: data.draw(JSON)}))
    except RejectedPayloadError as error:
        assert error.field.startswith(section) or not error.field
    else:
        assert push.pushed_at.tzinfo is UTC


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(body: bytes) -> None:
    with pytest.raises(RejectedPayloadError):
        parse_push(body)
