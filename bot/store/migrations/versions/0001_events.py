"""The events: what Docker Hub's webhooks told."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Json, Key, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "events",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("tag", Key(), nullable=False, comment="Empty: the push named none."),
        sa.Column("pushed_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("pusher", Key(), nullable=False),
        sa.Column("media_type", Key(), nullable=True),
        sa.Column("content_kind", Key(), nullable=False),
        sa.Column("source", Key(), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint(
            "workspace", "repository", "tag", "pushed_at", name="uq_events_workspace_repository_tag_pushed_at"
        ),
    )
    op.create_index("ix_events_workspace_repository_received_at", "events", ["workspace", "repository", "received_at"])
