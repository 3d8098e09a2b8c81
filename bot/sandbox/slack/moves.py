"""What people do about channels and messages without an app being asked; apps hear of it by events.

Source: the pages below https://docs.slack.dev/reference/events, and Slack's own rules for guests as people know them.
"""

from typing import Any, Literal

from bot.sandbox.slack.actor import Actor, NotAllowed
from bot.sandbox.slack.events import deletion_event, message_event
from bot.sandbox.slack.lines import mention_event
from bot.sandbox.slack.payloads import message_object, view_object
from bot.sandbox.slack.state import Conversation, Message, Person, View

GENERAL = "general"

Tab = Literal["home", "messages"]


class Mover(Actor):
    """The verbs for channels, direct messages, App Home and one's own messages."""

    def opens_home(self, tab: Tab = "home", app_id: str | None = None) -> View | None:
        """Open a tab of an app's Home, and return the view that is there at that moment.

        Raises:
            NotAllowed: The app has no such tab.
        """
        app = self._app(app_id or self._services.apps()[-1].id)
        if not (app.has_home_tab if tab == "home" else app.has_messages_tab):
            raise NotAllowed(f"{app.name} has no {tab} tab.")
        home = self.state.homes.get((app.id, self.person.id)) if tab == "home" else None
        channel = self.state.direct_message(self.person.id, app.bot_user_id)
        event = {"type": "app_home_opened", "user": self.person.id, "channel": channel.id, "tab": tab}
        shown = {"view": view_object(home, app, self.state.team_id, {})} if home else {}
        self._services.events.publish({**event, **shown, "event_ts": self.state.new_ts()}, only=app)
        return home

    def opens_direct_message(self, user_id: str) -> Conversation:
        """Open the direct message with somebody, or with a bot.

        Raises:
            NotAllowed: These two cannot write to each other.
        """
        other = self.state.people.get(user_id)
        if other is None or other.is_deleted:
            raise NotAllowed(f"Nobody can write to {other.real_name if other else user_id}.")
        is_limited = {"guest", "stranger"} & {self.person.role, other.role}
        if is_limited and not self._have_common_channel(other):
            raise NotAllowed(f"{self.person.real_name} and {other.real_name} share no channel.")
        return self.state.direct_message(self.person.id, other.id)

    def joins(self, channel: str) -> None:
        """Join a public channel.

        Raises:
            NotAllowed: It cannot be joined by this person.
        """
        conversation = self._visible(channel)
        if conversation.kind != "public" or conversation.is_archived:
            raise NotAllowed(f"#{conversation.name} cannot be joined.")
        if self.person.id not in conversation.members:
            self._enters(self.person, conversation)

    def leaves(self, channel: str) -> None:
        """Leave a channel.

        Raises:
            NotAllowed: This person has to stay.
        """
        conversation = self._writable(channel)
        if conversation.kind == "im" or conversation.name == GENERAL:
            raise NotAllowed(f"Nobody can leave #{conversation.name}.")
        self._exits(self.person, conversation)

    def invites(self, user_id: str, channel: str) -> None:
        """Add somebody, or a bot, to a channel; a bot that was mentioned there before then hears of it.

        Raises:
            NotAllowed: This person cannot invite, or that one cannot be invited.
        """
        self._must_be_full_member("Inviting people")
        conversation = self._writable(channel)
        guest = self.state.people.get(user_id)
        if guest is None or guest.is_deleted:
            raise NotAllowed(f"There is no {user_id} to invite.")
        if conversation.kind == "im" or (guest.role == "stranger" and not conversation.is_shared):
            raise NotAllowed(f"{guest.real_name} cannot be invited to #{conversation.name}.")
        if guest.id not in conversation.members:
            self._enters(guest, conversation, inviter=self.person)

    def removes(self, user_id: str, channel: str) -> None:
        """Take somebody, or a bot, out of a channel.

        Raises:
            NotAllowed: This person cannot do that.
        """
        self._must_be_full_member("Removing people")
        conversation = self._writable(channel)
        if user_id not in conversation.members or conversation.kind == "im":
            raise NotAllowed(f"{user_id} is not in #{conversation.name}.")
        self._exits(self.state.people[user_id], conversation)

    def archives(self, channel: str) -> None:
        """Archive a channel.

        Raises:
            NotAllowed: This person cannot do that.
        """
        self._archive(self._writable(channel), is_archived=True)

    def unarchives(self, channel: str) -> None:
        """Bring an archived channel back.

        Raises:
            NotAllowed: This person cannot do that.
        """
        self._archive(self._visible(channel), is_archived=False)

    def deletes_message(self, channel: str, ts: str) -> None:
        """Delete one's own message, or, as an admin, anybody's; or dismiss one that only this person sees.

        Raises:
            NotAllowed: It is somebody else's.
            NotThere: This person sees no such message.
        """
        message = self._message(channel, ts)
        is_own = self.person.id in {message.user, message.ephemeral_for}
        if not is_own and self.person.role != "admin":
            raise NotAllowed("Only admins delete messages of others.")
        before = message_object(message, self.state)
        with self.state.lock:
            message.is_deleted = True
            self.state.message_changed(message)
        if message.ephemeral_for is None:
            self._services.events.publish(deletion_event(message, self.state, before))

    def _have_common_channel(self, other: Person) -> bool:
        pair = {self.person.id, other.id}
        return any(pair <= each.members for each in self.state.conversations.values() if each.kind != "im")

    def _enters(self, person: Person, conversation: Conversation, inviter: Person | None = None) -> None:
        with self.state.lock:
            conversation.members.add(person.id)
            invited = {"inviter": inviter.id} if inviter else {}
            self._notes(person, conversation, "channel_join", **invited)
        self._tells_of_membership("member_joined_channel", person, conversation, **invited)
        waiting = self._services.waiting_mentions.pop((conversation.id, person.id), None)
        if waiting is not None:
            team_id = self.state.people[waiting.user].team_id
            self._services.events.publish(mention_event(waiting, team_id), only=self._app(person.app_id))

    def _exits(self, person: Person, conversation: Conversation) -> None:
        with self.state.lock:
            conversation.members.discard(person.id)
            self._notes(person, conversation, "channel_leave")
        self._tells_of_membership("member_left_channel", person, conversation)
        if person.is_bot:
            kind = "group_left" if conversation.kind == "private" else "channel_left"
            event = {"type": kind, "channel": conversation.id, "actor_id": self.person.id}
            self._services.events.publish(event, only=self._app(person.app_id))

    def _notes(
        self, person: Person, conversation: Conversation, what: Literal["channel_join", "channel_leave"], **more: str
    ) -> None:
        """Write the grey line about somebody's coming or going."""
        verb = "joined" if what == "channel_join" else "left"
        text = f"<@{person.id}> has {verb} the channel"
        message = Message(channel=conversation.id, ts=self.state.new_ts(), user=person.id, text=text, subtype=what)
        self._services.events.publish({**message_event(self.state.add_message(message), self.state), **more})

    def _tells_of_membership(self, kind: str, person: Person, conversation: Conversation, **more: Any) -> None:
        event = {"type": kind, "user": person.id, "channel": conversation.id, "channel_type": "C"}
        self._services.events.publish({**event, "team": person.team_id, **more})

    def _archive(self, conversation: Conversation, *, is_archived: bool) -> None:
        self._must_be_full_member("Archiving channels")
        if conversation.kind == "im" or conversation.name == GENERAL:
            raise NotAllowed(f"#{conversation.name} cannot be archived.")
        with self.state.lock:
            conversation.is_archived = is_archived
            self.state.touch()
        kind = "group" if conversation.kind == "private" else "channel"
        verb = "archive" if is_archived else "unarchive"
        event = {"type": f"{kind}_{verb}", "channel": conversation.id, "user": self.person.id}
        self._services.events.publish({**event, "is_moved": 0} if is_archived else event)
