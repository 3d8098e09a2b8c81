"""The endpoints that tell of builds: the classic history, the audit's actions, and the source with its last state.

Three generations of services with three words for the same, none of them documented. Source: recorded answers and the
code of published clients; the numbers of the history, from the code of the 2016 web site.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.access import Caller, Permission, check_secret, permission
from bot.sandbox.hub.answers import time_text
from bot.sandbox.hub.build_farm import SUBMITTED
from bot.sandbox.hub.builds import Automation, Build, BuildState, newest_first
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import html_answer, json_answer
from bot.sandbox.hub.paging import page_answer
from bot.sandbox.hub.repositories import visible
from bot.sandbox.hub.state import Repository

Json = dict[str, Any]

PENDING, QUEUED = 0, 11
# Started, cloned, readme, dockerfile, built, bundled, uploaded, pushed: a running build passes through all of them.
BUILDING = range(2, 10)
ENDED: Mapping[BuildState, int] = {"success": 10, "error": -1, "exception": -2, "canceled": -4}
METRICS = ("created", "claimed", "started", "cloned", "readme", "dockerfile", "built", "bundled", "uploaded")

# That `Failed` and `Canceled` are the words is inferred.
ACTION_STATES: Mapping[BuildState, str] = {
    "queued": "Pending",
    "success": "Success",
    "error": "Failed",
    "exception": "Failed",
    "canceled": "Canceled",
}
# The first and last are recorded; clients take whatever else for a running build.
SOURCE_STATES: Mapping[BuildState, str] = {
    "success": "Success",
    "queued": "Pending",
    "building": "Building",
    "canceled": "Canceled",
    "exception": "Failed",
    "error": "Failed",
}
NEVER_BUILT = "Empty"

BUILD_ACTION, PUSH_ACTION = "Repository Build", "Repository Push"
OBJECT_PREFIX = "/api/repo/v1/repository/"
ACTION_PREFIX = "/api/audit/v1/action/"
DEFAULT_LIMIT, MAX_LIMIT = 25, 500
DOCKERFILE = 'FROM alpine:3.22\nCOPY . /app\nCMD ["/app/run"]\n'


def list_history(call: Call, namespace: str, name: str) -> Answer:
    """Page through the classic history, newest first."""
    found = _historic(call, namespace, name)
    if isinstance(found, Answer):
        return found
    builds = newest_first(found.builds) if call.unknowns.build_history == "present" else []
    return page_answer(call, builds, lambda build: _history_entry(call, build))


def get_history_entry(call: Call, namespace: str, name: str, code: str) -> Answer:
    """Show one build of the classic history, with its log."""
    found = _historic(call, namespace, name)
    if isinstance(found, Answer):
        return found
    build = found.find(code) if call.unknowns.build_history == "present" else None
    if build is None:
        return call.error(404, "Not found.")
    results = _build_results(call, namespace, name, found, build)
    return json_answer(200, {**_history_entry(call, build), "build_results": results})


def list_actions(call: Call) -> Answer:
    """List what happened to a repository, newest first: builds, and the pushes that came of them."""
    if call.unknowns.build_actions == "404":
        return html_answer(404)
    caller = _reader(call)
    if not caller.is_logged_in:
        return call.error(401, "Unauthorized")
    repository = call.state.find_repository(call.query.get("object", "").removeprefix(OBJECT_PREFIX).rstrip("/"))
    is_readable = repository is not None and permission(call.state, caller, repository) >= Permission.READ
    actions: list[Json] = []
    if repository is not None and is_readable and call.unknowns.build_actions == "present":
        actions = [action for action, _ in _actions(call, repository)]
    return _listing(call, actions)


def get_action(call: Call, uuid: str) -> Answer:
    """Show one action; that of a build with its Dockerfile and its log."""
    if call.unknowns.build_actions != "present":
        return html_answer(404)
    caller = _reader(call)
    if not caller.is_logged_in:
        return call.error(401, "Unauthorized")
    for repository in _automated(call):
        if permission(call.state, caller, repository) < Permission.READ:
            continue
        for action, build in _actions(call, repository):
            if action["uuid"] == uuid:
                return json_answer(200, {**action, **_action_details(repository, build)})
    return call.error(404, "Not found")


def list_sources(call: Call) -> Answer:
    """Tell how a repository is built, with the state of its newest build."""
    if call.unknowns.build_sources == "404":
        return html_answer(404)
    path = call.query.get("image", "")
    namespace, _, name = path.partition("/")
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    is_told = found.automation is not None and call.unknowns.build_sources == "present"
    return _listing(call, [_source(found, found.automation)] if is_told and found.automation else [])


def history_code(call: Call, build: Build) -> int:
    """Return how far a build is, as the classic history has it."""
    match build.state:
        case "queued":
            return PENDING if call.now < build.due_at else QUEUED
        case "building":
            passed = (call.now - (build.started_at or call.now)) / timedelta(seconds=max(build.seconds, 1))
            step = min(max(int(passed * len(BUILDING)), 0), len(BUILDING) - 1)
            return BUILDING[step]
        case _:
            return ENDED[build.state]


def _historic(call: Call, namespace: str, name: str) -> Automation | Answer:
    if call.unknowns.build_history == "404":
        return html_answer(404)
    found = visible(call, namespace, name)
    if isinstance(found, Answer):
        return found
    if found.automation is None:
        is_missing = call.unknowns.unbuilt_history == "404"
        return call.error(404, "Not found.") if is_missing else page_answer(call, [], lambda nothing: nothing)
    return found.automation


def _history_entry(call: Call, build: Build) -> Json:
    last_at = build.ended_at or build.started_at or build.created_at
    return {
        "id": build.number,
        "status": history_code(call, build),
        "created_date": time_text(call, build.created_at),
        "last_updated": time_text(call, last_at),
        "build_code": build.code,
        "dockertag_name": build.docker_tag,
        "cause": None,
    }


def _build_results(call: Call, namespace: str, name: str, automation: Automation, build: Build) -> Json:
    log = _log(automation, build)
    problem = log.splitlines()[-1]
    return {
        "build_code": build.code,
        "build_path": "/",
        "buildmetrics": _metrics(call, build),
        "created_at": time_text(call, build.created_at),
        "docker_repo": name,
        "docker_tag": build.docker_tag,
        "docker_user": namespace,
        "dockerfile_contents": DOCKERFILE,
        "error": problem if build.state == "error" else None,
        "failure": problem if build.state == "exception" else None,
        "last_updated": time_text(call, build.ended_at or build.started_at or build.created_at),
        "logs": log,
        "readme_contents": "",
        "source_branch": build.source_name,
        "source_type": "git",
        "source_url": _source_url(automation),
    }


def _metrics(call: Call, build: Build) -> Json:
    """Return when each step was reached: those between start and end evenly, as long as the build got there."""
    times: dict[str, datetime] = {"created": build.created_at}
    if build.started_at is not None:
        until = min(build.ended_at or call.now, build.started_at + timedelta(seconds=build.seconds))
        step = timedelta(seconds=build.seconds) / len(METRICS)
        # What did not succeed failed while it was built.
        steps = METRICS[1:] if build.comes_to == "success" else METRICS[1 : METRICS.index("built")]
        reached = {name: build.started_at + step * number for number, name in enumerate(steps)}
        times |= {name: at for name, at in reached.items() if at <= until}
    if build.ended_at is not None:
        last = {"success": "finished", "exception": "failure"}.get(build.state, "error")
        times[last] = build.ended_at
    return {name: time_text(call, times.get(name)) for name in (*METRICS, "finished", "error", "failure")}


def _log(automation: Automation, build: Build) -> str:
    lines = [SUBMITTED]
    if build.started_at is not None:
        lines += ["Cloning into '.'...", f"HEAD is now at {build.commit}", f"Building {build.dockerfile}"]
    lines += {
        "success": [f"Pushed {build.docker_tag}"],
        "error": ["The command '/bin/sh -c make' returned a non-zero code: 2"],
        "exception": ["Unhandled error while building. The problem has been logged."],
        "canceled": [f"Build of {_source_url(automation)} was canceled"],
    }.get(build.state, [])
    return "\n".join(lines)


def _actions(call: Call, repository: Repository) -> Iterator[tuple[Json, Build]]:
    """Yield the actions of a repository, newest first, each with the build that it is about."""
    if repository.automation is None:
        return
    for build in newest_first(repository.automation.builds):
        if build.state == "success":
            yield _push_action(repository, build), build
        yield _build_action(call, repository, repository.automation, build), build


def _build_action(call: Call, repository: Repository, automation: Automation, build: Build) -> Json:
    return {
        **_plain_action(repository, BUILD_ACTION, build.uuid),
        "build_code": build.code,
        "build_tag": build.docker_tag,
        "can_be_canceled": build.ended_at is None,
        "can_be_retried": build.state in {"error", "exception", "canceled"},
        # Nobody has looked into the source before.
        "commit": build.commit if build.started_at is not None else "",
        "created": _rfc_2822(build.created_at),
        "end_date": _rfc_2822(build.ended_at),
        "source_repo": f"{automation.owner}/{automation.name}",
        "start_date": _rfc_2822(build.started_at),
        "state": call.unknowns.action_progress if build.state == "building" else ACTION_STATES[build.state],
    }


def _push_action(repository: Repository, build: Build) -> Json:
    at = _rfc_2822(build.ended_at)
    action = _plain_action(repository, PUSH_ACTION, str(uuid5(NAMESPACE_URL, f"push of {build.code}")))
    return {**action, "created": at, "end_date": at, "start_date": at, "state": "Success"}


def _action_details(repository: Repository, build: Build) -> Json:
    log = _log(repository.automation, build) if repository.automation else ""
    return {"dockerfile": DOCKERFILE, "logs": log}


def _plain_action(repository: Repository, action: str, uuid: str) -> Json:
    return {
        "action": action,
        "body": "",
        "can_be_canceled": False,
        "can_be_retried": False,
        "ip": "",
        "is_user_action": False,
        "location": "",
        "method": "POST",
        "object": f"{OBJECT_PREFIX}{repository.path}/",
        "path": f"{OBJECT_PREFIX}{repository.path}/",
        "resource_uri": f"{ACTION_PREFIX}{uuid}/",
        "user_agent": "",
        "uuid": uuid,
    }


def _source(repository: Repository, automation: Automation) -> Json:
    newest = newest_first(automation.builds)[:1]
    return {
        "autotests": "OFF",
        "build_in_farm": True,
        "build_settings": [
            f"/api/build/v1/setting/{automation.source_uuid}-{number}/" for number in range(len(automation.rules))
        ],
        "channel": "Stable",
        "deploykey": "",
        "image": repository.path,
        "owner": automation.owner,
        "provider": automation.provider.capitalize(),
        "repo_links": False,
        "repository": automation.name,
        "resource_uri": f"/api/build/v1/source/{automation.source_uuid}/",
        "state": SOURCE_STATES[newest[0].state] if newest else NEVER_BUILT,
        "uuid": automation.source_uuid,
    }


def _listing(call: Call, items: Sequence[Json]) -> Answer:
    """Answer with a part of a list, as Docker Cloud did: `limit` and `offset`, and a `meta` beside the objects."""
    limit = min(_number(call, "limit", DEFAULT_LIMIT), MAX_LIMIT)
    offset = _number(call, "offset", 0)
    following, preceding = offset + limit, max(offset - limit, 0)
    meta = {
        "limit": limit,
        "next": _link(call, following) if following < len(items) else None,
        "offset": offset,
        "previous": _link(call, preceding) if offset else None,
        "total_count": len(items),
    }
    return json_answer(200, {"meta": meta, "objects": list(items[offset:following])})


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default


def _link(call: Call, offset: int) -> str:
    return f"{call.request.path}?{urlencode({**call.query, 'offset': offset})}"


def _automated(call: Call) -> list[Repository]:
    every = [repository for siblings in call.state.repositories.values() for repository in siblings.values()]
    return [repository for repository in every if repository.automation is not None]


def _reader(call: Call) -> Caller:
    """Return who asks the audit: by a bearer, by user and password, or by the site's cookie."""
    scheme, _, credentials = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            username, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return call.caller
        return check_secret(call.state, username, secret) or call.caller
    token = _cookie(call, "token")
    return call.office.identify(f"JWT {token}") if token and not scheme else call.caller


def _cookie(call: Call, name: str) -> str | None:
    cookie = SimpleCookie()
    try:
        cookie.load(call.request.headers.get("cookie", ""))
    except CookieError:
        return None
    return cookie[name].value if name in cookie else None


def _source_url(automation: Automation) -> str:
    return f"https://{automation.provider}.com/{automation.owner}/{automation.name}"


def _rfc_2822(moment: datetime | None) -> str | None:
    return format_datetime(moment) if moment is not None else None
