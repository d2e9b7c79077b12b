"""What a run saves and resumes from: its progress, its states, its folder and the lock on it."""
