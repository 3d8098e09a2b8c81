"""The people of an organization at Docker Hub: who is in it, who is invited, and how that is changed."""
