"""Which hosts the bot may call: that of the settings' Docker Hub, and those that the settings list.

======================================  =========================================  ==========================
host                                    ports                                      where its name may lead
======================================  =========================================  ==========================
of Docker, with the default settings    443                                        public addresses
of another `DOCKERHUB_URL`              that of the URL                            as a listed one
listed, a name or an address            the one that is listed, else 443           public and private addresses
listed, `localhost`, `127.0.0.1`, `::1` the one that is listed, else 443 (http 80) this machine
======================================  =========================================  ==========================

Link-local, unspecified, multicast and reserved addresses, and those where clouds hand out credentials, never. The
scheme is https; plain http to this machine only. A name that leads to this machine although it is none of its own is
refused: whoever owns the name could else reach what listens here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import SecretStr

from bot.addresses import HTTP_PORT, HTTPS_PORT, HostPort, IpAddress, Reach, is_loopback, normal_host, reach_of
from bot.egress.errors import EgressRefusedError
from bot.errors import ConfigError

DOCKER_HOSTS = ("hub.docker.com", "cloud.docker.com", "registry.hub.docker.com")
"""Where trigger URLs of both kinds lead, today's and those of old."""

_NO_ADDRESS = "That is no address the bot can call; one like `https://example.com/…` is expected."
_KEPT_IN_PATHS = "/%:@!$&'()*+,;=~-._[]"
_KEPT_IN_QUERIES = _KEPT_IN_PATHS + "?"


@dataclass(frozen=True)
class Target:
    """Where a request goes, checked and taken apart.

    Attributes:
        host: In normal form.
        port: The TCP port.
        is_encrypted: Whether it is https.
        path: What follows, with the query, as it is sent. May be secret.
        furthest: How far its addresses may lead.
        nearest: How far they have to, at least.
    """

    host: str
    port: int
    is_encrypted: bool
    path: str
    furthest: Reach
    nearest: Reach

    def __repr__(self) -> str:
        return f"<Target {self.host}:{self.port}>"


class AllowedHosts:
    """Tells what may be called.

    Args:
        docker_hub: `DOCKERHUB_URL`: an origin.
        named: `HUB_BOT_ALLOWED_HOSTS`: `host[:port]` each.

    Raises:
        ConfigError: One of them is no host, or one that nothing may be sent to.
    """

    def __init__(self, docker_hub: str = f"https://{DOCKER_HOSTS[0]}", named: Iterable[str] = ()) -> None:
        hub = urlsplit(docker_hub)
        is_default = (hub.hostname, hub.port or HTTPS_PORT) == (DOCKER_HOSTS[0], HTTPS_PORT)
        self._docker = frozenset(DOCKER_HOSTS if is_default else ())
        own = () if is_default else (hub.netloc,)
        self._listed = frozenset(_parsed(each) for each in (*own, *named))

    def check_url(self, url: SecretStr | str) -> None:
        """Return if the address may be called, as far as can be said without looking up its host.

        Raises:
            EgressRefusedError: It may not; says which host, and how to allow it.
        """
        self.target(url)

    def target(self, url: SecretStr | str) -> Target:
        """Take an address apart.

        Raises:
            EgressRefusedError: It may not be called.
        """
        address = _split(url.get_secret_value() if isinstance(url, SecretStr) else url)
        host, is_encrypted = _host_of(address), address.scheme == "https"
        is_own = is_loopback(host)
        if not is_encrypted and not is_own:
            raise EgressRefusedError(
                f"`{host}` is called over https only: plain http would show the secrets to others."
            )
        usual = HTTPS_PORT if is_encrypted else HTTP_PORT
        port = address.port or usual
        path = quote(address.path or "/", safe=_KEPT_IN_PATHS)
        query = f"?{quote(address.query, safe=_KEPT_IN_QUERIES)}" if address.query else ""
        if self._is_listed(host, port, usual):
            furthest, nearest = (Reach.LOOPBACK, Reach.LOOPBACK) if is_own else (Reach.PRIVATE, Reach.PUBLIC)
        elif host in self._docker and port == HTTPS_PORT:
            furthest = nearest = Reach.PUBLIC
        else:
            raise EgressRefusedError(_refusal(host, port, usual))
        return Target(host, port, is_encrypted, path + query, furthest, nearest)

    def _is_listed(self, host: str, port: int, usual: int) -> bool:
        return HostPort(host, port) in self._listed or (port == usual and HostPort(host, None) in self._listed)


def check_addresses(target: Target, addresses: Sequence[IpAddress]) -> None:
    """Return if a host may be called at all of these addresses. One that may not speaks against the whole answer.

    Raises:
        EgressRefusedError: It may not.
    """
    for address in addresses:
        reach = reach_of(address)
        if reach is Reach.NEVER or reach > target.furthest:
            raise EgressRefusedError(f"`{target.host}` is not called: its name leads {_WHITHER[reach]}")
        if reach < target.nearest:
            raise EgressRefusedError(
                f"`{target.host}` is not called: its name should lead to this machine, and does not."
            )


_WHITHER = {
    Reach.PRIVATE: "to a private address, where no public service is.",
    Reach.LOOPBACK: "to this machine. Whoever runs the bot can list `127.0.0.1:port` in `HUB_BOT_ALLOWED_HOSTS`.",
    Reach.NEVER: "to an address nothing may be sent to.",
}


def _parsed(text: str) -> HostPort:
    try:
        return HostPort.parse(text)
    except ValueError as error:
        raise ConfigError([f"HUB_BOT_ALLOWED_HOSTS: {error}."]) from None


def _split(url: str) -> SplitResult:
    """Take a URL apart. What different programs read differently is no address."""
    try:
        if not url.isprintable() or any(each in url for each in " \\"):
            raise EgressRefusedError(_NO_ADDRESS)
        address = urlsplit(url)
        port = address.port  # Raises for a port that is no number.
    except ValueError:  # Its text would repeat the address.
        raise EgressRefusedError(_NO_ADDRESS) from None
    if address.scheme not in {"http", "https"} or not address.hostname or port == 0:
        raise EgressRefusedError(_NO_ADDRESS)
    if "@" in address.netloc:
        raise EgressRefusedError("An address with a user name or password in front of its host is not called.")
    return address


def _host_of(address: SplitResult) -> str:
    try:
        return normal_host(address.hostname or "")
    except ValueError as error:
        raise EgressRefusedError(f"The address cannot be called: {error}.") from None


def _refusal(host: str, port: int, usual: int) -> str:
    literal = f"[{host}]" if ":" in host else host
    shown = literal if port == usual == HTTPS_PORT else f"{literal}:{port}"
    return f"The bot may not call `{shown}`. Whoever runs the bot can add it to `HUB_BOT_ALLOWED_HOSTS`."
