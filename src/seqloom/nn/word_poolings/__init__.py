"""The family of poolings of words. To add one, write a file here and a line in the table below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.word_poolings.base import WordPooling, WordPoolingConfig, word_numbers
from seqloom.nn.word_poolings.first import FirstOfWord, FirstOfWordConfig, LastOfWord, LastOfWordConfig
from seqloom.nn.word_poolings.max import MaxOfWord, MaxOfWordConfig
from seqloom.nn.word_poolings.mean import MeanOfWord, MeanOfWordConfig

__all__ = [
    "WORD_POOLINGS",
    "WordPooling",
    "WordPoolingConfig",
    "build_word_pooling",
    "word_numbers",
    "word_pooling_configs",
]

WORD_POOLINGS: Mapping[str, tuple[type[WordPoolingConfig], Any]] = {
    "first": (FirstOfWordConfig, FirstOfWord),
    "last": (LastOfWordConfig, LastOfWord),
    "max": (MaxOfWordConfig, MaxOfWord),
    "mean": (MeanOfWordConfig, MeanOfWord),
}


def word_pooling_configs() -> Mapping[str, type[WordPoolingConfig]]:
    """The section of each kind."""
    return {kind: section for kind, (section, _) in WORD_POOLINGS.items()}


def build_word_pooling(config: WordPoolingConfig) -> WordPooling:
    """The pooling of the configured kind."""
    _, member = WORD_POOLINGS[config.kind]
    pooling: WordPooling = member(config)
    return pooling
