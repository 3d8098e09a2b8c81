"""The steps of the schema, oldest first by name. One that was released is never changed."""
