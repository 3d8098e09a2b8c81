"""Which path is answered by which function, and what holds for whole groups of paths."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from bot.sandbox.httpd import Answer
from bot.sandbox.hub import (
    accounts,
    build_triggers,
    build_views,
    invites,
    members,
    repositories,
    teams,
    webhook_pipelines,
)
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
        ignores_bearers: A bad bearer does not matter here.
    """

    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    generation: Generation = "newer"
    needs_slash: bool = False
    refuses_organization_tokens: bool = False
    ignores_bearers: bool = False

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
    if call.caller.kind == "invalid" and not route.ignores_bearers:
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
    return Route(_pattern(path), {"POST": handler}, generation="django", ignores_bearers=True)


def _legacy_route(path: str, **handlers: Handler) -> Route:
    return Route(_pattern(path), handlers, generation="django", needs_slash=True, refuses_organization_tokens=True)


def _build_route(path: str, *, ignores_bearers: bool = False, **handlers: Handler) -> Route:
    """Write a route of the build service, which redirects to the slash like the Django services."""
    return Route(_pattern(path), handlers, generation="build", needs_slash=True, ignores_bearers=ignores_bearers)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path) + "/?")


NAMESPACE = "/v2/namespaces/{namespace}/repositories"
LEGACY = "/v2/repositories/{namespace}"
TEAMS = "/v2/orgs/{org}/groups"
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
    _legacy_route(LEGACY + "/{name}/buildhistory", GET=build_views.list_history),
    _legacy_route(LEGACY + "/{name}/buildhistory/{code}", GET=build_views.get_history_entry),
    _build_route(
        "/api/build/v1/source/{source}/trigger/{trigger}/call", POST=build_triggers.call_trigger, ignores_bearers=True
    ),
    _build_route(
        "/u/{namespace}/{name}/trigger/{token}", POST=build_triggers.call_classic_trigger, ignores_bearers=True
    ),
    _build_route("/api/build/v1/source", GET=build_views.list_sources),
    _build_route("/api/audit/v1/action", GET=build_views.list_actions, ignores_bearers=True),
    _build_route("/api/audit/v1/action/{uuid}", GET=build_views.get_action, ignores_bearers=True),
    _django_route("/v2/search/repositories", GET=repositories.search_repositories),
    _django_route("/v2/user", GET=accounts.get_own_profile),
    _django_route("/v2/users/{name}", GET=accounts.get_profile),
    _django_route("/v2/orgs/{name}", GET=accounts.get_organization),
    _django_route("/v2/orgs/{org}/members", GET=members.list_members),
    _django_route("/v2/orgs/{org}/members/{user}", PUT=members.change_role, DELETE=members.remove_member),
    _django_route("/v2/orgs/{org}/invites", GET=invites.list_invites),
    _django_route(TEAMS, GET=teams.list_teams),
    _django_route(TEAMS + "/{team}", GET=teams.get_team),
    _django_route(TEAMS + "/{team}/members", GET=teams.list_team_members, POST=teams.add_team_member),
    _django_route(TEAMS + "/{team}/members/{user}", DELETE=teams.remove_team_member),
    _route("/v2/invites/bulk", POST=invites.invite_in_bulk),
    _route("/v2/invites/{invite_id}", DELETE=invites.cancel_invite),
    _route("/v2/invites/{invite_id}/resend", PATCH=invites.resend_invite),
    _route("/api/billing/v4/accounts/{name}/hub-plan", GET=members.get_plan),
)
