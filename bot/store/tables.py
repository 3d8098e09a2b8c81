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

changes = Table(
    "changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("button", Key, nullable=False, comment="What the buttons that decide on it carry."),
    Column("kind", Key, nullable=False, comment="Who can carry it out."),
    Column("proposal", Json, nullable=False, comment="What is to be done, exactly; without any secret."),
    Column("subject", Key, nullable=False),
    Column("asker", Key, nullable=False),
    Column("asker_team", Key, nullable=False),
    Column("channel", Key, comment="Where it was asked for; NULL: in a terminal."),
    Column("state", Key, nullable=False),
    Column("approval_reason", Key, comment="Why somebody else has to approve it; NULL: nobody has to."),
    Column("decided_by", Key, comment="Who approved or rejected it."),
    Column("requested_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, comment="Until when it can be approved."),
    Column("decided_at", UtcTime),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("due_at", UtcTime, comment="When a loop looks at it next; NULL: it has ended."),
    Column("outcome", Json, comment="What came of it, and what Docker Hub said."),
    UniqueConstraint("button"),
    Index(None, "due_at"),
    Index(None, "workspace", "state"),
    Index(None, "workspace", "requested_at"),
)
"""Whatever writes to Docker Hub, a registry or a build provider; each is carried out at most once."""

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("happened_at", UtcTime, nullable=False),
    Column("event", Key, nullable=False, comment="What happened to it: requested, approved, done…"),
    Column("verb", Key, nullable=False),
    Column("subject", Key, nullable=False, comment="What it was done to."),
    Column("summary", Key, nullable=False),
    Column("actor", Key, nullable=False, comment="Who asked for it."),
    Column("decided_by", Key, comment="Who approved or rejected it."),
    Column("channel", Key),
    Column("change_id", Key),
    Column("details", Json, nullable=False),
    Index(None, "workspace", "happened_at"),
    Index(None, "change_id"),
)
"""Who did what. Rows are added, and never changed nor removed: triggers refuse it."""

grants = Table(
    "grants",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("subject", Key, primary_key=True, comment="A person's id, or a user group's."),
    Column("role", Key, nullable=False),
    Column("granted_by", Key, nullable=False),
    Column("granted_at", UtcTime, nullable=False),
)
"""Rights that admins gave, beside those that the settings name."""

kept_secrets = Table(
    "secrets",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("token", Key, nullable=False, comment="Encrypted, with the row's own key inside."),
    Column("stored_by", Key, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
)
"""Secrets at rest."""

tickets = Table(
    "tickets",
    metadata,
    Column("id", Key, primary_key=True, comment="A hash of what a button or a form carries."),
    Column("workspace", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("user_id", Key, nullable=False),
    Column("team_id", Key, nullable=False),
    Column("channel", Key, nullable=False, comment="Empty: a form, which stands in no channel."),
    Column("content", Json, nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("taken_at", UtcTime),
    Index(None, "expires_at"),
    Index(None, "workspace", "user_id", "issued_at"),
)
"""What buttons and forms stand for, for whom, and whether they were used."""

cards = Table(
    "cards",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("subject", Key, primary_key=True, comment="The id of a change, or of a build."),
    Column("message_id", Key, primary_key=True),
)
"""Which messages show something that changes, and are written anew when it does."""

build_setups = Table(
    "build_setups",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("setup", Json, nullable=False, comment="Which provider, and its defaults; without any secret."),
    Column("set_up_by", Key, nullable=False),
    Column("set_up_at", UtcTime, nullable=False),
)
"""How the images of a repository are built."""

builds = Table(
    "builds",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("repository", Key, nullable=False),
    Column("change_id", Key),
    Column("setup", Json, nullable=False),
    Column("wanted", Json, nullable=False, comment="What was asked to be built."),
    Column("asked_by", Key, nullable=False),
    Column("channel", Key, comment="Where it is followed; NULL: nowhere."),
    Column("state", Key, nullable=False),
    Column("run", Json, nullable=False, comment="What is known of it: the provider's id, times, log, steps."),
    Column("asked_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, comment="When to look at it next; NULL: it has ended."),
    UniqueConstraint("change_id"),
    Index(None, "due_at"),
    Index(None, "workspace", "repository", "asked_at"),
)
"""Builds that were asked for, and what became of them."""

build_watches = Table(
    "build_watches",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("known", Json, nullable=False, comment="The builds that were seen, and how far each was."),
    Column("due_at", UtcTime, nullable=False),
    Column("looked_at", UtcTime),
    Column("problem", Key, comment="Why the last look failed."),
    Index(None, "due_at"),
)
"""Repositories whose failed builds a channel wants to hear of."""

cooldowns = Table(
    "cooldowns",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("topic", Key, primary_key=True),
    Column("until_at", UtcTime, nullable=False),
    Column("set_by", Key, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
"""What is not to be done again before some time."""
