"""The schema, as it is in this version.

To add or change a table: change it here, run `tests/store/migrations/`, and put what the failing test prints into a new
file beside the newest in `bot/store/migrations/versions/`. Rules that hold for every table:

- Each row belongs to a workspace, by a column of that name.
- The types are those of `bot.store.types`; a time's name ends in `_at`.
- Constraints and indexes get their names from the convention below, so that a migration can name them on both stores.
- A version that is running while the next one migrates must go on working: add columns that may be left out, and remove
  one only a version after the code has stopped using it.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, UniqueConstraint, false

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

repositories = Table(
    "repositories",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("namespace", Key, nullable=False),
    Column("pushed_at", UtcTime, comment="NULL: never, or nobody knows."),
    Column(
        "facts", Json, nullable=False, comment="What a listing says beside that: visibility, pulls, stars, storage."
    ),
    Column("listed_at", UtcTime, comment="When a listing, or Docker Hub itself, last showed it."),
    Column("missing_since", UtcTime, comment="Since when listings lack it; it is gone only after its own 404."),
    Column("read_at", UtcTime, comment="When its tags were read; NULL: never."),
    Column("read_pushed_at", UtcTime, comment="Its last push as the listing had it then."),
    Column("has_all_tags", Boolean, nullable=False, comment="Or only the newest ones."),
    Column(
        "is_capped",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="Whether it has more tags than are ever read.",
    ),
    Column("problem", Key, comment="Why its tags could not be read the last time."),
    Index(None, "workspace", "namespace"),
)
"""The repositories that are known, as they were when Docker Hub was last looked at."""

tags = Table(
    "tags",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True),
    Column("tag", Key, primary_key=True),
    Column("digest", Key),
    Column("pushed_at", UtcTime),
    Column("pulled_at", UtcTime),
    Column(
        "facts", Json, nullable=False, comment="What it points to: type, size, and each platform's digest and size."
    ),
    Column("read_at", UtcTime, nullable=False, comment="When Docker Hub showed it so."),
    Index(None, "workspace", "repository", "pushed_at"),
    Index(None, "workspace", "digest"),
)
"""The tags of those repositories."""

sweeps = Table(
    "sweeps",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("subject", Key, primary_key=True, comment="A namespace with a slash at its end, or an image."),
    Column("due_at", UtcTime, nullable=False),
    Column("full_due_at", UtcTime, nullable=False, comment="When everything is to be read again, known or not."),
    Column("fence", Integer, nullable=False, server_default="0", comment="Counts the leases."),
    Column("leased_until", UtcTime),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime, comment="When one last came to its end."),
    Column("is_full", Boolean, nullable=False, comment="Whether the one under way is a full one."),
    Column("report", Json, comment="What the last one read, and what it could not."),
    Index(None, "due_at"),
)
"""Looking through a namespace, or at an image: when, by whom, and what came of it."""

stale_rules = Table(
    "stale_rules",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("namespace", Key, primary_key=True),
    Column("pattern", Key, primary_key=True, comment="A glob for tags."),
    Column("age", Key, nullable=False, comment="`30d`, or `never`."),
    Column("set_by", Key, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
"""From which age on a tag is stale."""

base_rules = Table(
    "base_rules",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("image", Key, primary_key=True, comment="A glob for `namespace/name`."),
    Column("base", Key, nullable=False, comment="The image it is built on, as somebody said."),
    Column("set_by", Key, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)
"""On which image others are built, where they do not say so themselves."""

contents = Table(
    "contents",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("digest", Key, primary_key=True, comment="Of a platform's manifest."),
    Column("repository", Key, nullable=False),
    Column("state", Key, nullable=False),
    Column("facts", Json, comment="Labels, base image, packages: what the registry holds, which never changes."),
    Column("read_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, comment="When to try again; NULL: not any more."),
    Column("problem", Key, comment="Why it could not be read."),
)
"""What is inside of images, by what their registry holds."""

scans = Table(
    "scans",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("source", Key, primary_key=True),
    Column("digest", Key, primary_key=True, comment="Of a platform's manifest."),
    Column("repository", Key, nullable=False),
    Column("platform", Key),
    Column("state", Key, nullable=False),
    Column("counts", Json, comment="By severity; NULL: not known."),
    Column("findings", Json, comment="Each vulnerability; NULL: only counted."),
    Column("scanned_at", UtcTime, nullable=False),
    Column("detailed_at", UtcTime, comment="When the findings were read; NULL: not since the counts changed."),
    Column("summary", Json, comment="What the source counted when the findings were read."),
    Column("problem", Key, comment="Why there is nothing, or nothing newer, in words for people."),
    Column("gaps", Key, comment="What in it the source cannot know anything of, likewise."),
    Column("due_at", UtcTime, nullable=False, comment="When to ask again."),
    Column("attempts", Integer, nullable=False, server_default="0", comment="How often in a row nothing came of it."),
    Column("leased_until", UtcTime, comment="Until when somebody is asking."),
    Index(None, "workspace", "due_at"),
)
"""What is known to be vulnerable in images."""

scan_days = Table(
    "scan_days",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("repository", Key, primary_key=True, comment="Or a namespace with a slash at its end: all of it."),
    Column("tag", Key, primary_key=True),
    Column("day", Key, primary_key=True, comment="In UTC, `2026-11-21`."),
    Column("digest", Key, nullable=False),
    Column("counts", Json, nullable=False, comment="By severity, without what was accepted."),
    Index(None, "day"),
)
"""How the counts went, by day."""

acceptances = Table(
    "acceptances",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("vulnerability", Key, nullable=False, comment="`CVE-2026-1234`."),
    Column("image", Key, nullable=False, comment="A glob for `namespace/name`."),
    Column("reason", Key, nullable=False),
    Column("accepted_by", Key, nullable=False),
    Column("accepted_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, comment="When somebody took it back."),
    Column("ended_by", Key),
    Index(None, "workspace", "vulnerability"),
)
"""Vulnerabilities that somebody knows of and lives with, for a while."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="Who can do it."),
    Column("change_id", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("request", Json, nullable=False, comment="What holds for every item; without any secret."),
    Column("asked_by", Key, nullable=False),
    Column("channel", Key, comment="Where its progress is shown; NULL: nowhere."),
    Column("message_id", Key),
    Column("state", Key, nullable=False),
    Column("counts", Json, nullable=False, comment="How many items are in which state."),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("due_at", UtcTime, comment="When to go on; NULL: it has ended."),
    Column("fence", Integer, nullable=False, server_default="0", comment="Counts the leases."),
    Column("leased_until", UtcTime),
    Column("problem", Key, comment="Why it does not get on just now."),
    Column("failures", Integer, nullable=False, server_default="0", comment="How often in a row it did not get on."),
    Column("stopped_by", Key, comment="Who stopped it; NULL: nobody did."),
    UniqueConstraint("change_id"),
    Index(None, "due_at"),
    Index(None, "workspace", "created_at"),
)
"""Long work that is done piece by piece, and goes on after a restart."""

