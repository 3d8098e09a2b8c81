"""What the providers have in common: one call, and what an answer means.

A trigger is sent once, whatever happens. So each answer that is no success has to say whether something is built now:

==============================  =============  =================================================
answer                          refusal        is something built?
==============================  =============  =================================================
3xx                             `wrong`        no; redirects are not followed
400, 404, 422, other 4xx        `wrong`        no
401, 403                        `forbidden`    no
409; texts like already pending `pending`      what was asked for before; this was ignored
429; texts like rate limit      `throttled`    no; this was ignored
no connection                   `down`         no: nothing was sent
408, 5xx, what cannot be read   `unheard`      perhaps
no answer in time               `unheard`      perhaps
==============================  =============  =================================================
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue, SecretStr

from bot.addresses import is_loopback
from bot.builds.model import Prepared, Setup
from bot.builds.providers.provider import BuildError, Refusal, SetupError
from bot.egress.client import EgressAnswer, EgressRequest
from bot.egress.errors import EgressRefusedError, EgressUnansweredError, EgressUnreachableError
from bot.egress.hosts import AllowedHosts
from bot.hub.decoding import read_int, read_time
from bot.hub.failures import clean, detail_of
from bot.hub.protocol import Answer

MASK = "…"
"""Stands for a secret in what people see."""
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NOT_BUILT = "Nothing is built."
PERHAPS_QUEUED = "The build may have been queued; it is not asked for again."

_LONGEST_LINK = 2_000
_SHORTEST_ANYWHERE = 8  # What is shorter may be in a link by chance.
_LONGEST_TOLD_SECONDS = 86_400
_LEAST_TIMESTAMP = 1e9  # A number this large cannot be seconds to wait.
_PENDING = re.compile(r"already (?:pending|queued|in progress)", re.IGNORECASE)
_THROTTLED = re.compile(r"throttl|rate limit|too many (?:requests|builds)|abuse detection", re.IGNORECASE)
_UNFIT_FOR_LINKS = re.compile(r"[^!-~]|[<>|\"'`\\]")
_CONSEQUENCES: Mapping[Refusal, str] = {
    Refusal.WRONG: NOT_BUILT,
    Refusal.FORBIDDEN: NOT_BUILT,
    Refusal.PENDING: "This request was ignored.",
    Refusal.THROTTLED: "This request was ignored.",
    Refusal.DOWN: "Nothing was sent: ask again later.",
    Refusal.UNHEARD: PERHAPS_QUEUED,
}


class Egress(Protocol):
    """Calls hosts that may be called; `bot.egress.client.EgressClient`."""

    @property
    def hosts(self) -> AllowedHosts:
        """What may be called."""

    def send(self, request: EgressRequest) -> EgressAnswer:
        """Send a request once, and return the answer, of whatever status.

        Raises:
            EgressRefusedError: It may not be called; nothing was sent.
            EgressUnreachableError: Nothing was sent.
            EgressUnansweredError: Bytes may have left.
        """


def _no_words(_: Any) -> str:
    return ""


@dataclass(frozen=True)
class Party:
    """The other side, for sentences about it.

    Attributes:
        name: `GitHub`.
        repository: Of Docker Hub, whose set-up it is.
        credential: What it was asked with: `the token`.
        unknown: What it means when the other side does not know what it was asked for: a sentence.
        secrets: What must not appear in a sentence, should the other side repeat it.
        words: Extracts what a JSON answer says, where that is not in a usual place; empty: it is.
    """

    name: str
    repository: str
    credential: str
    unknown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    words: Callable[[Any], str] = _no_words

    def said(self, answer: Answer) -> str:
        """Return what the other side says, in one short line without secrets."""
        own = clean(self.words(answer.data), self.secrets) if answer.is_json else ""
        return own or detail_of(answer, self.secrets)


class Caller:
    """Makes calls for a provider. Safe to use from several threads.

    Args:
        egress: Sends them.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    def check_url(self, url: SecretStr | str, field: str) -> None:
        """Return if an address of a set-up may be called.

        Raises:
            SetupError: It may not.
        """
        try:
            self._egress.hosts.check_url(url)
        except EgressRefusedError as error:
            raise SetupError(field, str(error)) from error

    def trigger(self, request: EgressRequest, party: Party) -> Answer:
        """Send what asks for a build, once; return a success.

        Raises:
            BuildError: It was not taken, or nobody knows whether it was.
        """
        answer = self._send(request, party, is_trigger=True)
        if answer.is_success:
            return answer
        raise trigger_error(answer, party)

    def read(self, url: str, party: Party, *, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """Read something; return a success that is JSON.

        Raises:
            BuildError: It could not be read.
        """
        request = EgressRequest("GET", SecretStr(url), headers, timeout_seconds=timeout_seconds)
        answer = self._send(request, party, is_trigger=False)
        if not answer.is_success:
            refusal = _refusal_of(answer, party)
            # Nothing is queued by looking.
            refusal = Refusal.DOWN if refusal is Refusal.UNHEARD else refusal
            raise BuildError(refusal, _what_happened(refusal, answer, party), status=answer.status)
        if not answer.is_json:
            sentence = f"{party.name} answered with something that cannot be read (HTTP {answer.status})."
            raise BuildError(Refusal.DOWN, sentence, status=answer.status)
        return answer

    def _send(self, request: EgressRequest, party: Party, *, is_trigger: bool) -> Answer:
        def error(refusal: Refusal, sentence: str) -> BuildError:
            return BuildError(refusal, f"{sentence} {_CONSEQUENCES[refusal]}" if is_trigger else sentence)

        try:
            answer = self._egress.send(request)
        except EgressRefusedError as refused:
            raise error(Refusal.WRONG, str(refused)) from refused
        except EgressUnreachableError as unreachable:
            raise error(Refusal.DOWN, f"{party.name} could not be reached.") from unreachable
        except EgressUnansweredError as unanswered:
            sentence = f"{party.name} gave no whole answer within {request.timeout_seconds:g} s, or hung up."
            raise error(Refusal.UNHEARD if is_trigger else Refusal.DOWN, sentence) from unanswered
        return Answer(answer.status, answer.headers, answer.body)


def trigger_error(answer: Answer, party: Party) -> BuildError:
    """Return the error that an answer to a trigger is. Pure."""
    refusal = _refusal_of(answer, party)
    sentence = f"{_what_happened(refusal, answer, party)} {_CONSEQUENCES[refusal]}{_advice(refusal, answer, party)}"
    return BuildError(refusal, sentence, status=answer.status)


def page_error(answer: Answer, party: Party) -> BuildError:
    """Return the error that a success is which is a web page: perhaps a proxy's, which knows of no build. Pure."""
    sentence = f"{party.name} answered with a web page (HTTP {answer.status}). {PERHAPS_QUEUED}"
    return BuildError(Refusal.UNHEARD, sentence, status=answer.status)


def warning_of(answer: Answer, name: str) -> str:
    """Return what to say of a success that looks like trouble; empty: it does not. Only its type is looked at. Pure.

    Args:
        answer: The success.
        name: The other side, as a sentence begins.
    """
    if not is_page(answer):
        return ""
    return f"{name} answered with a web page (HTTP {answer.status}), which may mean that nothing is built."


def is_page(answer: Answer) -> bool:
    """Return whether the answer is a web page, which front ends and proxies send when something is wrong."""
    return "html" in answer.headers.get("content-type", "").lower()


def is_pending(text: str) -> bool:
    """Return whether somebody says that the same waits to be built already."""
    return bool(_PENDING.search(text))


def check_unchanged(prepared: Prepared, address: str) -> None:
    """Return if what was agreed to is what the set-up leads to now.

    Raises:
        BuildError: It is not; nothing was sent.
    """
    if prepared.address != address:
        raise BuildError(Refusal.WRONG, "The set-up was changed after this was asked for. Nothing was sent: ask again.")


def encoded(body: JsonValue) -> bytes:
    """Return JSON as it is sent."""
    return json.dumps(body).encode()


def base_url(caller: Caller, setup: Setup, usual: str) -> str:
    """Return where the API of a set-up is, without a slash at the end.

    Raises:
        SetupError: The address cannot be one, or may not be called.
    """
    url = (setup.url or usual).rstrip("/")
    if "?" in url or "#" in url:
        raise SetupError("url", "The address of the API has no `?` and no `#`.")
    caller.check_url(url, "url")
    return url


def checked_token(secret: SecretStr, what: str) -> str:
    """Return the token.

    Raises:
        SetupError: No token can look like that.
    """
    token = secret.get_secret_value().strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SetupError("secret", f"{what} is expected: one word, without blanks.")
    return token


def own_link(url: Any, base: str, hosts: Collection[str] = (), secrets: Collection[str] = ()) -> str | None:
    """Return a link that the other side gave if it may be shown, else None.

    It must lead to the other side itself over https; where that runs on this machine, over http too.

    Args:
        url: What it gave.
        base: Where its API is.
        hosts: Further hosts of its own, such as that of its pages.
        secrets: Ours; a link with one of them in it is not shown.
    """
    if not isinstance(url, str) or len(url) > _LONGEST_LINK or _UNFIT_FOR_LINKS.search(url):
        return None
    if any(_holds(url, secret) for secret in secrets):
        return None
    try:
        link, own = urlsplit(url), urlsplit(base)
        is_here = link.scheme == "http" == own.scheme and is_loopback(link.hostname)
    except ValueError:
        return None
    if link.scheme != "https" and not is_here:
        return None
    # The whole part is compared, so that neither a port nor a user's name can be slipped in.
    return url if link.netloc.lower() in {own.netloc.lower(), *hosts} else None


def _holds(url: str, secret: str) -> bool:
    """Tell whether a secret is in a link, in whatever spelling; a short one only as a part of its own."""
    if not secret:
        return False
    pattern = re.escape(unquote(secret))
    if len(secret) < _SHORTEST_ANYWHERE:
        pattern = rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])"
    return re.search(pattern, unquote(url), re.IGNORECASE) is not None


