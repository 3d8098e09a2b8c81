"""Where a registry may send us for a file that it keeps elsewhere, as with a CDN.

The one address out of an answer that the bot calls, so it is narrow: https, no user in front of the host, and a host
all of whose addresses are public; the connection goes to one of those that were checked. A registry on this machine
may also send us to this machine. Whoever asks leaves the authorization behind, and checks the digest of what comes.
Where the environment names a proxy, it is the proxy that looks the host up, and decides.

Source: https://distribution.github.io/distribution/spec/api/#fetch-blob: a blob may be answered with a redirect.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from bot.addresses import Reach, is_loopback, reach_of


class NotPublicError(NewConnectionError):
    """The host leads to an address that is not public. Nothing was sent."""


class PublicAdapter(HTTPAdapter):
    """Connects over https, to public addresses only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have all connections made by the kind that checks."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def may_lead(url: str, *, registry: str) -> bool:
    """Return whether a redirect may be followed, as far as can be said without looking up its host.

    Args:
        url: Where to.
        registry: The origin that answered with it.

    Raises:
        ValueError: That is no address.
    """
    address = urlsplit(url)
    if not address.hostname or "@" in address.netloc or address.port == 0:
        return False
    if is_loopback(address.hostname):
        return is_loopback(urlsplit(registry).hostname) and address.scheme in {"http", "https"}
    return address.scheme == "https"


class _PublicConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        problem: OSError | None = None
        # The very addresses that were checked: a name server may change its answer between two questions.
        for address in self._public_addresses():
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                problem = error
        raise NewConnectionError(self, "no connection could be made") from problem

    def _public_addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, reason) from reason
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        if any(reach_of(ipaddress.ip_address(each)) is not Reach.PUBLIC for each in addresses):
            raise NotPublicError(self, "an address that is not public")
        return addresses


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection
