"""What the page asks to be done in somebody's name, read and passed on to the simulated Slack.

Each act is a small model: what does not fit it is refused before anything happens.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from bot.sandbox.slack.acting import Acting, Clicked

LONGEST_TEXT = 12_000
Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Timestamp = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}\.[0-9]{6}$")]
Json = dict[str, Any]
Values = dict[str, dict[str, Json]]


class Act(BaseModel):
    """What every act has: in whose name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Name = Field(alias="as")


class Type(Act):
    """Send what stands in the composer."""

    do: Literal["type"]
    channel: Name
    text: str = Field(max_length=LONGEST_TEXT)
    thread_ts: Timestamp | None = None


class MessageContainer(BaseModel):
    """An element stands in a message."""

    type: Literal["message"]
    channel: Name
    ts: Name


class ViewContainer(BaseModel):
    """An element stands in a modal or in the App Home."""

    type: Literal["view"]
    view_id: Name


class Click(Act):
    """Use an element: press a button, choose an option, pick a date."""

    do: Literal["click"]
    container: Annotated[MessageContainer | ViewContainer, Field(discriminator="type")]
    block_id: Name
    action_id: Name
    state: Json = {}
    values: Values = {}


class Submit(Act):
    """Send a modal's form."""

    do: Literal["submit"]
    view_id: Name
    values: Values = {}


class CloseView(Act):
    """Close a modal, or the whole stack."""

    do: Literal["close_view"]
    view_id: Name
    is_cleared: bool = False


class OpenHome(Act):
    """Look at the App Home."""

    do: Literal["open_home"]


class OpenDirectMessage(Act):
    """Begin a direct message."""

    do: Literal["open_im"]
    user: Name


class RunShortcut(Act):
    """Run a shortcut, on a message or in general."""

    do: Literal["shortcut"]
    callback_id: Name
    channel: Name | None = None
    ts: Name | None = None


class ChangeChannel(Act):
    """Do something to a channel, or to one's place in it."""

    do: Literal["join", "leave", "invite_bot", "remove_bot", "archive", "unarchive"]
    channel: Name


class DeleteMessage(Act):
    """Delete one's own message."""

    do: Literal["delete_message"]
    channel: Name
    ts: Name


AnyAct = Type | Click | Submit | CloseView | OpenHome | OpenDirectMessage | RunShortcut | ChangeChannel | DeleteMessage
ACT: TypeAdapter[AnyAct] = TypeAdapter(Annotated[AnyAct, Field(discriminator="do")])


def perform(act: AnyAct, person: Acting, bot_user_id: str) -> Json:
    """Do it, and return what the page wants to know about it.

    Returns:
        Nothing for what went well; else `error`, what Slack says of it, or `errors`, what the app says of a form's
        inputs, by block id.
    """
    match act:
        case Type():
            person.types(act.channel, act.text, thread_ts=act.thread_ts)
        case Click():
            return _outcome(_click(act, person))
        case Submit():
            return _submit(act, person)
        case CloseView():
            person.closes_view(act.view_id, is_cleared=act.is_cleared)
        case OpenHome():
            person.opens_home()
        case OpenDirectMessage():
            return {"channel": person.opens_direct_message(act.user).id}
        case RunShortcut():
            return _outcome(person.runs_shortcut(act.callback_id, channel=act.channel, ts=act.ts))
        case DeleteMessage():
            person.deletes_message(act.channel, act.ts)
        case ChangeChannel():
            _channel_verbs(person, bot_user_id)[act.do](act.channel)
    return {}


def _outcome(came_of_it: Clicked) -> Json:
    return {"error": came_of_it.problem} if came_of_it.problem else {}


def _click(act: Click, person: Acting) -> Clicked:
    container = act.container
    if isinstance(container, MessageContainer):
        return person.clicks(
            container.channel,
            container.ts,
            act.action_id,
            block_id=act.block_id,
            state=act.state,
            values=act.values,
        )
    return person.clicks_in_view(
        container.view_id, act.action_id, block_id=act.block_id, state=act.state, values=act.values
    )


def _submit(act: Submit, person: Acting) -> Json:
    sent = person.submits(act.view_id, act.values)
    return {"errors": dict(sent.errors)} if sent.errors else _outcome(sent)


def _channel_verbs(person: Acting, bot_user_id: str) -> Mapping[str, Callable[[str], object]]:
    return {
        "join": person.joins,
        "leave": person.leaves,
        "invite_bot": lambda channel: person.invites(bot_user_id, channel),
        "remove_bot": lambda channel: person.removes(bot_user_id, channel),
        "archive": person.archives,
        "unarchive": person.unarchives,
    }
