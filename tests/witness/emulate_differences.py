"""In what the emulated Slack differs from ours, and why each difference is kept.

The right side of a pair is the emulated one's. Pages are below https://docs.slack.dev/reference; of what no page
decides, that is said. Differences in a kind of object are listed once, wherever that object is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """Differences that stay, for one reason.

    Attributes:
        where: A kind of object, such as `a channel`, or the name of a call of the story.
        what: As `test_emulate.py` tells them.
        why: The reason.
    """

    where: str
    what: tuple[str, ...]
    why: str


def only(side: str, *names: str) -> tuple[str, ...]:
    """Return that each of these is only in `ours`, or only in `theirs`."""
    return tuple(f"{name}: only {side}" for name in names)


INVENTED = "It lets everybody in with any token, as its administrator: `methods/auth.test` says `invalid_auth`."
NO_LIMITS = "It takes what it does not understand for the default; the page of the method names the error."
NO_VALIDATION = "It has no Block Kit validation: the page of the method names the error."
MISSING = (
    "A missing argument is recorded for some methods only, as `invalid_arguments` with `missing required field: …` in "
    "the messages; theirs is the error for a wrong value."
)
CUT = "[WARN] Your message was truncated but still posted"
BAD_VIEW = (
    "`invalid_view` is an error of `blocks.validate`; views that were refused are recorded as `invalid_arguments`."
)

KEPT: Sequence[Kept] = (
    # Who calls.
    Kept("auth.test", only("theirs", "app_id"), "`methods/auth.test` does not show it of a bot's token."),
    Kept("auth.test", only("ours", "is_enterprise_install"), "`methods/auth.test` shows it."),
    Kept("auth.test with an unknown token", ("invalid_auth / ok",), INVENTED),
    Kept(
        "team.info",
        only("ours", "team.email_domain", "team.icon", "team.url"),
        "Theirs tells the least; `methods/team.info` shows more.",
    ),
    Kept(
        "an unknown method",
        ("unknown_method / no answer that Slack would give",),
        "Theirs is a 404 of its framework. Clients know `unknown_method`, with status 200.",
    ),
    # Channels.
    Kept(
        "a channel",
        only(
            "ours",
            "context_team_id",
            "is_ext_shared",
            "is_general",
            "is_org_shared",
            "is_pending_ext_shared",
            "is_shared",
            "pending_shared",
            "previous_names",
            "unlinked",
            "updated",
        ),
        "`objects/conversation-object` shows them; theirs knows neither Slack Connect nor changes.",
    ),
    Kept(
        "a channel",
        only("theirs", "is_open", "last_read"),
        "`objects/conversation-object` does not show them; a bot reads nothing.",
    ),
    Kept(
        "a channel",
        only("theirs", "num_members"),
        "`methods/conversations.info`: only when asked for.",
    ),
    Kept(
        "a channel",
        ("is_channel: true / false", "is_group: false / true"),
        "`objects/conversation-object`: private channels are channels; groups are those from before March 2021.",
    ),
    Kept(
        "a channel",
        (
            'purpose.creator: "" / <admin>',
            "purpose.last_set: 0 / <time>",
            'topic.creator: "" / <admin>',
            "topic.last_set: 0 / <time>",
        ),
        "What nobody has set has no author. Recorded in many public answers.",
    ),
    Kept(
        "a direct message",
        only("ours", "context_team_id", "is_org_shared", "is_user_deleted", "priority"),
        "`methods/conversations.list` and `methods/conversations.info` show them of direct messages.",
    ),
    Kept(
        "a direct message",
        only(
            "theirs",
            "creator",
            "is_channel",
            "is_group",
            "is_member",
            "is_mpim",
            "is_private",
            "name",
            "name_normalized",
            "num_members",
            "purpose",
            "topic",
        ),
        "Theirs writes it like a channel; `objects/im-object` has none of them.",
    ),
    Kept("a direct message", only("theirs", "is_open", "last_read"), "As of a channel."),
    Kept("conversations.list with a bad cursor", ("invalid_cursor / ok",), NO_LIMITS),
    Kept("conversations.list of a bad kind", ("invalid_types / ok",), NO_LIMITS),
    Kept("conversations.list with a huge limit", ("invalid_limit / ok",), NO_LIMITS),
    Kept("conversations.info without a channel", ("invalid_arguments / channel_not_found",), MISSING),
    Kept(
        "conversations.join again",
        only("ours", "response_metadata", "warning"),
        "`methods/conversations.join` shows `already_in_channel`.",
    ),
    Kept(
        "conversations.join of a private channel",
        ("method_not_supported_for_channel_type / missing_scope",),
        "`methods/conversations.join` names the error; theirs asks for a scope that joining never needs.",
    ),
    Kept(
        "conversations.open of a channel",
        ("method_not_supported_for_channel_type / channel_not_found",),
        "`methods/conversations.open` names both; the channel is there, and of the wrong type.",
    ),
    # People.
    *(
        Kept(call, only("ours", "cache_ts"), "`methods/users.list` shows it.")
        for call in ("users.list", "users.list, first page", "users.list, second page")
    ),
    Kept(
        "a person",
        only(
            "ours",
            "color",
            "is_app_user",
            "is_email_confirmed",
            "is_owner",
            "is_primary_owner",
            "is_restricted",
            "is_ultra_restricted",
            "profile.first_name",
            "profile.image_72",
            "profile.last_name",
            "profile.team",
            "tz",
            "tz_label",
            "tz_offset",
            "updated",
        ),
        "`objects/user-object` lists them; theirs has neither guests nor time zones.",
    ),
    Kept(
        "a person",
        only(
            "theirs",
            "profile.huddle_state",
            "profile.huddle_state_expiration_ts",
            "profile.image_192",
            "profile.image_48",
            "profile.phone",
            "profile.skype",
            "profile.status_emoji_display_info",
            "profile.status_expiration",
        ),
        "Slack tells them too; ours leaves out what no bot of ours looks at.",
    ),
    Kept("a person", only("ours", "profile.api_app_id", "profile.bot_id"), "Told of bots: `methods/users.list`."),
    Kept("a person", only("theirs", "profile.email"), "Bots have no address; theirs makes one up."),
    # Messages.
    Kept(
        "a message",
        only("ours", "app_id", "bot_id", "bot_profile", "team"),
        "`methods/chat.postMessage` shows them; theirs writes every message like a person's.",
    ),
    Kept("a message", only("theirs", "ts"), "The answer of `chat.update` holds it beside the message, not within."),
    Kept(
        "a message",
        only("theirs", "reply_count", "reply_users"),
        "Ours tells of replies nowhere: that is the business of `conversations.history`, which it does not have.",
    ),
    Kept(
        "chat.postMessage of a long text",
        (f"response_metadata.messages[]: {CUT}. The `tex… / {CUT}",),
        "Ours is the whole sentence of Slack's changelog of April 2018.",
    ),
    Kept(
        "chat.getPermalink",
        ("permalink: https://acme.slack.com/archives/<deploys>/p<ts> / <origin>/archives/<deploys>/p<ts>",),
        "`methods/chat.getPermalink`: the address is the workspace's. Theirs has pages of its own to link to.",
    ),
    Kept("chat.postMessage without a channel", ("invalid_arguments / channel_not_found",), MISSING),
    Kept(
        "chat.postMessage where the bot is not",
        ("not_in_channel / ok",),
        "`scopes/chat.write.public`: without it a bot must be there. Theirs does not know that scope.",
    ),
    Kept(
        "chat.postMessage to a channel that it cannot see",
        ("channel_not_found / not_in_channel",),
        "`methods/chat.postMessage`: private channels that the bot is not in are as good as none.",
    ),
    *(
        Kept(
            f"chat.postMessage of blocks that are {what}",
            ("invalid_blocks_format / invalid_blocks",),
            "`methods/chat.postMessage` names `invalid_blocks_format` for what is no valid JSON.",
        )
        for what in ("no JSON", "no list")
    ),
    Kept("chat.postMessage of a bad block", ("invalid_blocks / ok",), NO_VALIDATION),
    Kept("chat.postMessage into a bad thread", ("invalid_thread_ts / ok",), NO_LIMITS),
    Kept("chat.postEphemeral without a user", ("invalid_arguments / user_not_found",), MISSING),
    Kept(
        "chat.postEphemeral to nobody",
        ("user_not_in_channel / user_not_found",),
        "`methods/chat.postEphemeral` names the first, and never the second.",
    ),
    Kept(
        "chat.update with a text too long",
        ("msg_too_long / ok",),
        "`methods/chat.update`: over 4,000 characters. Theirs cuts the text, as `chat.postMessage` does.",
    ),
    Kept("chat.update without a ts", ("invalid_arguments / message_not_found",), MISSING),
    Kept("chat.delete without a ts", ("invalid_arguments / message_not_found",), MISSING),
    Kept(
        "chat.update elsewhere",
        ("channel_not_found / message_not_found",),
        "`methods/chat.update` names both; what is wrong first is the channel.",
    ),
    # Views.
    Kept(
        "a view",
        (*only("ours", "title.text", "title.emoji", "title.type"), *only("theirs", "title")),
        "An App Home has the title that recorded ones have; theirs has none.",
    ),
    Kept("a view", only("ours", "app_installed_team_id"), "`interaction-payloads/view-interactions-payload` shows it."),
    Kept("views.open without a trigger", ("invalid_arguments / invalid_trigger_id",), MISSING),
    Kept("views.open without a view", ("invalid_arguments / invalid_view",), BAD_VIEW),
    Kept("views.open of a Home", ("invalid_arguments / invalid_view",), BAD_VIEW),
    Kept("views.open of a bad block", ("invalid_arguments / ok",), NO_VALIDATION),
    Kept("views.update without an id", ("invalid_arguments / not_found",), MISSING),
    Kept("views.publish of a modal", ("invalid_arguments / invalid_view",), BAD_VIEW),
    Kept(
        "views.publish for nobody",
        ("invalid_arguments / user_not_found",),
        "`methods/views.publish` does not name `user_not_found`. Which one it is, no page says.",
    ),
    Kept("views.publish without a user", ("invalid_arguments / user_not_found",), MISSING),
    # Files.
    Kept(
        "a file",
        ("channels: only ours", "channels[]: only theirs", "is_public: false / true", *only("theirs", "shares")),
        "https://docs.slack.dev/messaging/working-with-files: files are shared later, so the answer knows no channel.",
    ),
    Kept(
        "a file",
        only(
            "theirs",
            "comments_count",
            "display_as_bot",
            "has_rich_preview",
            "initial_comment",
            "is_starred",
            "pretty_type",
            "public_url_shared",
        ),
        "Slack tells most of them too; ours leaves out what no bot of ours looks at.",
    ),
    Kept(
        "a file",
        ("mimetype: text/csv / application/octet-stream",),
        "`objects/file-object`: told by the name. Theirs goes by how the bytes were sent.",
    ),
    Kept(
        "a file",
        (
            "permalink: https://acme.slack.com/files/<hub>/<id>/a.csv / <origin>/files/<id>",
            "url_private_download: <origin>/files-pri/<id>/a.csv / <origin>/files-pri/<id>/a.csv?download=1",
        ),
        "`objects/file-object` shows the first; where exactly bytes lie is nobody's business.",
    ),
    *(
        Kept(call, only("ours", "response_metadata"), "Ours says which argument is missing.")
        for call in ("files.completeUploadExternal of nothing", "files.getUploadURLExternal without a name")
    ),
    Kept(
        "files.getUploadURLExternal of nothing",
        ("missing_argument / ok",),
        "`methods/files.getUploadURLExternal`: that is the answer to a length of 0.",
    ),
    # Installation.
    Kept(
        "oauth.v2.access with a wrong secret",
        ("bad_client_secret / invalid_client_id",),
        "`methods/oauth.v2.access` names it.",
    ),
    Kept(
        "oauth.v2.access again",
        ("code_already_used / invalid_code",),
        "`methods/oauth.v2.access` names it.",
    ),
)
