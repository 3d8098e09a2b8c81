"""Long work that is done piece by piece: paced, shown while it goes on, and taken up again after a restart."""
