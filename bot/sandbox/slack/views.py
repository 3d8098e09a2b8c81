"""Modals and App Homes: opening, pushing, updating, closing and publishing them.

A modal is a stack of at most three views; people see the uppermost. Each change gives a view a new hash, which guards
later changes against races.

Sources: https://docs.slack.dev/surfaces/modals, https://docs.slack.dev/surfaces/app-home and, below
https://docs.slack.dev/reference/methods, `views.open`, `views.push`, `views.update` and `views.publish`.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from bot.sandbox.slack.apps import App
from bot.sandbox.slack.blockkit import Problem, view_problems
from bot.sandbox.slack.blocks import with_ids
from bot.sandbox.slack.call import Refusal
from bot.sandbox.slack.posting import refusal_of
from bot.sandbox.slack.state import View, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns

MOST_VIEWS = 3
LARGEST_VIEW_BYTES = 250_000


def checked_view(payload: object, unknowns: SlackUnknowns, *, type: str = "modal") -> dict[str, Any]:  # noqa: A002
    """Return a view as Slack keeps it, with an id on every block.

    Args:
        payload: What the app sent, any JSON.
        unknowns: The positions of the switches.
        type: `modal` or `home`, whichever has its place here.

    Raises:
        Refusal: Slack would not take it.
    """
    if len(json.dumps(payload)) > LARGEST_VIEW_BYTES:
        raise Refusal("view_too_large")
    problems = view_problems(payload, unknowns)
    if not problems and isinstance(payload, Mapping) and payload["type"] != type:
        problems = [Problem("/type", "failed_constraint", f"unsupported type: {payload['type']}")]
    if problems or not isinstance(payload, Mapping):
        raise refusal_of("invalid_arguments", problems, "/view")
    return {**payload, "blocks": with_ids(payload["blocks"])}


def open_view(state: WorkspaceState, app: App, user_id: str, payload: object, unknowns: SlackUnknowns) -> View:
    """Open a modal on somebody's screen; one that is open already gives way to it.

    Raises:
        Refusal: `invalid_arguments` with messages, `view_too_large`, `duplicate_external_id`.
    """
    checked = checked_view(payload, unknowns)
    with state.lock:
        _check_external_id(state, checked)
        view = _new_view(state, app, user_id, checked)
        state.stacks[user_id] = [view]
        state.touch()
    return view


def push_view(state: WorkspaceState, app: App, user_id: str, payload: object, unknowns: SlackUnknowns) -> View:
    """Put a view on top of somebody's modal.

    Raises:
        Refusal: As of `open_view`; `push_limit_reached` when three are open, `not_found` when none of the app's is.
    """
    checked = checked_view(payload, unknowns)
    with state.lock:
        stack = state.stacks.get(user_id, [])
        if not stack or stack[-1].app_id != app.id:
            raise Refusal("not_found")
        if len(stack) >= MOST_VIEWS:
            raise Refusal("push_limit_reached")
        _check_external_id(state, checked)
        view = _new_view(state, app, user_id, checked)
        view.root_id, view.previous_id = stack[0].root_id, stack[-1].id
        stack.append(view)
        state.touch()
    return view


def update_view(
    state: WorkspaceState, view: View, payload: object, unknowns: SlackUnknowns, *, expected_hash: str | None = None
) -> View:
    """Replace what an open view shows.

    Args:
        state: The workspace.
        view: From `find_view`, or from the stack.
        payload: The whole new view.
        unknowns: The positions of the switches.
        expected_hash: The hash that the app last saw; None to replace whatever there is.

    Raises:
        Refusal: As of `open_view`; `hash_conflict` when the view has changed since.
    """
    checked = checked_view(payload, unknowns, type=view.payload["type"])
    with state.lock:
        if expected_hash and expected_hash != view.hash:
            raise Refusal("hash_conflict")
        _check_external_id(state, checked, besides=view)
        view.payload, view.hash, view.errors = checked, _new_hash(state), {}
        state.touch()
    return view


def close_view(state: WorkspaceState, view: View, *, is_cleared: bool) -> list[View]:
    """Take a view off the screen, with those above it, or with its whole modal; return what is gone, uppermost first.

    Args:
        state: The workspace.
        view: One that is open; nothing happens when it is not.
        is_cleared: Whether the whole modal closes.
    """
    with state.lock:
        stack = state.stacks.get(view.user, [])
        if view not in stack:
            return []
        first = 0 if is_cleared else stack.index(view)
        gone = stack[first:]
        del stack[first:]
        state.touch()
    return gone[::-1]


def publish_home(
    state: WorkspaceState,
    app: App,
    user_id: str,
    payload: object,
    unknowns: SlackUnknowns,
    *,
    expected_hash: str | None = None,
) -> View:
    """Show somebody an App Home; what was there is replaced.

    Raises:
        Refusal: As of `update_view`; `not_enabled` when the app has no Home tab, `invalid_arguments` for nobody.
    """
    checked = checked_view(payload, unknowns, type="home")
    if not app.has_home_tab:
        raise Refusal("not_enabled")
    with state.lock:
        if user_id not in state.people or state.people[user_id].is_bot:
            raise Refusal("invalid_arguments", response_metadata={"messages": ["invalid `user_id`"]})
        home = state.homes.get((app.id, user_id))
        if home is not None:
            return update_view(state, home, checked, unknowns, expected_hash=expected_hash)
        _check_external_id(state, checked)
        home = state.homes[app.id, user_id] = _new_view(state, app, user_id, checked)
        state.touch()
    return home


def find_view(state: WorkspaceState, app: App, *, view_id: str = "", external_id: str = "") -> View:
    """Return the open modal or App Home of an app by its id, or by the id that the app chose.

    Raises:
        Refusal: `not_found`: there is none, or it was closed.
    """
    with state.lock:
        for view in _all_views(state):
            wanted = view.id == view_id if view_id else view.external_id == external_id
            if view.app_id == app.id and wanted:
                return view
    raise Refusal("not_found")


def _new_view(state: WorkspaceState, app: App, user_id: str, payload: Mapping[str, Any]) -> View:
    view_id = state.new_id("V")
    return View(view_id, _new_hash(state), app.id, user_id, payload, root_id=view_id)


def _new_hash(state: WorkspaceState) -> str:
    return f"{int(state.now().timestamp())}.{secrets.token_urlsafe(6)}"


def _all_views(state: WorkspaceState) -> list[View]:
    return [*(view for stack in state.stacks.values() for view in stack), *state.homes.values()]


def _check_external_id(state: WorkspaceState, payload: Mapping[str, Any], besides: View | None = None) -> None:
    external_id = payload.get("external_id")
    if external_id and any(each.external_id == external_id for each in _all_views(state) if each is not besides):
        raise Refusal("duplicate_external_id")
