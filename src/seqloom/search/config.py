"""The settings of the search (`[search]` in a configuration)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from seqloom.config import Section

RATIO, EXTRA = 2.0, 20
"""The limit of an output's length, RATIO · source length + EXTRA tokens, if none was set or learned."""
OF_LABELS = ("n_best", "batch", "max_source_length", "source_positions", "known_answers")
"""The settings that answers of models depend on which do not search, because they answer with labels."""
OFFSETS = {"average": 0.0, "gnmt": 5.0, "none": 0.0}
"""c of the length penalty ((c + length) / (c + 1))^α."""


class SearchConfig(Section):
    """How the outputs of a model are searched for."""

    beam: int = Field(default=5, ge=1, le=1000)
    """Number of hypotheses that are kept at each step (beam size); 1 is greedy search."""
    n_best: int = Field(default=1, ge=1)
    """Number of outputs that are returned for each input; at most the beam size."""
    length_penalty: Literal["average", "gnmt", "none"] = "average"
    """What log-probabilities are divided by before hypotheses are ranked: `average` is length^alpha, `gnmt` is
    ((5 + length) / 6)^alpha (Wu et al. 2016, eq. 14), `none` is no division."""
    alpha: float = Field(default=1.0, ge=0, le=10)
    """Exponent of the length penalty; 0 ranks by plain log-probability."""
    batch: int = Field(default=32, ge=1)
    """Number of inputs that are decoded together."""
    max_source_length: int = Field(default=1000, ge=1)
    """Longest source in tokens; longer ones are cut at the end, and their predictions are marked as cut."""
    source_positions: int = Field(default=0, ge=0)
    """Number of source positions that the encoder can tell apart, which training fills in; 0 is no limit."""
    max_length_ratio: Annotated[float, Field(ge=0, le=10_000)] | Literal["auto"] = "auto"
    """Longest output in tokens: this times the source's length in tokens, including the end mark, …"""
    max_length_extra: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    """… plus this number. With `auto`, training derives both from its pairs, with a margin, so that no training target
    would be cut, and stores them with the model; if nothing was derived they are 2 and 20."""
    min_length: int = Field(default=0, ge=0)
    """Shortest output in tokens, not counting the end mark."""
    no_repeat_ngram: int = Field(default=0, ge=0)
    """Forbid n-grams of this many tokens from occurring twice in an output; 0 allows all repetitions."""
    exhaustive: bool = False
    """Search until no unfinished hypothesis can still overtake the answers, instead of until none is ahead of them:
    slower, but answers never have a worse score."""
    allow_unknown: bool = False
    """Whether outputs may contain the unknown token, which is left out of the text of an answer."""
    shortlist: bool = False
    """Restrict outputs to a shortlist: the most frequent words and the candidates for the source's words, both learned
    by `seqloom shortlist`. This is faster in large vocabularies, but the search is no longer exact."""
    known_answers: Literal["all", "exceptions", "none"] = "all"
    """What is looked up before the network is asked: `all` is the exceptions of `seqloom exceptions`, then what
    `seqloom memorise` has learned; `exceptions` leaves the memory out, and with `none` the network answers
    everything."""

    @model_validator(mode="after")
    def _consistent(self) -> SearchConfig:
        if 0 < self.source_positions <= self.max_source_length:  # the end mark has a position, too
            raise ValueError(
                f"max_source_length must be below {self.source_positions}, the number of source positions that the "
                f"encoder of this model has learned, not {self.max_source_length}"
            )
        if self.n_best > self.beam:
            raise ValueError(f"n_best must be at most the beam, {self.beam}, not {self.n_best}")
        return self

    def numbers(self) -> dict[str, int | float]:
        """The numbers that a step of the search reads, by their names in `StepSettings` and in exported graphs."""
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
        """The ratio and the extra tokens that limit an output's length; defaults stand in for `auto`."""
        ratio = RATIO if self.max_length_ratio == "auto" else self.max_length_ratio
        return ratio, EXTRA if self.max_length_extra == "auto" else self.max_length_extra

    def longest(self, source_length: int, prefix_length: int = 0) -> int:
        """The largest number of tokens before the end mark: ratio · source length + extra, but at least the prefix.

        It is computed in single precision, as in an exported graph.
        """
        ratio, extra = self.length_limit
        return max(int(np.float32(source_length) * np.float32(ratio)) + extra, prefix_length)


class SamplingConfig(Section):
    """How outputs are drawn at random from a model's distribution."""

    count: int = Field(default=20, ge=1, le=10_000)
    """Number of outputs that are drawn for each input."""
    temperature: float = Field(default=1.0, gt=0, le=100)
    """What log-probabilities are divided by before a token is drawn: below 1, likely tokens become likelier."""
    top_k: int = Field(default=0, ge=0)
    """Draw only among this many most likely tokens at each step (Fan et al. 2018); 0 draws among all."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Seed of the random numbers; the same seed draws the same outputs for the same input."""
