"""From data files to batches: reading, inspecting, cleaning, encoding, mixing and batching of pairs.

Only `data.batch` and what uses it import PyTorch. Arrow is imported when a corpus or a table is used, and the readers
when there is a file to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin, Source, group_by_source
from seqloom.data.tagging import Tagging
from seqloom.data.tokenizer_sample import Survey, survey
from seqloom.lazy import lazily

if TYPE_CHECKING:
    from seqloom.data.batching import BatchConfig, BatchSampler, Position, Share
    from seqloom.data.cache import corpus_digest, load_corpus, remembered, uses_cache
    from seqloom.data.cleaning import CleanReport, clean, split_dev
    from seqloom.data.corpus import Corpus, corpus_of
    from seqloom.data.inspection.finding import Finding
    from seqloom.data.inspection.findings import findings_of, inspection_values
    from seqloom.data.inspection.inspection import Inspection, inspect, inspect_examples
    from seqloom.data.inspection.table_columns import Column, columns_of
    from seqloom.data.inspection.vocabulary import VocabularyReport
    from seqloom.data.mixing import Mix, mix_of
    from seqloom.data.overlap import Shared, shared_with
    from seqloom.data.python_pairs import given_files, inputs_as_sources, listed_pairs, pairs_as_examples
    from seqloom.data.readers import BadLine, ReadReport, layouts, plain_source, read_examples, read_sources, settled
else:
    __getattr__ = lazily(
        __name__,
        {
            "BatchConfig": "seqloom.data.batching",
            "BatchSampler": "seqloom.data.batching",
            "Position": "seqloom.data.batching",
            "Share": "seqloom.data.batching",
            "corpus_digest": "seqloom.data.cache",
            "load_corpus": "seqloom.data.cache",
            "remembered": "seqloom.data.cache",
            "uses_cache": "seqloom.data.cache",
            "CleanReport": "seqloom.data.cleaning",
            "clean": "seqloom.data.cleaning",
            "split_dev": "seqloom.data.cleaning",
            "Corpus": "seqloom.data.corpus",
            "corpus_of": "seqloom.data.corpus",
            "inspection_values": "seqloom.data.inspection.findings",
            "findings_of": "seqloom.data.inspection.findings",
            "Finding": "seqloom.data.inspection.finding",
            "Column": "seqloom.data.inspection.table_columns",
            "columns_of": "seqloom.data.inspection.table_columns",
            "inspect_examples": "seqloom.data.inspection.inspection",
            "Inspection": "seqloom.data.inspection.inspection",
            "inspect": "seqloom.data.inspection.inspection",
            "VocabularyReport": "seqloom.data.inspection.vocabulary",
            "Mix": "seqloom.data.mixing",
            "mix_of": "seqloom.data.mixing",
            "Shared": "seqloom.data.overlap",
            "shared_with": "seqloom.data.overlap",
            **dict.fromkeys(
                ("BadLine", "ReadReport", "layouts", "plain_source", "read_examples", "read_sources", "settled"),
                "seqloom.data.readers",
            ),
            **dict.fromkeys(
                ("given_files", "inputs_as_sources", "listed_pairs", "pairs_as_examples"), "seqloom.data.python_pairs"
            ),
        },
    )

__all__ = [
    "BadLine",
    "BatchConfig",
    "BatchSampler",
    "CleanReport",
    "Column",
    "Corpus",
    "DataConfig",
    "Example",
    "Finding",
    "Inspection",
    "Mix",
    "Origin",
    "Position",
    "ReadReport",
    "Share",
    "Shared",
    "Source",
    "Survey",
    "Tagging",
    "VocabularyReport",
    "clean",
    "columns_of",
    "corpus_digest",
    "corpus_of",
    "findings_of",
    "given_files",
    "group_by_source",
    "inputs_as_sources",
    "inspect",
    "inspect_examples",
    "inspection_values",
    "layouts",
    "listed_pairs",
    "load_corpus",
    "mix_of",
    "pairs_as_examples",
    "plain_source",
    "read_examples",
    "read_sources",
    "remembered",
    "settled",
    "shared_with",
    "split_dev",
    "survey",
    "uses_cache",
]
