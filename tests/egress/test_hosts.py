"""Which addresses may be called, with and without a list, however they are written."""

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.egress.errors import EgressRefusedError
from bot.egress.hosts import AllowedHosts, check_addresses
from bot.errors import ConfigError, UserError

TRIGGER = "/api/build/v1/source/1/trigger/2/call/"
LISTED = ("gitlab.example.com", "10.0.0.5:8443", "127.0.0.1:9000", "[fd00::5]", "[::1]:9000", "bücher.example")


def refusal(url: str, hosts: AllowedHosts) -> str:
    with pytest.raises(EgressRefusedError) as refused:
        hosts.check_url(SecretStr(url))
    return str(refused.value)


@pytest.mark.parametrize("host", ["hub.docker.com", "cloud.docker.com", "registry.hub.docker.com"])
@pytest.mark.parametrize("form", ["https://{}", "https://{}:443", "HTTPS://{}."])
def test_dockers_own_hosts_may_be_called_by_default(host: str, form: str) -> None:
    AllowedHosts().check_url(form.format(host) + TRIGGER)
    AllowedHosts().check_url(form.format(host.upper()) + TRIGGER)


@pytest.mark.parametrize("port", [80, 22, 2375, 8443])
def test_not_at_odd_ports(port: int) -> None:
    assert f"`hub.docker.com:{port}`" in refusal(f"https://hub.docker.com:{port}{TRIGGER}", AllowedHosts())


def test_another_docker_hub_takes_the_place_of_the_default() -> None:
    hosts = AllowedHosts("http://127.0.0.1:8081")

    hosts.check_url("http://127.0.0.1:8081" + TRIGGER)
    for url in ("https://hub.docker.com", "https://cloud.docker.com", "http://127.0.0.1:8082", "http://127.0.0.1"):
        assert "HUB_BOT_ALLOWED_HOSTS" in refusal(url + TRIGGER, hosts)


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.example.com/api",
        "https://GitLab.Example.COM./api",
        "https://gitlab.example.com:443/",
        "https://10.0.0.5:8443/hook?x=1",
        "http://127.0.0.1:9000/hook",
        "https://127.0.0.1:9000/hook",
        "https://[fd00::5]/",
        "https://[FD00:0:0::0005]/",
        "http://[::1]:9000/",
        "https://bücher.example/",
        "https://BÜCHER.example/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_listed_hosts_may_be_called_in_every_spelling_of_theirs_and_only_then(url: str) -> None:
    AllowedHosts(named=LISTED).check_url(url)

    assert "HUB_BOT_ALLOWED_HOSTS" in refusal(url, AllowedHosts())


ELSEWHERE = [
    "https://evil.example/",
    "https://gitlab.example.com.evil.example/",
    "https://xgitlab.example.com/",
    "https://example.com/",
    "https://gitlab.example.com:8443/",
    "https://10.0.0.5/",
    "https://10.0.0.6:8443/",
    "https://127.0.0.1:9001/",
    "https://127.0.0.2:9000/",
    "https://localhost:9000/",
    "https://[::ffff:127.0.0.1]:9000/",
    "https://[::ffff:10.0.0.5]:8443/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://0.0.0.0:9000/",
    "https://[::]:9000/",
    "https://0:9000/",
    "https://2130706433:9000/",
    "https://0x7f000001:9000/",
    "https://0x7f.1:9000/",
    "https://0177.0.0.1:9000/",
    "https://127.1:9000/",
    "https://127.0.0.1.:9000.evil.example/",
    "https://１２７.0.0.1:9001/",
    "https://①②⑦.0.0.1:9001/",
    "https://hub。docker。com.evil.example/",
    "https://hub.docker.com/",
]
NO_ADDRESS = [
    "",
    "gitlab.example.com",
    "//gitlab.example.com/",
    "file:///etc/passwd",
    "file://gitlab.example.com/etc/passwd",
    "ftp://gitlab.example.com/",
    "gopher://127.0.0.1:9000/",
    "javascript:alert(1)",
    "https://",
    "https:///gitlab.example.com",
    "https://gitlab.example.com:many/",
    "https://gitlab.example.com:70000/",
    "https://gitlab.example.com:0/",
    "https://ana@gitlab.example.com/",
    "https://ana:secret@gitlab.example.com/",
    "https://gitlab.example.com@evil.example/",
    "https://evil.example\\@gitlab.example.com/",
    "https://gitlab.example.com\\.evil.example/",
    "https://gitlab.example.com\r\nHost: evil.example/",
    "https://gitlab.example.com/\tx",
    " https://gitlab.example.com/",
    "https://gitlab.example.com/a b",
    "https://gitlab.example.com／.evil.example/",
    "https://[::1%eth0]:9000/",
    "https://[fe80::1%25eth0]/",
    "https://[gitlab.example.com]/",
    "https://gitlab..example.com/",
    "https://-gitlab.example.com/",
    "https://%67itlab.example.com/",
    "https://" + "a" * 64 + ".example/",
    "http://gitlab.example.com/",
    "http://10.0.0.5:8443/",
    "http://127.0.0.1.evil.example:9000/",
]


@pytest.mark.parametrize("url", [*ELSEWHERE[:-1], *NO_ADDRESS])
def test_everything_else_is_refused_with_a_sentence(url: str) -> None:
    said = refusal(url, AllowedHosts("http://127.0.0.1:1", LISTED))

    assert said.endswith(".")
    assert not {"secret", "@", "\r", "\n"} & set(said.split())


