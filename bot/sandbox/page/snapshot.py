"""What one person sees of the workspace, as JSON for the page.

Messages are told from a version on, so that the page gets what changed; everything else is small and told whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.hub.builds import Build
from bot.sandbox.hub.organizations import Organization
from bot.sandbox.hub.simulator import HubSimulator
from bot.sandbox.hub.state import Repository
from bot.sandbox.slack.apps import App
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.state import Conversation, Message, Person, View, WorkspaceState

# Who can be chosen under "You are": everybody with an account, apart from bots and those who have left.
_ACTING_ROLES = frozenset({"admin", "operator", "member", "guest", "stranger"})
MIMETYPES = {"csv": "text/csv", "json": "application/json", "txt": "text/plain", "md": "text/markdown"}

Json = dict[str, Any]


def workspace_as_seen(slack: SlackSimulator, me: str, after: int) -> Json:
    """Return the workspace as a person sees it.

    Args:
        slack: The workspace.
        me: The person's user id.
        after: Only messages that changed since this version are told; 0 for all.
    """
    state, app = slack.state, slack.app
    with state.lock:
        seen = [each for each in state.conversations.values() if state.can_see(me, each)]
        return {
            "version": state.version,
            "since": after,
            "workspace": {"id": state.team_id, "name": state.name, "domain": state.domain},
            "me": me,
            "people": [_person(each, slack.clock()) for each in state.people.values()],
            "usergroups": [
                {"id": each.id, "handle": each.handle, "name": each.name, "users": list(each.users)}
                for each in state.usergroups.values()
            ],
            "conversations": [_conversation(each, me, app) for each in seen],
            "messages": list(_messages(state, me, after, {each.id for each in seen})),
            "views": [_view(each) for each in state.stacks.get(me, [])],
            "home": _home(state, app, me),
        }


def hub_card(hub: HubSimulator) -> Json:
    """Return what the panel shows of the simulated Docker Hub; the state of its network is the panel's own."""
    with hub.state.lock:
        hub.builds.advance()
        repositories = [
            {
                "name": repository.path,
                "tags": _newest_tags(repository.tags.values()),
                "is_private": repository.is_private,
            }
            for namespace in hub.state.repositories.values()
            for repository in namespace.values()
        ]
        builds = [
            _builds(hub, repository)
            for namespace in hub.state.repositories.values()
            for repository in namespace.values()
            if repository.automation
        ]
        builds.sort(key=lambda each: each["repository"])
        found = (account.organization for account in hub.state.accounts.values())
        organizations = [_organization(each) for each in found if each and each.members]
    return {
        "url": hub.url,
        "repositories": repositories,
        "organizations": organizations,
        "builds": builds,
        "requests": hub.answered,
        "webhooks_sent": hub.webhooks.sent_count,
        "webhooks_failed": hub.webhooks.failed_count,
    }


def clock_card(now: datetime, offset: timedelta) -> Json:
    """Return what the page shows of the time."""
    return {"now": now.isoformat().replace("+00:00", "Z"), "offset_seconds": offset.total_seconds()}


def _organization(organization: Organization) -> Json:
    return {
        "name": organization.name,
        "members": len(organization.members),
        "seats": organization.seats,
        "seats_used": organization.seats_used,
        "invites": [
            {"invitee": each.invitee, "role": each.role, "team": each.team} for each in organization.invites.values()
        ],
    }


def _builds(hub: HubSimulator, repository: Repository) -> Json:
    asked_for = repository.automation.builds if repository.automation else []
    return {
        "repository": repository.path,
        "trigger_url": hub.build_trigger(repository.path),
        "last": [{"tag": each.docker_tag, "state": each.state} for each in _worth_showing(asked_for)],
    }


def _worth_showing(builds: Sequence[Build]) -> Sequence[Build]:
    """Return the builds that have not ended; without any, the last one."""
    return [each for each in builds if each.ended_at is None] or builds[-1:]


def _newest_tags(tags: Iterable[Any]) -> list[str]:
    return [each.name for each in sorted(tags, key=lambda tag: tag.pushed_at, reverse=True)[:50]]


def _person(person: Person, now: datetime) -> Json:
    offset = now.astimezone(ZoneInfo(person.timezone)).utcoffset() or timedelta()
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "role": person.role,
        "title": person.title,
        "tz": person.timezone,
        "tz_offset": int(offset.total_seconds()),
        "is_bot": person.is_bot,
        "can_act": person.role in _ACTING_ROLES and not person.is_deleted,
    }


def _conversation(conversation: Conversation, me: str, app: App) -> Json:
    others = conversation.members - {me}
    return {
        "id": conversation.id,
        "name": conversation.name,
        "kind": conversation.kind,
        "topic": conversation.topic,
        "is_member": me in conversation.members,
        "bot_is_member": app.bot_user_id in conversation.members,
        "is_archived": conversation.is_archived,
        "is_shared": conversation.is_shared,
        "is_read_only": conversation.kind == "im" and app.bot_user_id in others and app.is_messages_tab_read_only,
        "member_count": len(conversation.members),
        "with": next(iter(others), me) if conversation.kind == "im" else None,
    }


def _messages(state: WorkspaceState, me: str, after: int, seen: set[str]) -> Iterable[Json]:
    replies = state.reply_counts()
    for message in state.changed_messages(after):
        is_new_and_gone = message.is_deleted and after == 0
        if message.channel in seen and message.ephemeral_for in {None, me} and not is_new_and_gone:
            yield _message(state, message, replies[message.channel, message.ts])


def _message(state: WorkspaceState, message: Message, reply_count: int) -> Json:
    if message.is_deleted:
        return {"channel": message.channel, "ts": message.ts, "version": message.version, "is_deleted": True}
    return {
        "channel": message.channel,
        "ts": message.ts,
        "version": message.version,
        "is_deleted": False,
        "user": message.user,
        "text": message.text,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "thread_ts": message.thread_ts,
        "reply_count": reply_count,
        "is_broadcast": message.is_broadcast,
        "is_ephemeral": message.ephemeral_for is not None,
        "is_edited": message.edited_at is not None,
        "subtype": message.subtype,
        "files": _files(state, message.files),
    }


def _files(state: WorkspaceState, ids: Sequence[str]) -> list[Json]:
    found = [state.files[each] for each in ids if each in state.files]
    return [
        {
            "id": file.id,
            "name": file.name,
            "title": file.title,
            "mimetype": MIMETYPES.get(file.name.rpartition(".")[2].lower(), "application/octet-stream"),
            "size": file.length_bytes,
            "url": f"/files/{file.id}/{file.name}",
        }
        for file in found
    ]


def _view(view: View) -> Json:
    return {"title": None, "submit": None, "close": None, **_shown(view.payload)} | {
        "id": view.id,
        "hash": view.hash,
        "errors": dict(view.errors) or None,
        "is_busy": False,
    }


def _shown(payload: Mapping[str, Any]) -> Json:
    names = ("type", "title", "submit", "close", "blocks", "callback_id")
    return {name: payload[name] for name in names if name in payload}


def _home(state: WorkspaceState, app: App, me: str) -> Json:
    view = state.homes.get((app.id, me))
    return {"enabled": app.has_home_tab, "view": _view(view) if view else None}
