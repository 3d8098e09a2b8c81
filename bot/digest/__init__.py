"""The morning digest: when it is due, what it says, and that it is decided on exactly once."""
