"""The fleet: what is known of images and of what is inside of them, long work on them, morning digests."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Json, Key, UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "acceptances",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("vulnerability", Key(), nullable=False, comment="`CVE-2026-1234`."),
        sa.Column("image", Key(), nullable=False, comment="A glob for `namespace/name`."),
        sa.Column("reason", Key(), nullable=False),
        sa.Column("accepted_by", Key(), nullable=False),
        sa.Column("accepted_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True, comment="When somebody took it back."),
        sa.Column("ended_by", Key(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_acceptances"),
    )
    op.create_index(
        "ix_acceptances_workspace_vulnerability", "acceptances", ["workspace", "vulnerability"], unique=False
    )
    op.create_table(
        "base_rules",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("image", Key(), nullable=False, comment="A glob for `namespace/name`."),
        sa.Column("base", Key(), nullable=False, comment="The image it is built on, as somebody said."),
        sa.Column("set_by", Key(), nullable=False),
        sa.Column("set_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "image", name="pk_base_rules"),
    )
    op.create_table(
        "contents",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("digest", Key(), nullable=False, comment="Of a platform's manifest."),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("state", Key(), nullable=False),
        sa.Column(
            "facts",
            Json(),
            nullable=True,
            comment="Labels, base image, packages: what the registry holds, which never changes.",
        ),
        sa.Column("read_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True, comment="When to try again; NULL: not any more."),
        sa.Column("problem", Key(), nullable=True, comment="Why it could not be read."),
        sa.PrimaryKeyConstraint("workspace", "digest", name="pk_contents"),
    )
    op.create_table(
        "digest_reports",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("digest_id", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False, comment="Where it was told; the digest itself may be gone."),
        sa.Column("date", Key(), nullable=False, comment="The local date, `2026-11-21`."),
        sa.Column("id", Key(), nullable=False),
        sa.Column("state", Key(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("message_id", Key(), nullable=True),
        sa.Column("report", Json(), nullable=True, comment="All that it said, and could say more of."),
        sa.PrimaryKeyConstraint("workspace", "digest_id", "date", name="pk_digest_reports"),
        sa.UniqueConstraint("id", name="uq_digest_reports_id"),
    )
    op.create_index("ix_digest_reports_decided_at", "digest_reports", ["decided_at"], unique=False)
    op.create_table(
        "digests",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False),
        sa.Column("name", Key(), nullable=False, comment="What people call it by, in its channel."),
        sa.Column("schedule", Json(), nullable=False, comment="The local time, the days of the week, the time zone."),
        sa.Column("scope", Json(), nullable=False, comment="Which images, and which parts."),
        sa.Column(
            "is_for_outside", sa.Boolean(), nullable=False, comment="Whether people of other organizations may read it."
        ),
        sa.Column("origin", Key(), nullable=False, comment="Who keeps it: the command, or the configuration file."),
        sa.Column("created_by", Key(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("paused_until", UtcTime(), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("due_date", Key(), nullable=False, comment="The local date it is then, `2026-11-21`."),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False, comment="Counts the leases."),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("baseline", Json(), nullable=True, comment="What the last one knew of; NULL: there was none."),
        sa.Column("baseline_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.UniqueConstraint("workspace", "channel", "name", name="uq_digests_workspace_channel_name"),
    )
    op.create_index("ix_digests_due_at", "digests", ["due_at"], unique=False)
    op.create_table(
        "job_items",
        sa.Column("job_id", Key(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("item", Json(), nullable=False),
        sa.Column("state", Key(), nullable=False),
        sa.Column("result", Json(), nullable=True, comment="What came of it."),
        sa.Column("started_at", UtcTime(), nullable=True, comment="Committed before anything is sent for it."),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column(
            "due_at",
            UtcTime(),
            nullable=True,
            comment="When to try again what could not be read; NULL: whenever it is its turn.",
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False, comment="How often it could not be read."),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_job_items"),
    )
    op.create_index("ix_job_items_job_id_state_position", "job_items", ["job_id", "state", "position"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("kind", Key(), nullable=False, comment="Who can do it."),
        sa.Column("change_id", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False),
        sa.Column("request", Json(), nullable=False, comment="What holds for every item; without any secret."),
        sa.Column("asked_by", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=True, comment="Where its progress is shown; NULL: nowhere."),
        sa.Column("message_id", Key(), nullable=True),
        sa.Column("state", Key(), nullable=False),
        sa.Column("counts", Json(), nullable=False, comment="How many items are in which state."),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=True, comment="When to go on; NULL: it has ended."),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False, comment="Counts the leases."),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("problem", Key(), nullable=True, comment="Why it does not get on just now."),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="How often in a row it did not get on.",
        ),
        sa.Column("stopped_by", Key(), nullable=True, comment="Who stopped it; NULL: nobody did."),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("change_id", name="uq_jobs_change_id"),
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"], unique=False)
    op.create_index("ix_jobs_workspace_created_at", "jobs", ["workspace", "created_at"], unique=False)
    op.create_table(
        "repositories",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("namespace", Key(), nullable=False),
        sa.Column("pushed_at", UtcTime(), nullable=True, comment="NULL: never, or nobody knows."),
        sa.Column(
            "facts",
            Json(),
            nullable=False,
            comment="What a listing says beside that: visibility, pulls, stars, storage.",
        ),
        sa.Column(
            "listed_at", UtcTime(), nullable=True, comment="When a listing, or Docker Hub itself, last showed it."
        ),
        sa.Column(
            "missing_since",
            UtcTime(),
            nullable=True,
            comment="Since when listings lack it; it is gone only after its own 404.",
        ),
        sa.Column("read_at", UtcTime(), nullable=True, comment="When its tags were read; NULL: never."),
        sa.Column("read_pushed_at", UtcTime(), nullable=True, comment="Its last push as the listing had it then."),
        sa.Column("has_all_tags", sa.Boolean(), nullable=False, comment="Or only the newest ones."),
        sa.Column(
            "is_capped",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="Whether it has more tags than are ever read.",
        ),
        sa.Column("problem", Key(), nullable=True, comment="Why its tags could not be read the last time."),
        sa.PrimaryKeyConstraint("workspace", "repository", name="pk_repositories"),
    )
    op.create_index("ix_repositories_workspace_namespace", "repositories", ["workspace", "namespace"], unique=False)
    op.create_table(
        "scan_days",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False, comment="Or a namespace with a slash at its end: all of it."),
        sa.Column("tag", Key(), nullable=False),
        sa.Column("day", Key(), nullable=False, comment="In UTC, `2026-11-21`."),
        sa.Column("digest", Key(), nullable=False),
        sa.Column("counts", Json(), nullable=False, comment="By severity, without what was accepted."),
        sa.PrimaryKeyConstraint("workspace", "repository", "tag", "day", name="pk_scan_days"),
    )
    op.create_index("ix_scan_days_day", "scan_days", ["day"], unique=False)
    op.create_table(
        "scans",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("source", Key(), nullable=False),
        sa.Column("digest", Key(), nullable=False, comment="Of a platform's manifest."),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("platform", Key(), nullable=True),
        sa.Column("state", Key(), nullable=False),
        sa.Column("counts", Json(), nullable=True, comment="By severity; NULL: not known."),
        sa.Column("findings", Json(), nullable=True, comment="Each vulnerability; NULL: only counted."),
        sa.Column("scanned_at", UtcTime(), nullable=False),
        sa.Column(
            "detailed_at",
            UtcTime(),
            nullable=True,
            comment="When the findings were read; NULL: not since the counts changed.",
        ),
        sa.Column("summary", Json(), nullable=True, comment="What the source counted when the findings were read."),
        sa.Column(
            "problem", Key(), nullable=True, comment="Why there is nothing, or nothing newer, in words for people."
        ),
        sa.Column("gaps", Key(), nullable=True, comment="What in it the source cannot know anything of, likewise."),
        sa.Column("due_at", UtcTime(), nullable=False, comment="When to ask again."),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="How often in a row nothing came of it.",
        ),
        sa.Column("leased_until", UtcTime(), nullable=True, comment="Until when somebody is asking."),
        sa.PrimaryKeyConstraint("workspace", "source", "digest", name="pk_scans"),
    )
    op.create_index("ix_scans_workspace_due_at", "scans", ["workspace", "due_at"], unique=False)
    op.create_table(
        "stale_rules",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("namespace", Key(), nullable=False),
        sa.Column("pattern", Key(), nullable=False, comment="A glob for tags."),
        sa.Column("age", Key(), nullable=False, comment="`30d`, or `never`."),
        sa.Column("set_by", Key(), nullable=False),
        sa.Column("set_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "namespace", "pattern", name="pk_stale_rules"),
    )
    op.create_table(
        "sweeps",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False, comment="A namespace with a slash at its end, or an image."),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column(
            "full_due_at", UtcTime(), nullable=False, comment="When everything is to be read again, known or not."
        ),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False, comment="Counts the leases."),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True, comment="When one last came to its end."),
        sa.Column("is_full", sa.Boolean(), nullable=False, comment="Whether the one under way is a full one."),
        sa.Column("report", Json(), nullable=True, comment="What the last one read, and what it could not."),
        sa.PrimaryKeyConstraint("workspace", "subject", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_due_at", "sweeps", ["due_at"], unique=False)
    op.create_table(
        "tags",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("tag", Key(), nullable=False),
        sa.Column("digest", Key(), nullable=True),
        sa.Column("pushed_at", UtcTime(), nullable=True),
        sa.Column("pulled_at", UtcTime(), nullable=True),
        sa.Column(
            "facts",
            Json(),
            nullable=False,
            comment="What it points to: type, size, and each platform's digest and size.",
        ),
        sa.Column("read_at", UtcTime(), nullable=False, comment="When Docker Hub showed it so."),
        sa.PrimaryKeyConstraint("workspace", "repository", "tag", name="pk_tags"),
    )
    op.create_index("ix_tags_workspace_digest", "tags", ["workspace", "digest"], unique=False)
    op.create_index(
        "ix_tags_workspace_repository_pushed_at", "tags", ["workspace", "repository", "pushed_at"], unique=False
    )
