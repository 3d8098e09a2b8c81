"""How people, conversations, messages, files and user groups are written in answers of the Web API.

Sources, below https://docs.slack.dev/reference/objects: `user-object`, `channel-object`, `message-object` (a message's
own fields are in `payloads.py`, the same for answers and events), `file-object` and `usergroup-object`. Fields that
only enterprise organizations have are left out.
"""

import mimetypes
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.sandbox.slack.payloads import message_object
from bot.sandbox.slack.state import Conversation, File, Message, Person, UserGroup, WorkspaceState
from bot.sandbox.slack.unknowns import SlackUnknowns

Object = dict[str, Any]

DOWNLOAD_PREFIX = "/files-pri/"
DEFAULT_MEDIA_TYPE = "application/octet-stream"


def user_object(
    person: Person,
    state: WorkspaceState,
    *,
    seen_by: str,
    unknowns: SlackUnknowns,
    has_email: bool = False,
    has_locale: bool = False,
) -> Object:
    """Write a person.

    Args:
        person: Who.
        state: The workspace that is asked.
        seen_by: The bot that asks, a user id.
        unknowns: The positions of the switches.
        has_email: Whether the token may read e-mail addresses.
        has_locale: Whether the locale was asked for.
    """
    found: Object = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.is_deleted,
        "profile": _profile(person, has_email=has_email and person.team_id == state.team_id),
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if person.is_deleted:
        # Little is told of the deactivated: neither time zone nor rights. Observed in many public answers.
        return found
    found |= _time_zone(person, state.now()) | _rights(person, state)
    found |= {"color": "9f69e7", "real_name": person.real_name, "is_email_confirmed": person.email is not None}
    if person.team_id != state.team_id:
        found["is_stranger"] = _is_stranger(person, state, seen_by, unknowns)
    return found | ({"locale": person.locale} if has_locale else {})


def channel_object(conversation: Conversation, state: WorkspaceState, *, seen_by: str) -> Object:
    """Write a channel or a direct message, as the bot with the user id `seen_by` sees it."""
    if conversation.kind == "im":
        return _direct_message(conversation, state, seen_by)
    return {
        "id": conversation.id,
        "name": conversation.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": conversation.kind == "private",
        "created": _seconds(conversation.created_at),
        "is_archived": conversation.is_archived,
        "is_general": conversation.name == "general",
        "unlinked": 0,
        "name_normalized": conversation.name,
        "is_shared": conversation.is_shared,
        "is_org_shared": False,
        "is_ext_shared": conversation.is_shared,
        "is_pending_ext_shared": bool(conversation.pending_shared),
        "pending_shared": list(conversation.pending_shared),
        "context_team_id": state.team_id,
        "updated": _seconds(conversation.created_at) * 1_000,
        "creator": conversation.created_by,
        "is_member": seen_by in conversation.members,
        "topic": _remark(conversation.topic, conversation),
        "purpose": _remark(conversation.purpose, conversation),
        "previous_names": [],
    }


def posted_message_object(message: Message, state: WorkspaceState, origin: str) -> Object:
    """Write a message with what only answers tell: the bot's profile and whole files."""
    found = message_object(message, state)
    person = state.people.get(message.user)
    if person is not None and person.is_bot:
        found["bot_profile"] = _bot_profile(person)
    if message.files:
        found["files"] = [file_object(state.files[each], state, origin) for each in message.files]
    if message.is_broadcast:
        found["subtype"] = "thread_broadcast"
    return found


