"""Settings of the search."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from seqloom.config import Section

OFFSETS = {"average": 0.0, "gnmt": 5.0, "none": 0.0}
"""c of the length penalty ((c + length) / (c + 1))^α."""


class SearchConfig(Section):
    """How predictions are found."""

    beam: int = Field(default=5, ge=1)
    """Hypotheses kept at each step; 1 is greedy search."""
    n_best: int = Field(default=1, ge=1)
    """Hypotheses returned for each input; at most the beam."""
    length_penalty: Literal["average", "gnmt", "none"] = "average"
    """What log-probabilities are divided by before they are ranked: length^alpha, GNMT's ((5 + length) / 6)^alpha
    (Wu et al. 2016, eq. 14), or nothing."""
    alpha: float = Field(default=1.0, ge=0)
    """Exponent of the length penalty; 0 ranks by plain log-probability."""
    batch: int = Field(default=32, ge=1)
    """Inputs decoded together."""
    max_source_length: int = Field(default=1000, ge=1)
    """Longest source in tokens; what is longer loses its end, and the prediction says so."""
    max_length_ratio: float = Field(default=2.0, ge=0)
    """Longest output in tokens: this times the source's length …"""
    max_length_extra: int = Field(default=20, ge=1)
    """… plus this."""
    min_length: int = Field(default=0, ge=0)
    """Shortest output in tokens, the end mark not counted."""
    no_repeat_ngram: int = Field(default=0, ge=0)
    """No n-gram of that many tokens occurs twice in an output; 0 allows all."""
    exhaustive: bool = False
    """Go on until no unfinished hypothesis can still win, instead of stopping when none is ahead as it stands, or when
    a whole beam has finished."""
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
        }
