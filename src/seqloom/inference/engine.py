"""What runs a network: the contract between predictions and PyTorch or ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqloom.search import Hypothesis, SamplingConfig, SearchConfig


class Engine(Protocol):
    """A network at work: scores of given answers, and in the protocols below one method for each kind of answer.

    Batches go to it one by one, or from `threads` threads at a time.
    """

    @property
    def threads(self) -> int:
        """Batches that it is given at a time."""

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each token of each target, the end mark's last.

        Of a network of labels it is one number, the log-probability of the target as a whole, or nothing where the one
        label of a target is none of the network's. Of a network of tags it is one number for each word, the
        log-probability of its tag after those before it, or nothing where a tag is none of the network's. Of a network
        of frames that of the label comes first.
        """


class SearchEngine(Engine, Protocol):
    """A network that writes sequences."""

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


class LabelScores(NamedTuple):
    """What a network says of the labels of B sources: scores [B, C] before softmax or sigmoid, and the weights [B, S]
    of the source's positions where the network has some."""

    scores: NDArray[np.float32]
    weights: NDArray[np.float32] | None


class LabelEngine(Engine, Protocol):
    """A network that answers with labels."""

    def labels(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> LabelScores:
        """The scores of all labels for each row of `source` [B, S], which ends with EOS."""


class TagScores(NamedTuple):
    """The most probable of C tags for each of the W words of B sources: their places [B, W], the probabilities of all
    tags of each word [B, W, C], and the log-probability of all tags of a source together [B]."""

    tags: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    log_probs: NDArray[np.float32]


class TagEngine(Engine, Protocol):
    """A network that answers with a tag for each word."""

    def tags(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> TagScores:
        """The tags of each row of `source` [B, S], in which a begin mark stands before each word and EOS at the end."""


class FrameScores(NamedTuple):
    """What a network says of the labels and of the tags of B sources."""

    labels: LabelScores
    tags: TagScores


class FrameEngine(Engine, Protocol):
    """A network that answers with one label for the whole source and a tag for each word."""

    def frames(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> FrameScores:
        """The labels and the tags of each row of `source` [B, S], in which a begin mark stands before each word and EOS
        at the end."""


AnyEngine = SearchEngine | LabelEngine | TagEngine | FrameEngine