def _refusal_of(answer: Answer, party: Party) -> Refusal:
    is_refused = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not is_refused or answer.status == HTTPStatus.REQUEST_TIMEOUT:
        return Refusal.UNHEARD
    said = party.said(answer)
    if answer.status == HTTPStatus.CONFLICT or is_pending(said):
        return Refusal.PENDING
    # GitHub's limit is a 403 with nothing left.
    is_spent = answer.headers.get("x-ratelimit-remaining") == "0" and answer.status == HTTPStatus.FORBIDDEN
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or is_spent or _THROTTLED.search(said):
        return Refusal.THROTTLED
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Refusal.FORBIDDEN
    return Refusal.WRONG


def _what_happened(refusal: Refusal, answer: Answer, party: Party) -> str:
    status = f"HTTP {answer.status}"
    because = f"({status}: {party.said(answer).rstrip('.')})"
    match refusal:
        case Refusal.PENDING:
            return f"{party.name} says that the same is waiting to be built already {because}."
        case Refusal.THROTTLED:
            return f"{party.name} is asked too often {because}{_until(answer)}."
        case Refusal.FORBIDDEN:
            return f"{party.name} does not take {party.credential} for this {because}."
        case Refusal.UNHEARD | Refusal.DOWN:
            return f"{party.name} is in trouble {because}."
        case _:
            return _what_is_wrong(answer, party, because)


