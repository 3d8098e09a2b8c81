"""Who may do what, and what is on record about it."""
