"""The schema, as it is in this version.

To add or change a table: change it here, run `tests/store/migrations/`, and put what the failing test prints into a new
file beside the newest in `bot/store/migrations/versions/`. Rules that hold for every table:

- Each row belongs to a workspace, by a column of that name.
- The types are those of `bot.store.types`; a time's name ends in `_at`.
- Constraints and indexes get their names from the convention below, so that a migration can name them on both stores.
- A version that is running while the next one migrates must go on working: add columns that may be left out, and remove
  one only a version after the code has stopped using it.
"""

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint

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
    UniqueConstraint("workspace", "repository", "tag", "pushed_at"),
    Index(None, "workspace", "repository", "received_at"),
)
"""The pushes that Docker Hub told of, or that a listing showed, each once."""
