"""Changes: what is done to Docker Hub and who allowed it, rights, secrets, buttons that outlive a restart, builds."""

import sqlalchemy as sa
from alembic import op

from bot.store.types import Json, Key, UtcTime

revision = "0003"
down_revision = "0002"

REFUSAL = "The audit trail is added to, and never changed."


def upgrade() -> None:
    """Make the tables, and what keeps the audit trail as it is."""
    op.create_table(
        "audit",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("happened_at", UtcTime(), nullable=False),
        sa.Column("event", Key(), nullable=False, comment="What happened to it: requested, approved, done…"),
        sa.Column("verb", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False, comment="What it was done to."),
        sa.Column("summary", Key(), nullable=False),
        sa.Column("actor", Key(), nullable=False, comment="Who asked for it."),
        sa.Column("decided_by", Key(), nullable=True, comment="Who approved or rejected it."),
        sa.Column("channel", Key(), nullable=True),
        sa.Column("change_id", Key(), nullable=True),
        sa.Column("details", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_change_id", "audit", ["change_id"], unique=False)
    op.create_index("ix_audit_workspace_happened_at", "audit", ["workspace", "happened_at"], unique=False)
    op.create_table(
        "build_setups",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("setup", Json(), nullable=False, comment="Which provider, and its defaults; without any secret."),
        sa.Column("set_up_by", Key(), nullable=False),
        sa.Column("set_up_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "repository", name="pk_build_setups"),
    )
    op.create_table(
        "build_watches",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("known", Json(), nullable=False, comment="The builds that were seen, and how far each was."),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("problem", Key(), nullable=True, comment="Why the last look failed."),
        sa.PrimaryKeyConstraint("workspace", "repository", name="pk_build_watches"),
    )
    op.create_index("ix_build_watches_due_at", "build_watches", ["due_at"], unique=False)
    op.create_table(
        "builds",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("repository", Key(), nullable=False),
        sa.Column("change_id", Key(), nullable=True),
        sa.Column("setup", Json(), nullable=False),
        sa.Column("wanted", Json(), nullable=False, comment="What was asked to be built."),
        sa.Column("asked_by", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=True, comment="Where it is followed; NULL: nowhere."),
        sa.Column("state", Key(), nullable=False),
        sa.Column("run", Json(), nullable=False, comment="What is known of it: the provider's id, times, log, steps."),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True, comment="When to look at it next; NULL: it has ended."),
        sa.PrimaryKeyConstraint("id", name="pk_builds"),
        sa.UniqueConstraint("change_id", name="uq_builds_change_id"),
    )
    op.create_index("ix_builds_due_at", "builds", ["due_at"], unique=False)
    op.create_index(
        "ix_builds_workspace_repository_asked_at", "builds", ["workspace", "repository", "asked_at"], unique=False
    )
    op.create_table(
        "cards",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False, comment="The id of a change, or of a build."),
        sa.Column("message_id", Key(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "subject", "message_id", name="pk_cards"),
    )
    op.create_table(
        "changes",
        sa.Column("id", Key(), nullable=False),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("button", Key(), nullable=False, comment="What the buttons that decide on it carry."),
        sa.Column("kind", Key(), nullable=False, comment="Who can carry it out."),
        sa.Column("proposal", Json(), nullable=False, comment="What is to be done, exactly; without any secret."),
        sa.Column("subject", Key(), nullable=False),
        sa.Column("asker", Key(), nullable=False),
        sa.Column("asker_team", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=True, comment="Where it was asked for; NULL: in a terminal."),
        sa.Column("state", Key(), nullable=False),
        sa.Column(
            "approval_reason", Key(), nullable=True, comment="Why somebody else has to approve it; NULL: nobody has to."
        ),
        sa.Column("decided_by", Key(), nullable=True, comment="Who approved or rejected it."),
        sa.Column("requested_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True, comment="Until when it can be approved."),
        sa.Column("decided_at", UtcTime(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=True, comment="When a loop looks at it next; NULL: it has ended."),
        sa.Column("outcome", Json(), nullable=True, comment="What came of it, and what Docker Hub said."),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sa.UniqueConstraint("button", name="uq_changes_button"),
    )
    op.create_index("ix_changes_due_at", "changes", ["due_at"], unique=False)
    op.create_index("ix_changes_workspace_requested_at", "changes", ["workspace", "requested_at"], unique=False)
    op.create_index("ix_changes_workspace_state", "changes", ["workspace", "state"], unique=False)
    op.create_table(
        "cooldowns",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("topic", Key(), nullable=False),
        sa.Column("until_at", UtcTime(), nullable=False),
        sa.Column("set_by", Key(), nullable=False),
        sa.Column("set_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "topic", name="pk_cooldowns"),
    )
    op.create_table(
        "grants",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("subject", Key(), nullable=False, comment="A person's id, or a user group's."),
        sa.Column("role", Key(), nullable=False),
        sa.Column("granted_by", Key(), nullable=False),
        sa.Column("granted_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "subject", name="pk_grants"),
    )
    op.create_table(
        "secrets",
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("name", Key(), nullable=False),
        sa.Column("token", Key(), nullable=False, comment="Encrypted, with the row's own key inside."),
        sa.Column("stored_by", Key(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "name", name="pk_secrets"),
    )
    op.create_table(
        "tickets",
        sa.Column("id", Key(), nullable=False, comment="A hash of what a button or a form carries."),
        sa.Column("workspace", Key(), nullable=False),
        sa.Column("kind", Key(), nullable=False),
        sa.Column("user_id", Key(), nullable=False),
        sa.Column("team_id", Key(), nullable=False),
        sa.Column("channel", Key(), nullable=False, comment="Empty: a form, which stands in no channel."),
        sa.Column("content", Json(), nullable=False),
        sa.Column("issued_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
    )
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"], unique=False)
    op.create_index(
        "ix_tickets_workspace_user_id_issued_at", "tickets", ["workspace", "user_id", "issued_at"], unique=False
    )

    _refuse_changes_of_audit()


def _refuse_changes_of_audit() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()"
        )
        return
    # INSERT OR REPLACE deletes without a word to a trigger, so what is there already is looked for.
    there = "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    for act, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", there)):
        op.execute(
            f"CREATE TRIGGER audit_is_kept_on_{act.lower()} BEFORE {act} ON audit {when} "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
