"""What runs a network: the contract between predictions and PyTorch or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seqloom.search import Hypothesis, SamplingConfig, SearchConfig


class Engine(Protocol):
    """A network at work, with one method for each kind of answer, and one for scores of given answers.

    Batches go to it one by one, or from `threads` threads at a time.
    """

    @property
    def threads(self) -> int:
        """Batches that it is given at a time."""

    def search(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """The best sequences for each row of `source` [B, S], which ends with EOS; each begins with `prefix`."""

    def sample(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        sampling: SamplingConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """Sequences that are drawn at random for each row, in the order in which they were drawn."""

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each token of each target, the end mark's last."""
