"""Tokenizers: strings to ids and back, and choosing and training them. Does not need PyTorch.

The modules that choose and train tokenizers are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.lazy import lazily
from seqloom.text.model_inputs import encode_sources
from seqloom.text.special import BOS, EOS, PAD, SPECIAL_TOKENS, UNK
from seqloom.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from seqloom.text.choice import choose
    from seqloom.text.config import TextConfig, TokenizerConfig
    from seqloom.text.training import train_tokenizer, train_tokenizers
else:
    __getattr__ = lazily(
        __name__,
        {
            "choose": "seqloom.text.choice",
            "TextConfig": "seqloom.text.config",
            "TokenizerConfig": "seqloom.text.config",
            "train_tokenizer": "seqloom.text.training",
            "train_tokenizers": "seqloom.text.training",
        },
    )

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
