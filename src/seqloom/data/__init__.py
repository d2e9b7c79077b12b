"""Files → batches."""
