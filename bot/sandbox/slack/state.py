"""What the simulated workspace holds: people, conversations, messages, files, views and the apps' installations.

Plain mutable data with verbs for what happens to it. Tests and the page change it by these verbs from any thread, the
server answers requests while holding `WorkspaceState.lock`. Every change counts `version` up and wakes whoever waits in
`wait_for_change`. All times are aware and UTC; a `ts` is Slack's message time, seconds with six digits, which is also
the message's id within its channel.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Literal

Role = Literal["admin", "operator", "member", "guest", "stranger", "bot"]
ConversationKind = Literal["public", "private", "im"]
Subtype = Literal["bot_message", "channel_join", "channel_leave", "command", "slackbot"]

MICROSECONDS = 1_000_000
TIMESTAMP = re.compile(r"[0-9]{10}\.[0-9]{6}")
"""A `ts`."""


@dataclass(slots=True)
class Person:
    """An account that the workspace knows; bots have one too.

    Attributes:
        name: The handle, as in `@ana`.
        role: `guest` is a single-channel or multi-channel guest, `stranger` somebody of another organization who is met
            in a shared channel. `operator` is a plain member to Slack; what the bot makes of it is the bot's business.
        team_id: Of the workspace the account belongs to.
        timezone: An IANA name.
        is_deleted: Deactivated.
        app_id: Of the app whose bot this is.
    """

    id: str
    name: str
    real_name: str
    role: Role
    team_id: str
    title: str = ""
    email: str | None = None
    timezone: str = "Europe/Berlin"
    locale: str = "en-US"
    is_deleted: bool = False
    app_id: str | None = None
    bot_id: str | None = None

    @property
    def is_bot(self) -> bool:
        """Whether an app speaks through this account."""
        return self.role == "bot"


@dataclass(slots=True)
class Conversation:
    """A channel, or a direct message between two.

    Attributes:
        name: Without the `#`; empty for a direct message.
        members: User ids.
        is_shared: A Slack Connect channel: another organization is in it.
        pending_shared: The team ids of organizations that were invited and are not in it yet.
        created_by: A user id.
    """

    id: str
    name: str
    kind: ConversationKind
    members: set[str]
    created_at: datetime
    created_by: str
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_shared: bool = False
    pending_shared: Sequence[str] = ()


@dataclass(slots=True)
class File:
    """An uploaded file.

    Attributes:
        is_complete: Whether `files.completeUploadExternal` was called for it.
        shared_in: The ids of the conversations in which it was posted.
    """

    id: str
    name: str
    title: str
    length_bytes: int
    uploaded_by: str
    created_at: datetime
    content: bytes | None = None
    alt_text: str | None = None
    snippet_type: str | None = None
    is_complete: bool = False
    shared_in: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """A message in a conversation.

    Attributes:
        ts: Its time and its id.
        user: Who wrote it, the bot's user for an app.
        app_id: The app that wrote it; None for people.
        text: mrkdwn, with `&`, `<` and `>` escaped.
        thread_ts: The `ts` of the thread's first message; on that message itself once it has replies.
        is_broadcast: A reply that is also shown in the channel.
        ephemeral_for: The only user who sees it; None for everybody.
        metadata: `event_type` and `event_payload`, invisible to people.
        version: The state's version when it last changed.
    """

    channel: str
    ts: str
    user: str
    text: str
    app_id: str | None = None
    blocks: Sequence[Mapping[str, Any]] = ()
    attachments: Sequence[Mapping[str, Any]] = ()
    thread_ts: str | None = None
    is_broadcast: bool = False
    ephemeral_for: str | None = None
    metadata: Mapping[str, Any] | None = None
    subtype: Subtype | None = None
    files: Sequence[str] = ()
    edited_at: datetime | None = None
    is_deleted: bool = False
    version: int = 0

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread, below the thread's first message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(slots=True)
class UserGroup:
    """People who can be mentioned together, as in `@platform`."""

    id: str
    handle: str
    name: str
    users: Sequence[str]
    is_disabled: bool = False


@dataclass(slots=True)
class View:
    """A modal that somebody has open, or an App Home.

    Attributes:
        hash: Changes with every update; guards `views.update` against races.
        payload: The view as the app sent it: type, title, blocks, callback_id, private_metadata and so on.
        user: Whose screen it is on.
        root_id: The first view of its stack.
        previous_id: The view below it; None for the first.
        errors: What the app said of the last submission, by block id.
    """

    id: str
    hash: str
    app_id: str
    user: str
    payload: Mapping[str, Any]
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def external_id(self) -> str | None:
        """The id that the app chose, unique within the workspace."""
        return self.payload.get("external_id") or None


class WorkspaceState:
    """One workspace.

    Args:
        team_id: Its id.
        name: As people see it.
        domain: The first part of its address, as in `acme.slack.com`.
        now: Returns the time, aware and UTC.

    Attributes:
        lock: Held while the state is read or changed in several steps; reentrant.
        people: By user id.
        conversations: By id, in the order of their making.
        usergroups: By id.
        files: By id.
        stacks: The open modals of each user, the lowest first.
        homes: The App Home of each user, by app id and user id.
        version: Counts changes; starts at 1.
        messages_kept: How many messages of each conversation are kept, the newest; None for all.
    """

    def __init__(self, *, team_id: str, name: str, domain: str, now: Callable[[], datetime]) -> None:
        self.team_id = team_id
        self.name = name
        self.domain = domain
        self.now = now
        self.lock = threading.RLock()
        self.people: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}
        self.usergroups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[tuple[str, str], View] = {}
        self.version = 1
        self.messages_kept: int | None = None
        self._messages: dict[str, dict[str, Message]] = {}
        self._changed = threading.Condition(self.lock)
        self._is_closed = False
        self._numbers = count(1)
        self._newest_ts = 0

    # Changes, and waiting for them

    def touch(self) -> int:
        """Count a change that was made to the data directly, and wake those who wait; return the new version."""
        with self._changed:
            self.version += 1
            self._changed.notify_all()
            return self.version

    def wait_for_change(self, after: int, timeout_seconds: float) -> int:
        """Return the version as soon as it is greater than `after`, at the latest after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self.version > after or self._is_closed, timeout_seconds)
            return self.version

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def new_id(self, letter: str) -> str:
        """Return an id that is new in this workspace, such as `F00000012`."""
        with self.lock:
            return f"{letter}{next(self._numbers):08d}"

    # People and conversations

    def add_person(self, person: Person) -> Person:
        """Let somebody be part of the workspace, or be known to it."""
        with self.lock:
            self.people[person.id] = person
            self.touch()
        return person

    def add_conversation(
        self,
        name: str,
        *,
        members: Iterable[str],
        kind: ConversationKind = "public",
        conversation_id: str | None = None,
        topic: str = "",
        is_shared: bool = False,
    ) -> Conversation:
        """Make a channel; its id is made from a number unless one is given."""
        with self.lock:
            people = list(members)
            letter = "D" if kind == "im" else "C"
            conversation = Conversation(
                id=conversation_id or self.new_id(letter),
                name=name,
                kind=kind,
                members=set(people),
                created_at=self.now(),
                created_by=people[0] if people else "",
                topic=topic,
                is_shared=is_shared,
            )
            self.conversations[conversation.id] = conversation
            self._messages[conversation.id] = {}
            self.touch()
        return conversation

    def direct_message(self, first: str, second: str) -> Conversation:
        """Return the direct message between two users, made if there is none yet."""
        with self.lock:
            for conversation in self.conversations.values():
                if conversation.kind == "im" and conversation.members == {first, second}:
                    return conversation
            return self.add_conversation("", members=(first, second), kind="im")

    def conversation_named(self, name: str) -> Conversation | None:
        """Return the channel of that name, with or without `#`; None when there is none."""
        with self.lock:
            wanted = name.removeprefix("#")
            return next((each for each in self.conversations.values() if wanted and each.name == wanted), None)

    def can_see(self, user_id: str, conversation: Conversation) -> bool:
        """Tell whether a user may know of a conversation: its members may, and full members of all public ones."""
        person = self.people.get(user_id)
        if user_id in conversation.members:
            return True
        return conversation.kind == "public" and person is not None and person.role not in {"guest", "stranger"}

    # Messages

    def add_message(self, message: Message) -> Message:
        """Put a message, with a `ts` from `new_ts`, into its conversation."""
        with self.lock:
            self._messages[message.channel][message.ts] = message
            self._forget_oldest(message.channel)
            if message.is_reply and message.ephemeral_for is None:
                self._mark_parent(message)
            message.version = self.touch()
        return message

    def message_changed(self, message: Message) -> None:
        """Make a change to a message visible."""
        with self.lock:
            message.version = self.touch()

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message that exists, ephemeral ones too; None when there is none or it was deleted."""
        with self.lock:
            found = self._messages.get(channel, {}).get(ts)
            return None if found is None or found.is_deleted else found

    def messages(self, channel: str) -> list[Message]:
        """Return the messages of a conversation in the order of time, ephemeral ones too, without the deleted."""
        with self.lock:
            found = [each for each in self._messages.get(channel, {}).values() if not each.is_deleted]
        return sorted(found, key=lambda each: each.ts)

    def changed_messages(self, after: int) -> list[Message]:
        """Return the messages of all conversations that changed since a version, also those deleted since."""
        with self.lock:
            found = [each for of_one in self._messages.values() for each in of_one.values() if each.version > after]
        return sorted(found, key=lambda each: each.ts)

    def replies(self, channel: str, thread_ts: str) -> list[Message]:
        """Return the replies of a thread that everybody sees."""
        return [
            each
            for each in self.messages(channel)
            if each.thread_ts == thread_ts and each.is_reply and each.ephemeral_for is None
        ]

    def reply_counts(self) -> Counter[tuple[str, str]]:
        """Return how many replies that everybody sees each thread has, by channel and `thread_ts`."""
        with self.lock:
            return Counter(
                (each.channel, each.thread_ts or "")
                for of_one in self._messages.values()
                for each in of_one.values()
                if each.is_reply and each.ephemeral_for is None and not each.is_deleted
            )

    def new_ts(self) -> str:
        """Return the time as a `ts` that no message has yet, and that is later than all before."""
        with self.lock:
            at = int(self.now().timestamp() * MICROSECONDS)
            self._newest_ts = max(at, self._newest_ts + 1)
            return f"{self._newest_ts // MICROSECONDS}.{self._newest_ts % MICROSECONDS:06d}"

    def _forget_oldest(self, channel: str) -> None:
        known = self._messages[channel]
        while self.messages_kept is not None and len(known) > self.messages_kept:
            del known[next(iter(known))]

    def _mark_parent(self, reply: Message) -> None:
        parent = self._messages[reply.channel].get(reply.thread_ts or "")
        if parent is not None:
            parent.thread_ts = parent.ts
            parent.version = self.version + 1  # What `touch` is about to make it.
