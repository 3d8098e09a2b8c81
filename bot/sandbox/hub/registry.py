"""The registry beside Docker Hub: auth.docker.io's tokens, manifests by HEAD and GET, and the pull budget.

Source: docs.docker.com, Docker Hub usage, pulls: the documented way to see one's pull budget without spending it is a
HEAD on `ratelimitpreview/test`. Only a GET of a manifest counts as a pull.
"""

import base64
import binascii
import re
from datetime import timedelta

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import ANONYMOUS, Caller, Permission, check_secret, permission
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import json_answer
from bot.sandbox.hub.limits import RateLimiter, pull_headers
from bot.sandbox.hub.state import Image, Tag

PULL_WINDOW = timedelta(hours=1)
# Source: docs.docker.com, Docker Hub usage, since 2025-04-01.
ANONYMOUS_PULLS = 10
ACCOUNT_PULLS = 100
REGISTRY_TOKEN_LIFETIME_SECONDS = 300
TOKEN_PATH = "/token"
PREVIEW_REPOSITORY = "ratelimitpreview/test"
MANIFEST_PATH = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<reference>[^/]+)")
OWN_PATHS = re.compile(r"/token|/v2/|/v2/.+/manifests/[^/]+")


def is_registry_path(path: str) -> bool:
    """Tell whether auth.docker.io or registry-1.docker.io would answer this path, rather than hub.docker.com."""
    return OWN_PATHS.fullmatch(path) is not None


def answer_registry(call: Call, pulls: RateLimiter) -> Answer:
    """Answer a call of the token service or the registry."""
    if call.request.path == TOKEN_PATH:
        return _token(call)
    if call.request.method not in {"GET", "HEAD"}:
        return _registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
    match = MANIFEST_PATH.fullmatch(call.request.path)
    scope = f"repository:{match['repository']}:pull" if match else ""
    if call.caller.kind == "invalid" or "authorization" not in call.request.headers:
        # Even anonymous pulls need a token of the token service here.
        return _challenge(call, scope)
    return _manifest(call, pulls, match) if match else json_answer(200, {})


def _token(call: Call) -> Answer:
    """Give a bearer for the registry: anonymous, or for the account in the Basic header."""
    authorization = call.request.headers.get("authorization")
    caller = ANONYMOUS if authorization is None else _basic_caller(call, authorization)
    if caller is None:
        # The body is not recorded anywhere; a client must go by the status.
        return json_answer(401, {"details": "incorrect username or password"})
    token = call.office.issue(caller, lifetime_seconds=REGISTRY_TOKEN_LIFETIME_SECONDS, audience="registry")
    return json_answer(200, {"token": token, "access_token": token, "expires_in": REGISTRY_TOKEN_LIFETIME_SECONDS})


def _basic_caller(call: Call, authorization: str) -> Caller | None:
    scheme, _, encoded = authorization.partition(" ")
    try:
        username, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return check_secret(call.state, username, secret) if scheme.lower() == "basic" else None


def _challenge(call: Call, scope: str) -> Answer:
    realm = f'Bearer realm="{call.own_origin}/token",service="registry.docker.io"'
    answer = _registry_error(401, "UNAUTHORIZED", "authentication required")
    header = f'{realm},scope="{scope}"' if scope else realm
    return Answer(401, answer.body, headers={"WWW-Authenticate": header})


def _manifest(call: Call, pulls: RateLimiter, match: re.Match[str]) -> Answer:
    """Answer for a manifest, and count a GET as a pull.

    The body lists the platforms like an image index. Digests of the sandbox are invented, so the body's own hash is
    not the digest in the header.
    """
    limit = ACCOUNT_PULLS if call.caller.is_logged_in else ANONYMOUS_PULLS
    source = _account_id(call) or call.request.client_ip
    is_pull = call.request.method == "GET"
    budget = pulls.spend(source, limit) if is_pull else pulls.peek(source, limit)
    headers = {} if call.unknowns.pull_budget == "unlimited" else pull_headers(budget, PULL_WINDOW, source)
    if is_pull and budget.is_exceeded and call.unknowns.pull_budget == "limited":
        return _too_many_pulls(headers)
    found = _find_manifest(call, match["repository"], match["reference"])
    if found is None:
        return _registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown")
    body = {"schemaVersion": 2, "mediaType": found.media_type, "manifests": [_descriptor(i) for i in found.images]}
    answer = json_answer(200, body)
    headers["Docker-Content-Digest"] = found.digest or ""
    return Answer(200, answer.body, content_type=found.media_type, headers=headers)


def _account_id(call: Call) -> str:
    account = call.state.accounts.get(call.caller.name)
    return account.uuid if account else ""


def _too_many_pulls(headers: dict[str, str]) -> Answer:
    text = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limits"
    answer = _registry_error(429, "TOOMANYREQUESTS", text)
    return Answer(429, answer.body, headers=headers)


def _find_manifest(call: Call, path: str, reference: str) -> Tag | None:
    if path == PREVIEW_REPOSITORY:
        return Tag(reference, 0, [], "sha256:" + "0" * 64, call.now, "docker")
    repository = call.state.find_repository(path)
    if repository is None or permission(call.state, call.caller, repository) < Permission.READ:
        return None
    by_digest = (tag for tag in repository.tags.values() if tag.digest == reference)
    return repository.tags.get(reference) or next(by_digest, None)


def _descriptor(image: Image) -> dict[str, object]:
    platform = {"os": image.os, "architecture": image.architecture, "variant": image.variant}
    return {"digest": image.digest, "platform": {name: value for name, value in platform.items() if value}}


def _registry_error(status: int, code: str, message: str) -> Answer:
    return json_answer(status, {"errors": [{"code": code, "message": message, "detail": None}]})
