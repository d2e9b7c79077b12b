"""What a run saves and is resumed from: its progress, its saved states, its folder and the lock on it."""
