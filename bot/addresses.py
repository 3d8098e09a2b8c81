"""What an address tells of where it leads. Nothing here is looked up or sent."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import idna

HTTPS_PORT = 443
HTTP_PORT = 80
_LARGEST_PORT = 65_535
_LONGEST_HOST = 253

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The forms in which systems still read a whole IPv4 address: `2130706433`, `0x7f.1`, `0177.0.0.1`.
# Source: https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
# Source: https://www.iana.org/assignments/ipv6-address-space
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_UNIQUE_LOCAL = ipaddress.ip_network("fc00::/7")
# Addresses that stand for IPv4 ones, everywhere and in a network of one's own.
# Source: https://www.rfc-editor.org/rfc/rfc6052 and https://www.rfc-editor.org/rfc/rfc8215
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_TRANSLATED_LOCALLY = ipaddress.ip_network("64:ff9b:1::/48")
# Where clouds keep the credentials of their machines, as far as that is not link-local.
# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html,
# https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata and
# https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")))


def is_loopback(host: str | None) -> bool:
    """Return whether the host is this machine: `localhost`, `127.0.0.0/8` or `::1`. Nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # A name. `127.evil.example` is one, whatever it looks like.
        return False


class Reach(IntEnum):
    """How far an IP address leads; each needs more trust than the ones before it."""

    PUBLIC = 0
    """Somewhere that everybody can reach."""
    PRIVATE = 1
    """Somewhere in a network of one's own."""
    LOOPBACK = 2
    """This machine."""
    NEVER = 3
    """Nowhere a request belongs: link-local, where clouds hand out credentials, multicast, unspecified, reserved."""


def reach_of(address: IpAddress) -> Reach:
    """Return how far an address leads; of one that has another inside of it, the worse of the two."""
    return max(map(_reach, _meanings(address)))


@dataclass(frozen=True)
class HostPort:
    """A host with a port.

    Attributes:
        host: As `normal_host` writes it.
        port: The TCP port; None: the usual one.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host`, `host:port`, `[::1]` or `[::1]:port`.

        Raises:
            ValueError: It is none of these, or a host that nothing may be sent to; a clause that says why.
        """
        found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", text.strip())
        if found is None or "/" in text:
            raise ValueError("a host is expected, like `gitlab.example.com` or `10.0.0.5:8443`, without `https://`")
        port = int(found[2]) if found[2] else None
        if port is not None and not 0 < port <= _LARGEST_PORT:
            raise ValueError("a port is a number from 1 to 65535")
        return cls(normal_host(found[1].strip("[]")), port)


def normal_host(host: str) -> str:
    """Return a host in the one form in which hosts are compared and called: ASCII, lower case, no dot at the end.

    Args:
        host: A name or an IP address, without port and brackets.

    Raises:
        ValueError: It is no host, an IP address written in an odd way, or one that nothing may be sent to; a clause
            that says why.
    """
    address = ip_address(host)
    if address is None:
        name = _ascii(host)
        address = ip_address(name)  # What looked like other letters may have been digits.
        if address is None:
            return _checked_name(name)
    if reach_of(address) is Reach.NEVER:
        raise ValueError("that is an address nothing may be sent to")
    return str(address)


def ip_address(text: str) -> IpAddress | None:
    """Return the IP address that a text is in its usual form; None: it is none. One with a zone is none."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _ascii(host: str) -> str:
    """Write a name in the letters of the DNS. Source: https://www.unicode.org/reports/tr46/."""
    name = host.lower().removesuffix(".")
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode().lower().removesuffix(".")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError("that is no name of a host") from error


def _checked_name(name: str) -> str:
    labels = name.split(".")
    if len(name) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("that is no name of a host")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("an IP address is written with four decimal numbers, like `10.0.0.5`")
    return name


def _meanings(address: IpAddress) -> Iterator[IpAddress]:
    """Yield the address, or what is reached by it: translators and tunnels take an IPv4 address out of some."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _TRANSLATED or address in _TRANSLATED_LOCALLY:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def _reach(address: IpAddress) -> Reach:
    if address.is_loopback:
        return Reach.LOOPBACK
    is_nonsense = address.is_link_local or address.is_multicast or address.is_unspecified
    if is_nonsense or address in _METADATA or not _is_in_use(address):
        return Reach.NEVER
    if address in _TRANSLATED:
        return Reach.PUBLIC
    return Reach.PUBLIC if address.is_global and address not in _TRANSLATED_LOCALLY else Reach.PRIVATE


def _is_in_use(address: IpAddress) -> bool:
    """Tell whether an address is of those that are given to anybody at all."""
    if isinstance(address, ipaddress.IPv4Address):
        return not address.is_reserved and address not in _THIS_NETWORK
    given = (_GLOBAL_UNICAST, _UNIQUE_LOCAL, _TRANSLATED, _TRANSLATED_LOCALLY)
    return any(address in network for network in given)
