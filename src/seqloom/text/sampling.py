"""Subword regularisation by BPE dropout: segmentations in which some merges are skipped at random.

BPE-dropout (Provilkov, Emelianenko, Voita 2020, §3): at every merge step each candidate merge is dropped with
probability p. The random generator of the tokenizers library cannot be seeded, so that a resumed run would differ from
an unbroken one. Here the result depends on the seed alone.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from tokenizers import Tokenizer as Engine

from seqloom.text.alphabet import in_bytes
from seqloom.text.special import UNK

VARIANTS = 32
"""Number of random segmentations of each word; one of them is drawn at every occurrence."""

MULTIPLIER, INCREMENT, MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1
"""Knuth's linear congruential generator; seeding a `random.Random` would take longer than segmenting a word."""


class MergeSampler:
    """Draws random segmentations with a BPE tokenizer; the variants of a word are computed once and cached."""

    def __init__(self, engine: Engine, dropout: float) -> None:
        model = json.loads(engine.to_str())["model"]
        self._engine, self._dropout = engine, dropout
        self._bytes = bool(model["byte_fallback"])
        self._ids: dict[str, int] = model["vocab"]
        self._ranks = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
        self._variant = lru_cache(maxsize=1 << 18)(self._draw)

    def encode(self, texts: list[str], seed: int | None) -> list[list[int]]:
        """The ids of normalised texts, segmented at random."""
        split = self._engine.pre_tokenizer.pre_tokenize_str
        words = [[word for word, _ in split(text)] for text in texts]
        draws = iter(np.random.default_rng(seed).integers(VARIANTS, size=sum(map(len, words))).tolist())
        return [[token for word in text for token in self._variant(word, next(draws))] for text in words]

    def _draw(self, word: str, variant: int) -> tuple[int, ...]:
        """Segmentation number `variant` of a word, which is the same at every call."""
        state = zlib.crc32(word.encode("utf-8")) * VARIANTS + variant
        threshold, ranks = int(self._dropout * (1 << 32)), self._ranks
        pieces = list(word)
        while len(pieces) > 1:
            best, place = len(ranks), -1
            for index, pair in enumerate(pairwise(pieces)):
                rank = ranks.get(pair, len(ranks))
                if rank < best:
                    state = (state * MULTIPLIER + INCREMENT) & MASK
                    if state >> 32 >= threshold:
                        best, place = rank, index
            if place < 0:
                break
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return tuple(chain.from_iterable(map(self._of_piece, pieces)))

    def _of_piece(self, piece: str) -> list[int]:
        """The id of a piece; for a character that has none, the ids of its bytes or the unknown id."""
        if piece in self._ids:
            return [self._ids[piece]]
        return [self._ids[name] for name in in_bytes(piece)] if self._bytes else [UNK]
