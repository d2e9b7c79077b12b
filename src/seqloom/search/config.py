"""Settings of the search."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from seqloom.config import Section

RATIO, EXTRA = 2.0, 20
"""The limit of an output's length where none was given or learned."""
OFFSETS = {"average": 0.0, "gnmt": 5.0, "none": 0.0}
"""c of the length penalty ((c + length) / (c + 1))^α."""


class SearchConfig(Section):
    """How predictions are found."""

    beam: int = Field(default=5, ge=1, le=1000)
    """Hypotheses kept at each step; 1 is greedy search."""
    n_best: int = Field(default=1, ge=1)
    """Hypotheses returned for each input; at most the beam."""
    length_penalty: Literal["average", "gnmt", "none"] = "average"
    """What log-probabilities are divided by before they are ranked: length^alpha, GNMT's ((5 + length) / 6)^alpha
    (Wu et al. 2016, eq. 14), or nothing."""
    alpha: float = Field(default=1.0, ge=0, le=10)
    """Exponent of the length penalty; 0 ranks by plain log-probability."""
    batch: int = Field(default=32, ge=1)
    """Inputs decoded together."""
    max_source_length: int = Field(default=1000, ge=1)
    """Longest source in tokens; what is longer loses its end, and the prediction says so."""
    max_length_ratio: Annotated[float, Field(ge=0, le=10_000)] | Literal["auto"] = "auto"
    """Longest output in tokens: this times the source's length in tokens, end mark included, …"""
    max_length_extra: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    """… plus this. With `auto`, training learns both from the pairs, with room, so that no training target would be
    cut, and the model keeps the numbers; where nothing was learned they are 2 and 20."""
    min_length: int = Field(default=0, ge=0)
    """Shortest output in tokens, the end mark not counted."""
    no_repeat_ngram: int = Field(default=0, ge=0)
    """No n-gram of that many tokens occurs twice in an output; 0 allows all."""
    exhaustive: bool = False
    """Go on until no unfinished hypothesis can still get ahead of the answers, instead of stopping when none is ahead
    as it stands: never worse by the model's score, and slower."""
    allow_unknown: bool = False
    """Whether the unknown token may be written; it leaves no trace in the text of an answer."""
    shortlist: bool = False
    """Write only candidates of the source's words and the most frequent words, which `seqloom shortlist` has learned:
    faster in large vocabularies, and no longer exact."""

    @model_validator(mode="after")
    def _consistent(self) -> SearchConfig:
        if self.n_best > self.beam:
            raise ValueError(f"n_best must be at most the beam, {self.beam}, not {self.n_best}")
        return self

    def numbers(self) -> dict[str, int | float]:
        """What a step of a search reads, by the names that `rules.Settings` and an exported graph have for it."""
        return {
            "n_best": self.n_best,
            "offset": OFFSETS[self.length_penalty],
            "alpha": 0.0 if self.length_penalty == "none" else self.alpha,
            "min_length": self.min_length,
            "no_repeat_ngram": self.no_repeat_ngram,
            "exhaustive": int(self.exhaustive),
            "allow_unknown": int(self.allow_unknown),
        }

    @property
    def length_limit(self) -> tuple[float, int]:
        """The ratio and the number of tokens that limit an output, whether given, learned or neither."""
        ratio = RATIO if self.max_length_ratio == "auto" else self.max_length_ratio
        return ratio, EXTRA if self.max_length_extra == "auto" else self.max_length_extra

    def longest(self, source_length: int, prefix_length: int = 0) -> int:
        """Most tokens of an output before its end mark: ratio · source length + extra, and never less than its prefix.

        In single precision, as an exported graph takes it.
        """
        ratio, extra = self.length_limit
        return max(int(np.float32(source_length) * np.float32(ratio)) + extra, prefix_length)