job_items = Table(
    "job_items",
    metadata,
    Column("job_id", Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("item", Json, nullable=False),
    Column("state", Key, nullable=False),
    Column("result", Json, comment="What came of it."),
    Column("started_at", UtcTime, comment="Committed before anything is sent for it."),
    Column("ended_at", UtcTime),
    Column("due_at", UtcTime, comment="When to try again what could not be read; NULL: whenever it is its turn."),
    Column("tries", Integer, nullable=False, server_default="0", comment="How often it could not be read."),
    Index(None, "job_id", "state", "position"),
)
"""The pieces of that work; each is done at most once."""

digests = Table(
    "digests",
    metadata,
    Column("id", Key, primary_key=True),
    Column("workspace", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("name", Key, nullable=False, comment="What people call it by, in its channel."),
    Column("schedule", Json, nullable=False, comment="The local time, the days of the week, the time zone."),
    Column("scope", Json, nullable=False, comment="Which images, and which parts."),
    Column("is_for_outside", Boolean, nullable=False, comment="Whether people of other organizations may read it."),
    Column("origin", Key, nullable=False, comment="Who keeps it: the command, or the configuration file."),
    Column("created_by", Key),
    Column("created_at", UtcTime, nullable=False),
    Column("paused_until", UtcTime),
    Column("due_at", UtcTime, nullable=False),
    Column("due_date", Key, nullable=False, comment="The local date it is then, `2026-11-21`."),
    Column("fence", Integer, nullable=False, server_default="0", comment="Counts the leases."),
    Column("leased_until", UtcTime),
    Column("baseline", Json, comment="What the last one knew of; NULL: there was none."),
    Column("baseline_at", UtcTime),
    UniqueConstraint("workspace", "channel", "name"),
    Index(None, "due_at"),
)
"""Morning digests: where, when, and of what."""

digest_reports = Table(
    "digest_reports",
    metadata,
    Column("workspace", Key, primary_key=True),
    Column("digest_id", Key, primary_key=True),
    Column("channel", Key, nullable=False, comment="Where it was told; the digest itself may be gone."),
    Column("date", Key, primary_key=True, comment="The local date, `2026-11-21`."),
    Column("id", Key, nullable=False),
    Column("state", Key, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Column("message_id", Key),
    Column("report", Json, comment="All that it said, and could say more of."),
    UniqueConstraint("id"),
    Index(None, "decided_at"),
)
"""Each digest that was decided on, once for a date."""
