"""Slack's own slash commands, as far as this workspace knows them: `/invite` and `/remove`.

Source: https://slack.com/help/articles/201259356-Slash-commands-in-Slack. What Slack says when one of them cannot be
done is nowhere written down; here it is this simulator's own sentences.
"""

import re

from bot.sandbox.slack.actor import NotAllowed
from bot.sandbox.slack.escaping import escape, escaped_line, mentioned_users
from bot.sandbox.slack.lines import NOT_IN_THREADS, Typed, Typist, split_command
from bot.sandbox.slack.moves import Mover
from bot.sandbox.slack.state import Conversation

BUILT_IN = frozenset({"/invite", "/remove"})
NOBODY_NAMED = "Name somebody: {command} @name"

_CHANNEL = re.compile(r"<#(?P<id>[^|>]+)")


class CommandGiver(Typist, Mover):
    """The verb for typing, with Slack's own commands before those of apps."""

    def _gives_command(self, conversation: Conversation, typed: str, thread_ts: str | None) -> Typed:
        name, words = split_command(typed)
        if name not in BUILT_IN:
            return super()._gives_command(conversation, typed, thread_ts)
        if thread_ts is not None:
            return self._is_told(conversation, NOT_IN_THREADS.format(command=name), thread_ts)
        try:
            self._changes_members(name, words, conversation)
        except NotAllowed as error:
            return self._is_told(conversation, escape(str(error)), None)
        return Typed()

    def _changes_members(self, name: str, words: str, conversation: Conversation) -> None:
        line = escaped_line(words, self.state, viewer=self.person.id)
        users = sorted(mentioned_users(line))
        if not users:
            raise NotAllowed(NOBODY_NAMED.format(command=name))
        channel = _CHANNEL.search(line)
        for user_id in users:
            change = self.invites if name == "/invite" else self.removes
            change(user_id, channel["id"] if channel else conversation.id)
