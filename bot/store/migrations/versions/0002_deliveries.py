"""Deliveries: subscriptions, what goes to which channel, what was said, and what reading back gave."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Json, Key, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and room for what was read back."""
    op.create_table(
        "images",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("tag", Key(), nullable=False),
        sa.Column("pushed_at", UtcTime(), nullable=False),
        sa.Column("digest", Key(), nullable=False),
        sa.Column("image", Json(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "repository", "tag", "pushed_at", name="pk_images"),
    )
    op.create_index("ix_images_seen_at", "images", ["seen_at"], unique=False)
    op.create_table(
        "lanes",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True, comment="When to look at it next; NULL: when something comes."),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False, comment="Counts the leases."),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("paced_until", UtcTime(), nullable=True, comment="Nothing is posted before then."),
        sa.Column(
            "pace_seconds",
            sa.Integer(),
            nullable=True,
            comment="How far ahead that was, at most: further ahead it is of another clock.",
        ),
        sa.Column("suspended_at", UtcTime(), nullable=True),
        sa.Column("suspension", Key(), nullable=True, comment="Slack's word for why."),
        sa.PrimaryKeyConstraint("workspace", "channel", name="pk_lanes"),
    )
    op.create_index("ix_lanes_due_at", "lanes", ["due_at"], unique=False)
    op.create_table(
        "members",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("event_id", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("tag", Key(), nullable=False),
        sa.Column("pushed_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("threads", Key(), nullable=False),
        sa.Column(
            "platforms", Json(), nullable=True, comment="Only if it is for one of these; NULL: whatever it is for."
        ),
        sa.Column("state", Key(), nullable=False),
        sa.Column("message_id", Key(), nullable=True),
        sa.PrimaryKeyConstraint("workspace", "channel", "event_id", name="pk_members"),
    )
    op.create_index("ix_members_event_id", "members", ["event_id"], unique=False)
    op.create_index("ix_members_message_id", "members", ["message_id"], unique=False)
    op.create_index(
        "ix_members_workspace_channel_repository_tag_pushed_at",
        "members",
        ["workspace", "channel", "repository", "tag", "pushed_at"],
        unique=False,
    )
    op.create_index(
        "ix_members_workspace_channel_state_repository",
        "members",
        ["workspace", "channel", "state", "repository"],
        unique=False,
    )
    op.create_table(
        "messages",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("kind", Key(), nullable=False, comment="Who can write it."),
        sa.Column("stream", Key(), nullable=False, comment="Those of one stream go out one after the other."),
        sa.Column("content", Json(), nullable=True, comment="What to write it from; NULL: other rows."),
        sa.Column("thread_key", Key(), nullable=True, comment="Messages with the same one share a thread."),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("state", Key(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcTime(), nullable=True),
        sa.Column("last_error", Key(), nullable=True),
        sa.Column("is_plain", sa.Boolean(), nullable=False, comment="Slack refused its blocks."),
        sa.Column("version", sa.Integer(), nullable=False, comment="Goes up with every change to what it says."),
        sa.Column("shown_version", sa.Integer(), nullable=False),
        sa.Column(
            "posted_channel",
            Key(),
            nullable=True,
            comment="Where Slack put it: a person's id becomes a conversation's.",
        ),
        sa.Column("ts", Key(), nullable=True),
        sa.Column("thread_ts", Key(), nullable=True),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_created_at", "messages", ["created_at"], unique=False)
    op.create_index("ix_messages_workspace_channel_state", "messages", ["workspace", "channel", "state"], unique=False)
    op.create_table(
        "mutes",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("until_at", UtcTime(), nullable=False),
        sa.Column("muted_by", Key(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "channel", "repository", name="pk_mutes"),
    )
    op.create_table(
        "sightings",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False, comment="A namespace with a slash at its end, or a repository."),
        sa.Column(
            "seen_until", UtcTime(), nullable=False, comment="Pushes up to then are known, or were before our time."
        ),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("problem", Key(), nullable=True, comment="Why the last look failed."),
        sa.PrimaryKeyConstraint("workspace", "subject", name="pk_sightings"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="What people call it by, in its channel."),
        sa.Column("namespace", Key(), nullable=False),
        sa.Column("name", Key(), nullable=False, comment="A glob."),
        sa.Column("filters", Json(), nullable=False),
        sa.Column("origin", Key(), nullable=False, comment="Who keeps it: the command, or the configuration file."),
        sa.Column("created_by", Key(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint("workspace", "channel", "number", name="uq_subscriptions_workspace_channel_number"),
    )
    op.create_index("ix_subscriptions_workspace_namespace", "subscriptions", ["workspace", "namespace"], unique=False)
    op.create_table(
        "told",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("topic", Key(), nullable=False),
        sa.Column("told_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "topic", name="pk_told"),
    )
    op.add_column("events", sa.Column("reading_state", Key(), server_default="unwanted", nullable=False))
    op.add_column(
        "events",
        sa.Column(
            "reading_due_at",
            UtcTime(),
            nullable=True,
            comment="When it is to be read back; NULL: not any more, or not at all.",
        ),
    )
    op.add_column("events", sa.Column("reading_attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "events", sa.Column("reading_problem", Key(), nullable=True, comment="Why the last attempt did not confirm it.")
    )
    op.add_column(
        "events",
        sa.Column(
            "reading", Json(), nullable=True, comment="What was read back: the image, the one before, how it grew."
        ),
    )
    op.create_index("ix_events_reading_due_at", "events", ["reading_due_at"], unique=False)
    op.create_index("ix_events_received_at", "events", ["received_at"], unique=False)
    op.create_index("ix_events_workspace_received_at", "events", ["workspace", "received_at"], unique=False)
    op.create_index(
        "ix_events_workspace_repository_reading_due_at",
        "events",
        ["workspace", "repository", "reading_due_at"],
        unique=False,
    )
