"""Which package of OSV a package URL means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fleet.vulnerabilities.purls import UnknownDistributionError, name_of, osv_packages
from bot.hub.advisory import OsvPackage


@pytest.mark.parametrize(
    ("purl", "ecosystem", "name", "version"),
    [
        # Syft, which BuildKit runs: the source package, and its version where that differs.
        (
            "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl",
            "Debian:12",
            "openssl",
            "3.0.15-1~deb12u1",
        ),
        ("pkg:deb/debian/libgcc@1:12%2Bb1?distro=debian-12&upstream=gcc%4012.2-14", "Debian:12", "gcc", "12.2-14"),
        (
            "pkg:apk/alpine/libcrypto3@3.1.4-r5?distro=alpine-3.19.1&upstream=openssl",
            "Alpine:v3.19",
            "openssl",
            "3.1.4-r5",
        ),
        ("pkg:deb/ubuntu/curl@8.5.0?distro=ubuntu-24.04", "Ubuntu:24.04:LTS", "curl", "8.5.0"),
        ("pkg:deb/ubuntu/curl@8.5.0?distro=ubuntu-24.10", "Ubuntu:24.10", "curl", "8.5.0"),
        (
            "pkg:rpm/rocky/openssl-libs@3.0.7-24.el9?distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm",
            "Rocky Linux:9",
            "openssl",
            "1:3.0.7-24.el9",
        ),
        ("pkg:apk/wolfi/curl@8.9.0-r0?distro=wolfi-20230201", "Wolfi", "curl", "8.9.0-r0"),
        # Trivy.
        ("pkg:deb/debian/curl@7.88?distro=debian-12.8", "Debian:12", "curl", "7.88"),
        ("pkg:apk/alpine/curl@8.5.0-r0?distro=3.19.1", "Alpine:v3.19", "curl", "8.5.0-r0"),
        # Docker Scout, and code names.
        ("pkg:deb/debian/curl@7.88?os_distro=bookworm&os_name=debian&os_version=12", "Debian:12", "curl", "7.88"),
        ("pkg:deb/debian/curl@7.88?distro=bookworm", "Debian:12", "curl", "7.88"),
        ("pkg:deb/ubuntu/curl@7.88?distro=jammy", "Ubuntu:22.04:LTS", "curl", "7.88"),
        ("pkg:apk/alpine/curl@8.5.0-r0?distro=alpine-edge", "Alpine:edge", "curl", "8.5.0-r0"),
        # Languages: qualifiers say nothing that OSV would look at.
        ("pkg:npm/%40angular/core@1.0.0?vcs_url=x", "npm", "@angular/core", "1.0.0"),
        (
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            "Maven",
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
        ),
        ("pkg:golang/github.com/acme/api@v1.2.3", "Go", "github.com/acme/api", "1.2.3"),
        ("pkg:golang/stdlib@1.21.3", "Go", "stdlib", "1.21.3"),
        ("pkg:pypi/jinja2@3.1.2", "PyPI", "jinja2", "3.1.2"),
        ("pkg:cargo/serde@1.0.0", "crates.io", "serde", "1.0.0"),
    ],
)
def test_package_is_asked_for_by_the_name_that_osv_knows(purl: str, ecosystem: str, name: str, version: str) -> None:
    assert osv_packages(purl) == (OsvPackage(ecosystem, name, version),)


def test_red_hat_has_two_streams() -> None:
    found = osv_packages("pkg:rpm/redhat/curl@7.76.1-26.el9?distro=rhel-9.3")

    assert [each.ecosystem for each in found] == [
        "Red Hat:enterprise_linux:9::baseos",
        "Red Hat:enterprise_linux:9::appstream",
    ]


@pytest.mark.parametrize("purl", ["pkg:generic/x@1", "pkg:docker/python@3.12", "pkg:npm/lodash", "curl 7.88", ""])
def test_what_osv_has_no_advisories_for_is_not_asked_for(purl: str) -> None:
    assert osv_packages(purl) == ()


@pytest.mark.parametrize(
    ("purl", "said"),
    [
        ("pkg:rpm/amzn/curl@8.0?distro=amzn-2023", "amzn"),
        ("pkg:deb/debian/curl@7.88?arch=amd64", "debian of an unknown release"),
        ("pkg:alpm/arch/curl@8.0", "arch"),
    ],
)
def test_packages_of_a_distribution_that_osv_does_not_know_are_no_clean_ones(purl: str, said: str) -> None:
    with pytest.raises(UnknownDistributionError, match=said):
        osv_packages(purl)


@pytest.mark.parametrize(
    ("purl", "name"),
    [
        ("pkg:generic/openssl@1.0.1", "openssl 1.0.1"),
        ("pkg:npm/%40acme/lodash", "@acme/lodash of unknown version"),
        ("pkg:deb/debian/openssl?distro=debian-12", "openssl of unknown version"),
        ("curl 7.88", "curl 7.88"),
        ("pkg:docker/python@3.12", ""),
        ("pkg:oci/api@sha256%3Aaa", ""),
    ],
)
def test_what_cannot_be_asked_about_has_a_name(purl: str, name: str) -> None:
    assert name_of(purl) == name


@given(st.text() | st.text().map("pkg:{}".format) | st.text().map("pkg:deb/debian/x@1?{}".format))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        assert all(each.version for each in osv_packages(text))
    except UnknownDistributionError as error:
        assert str(error)
