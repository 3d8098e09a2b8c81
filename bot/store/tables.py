"""The schema, as it is in this version.

To add or change a table: change it here, run `tests/store/migrations/`, and put what the failing test prints into a new
file beside the newest in `bot/store/migrations/versions/`. Rules that hold for every table:

- Each row belongs to a workspace, by a column of that name.
- The types are those of `bot.store.types`; a time's name ends in `_at`.
- Constraints and indexes get their names from the convention below, so that a migration can name them on both stores.
- A version that is running while the next one migrates must go on working: add columns that may be left out, and remove
  one only a version after the code has stopped using it.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, UniqueConstraint

from bot.store.types import Json, Key, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("repository", Key, nullable=False),
    Column("tag", Key, nullable=False, comment="Empty: the push named none."),
    Column("pushed_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("pusher", Key, nullable=False),
    Column("media_type", Key),
    Column("content_kind", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("payload", Json, nullable=False),
    Column("reading_state", Key, nullable=False, server_default="unwanted"),
    Column("reading_due_at", UtcTime, comment="When it is to be read back; NULL: not any more, or not at all."),
    Column("reading_attempts", Integer, nullable=False, server_default="0"),
    Column("reading_problem", Key, comment="Why the last attempt did not confirm it."),
    Column("reading", Json, comment="What was read back: the image, the one before, how it grew."),
    UniqueConstraint("workspace", "repository", "tag", "pushed_at"),
    Index(None, "workspace", "repository", "received_at"),
    Index(None, "reading_due_at"),
    Index(None, "workspace", "repository", "reading_due_at"),
    Index(None, "received_at"),
    Index(None, "workspace", "received_at"),
)
"""The pushes that Docker Hub told of, or that a listing showed, each once; and what reading them back gave."""

images = Table(
    "images",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("tag", Key, primary_key=True),
    Column("pushed_at", UtcTime, primary_key=True),
    Column("digest", Key, nullable=False),
    Column("image", Json, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Index(None, "seen_at"),
)
"""The history of tags: each image that one was seen to point at, by when it was pushed. Outlives the events."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("number", Integer, nullable=False, comment="What people call it by, in its channel."),
    Column("namespace", Key, nullable=False),
    Column("name", Key, nullable=False, comment="A glob."),
    Column("filters", Json, nullable=False),
    Column("origin", Key, nullable=False, comment="Who keeps it: the command, or the configuration file."),
    Column("created_by", Key),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("workspace", "channel", "number"),
    Index(None, "workspace", "namespace"),
)
"""Which pushes a channel wants to hear of."""

mutes = Table(
    "mutes",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("until_at", UtcTime, nullable=False),
    Column("muted_by", Key, nullable=False),
)
"""Repositories that a channel does not want to hear of for a while."""

members = Table(
    "members",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("event_id", Key, primary_key=True),
    Column("repository", Key, nullable=False),
    Column("tag", Key, nullable=False),
    Column("pushed_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("threads", Key, nullable=False),
    Column("platforms", Json, comment="Only if it is for one of these; NULL: whatever it is for."),
    Column("state", Key, nullable=False),
    Column("message_id", Key),
    Index(None, "workspace", "channel", "state", "repository"),
    Index(None, "workspace", "channel", "repository", "tag", "pushed_at"),
    Index(None, "event_id"),
    Index(None, "message_id"),
)
"""An event that a channel is to hear of, and the message that tells it."""

lanes = Table(
    "lanes",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("due_at", UtcTime, comment="When to look at it next; NULL: when something comes."),
    Column("fence", Integer, nullable=False, server_default="0", comment="Counts the leases."),
    Column("leased_until", UtcTime),
    Column("paced_until", UtcTime, comment="Nothing is posted before then."),
    Column("pace_seconds", Integer, comment="How far ahead that was, at most: further ahead it is of another clock."),
    Column("suspended_at", UtcTime),
    Column("suspension", Key, comment="Slack's word for why."),
    Index(None, "due_at"),
)
"""The way into one channel, or to one person: one worker at a time. Workers never delete one."""

messages = Table(
    "messages",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="Who can write it."),
    Column("stream", Key, nullable=False, comment="Those of one stream go out one after the other."),
    Column("content", Json, comment="What to write it from; NULL: other rows."),
    Column("thread_key", Key, comment="Messages with the same one share a thread."),
    Column("created_at", UtcTime, nullable=False),
    Column("state", Key, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failing_since", UtcTime),
    Column("last_error", Key),
    Column("is_plain", Boolean, nullable=False, comment="Slack refused its blocks."),
    Column("version", Integer, nullable=False, comment="Goes up with every change to what it says."),
    Column("shown_version", Integer, nullable=False),
    Column("posted_channel", Key, comment="Where Slack put it: a person's id becomes a conversation's."),
    Column("ts", Key),
    Column("thread_ts", Key),
    Column("sent_at", UtcTime),
    Index(None, "workspace", "channel", "state"),
    Index(None, "created_at"),
)
"""What is said in Slack, each kept before it is sent."""

sightings = Table(
    "sightings",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("subject", Key, primary_key=True, comment="A namespace with a slash at its end, or a repository."),
    Column("seen_until", UtcTime, nullable=False, comment="Pushes up to then are known, or were before our time."),
    Column("looked_at", UtcTime),
    Column("due_at", UtcTime, nullable=False),
    Column("problem", Key, comment="Why the last look failed."),
)
"""How far Docker Hub was looked through for pushes that no webhook told of."""

told = Table(
    "told",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("topic", Key, primary_key=True),
    Column("told_at", UtcTime, nullable=False),
)
"""What was said once and is not to be said again."""