def file_object(file: File, state: WorkspaceState, origin: str) -> Object:
    """Write a file; `origin` is where it can be downloaded."""
    name = quote(file.name, safe="")
    address = f"{origin}{DOWNLOAD_PREFIX}{file.id}/{name}"
    kinds = {each: state.conversations[each].kind for each in file.shared_in}
    return {
        "id": file.id,
        "created": _seconds(file.created_at),
        "timestamp": _seconds(file.created_at),
        "name": file.name,
        "title": file.title,
        "mimetype": media_type(file.name),
        "filetype": file.snippet_type or file.name.rpartition(".")[2].lower(),
        "user": file.uploaded_by,
        "user_team": state.team_id,
        "editable": file.snippet_type is not None,
        "size": file.length_bytes,
        "mode": "hosted" if file.snippet_type is None else "snippet",
        "is_external": False,
        "external_type": "",
        "is_public": "public" in kinds.values(),
        "url_private": address,
        "url_private_download": address,
        "permalink": f"https://{state.domain}.slack.com/files/{file.uploaded_by}/{file.id}/{name}",
        "channels": [each for each, kind in kinds.items() if kind == "public"],
        "groups": [each for each, kind in kinds.items() if kind == "private"],
        "ims": [each for each, kind in kinds.items() if kind == "im"],
        **({"alt_txt": file.alt_text} if file.alt_text else {}),
    }


def usergroup_object(group: UserGroup, state: WorkspaceState) -> Object:
    """Write a user group without its users."""
    return {
        "id": group.id,
        "team_id": state.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": _seconds(state.now()) if group.is_disabled else 0,
        "auto_type": None,
        "created_by": "",
        "updated_by": "",
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
    }


def media_type(name: str) -> str:
    """Return the media type that a file's name tells."""
    return mimetypes.guess_type(name)[0] or DEFAULT_MEDIA_TYPE


def _profile(person: Person, *, has_email: bool) -> Object:
    first, _, last = person.real_name.partition(" ")
    found = {
        "title": person.title,
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": first,
        "last_name": last,
        "status_text": "",
        "status_emoji": "",
        "image_72": f"https://avatars.example/{person.id}-72.png",
        "team": person.team_id,
    }
    if has_email and person.email is not None:
        found["email"] = person.email
    return found | ({"bot_id": person.bot_id, "api_app_id": person.app_id} if person.is_bot else {})


def _time_zone(person: Person, now: datetime) -> Object:
    local = now.astimezone(ZoneInfo(person.timezone))
    offset = local.utcoffset()
    return {
        "tz": person.timezone,
        "tz_label": local.tzname(),
        "tz_offset": int(offset.total_seconds()) if offset is not None else 0,
    }


def _rights(person: Person, state: WorkspaceState) -> Object:
    return {
        "is_admin": person.role == "admin",
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.role == "guest",
        "is_ultra_restricted": person.role == "guest" and _number_of_channels(person, state) == 1,
    }


def _number_of_channels(person: Person, state: WorkspaceState) -> int:
    return sum(person.id in each.members for each in _channels(state))


def _channels(state: WorkspaceState) -> Iterator[Conversation]:
    return (each for each in state.conversations.values() if each.kind != "im")


def _is_stranger(person: Person, state: WorkspaceState, seen_by: str, unknowns: SlackUnknowns) -> bool:
    if unknowns.is_stranger == "every_foreigner":
        return True
    # Documented: false for those of another workspace who are in a channel that the app has access to.
    return not any({person.id, seen_by} <= each.members for each in _channels(state))


def _direct_message(conversation: Conversation, state: WorkspaceState, seen_by: str) -> Object:
    other = state.people[next(iter(conversation.members - {seen_by}), seen_by)]
    return {
        "id": conversation.id,
        "created": _seconds(conversation.created_at),
        "is_archived": conversation.is_archived,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": state.team_id,
        "user": other.id,
        "is_user_deleted": other.is_deleted,
        "priority": 0,
    }


def _remark(value: str, conversation: Conversation) -> Mapping[str, Any]:
    last_set = _seconds(conversation.created_at) if value else 0
    return {"value": value, "creator": conversation.created_by if value else "", "last_set": last_set}


def _bot_profile(person: Person) -> Object:
    return {
        "id": person.bot_id,
        "app_id": person.app_id,
        "user_id": person.id,
        "name": person.real_name,
        "icons": {"image_72": f"https://avatars.example/{person.id}-72.png"},
        "deleted": False,
        "updated": 0,
        "team_id": person.team_id,
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
