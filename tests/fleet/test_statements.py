"""What is read out of SBOMs and provenance."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fleet.statements import BaseImage, base_of_annotations, read_materials, read_sbom
from tests.support.registry import provenance, spdx

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def statement(predicate: object) -> bytes:
    return json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate}).encode()


def test_packages_are_the_package_urls_each_once() -> None:
    curl, npm = "pkg:deb/debian/curl@7.88.1-10?distro=debian-12", "pkg:npm/%40acme/core@1.0.0"

    assert read_sbom(statement(spdx(curl, npm, curl))).packages == (curl, npm)


def test_sbom_without_packages_names_none() -> None:
    assert read_sbom(statement(spdx())).packages == ()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"predicate": {"packages": [', statement({"components": []}), b"[]"]
)
def test_what_is_no_sbom_is_an_error_and_not_an_empty_one(body: bytes) -> None:
    with pytest.raises(ValueError, match="an SBOM"):
        read_sbom(body)


@settings(max_examples=50)
@given(st.binary() | json_values.map(statement))
def test_nothing_else_is_raised(body: bytes) -> None:
    for read in (read_sbom, read_materials):
        try:
            read(body)
        except ValueError as error:
            assert str(error).startswith(("an SBOM", "a provenance"))


def test_huge_sbom_takes_little_memory() -> None:
    body = statement(spdx(*(f"pkg:npm/package-{n}@1.0.0" for n in range(100)), files=40_000))
    assert len(body) > 2_000_000
    read_sbom(statement(spdx()))  # Imports what it takes.
    tracemalloc.start()
    try:
        packages = read_sbom(body).packages
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(packages) == 100
    assert peak < 500_000, "decoded whole, it takes some five times its own length"


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("uri", "digest", "expected"),
    [
        ("pkg:docker/python@3.12?platform=linux%2Famd64", DIGEST, BaseImage("python:3.12", DIGEST)),
        ("pkg:docker/acme/base@1.0?platform=linux%2Farm64", DIGEST, BaseImage("acme/base:1.0", DIGEST)),
        ("pkg:docker/ghcr.io/acme/base@1.0", DIGEST, BaseImage("ghcr.io/acme/base:1.0", DIGEST)),
        (f"pkg:docker/python@3.12?digest={OTHER}&platform=linux%2Famd64", "", BaseImage("python:3.12", OTHER)),
        (f"pkg:docker/python@{DIGEST}", "", BaseImage("python", DIGEST)),
        ("pkg:docker/python@3.12", "nonsense", BaseImage("python:3.12")),
    ],
)
def test_images_it_was_built_from_are_read(version: int, uri: str, digest: str, expected: BaseImage) -> None:
    _, predicate = provenance((uri, digest), ("https://github.com/acme/api.git#main", "0" * 40), version=version)

    assert read_materials(statement(predicate)) == (expected,)


def test_tools_of_the_builder_are_no_images_it_was_built_from() -> None:
    _, predicate = provenance(
        ("pkg:docker/docker/dockerfile@1", DIGEST),
        ("pkg:docker/docker/buildkit-syft-scanner@stable-1", DIGEST),
        ("pkg:docker/golang@1.22", DIGEST),
        ("pkg:docker/alpine@3.20", OTHER),
    )

    assert read_materials(statement(predicate)) == (BaseImage("golang:1.22", DIGEST), BaseImage("alpine:3.20", OTHER))


def test_annotations_name_the_base() -> None:
    name, digest = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"

    assert base_of_annotations({name: "docker.io/library/python:3.12", digest: DIGEST}) == BaseImage(
        "docker.io/library/python:3.12", DIGEST
    )
    assert base_of_annotations({name: "python:3.12", digest: "?"}) == BaseImage("python:3.12")
    assert base_of_annotations({digest: DIGEST}) is None