@pytest.mark.parametrize("url", [each for each in [*ELSEWHERE, *NO_ADDRESS] if each != "https://hub.docker.com/"])
def test_nothing_but_docker_hub_may_be_called_without_a_list(url: str) -> None:
    refusal(url, AllowedHosts())


def test_a_refusal_says_which_host_and_how_to_allow_it_and_nothing_more() -> None:
    said = refusal("https://ci.example.com:8443/hook/a-secret?token=another", AllowedHosts())

    assert said == (
        "The bot may not call `ci.example.com:8443`. Whoever runs the bot can add it to `HUB_BOT_ALLOWED_HOSTS`."
    )


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ("https://ci.example.com", "a host is expected"),
        ("ci.example.com/hook", "a host is expected"),
        ("*.example.com", "no name of a host"),
        ("ci.example.com:0", "a port is a number"),
        ("ci.example.com:99999", "a port is a number"),
        ("169.254.169.254", "nothing may be sent to"),
        ("[fe80::1]", "nothing may be sent to"),
        ("[::ffff:169.254.169.254]", "nothing may be sent to"),
        ("100.100.100.200", "nothing may be sent to"),
        ("0.0.0.0:80", "nothing may be sent to"),
        ("2130706433", "four decimal numbers"),
        ("::1", "a host is expected"),
        ("", "no name of a host"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused_at_the_start(named: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"HUB_BOT_ALLOWED_HOSTS: .*{problem}"):
        AllowedHosts(named=[named])


# Where names may lead

NEVER = ("169.254.169.254", "169.254.0.1", "fe80::1", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1",  # noqa: S104
         "255.255.255.255", "240.0.0.1", "100.100.100.200", "fd00:ec2::254", "168.63.129.16", "192.0.0.192",
         "::169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe", "4000::1")  # fmt: skip
PRIVATE = ("10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::5", "64:ff9b:1::a00:5", "2002:a00:5::1",
           "64:ff9b::a00:5")  # fmt: skip
OWN = ("127.0.0.1", "127.255.255.254", "::1", "64:ff9b::7f00:1", "2002:7f00:1::")
PUBLIC = ("8.8.8.8", "2606:4700::1", "64:ff9b::808:808")


def leads(hosts: AllowedHosts, url: str, *addresses: str) -> bool:
    try:
        check_addresses(hosts.target(url), [ipaddress.ip_address(each) for each in addresses])
    except EgressRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "good", "bad"),
    [
        ("https://hub.docker.com/", PUBLIC, (*PRIVATE, *OWN, *NEVER)),
        ("https://gitlab.example.com/", (*PUBLIC, *PRIVATE), (*OWN, *NEVER)),
        ("https://localhost:9000/", ("127.0.0.1", "127.0.0.9", "::1"), (*PUBLIC, *PRIVATE, *NEVER)),
    ],
)
def test_names_lead_only_where_they_should(url: str, good: Sequence[str], bad: Sequence[str]) -> None:
    hosts = AllowedHosts(named=["gitlab.example.com", "localhost:9000"])

    assert [each for each in good if not leads(hosts, url, each)] == []
    assert [each for each in bad if leads(hosts, url, each)] == []
    assert not leads(hosts, url, good[0], bad[0])
    assert not leads(hosts, url, bad[0], good[0])


def embeddings(inner: ipaddress.IPv4Address) -> list[str]:
    number = int(inner)
    return [
        str(inner),
        f"::ffff:{inner}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)),
        str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)),
        str(ipaddress.IPv6Address((0x2001_0000 << 96) | (number << 64) | (number ^ 0xFFFF_FFFF))),
    ]


@given(inner=st.ip_addresses(v=4), how=st.integers(0, 4))
def test_no_address_is_nearer_for_being_wrapped_in_another(inner: ipaddress.IPv4Address, how: int) -> None:
    hosts = AllowedHosts(named=["gitlab.example.com"])
    wrapped = embeddings(inner)[how]

    for url in ("https://gitlab.example.com/", "https://hub.docker.com/"):
        assert not leads(hosts, url, wrapped) or leads(hosts, url, str(inner))


@given(address=st.ip_addresses())
def test_link_local_and_this_machine_are_never_behind_a_name(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    hosts = AllowedHosts(named=["gitlab.example.com"])

    if leads(hosts, "https://gitlab.example.com/", str(address)):
        assert not any((address.is_link_local, address.is_loopback, address.is_multicast, address.is_unspecified))
    if leads(hosts, "https://hub.docker.com/", str(address)):
        assert address.is_global


@given(
    number=st.integers(0, 2**32 - 1),
    form=st.sampled_from(["{}", "0x{:x}", "0{:o}", "{0[0]}.{0[1]}", "0{0[0]:o}.0.0.1"]),
)
def test_addresses_in_odd_forms_are_never_called(number: int, form: str) -> None:
    octets = number.to_bytes(4, "big")
    written = form.format(octets if "[" in form else number)
    hosts = AllowedHosts("http://127.0.0.1:1", [str(ipaddress.IPv4Address(number))] if octets[0] in {10, 8} else [])

    with pytest.raises(EgressRefusedError):
        hosts.check_url(f"https://{written}/")


@given(url=st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,30}(/.{0,20})?", fullmatch=True))
def test_whatever_is_written_is_listed_or_refused(url: str) -> None:
    hosts = AllowedHosts("https://hub.example.com", ["a.b", "10.0.0.5"])
    try:
        target = hosts.target(url)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert target.host in {"hub.example.com", "a.b", "10.0.0.5"}
        assert (target.port, target.is_encrypted) == (443, True)
        assert target.path.startswith("/")
        assert target.path.isascii()
        assert " " not in target.path
