"""What an address tells of where it leads."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Return whether the host is this machine: `localhost`, `127.0.0.0/8` or `::1`. Nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # A name. `127.evil.example` is one, whatever it looks like.
        return False
