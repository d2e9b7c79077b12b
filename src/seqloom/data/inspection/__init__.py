"""What files of pairs are like: lengths, repeats, odd characters, overlap with test data, coverage by vocabularies."""
