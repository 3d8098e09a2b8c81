"""Posting to a `response_url`: the address, good for half an hour and five uses, that comes with every interaction.

Whoever has it can write into that conversation, so it is kept out of logs, errors and representations; and it arrives
in a payload, so nothing is sent to it before it has passed the gate here.

Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import json
import logging
import re
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests

from bot.addresses import is_loopback

MOST_USES = 5
LIFETIME_SECONDS = 30 * 60.0

_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_HTTPS_PORT = 443
_OK = 200
_TOO_MANY_REQUESTS = 429
_LONGEST = 1_000
# Nothing that two parsers could read differently: no blanks, controls, backslashes or user names.
_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[!-\[\]-~]*")


class RefusedAddressError(Exception):
    """The address is none that Slack would hand out. Nothing was sent."""


class ResponseUrl:
    """An address that passed the gate. Only `ResponseUrls` can use it."""

    __slots__ = ("_address",)

    def __init__(self, address: str) -> None:
        self._address = address

    def __repr__(self) -> str:
        return "ResponseUrl(…)"


class Outcome(StrEnum):
    """What became of a post."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """Slack answered, and not with yes: usually it does not like the blocks."""
    BUSY = "busy"
    """The channel gets more messages than Slack takes, one a second; nothing was posted, and a moment later it will be.

    Source: https://docs.slack.dev/apis/web-api/rate-limits
    """
    UNREACHABLE = "unreachable"
    """No answer. The post may have arrived all the same."""


class ResponseUrls:
    """Checks response URLs and posts to them. Safe to use from several threads.

    Args:
        api_url: Slack's Web API as the settings name it. Its host may be posted to; if it is this machine, as it is
            (any port, plain http).
        timeout_seconds: For connecting, and again for each wait for data.
        pool_size: How many connections are kept open.
    """

    def __init__(self, api_url: str, *, timeout_seconds: float = 5.0, pool_size: int = 32) -> None:
        self._api = urlsplit(api_url)
        self._timeout = timeout_seconds
        # The adapter alone, without a session around it: no cookies, no passwords from ~/.netrc, no redirects, and half
        # the work for every answer. Proxies and certificates are asked for once, as a session would for every post.
        self._adapter = requests.adapters.HTTPAdapter(pool_maxsize=pool_size, max_retries=0)
        # It writes down every path, at debug level; and here the path is the secret.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)
        found = requests.Session().merge_environment_settings(api_url, {}, stream=False, verify=True, cert=None)
        self._proxies = dict(found["proxies"])
        self._certificates = found["verify"] or True

    def accept(self, address: str) -> ResponseUrl:
        """Return the address as one that may be posted to.

        Raises:
            RefusedAddressError: It leads somewhere else than to Slack.
        """
        if len(address) > _LONGEST or not _PLAIN_ADDRESS.fullmatch(address):
            raise RefusedAddressError("the response_url is not an address of Slack")
        try:
            is_good = self._is_slack(urlsplit(address))
        except ValueError:  # A port that is no number, a broken IPv6 address.
            is_good = False
        if not is_good:
            raise RefusedAddressError("the response_url does not lead to Slack")
        return ResponseUrl(address)

    def post(self, url: ResponseUrl, payload: dict[str, Any]) -> Outcome:
        """Post once. Never raises for what the network or Slack does."""
        address = url._address  # noqa: SLF001 - One module: the address has no other reader.
        request = requests.Request("POST", address, json=payload).prepare()
        try:
            answer = self._adapter.send(
                request, timeout=self._timeout, proxies=self._proxies, verify=self._certificates
            )
            is_good = answer.status_code == _OK and not _says_no(answer.content)
        except requests.RequestException:  # Its text holds the address.
            return Outcome.UNREACHABLE
        if answer.status_code == _TOO_MANY_REQUESTS:
            return Outcome.BUSY
        return Outcome.DELIVERED if is_good else Outcome.REFUSED

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._adapter.close()

    def _is_slack(self, address: SplitResult) -> bool:
        if is_loopback(self._api.hostname) and _origin(address) == _origin(self._api):
            return True
        is_named = address.hostname in _HOSTS or address.hostname == self._api.hostname
        return address.scheme == "https" and is_named and address.port in {None, _HTTPS_PORT}


def _says_no(body: bytes) -> bool:
    if not body.startswith(b"{"):  # Slack's usual answer is the word "ok".
        return False
    try:
        return json.loads(body).get("ok") is False
    except (ValueError, RecursionError):
        return False


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port