def _what_is_wrong(answer: Answer, party: Party, because: str) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"{party.name} points to another address{_host_in(answer)} (HTTP {answer.status}), which is not called."
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return f"{party.unknown} {because}."
    return f"{party.name} does not accept the request {because}."


def _advice(refusal: Refusal, answer: Answer, party: Party) -> str:
    command = f"`/hub trigger setup {party.repository}`"
    if answer.is_redirect:
        return f" If the new address is right, set it up with {command}."
    is_unknown = refusal is Refusal.WRONG and answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    return f" Check the set-up: {command}." if is_unknown or refusal is Refusal.FORBIDDEN else ""


def _host_in(answer: Answer) -> str:
    """Name the host that a redirect leads to; what follows it may be as secret as the address that was called."""
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        return ""
    return f" at `{clean(host.replace('`', ''))}`" if host else ""


def _until(answer: Answer) -> str:
    """Say when to come back, as far as the other side told."""
    told = read_int(answer.headers.get("retry-after")) or 0
    if 0 < told <= _LONGEST_TOLD_SECONDS:
        return f": try again in {told} s"
    for number in (told, read_int(answer.headers.get("x-ratelimit-reset")) or 0):
        moment = read_time(number) if number > _LEAST_TIMESTAMP else None
        if moment:
            return f": try again after {moment:%H:%M} UTC"
    return ""
