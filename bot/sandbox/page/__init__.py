"""The workspace as a web page: one sees it as one of its people, acts, and moves the world around it."""
