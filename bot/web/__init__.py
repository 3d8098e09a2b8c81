"""Where the outside calls in."""
