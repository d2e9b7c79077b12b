"""Strings ⇄ ids. No torch."""

from __future__ import annotations

from seqloom.text.choice import choose
from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.sources import encode_sources
from seqloom.text.special import BOS, EOS, PAD, SPECIAL_TOKENS, UNK
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.training import train_tokenizer, train_tokenizers

__all__ = [
    "BOS",
    "EOS",
    "PAD",
    "SPECIAL_TOKENS",
    "UNK",
    "TextConfig",
    "Tokenizer",
    "TokenizerConfig",
    "choose",
    "encode_sources",
    "train_tokenizer",
    "train_tokenizers",
]
