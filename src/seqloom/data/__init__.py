"""Files → batches. Torch is imported by `data.batch` and `data.loader` only."""

from __future__ import annotations

from seqloom.data.batching import BatchConfig, BatchSampler, Position, Share
from seqloom.data.cache import corpus_digest, load_corpus, remembered, uses_cache
from seqloom.data.cleaning import CleanReport, clean, split_dev
from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, Encoder, corpus_of, pairs_as_examples
from seqloom.data.examples import Example, Origin, Source, group_by_source
from seqloom.data.findings import inspection_values
from seqloom.data.inspection import Inspection, inspect
from seqloom.data.mixing import Mix, mix_of
from seqloom.data.readers import BadLine, ReadReport, read_examples, read_sources
from seqloom.data.survey import Survey, survey

__all__ = [
    "BadLine",
    "BatchConfig",
    "BatchSampler",
    "CleanReport",
    "Corpus",
    "DataConfig",
    "Encoder",
    "Example",
    "Inspection",
    "Mix",
    "Origin",
    "Position",
    "ReadReport",
    "Share",
    "Source",
    "Survey",
    "clean",
    "corpus_digest",
    "corpus_of",
    "group_by_source",
    "inspect",
    "inspection_values",
    "load_corpus",
    "mix_of",
    "pairs_as_examples",
    "read_examples",
    "read_sources",
    "remembered",
    "split_dev",
    "survey",
    "uses_cache",
]
