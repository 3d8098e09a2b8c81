"""Every method of the simulated Web API: what answers it, how often it may be called, with which token and scope.

Sources: the page of each method below https://docs.slack.dev/reference/methods; the tiers are those of
slackapi/java-slack-sdk, MethodsRateLimits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.sandbox.slack.api import auth, blocks, chat, conversations, files, usergroups, users, views
from bot.sandbox.slack.apps import TokenKind
from bot.sandbox.slack.call import Call, Payload
from bot.sandbox.slack.limits import Tier

BOT: tuple[TokenKind, ...] = ("bot",)
APP: tuple[TokenKind, ...] = ("app",)
ANY: tuple[TokenKind, ...] = ("bot", "app")
NONE: tuple[TokenKind, ...] = ()

# One of them is enough to call the method at all; which one is needed depends on the conversation.
READING = ("channels:read", "groups:read", "mpim:read", "im:read")
OPENING = ("channels:manage", "groups:write", "mpim:write", "im:write")


@dataclass(frozen=True, slots=True)
class Method:
    """A method.

    Attributes:
        answer: Returns the answer without `ok`; raises `Refusal` or `RateLimited`.
        tier: How often it may be called.
        scopes: Any one of them is needed.
        tokens: Which kinds will do; none where no token is needed.
        is_header_only: Whether the token must come in the header. Reported in slackapi/python-slack-sdk, 1877.
    """

    answer: Callable[[Call], Payload]
    tier: Tier
    scopes: tuple[str, ...] = ()
    tokens: tuple[TokenKind, ...] = BOT
    is_header_only: bool = False


METHODS: Mapping[str, Method] = {
    "api.test": Method(auth.api_test, "tier_4", tokens=NONE),
    "apps.connections.open": Method(
        auth.open_connection, "tier_1", ("connections:write",), tokens=APP, is_header_only=True
    ),
    "auth.revoke": Method(auth.revoke, "tier_3", tokens=ANY),
    "auth.test": Method(auth.test, "special", tokens=ANY),
    "blocks.validate": Method(blocks.validate, "special", tokens=NONE),
    "chat.delete": Method(chat.delete, "tier_3", ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, "special"),
    "chat.postEphemeral": Method(chat.post_ephemeral, "tier_4", ("chat:write",)),
    "chat.postMessage": Method(chat.post_message, "special", ("chat:write",)),
    "chat.update": Method(chat.update, "tier_3", ("chat:write",)),
    "conversations.info": Method(conversations.info, "tier_3", READING),
    "conversations.join": Method(conversations.join, "tier_3", ("channels:join",)),
    "conversations.list": Method(conversations.list_conversations, "tier_2", READING),
    "conversations.members": Method(conversations.members, "tier_4", READING),
    "conversations.open": Method(conversations.open_conversation, "tier_3", OPENING),
    "files.completeUploadExternal": Method(files.complete_upload, "tier_4", ("files:write",)),
    "files.getUploadURLExternal": Method(files.get_upload_url, "tier_4", ("files:write",)),
    "oauth.v2.access": Method(auth.access, "tier_4", tokens=NONE),
    "team.info": Method(auth.team_info, "tier_3", ("team:read",)),
    "usergroups.list": Method(usergroups.list_usergroups, "tier_2", ("usergroups:read",)),
    "usergroups.users.list": Method(usergroups.list_users, "tier_2", ("usergroups:read",)),
    "users.info": Method(users.info, "tier_4", ("users:read",)),
    "users.list": Method(users.list_users, "tier_2", ("users:read",)),
    "users.lookupByEmail": Method(users.lookup_by_email, "tier_3", ("users:read.email",)),
    "views.open": Method(views.open_view, "tier_4"),
    "views.publish": Method(views.publish, "tier_4"),
    "views.push": Method(views.push, "tier_4"),
    "views.update": Method(views.update, "tier_4"),
}
