"""Inspection of data files: lengths, repeated pairs, odd characters, overlap with test data, vocabulary coverage."""
