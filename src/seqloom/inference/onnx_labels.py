"""An exported graph of labels as the engine of predictions: one call without any loop over answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DependencyError, install_command
from seqloom.inference.engine import LabelScores
from seqloom.inference.onnx_session import GraphFile

SCORES, WEIGHTS = "scores", "weights"


class OnnxLabelEngine(GraphFile):
    """Gives the scores of labels with a graph, each batch on one thread.

    A call of the graph changes nothing but memory of its own, so threads may share an engine.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        super().__init__(path)
        self.threads = threads
        self._outputs = [each.name for each in self._session.get_outputs()]

    def labels(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> LabelScores:
        """The scores of all labels for each row."""
        arrays = self._session.run(self._outputs, {"source": source.astype(np.int64), "source_lengths": lengths})
        found = dict(zip(self._outputs, arrays, strict=True))
        return LabelScores(found[SCORES], found.get(WEIGHTS))

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """Refused, as by every graph: predictions hold the probabilities of all labels."""
        del sources, targets
        raise DependencyError(
            "given targets are scored by PyTorch, not by an exported graph",
            hint=f'{install_command("train")}, and load the folder with engine="torch"; or read the '
            "probabilities of all labels from the predictions",
        )
