"""An exported graph of labels as the engine of predictions: one call without any loop over answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.codecs.labels import FIRST
from seqloom.confidence.labels import log_probabilities
from seqloom.data.padding import padded_sources
from seqloom.inference.engine import LabelScores
from seqloom.inference.onnx_session import GraphFile

SCORES, WEIGHTS = "scores", "weights"


class OnnxLabelEngine(GraphFile):
    """Gives the scores of labels and scores given ones with a graph, each batch on one thread; `several` says whether
    any number of labels is right.

    A call of the graph changes nothing but memory of its own, so threads may share an engine.
    """

    def __init__(self, path: Path, *, several: bool, threads: int = 1) -> None:
        super().__init__(path)
        self.several, self.threads = several, threads
        self._outputs = [each.name for each in self._session.get_outputs()]

    def labels(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> LabelScores:
        """The scores of all labels for each row."""
        arrays = self._session.run(self._outputs, {"source": source.astype(np.int64), "source_lengths": lengths})
        found = dict(zip(self._outputs, arrays, strict=True))
        return LabelScores(found[SCORES], found.get(WEIGHTS))

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each target as a whole; of one label that is none of the network's, nothing."""
        scores = self.labels(*padded_sources(sources)).scores.astype(np.float64)
        given = np.zeros(scores.shape, bool)
        for row, ids in zip(given, targets, strict=True):
            row[[each - FIRST for each in ids if each >= FIRST]] = True
        if self.several:
            found = log_probabilities(np.where(given, scores, -scores), several=True).sum(1)
            return [(each,) for each in found.tolist()]
        found = log_probabilities(scores, several=False)
        return [tuple(own[row].tolist()) for own, row in zip(found, given, strict=True)]
