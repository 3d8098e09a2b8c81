"""Which path is answered by which function, and what holds for whole groups of paths."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from bot.sandbox.httpd import Answer
from bot.sandbox.hub import accounts, repositories, webhook_pipelines
from bot.sandbox.hub.call import Call, Generation
from bot.sandbox.hub.errors import ORGANIZATION_TOKEN_REFUSED, html_answer

Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A path with named parts, and its functions by method; HEAD falls back on GET.

    Attributes:
        generation: Which services answer, and so which errors are told.
        needs_slash: A missing trailing slash is answered by a redirect.
        refuses_organization_tokens: An OAT gets 403, whatever its scopes.
        is_login: A bad bearer does not matter here.
    """

    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    generation: Generation = "newer"
    needs_slash: bool = False
    refuses_organization_tokens: bool = False
    is_login: bool = False

    def handler(self, method: str) -> Handler | None:
        """Return the function for a method, or None when the route has none."""
        return self.handlers.get(method) or (self.handlers.get("GET") if method == "HEAD" else None)


def dispatch(call: Call) -> Answer:
    """Answer a call of the API: find its route, apply what holds for all of it, and let the handler answer."""
    found = _find(call.request.path)
    if found is None:
        return html_answer(404)
    route, names = found
    call = replace(call, generation=route.generation)
    handler = route.handler(call.request.method)
    if handler is None:
        return call.error(405, f'Method "{call.request.method}" not allowed.')
    return _refusal(call, route) or handler(call, **names)


def _find(path: str) -> tuple[Route, dict[str, str]] | None:
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match:
            return route, {name: unquote(part) for name, part in match.groupdict().items()}
    return None


def _refusal(call: Call, route: Route) -> Answer | None:
    if route.needs_slash and not call.request.has_trailing_slash:
        # Reported: clients turn the redirected PATCH or POST into a GET, so nothing changes and 200 comes back.
        return Answer(301, content_type=None, headers={"Location": call.request.target_with_slash})
    if call.caller.kind == "invalid" and not route.is_login:
        # Observed: a bad bearer turns even public data into 401.
        return call.error(401, "invalid or expired token")
    if call.caller.kind == "oat" and route.refuses_organization_tokens:
        # Source: docs.docker.com, organization access tokens.
        return call.error(403, ORGANIZATION_TOKEN_REFUSED)
    return None


def _route(path: str, **handlers: Handler) -> Route:
    """Write a route of the newer services, which take a trailing slash and do not ask for it."""
    return Route(_pattern(path), handlers)


def _django_route(path: str, **handlers: Handler) -> Route:
    return Route(_pattern(path), handlers, generation="django")


def _login_route(path: str, handler: Handler) -> Route:
    return Route(_pattern(path), {"POST": handler}, generation="django", is_login=True)


def _legacy_route(path: str, **handlers: Handler) -> Route:
    return Route(_pattern(path), handlers, generation="django", needs_slash=True, refuses_organization_tokens=True)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + "/?")


NAMESPACE = "/v2/namespaces/{namespace}/repositories"
LEGACY = "/v2/repositories/{namespace}"
PIPELINES = "/{name}/webhook_pipeline"
PIPELINE = PIPELINES + "/{slug}"

ROUTES = (
    _login_route("/v2/auth/token", accounts.create_token),
    _login_route("/v2/users/login", accounts.legacy_login),
    _route(NAMESPACE, GET=repositories.list_repositories, POST=repositories.create_repository),
    _route(NAMESPACE + "/{name}", GET=repositories.get_repository),
    _route(NAMESPACE + "/{name}/tags", GET=repositories.list_tags, HEAD=repositories.head_tags),
    _route(NAMESPACE + "/{name}/tags/{tag}", GET=repositories.get_tag, DELETE=repositories.delete_tag),
    _legacy_route(LEGACY, GET=repositories.list_repositories),
    _legacy_route(LEGACY + "/{name}", GET=repositories.get_repository),
    _legacy_route(LEGACY + "/{name}/tags", GET=repositories.list_tags),
    _legacy_route(LEGACY + "/{name}/tags/{tag}", GET=repositories.get_tag, DELETE=repositories.delete_tag),
    _route(NAMESPACE + PIPELINES, GET=webhook_pipelines.list_pipelines, POST=webhook_pipelines.create_pipeline),
    _route(NAMESPACE + PIPELINE, DELETE=webhook_pipelines.delete_pipeline),
    _route(NAMESPACE + PIPELINE + "/history", GET=webhook_pipelines.list_attempts),
    _legacy_route(LEGACY + PIPELINES, GET=webhook_pipelines.list_pipelines, POST=webhook_pipelines.create_pipeline),
    _legacy_route(LEGACY + PIPELINE, DELETE=webhook_pipelines.delete_pipeline),
    _legacy_route(LEGACY + PIPELINE + "/history", GET=webhook_pipelines.list_attempts),
    _django_route("/v2/search/repositories", GET=repositories.search_repositories),
    _django_route("/v2/user", GET=accounts.get_own_profile),
    _django_route("/v2/users/{name}", GET=accounts.get_profile),
    _django_route("/v2/orgs/{name}", GET=accounts.get_organization),
)
