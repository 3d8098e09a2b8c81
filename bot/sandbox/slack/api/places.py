"""Which conversation a call means, and whether its bot may see it and write there."""

from bot.sandbox.slack.call import Call, Refusal
from bot.sandbox.slack.state import Conversation, ConversationKind, Person

READ_SCOPES: dict[ConversationKind, str] = {"public": "channels:read", "private": "groups:read", "im": "im:read"}
USER_LETTERS = ("U", "W")


def visible_conversation(call: Call, conversation_id: str) -> Conversation:
    """Return a conversation by its id.

    Raises:
        Refusal: `channel_not_found`: there is none, or the bot does not know of it.
    """
    conversation = call.state.conversations.get(conversation_id)
    if conversation is None or not call.state.can_see(call.bot.id, conversation):
        raise Refusal("channel_not_found")
    return conversation


def readable_conversation(call: Call) -> Conversation:
    """Return the conversation in `channel`, for a method that tells about it.

    Raises:
        Refusal: As of `visible_conversation`; `missing_scope` when the token may not read of this kind.
    """
    conversation = visible_conversation(call, call.arguments.required("channel"))
    require_scope(call, READ_SCOPES[conversation.kind])
    return conversation


def require_scope(call: Call, scope: str) -> None:
    """Ask for a scope that depends on the arguments.

    Raises:
        Refusal: `missing_scope`.
    """
    if scope not in call.scopes:
        raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(call.scopes)))


def writable_conversation(call: Call) -> Conversation:
    """Return where a message is to go: `channel` is an id, a name, or a user's id for the direct message with them.

    A direct message is made if there is none yet.

    Raises:
        Refusal: The bot may not write there.
    """
    wanted = call.arguments.required("channel")
    if wanted.startswith(USER_LETTERS) and wanted in call.state.people:
        return _direct_message(call, call.state.people[wanted])
    named = call.state.conversation_named(wanted)
    conversation = visible_conversation(call, named.id if named else wanted)
    if conversation.kind == "im":
        _check_messages_tab(call)
    if conversation.is_archived:
        raise Refusal("is_archived")
    if call.bot.id not in conversation.members and "chat:write.public" not in call.scopes:
        raise Refusal("not_in_channel")
    return conversation


def _direct_message(call: Call, person: Person) -> Conversation:
    # A deactivated person can be written to all the same. Reported in slackapi/python-slack-sdk, 1156.
    if person.is_bot:
        raise Refusal("cannot_dm_bot")
    _check_messages_tab(call)
    return call.state.direct_message(call.bot.id, person.id)


def _check_messages_tab(call: Call) -> None:
    if not call.app.has_messages_tab:
        raise Refusal("messages_tab_disabled")
