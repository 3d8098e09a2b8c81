"""Slack's Web API, as far as we use it: each method once, each failure as one `SlackCallError`.

slack_sdk does the talking; its own retries are off, because it would repeat writes whose answer was lost, and its
logger is off, because it prints messages and upload addresses.
"""

import http.client
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from bot.slack.accounts import Account
from bot.slack.failures import Kind, SlackCallError, failure_of
from bot.slack.message import Block, Message

_SILENT = logging.CRITICAL + 1
_SLACKBOT = "USLACKBOT"

T = TypeVar("T")


@dataclass(frozen=True)
class Identity:
    """Who we are to Slack.

    Attributes:
        team_id: The workspace of the token.
        bot_user_id: What people mention.
        scopes: What the token may do.
        address: The workspace's, such as `https://acme.slack.com/`; may be empty.
    """

    team_id: str
    bot_user_id: str
    scopes: frozenset[str]
    address: str = ""


@dataclass(frozen=True)
class Posted:
    """Where a message is.

    Attributes:
        channel: The conversation; for a message to a person another id than theirs.
        ts: The message in it.
    """

    channel: str
    ts: str


class SlackClient:
    """Calls Slack. Safe to use from several threads. Every method raises `SlackCallError`.

    Args:
        token: The bot's token.
        base_url: Where the API is; ends in `/api/`.
        timeout_seconds: For connecting, and again for each wait for data.
    """

    def __init__(self, token: str, base_url: str, timeout_seconds: int = 10) -> None:
        self._web = WebClient(
            token=token,
            base_url=base_url,
            timeout=timeout_seconds,
            retry_handlers=[],
            logger=logging.Logger("slack_web_api", level=_SILENT),  # noqa: LOG001 - One that nothing can switch on.
        )

    def auth_test(self) -> Identity:
        """Return who the token is."""
        answer = _call("auth.test", self._web.auth_test)
        scopes = _lower_case(answer.headers).get("x-oauth-scopes", "")
        return Identity(
            team_id=_taken("auth.test", answer, "team_id", kind=str),
            bot_user_id=str(answer.get("user_id") or ""),
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
            address=str(answer.get("url") or ""),
        )

    def post_message(
        self,
        channel: str,
        message: Message,
        *,
        thread_ts: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """Post a message and return where it is.

        Args:
            channel: A channel's id, or a person's for a direct message.
            message: What to post.
            thread_ts: The message under which to post.
            metadata: `event_type` and `event_payload`, which people do not see.
        """
        answer = _call(
            "chat.postMessage",
            self._web.chat_postMessage,
            channel=channel,
            thread_ts=thread_ts,
            metadata=dict(metadata) if metadata else None,
            unfurl_links=False,
            unfurl_media=False,
            **message.payload(),
        )
        ts = _taken("chat.postMessage", answer, "ts", kind=str)
        return Posted(channel=str(answer.get("channel") or channel), ts=ts)

    def post_ephemeral(self, channel: str, user_id: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Show a message to one person in a channel; it can not be changed later and is gone when they reload."""
        _call(
            "chat.postEphemeral",
            self._web.chat_postEphemeral,
            channel=channel,
            user=user_id,
            thread_ts=thread_ts,
            **message.payload(),
        )

    def update_message(self, channel: str, ts: str, message: Message) -> None:
        """Put another message in the place of one of ours."""
        # An empty list, because blocks that are not mentioned may stay.
        payload = {"blocks": [], **message.payload()}
        _call("chat.update", self._web.chat_update, channel=channel, ts=ts, **payload)

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal before somebody who has just done something.

        Args:
            trigger_id: What came with what they did. Good for three seconds, and once.
            view: The modal.
        """
        _call("views.open", self._web.views_open, trigger_id=trigger_id, view=dict(view))

    def publish_home(self, user_id: str, blocks: Sequence[Block]) -> None:
        """Put blocks on the app's Home tab, as one person sees it.

        Args:
            user_id: The person.
            blocks: At most a hundred.
        """
        _call("views.publish", self._web.views_publish, user_id=user_id, view={"type": "home", "blocks": list(blocks)})

    def send_file(self, user_id: str, *, name: str, content: bytes, comment: str) -> None:
        """Send a person a file as a direct message.

        Args:
            user_id: The person.
            name: The file's name.
            content: What is in it.
            comment: The words beside it, as mrkdwn.
        """
        conversation = _call("conversations.open", self._web.conversations_open, users=user_id)
        channel = str(conversation["channel"]["id"])
        self.attach_file(channel, thread_ts=None, name=name, content=content, comment=comment)

    def attach_file(self, channel: str, *, thread_ts: str | None, name: str, content: bytes, comment: str) -> None:
        """Put a file into a channel.

        Args:
            channel: The channel's id.
            thread_ts: The message under which to put it.
            name: The file's name.
            content: What is in it.
            comment: The words beside it, as mrkdwn.
        """
        _call(
            "files.completeUploadExternal",
            self._web.files_upload_v2,
            channel=channel,
            thread_ts=thread_ts,
            filename=name,
            title=name,
            content=content,
            initial_comment=comment,
        )

    def is_shared_outside(self, channel: str) -> bool:
        """Return whether people of another organization are in the channel, or invited to it."""
        answer = _call("conversations.info", self._web.conversations_info, channel=channel)
        found = _taken("conversations.info", answer, "channel", kind=dict)
        if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
            return True
        # Shared among workspaces of one organization is not outside; shared in a way we do not know is.
        return bool(found.get("is_shared")) and not found.get("is_org_shared")

    def is_member(self, channel: str) -> bool:
        """Return whether we are in a channel that is not archived."""
        answer = _call("conversations.info", self._web.conversations_info, channel=channel)
        found = _taken("conversations.info", answer, "channel", kind=dict)
        return bool(found.get("is_member")) and not found.get("is_archived")

    def account(self, user_id: str) -> Account:
        """Return what Slack says of a person."""
        user = _taken("users.info", _call("users.info", self._web.users_info, user=user_id), "user", kind=dict)
        enterprise = user.get("enterprise_user")
        teams = enterprise.get("teams") if isinstance(enterprise, dict) else None
        team_id, zone = user.get("team_id"), user.get("tz")
        return Account(
            team_id=team_id if isinstance(team_id, str) else None,
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            is_stranger=bool(user.get("is_stranger")),
            is_active=not (user.get("deleted") or user.get("is_bot") or user_id == _SLACKBOT),
            zone=zone if isinstance(zone, str) else None,
            enterprise_team_ids=frozenset(each for each in _listed(teams) if isinstance(each, str)),
        )

    def usergroup_members(self, usergroup_id: str) -> frozenset[str]:
        """Return the user ids of a user group."""
        answer = _call("usergroups.users.list", self._web.usergroups_users_list, usergroup=usergroup_id)
        return frozenset(each for each in _listed(answer.get("users")) if isinstance(each, str))


def _call(method: str, function: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return function(**given)
    except SlackApiError as error:
        raise _refusal(method, error) from None  # Its text quotes the answer, which may hold an upload address.
    except (
        SlackRequestError,
        OSError,
        http.client.HTTPException,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        # URLError, timeouts and resets are OSErrors; ValueError is an answer that is not UTF-8; the others are what
        # slack_sdk makes of JSON that is no object, or too deep.
        raise SlackCallError(method, kind=Kind.RETRY) from error


def _taken(method: str, answer: SlackResponse, field: str, *, kind: type[T]) -> T:
    """Return a field that an answer must have; without it the answer says nothing, which is a failure of Slack."""
    value = answer.get(field)
    if not isinstance(value, kind) or not value:
        raise SlackCallError(method, kind=Kind.RETRY)
    return value


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _refusal(method: str, error: SlackApiError) -> SlackCallError:
    response = error.response
    answer = response.data if isinstance(response.data, dict) else {}
    return failure_of(method, status=response.status_code, answer=answer, headers=_lower_case(response.headers))


def _lower_case(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
