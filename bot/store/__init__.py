"""The storage engine: SQLite for one process, PostgreSQL for many. Knows nothing of our features but the schema.

From the outside in:

- `engine`: `open_store` gives the store that a URL names; `base` is what every store can do.
- `tables`: the schema; `types` are the columns it is made of, `rows` the statements that both stores share.
- `migrations`: brings a database to the schema of this version.
- `backup`: a consistent copy of a SQLite file, and the way back.
- `sqlite`, with `writer` (one thread, grouped commits) and `lock` (one process); `postgresql`.
- `failures`: what the words of the two databases mean; `errors`: what is raised for it.
"""
