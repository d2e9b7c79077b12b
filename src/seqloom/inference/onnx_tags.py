"""An exported graph of tags, or of frames, as the engine of predictions: one call, with the loops over words inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DependencyError, install_command
from seqloom.inference.engine import FrameScores, LabelScores, TagScores
from seqloom.inference.onnx_session import GraphFile

LABELS = "label_scores"
"""The output of a graph of frames beside those of tags."""


class _OfWords(GraphFile):
    """A graph with an answer for each word, which runs each batch on one thread.

    A call of the graph changes nothing but memory of its own, so threads may share an engine.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        super().__init__(path)
        self.threads = threads

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """Refused, as by every graph: predictions hold the probability of each tag."""
        del sources, targets
        raise DependencyError(
            "given targets are scored by PyTorch, not by an exported graph",
            hint=f'{install_command("train")}, and load the folder with engine="torch"; or read the probabilities of '
            "tags from the predictions",
        )


class OnnxTagEngine(_OfWords):
    """Finds the tags of words with a graph."""

    def tags(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> TagScores:
        """The most probable tags of each row."""
        given = {"source": source.astype(np.int64), "source_lengths": lengths}
        return TagScores(*self._session.run(list(TagScores._fields), given))


class OnnxFrameEngine(_OfWords):
    """Finds labels and the tags of words with a graph."""

    def frames(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> FrameScores:
        """The scores of the labels and the most probable tags of each row."""
        given = {"source": source.astype(np.int64), "source_lengths": lengths}
        labels, *tags = self._session.run([LABELS, *TagScores._fields], given)
        return FrameScores(LabelScores(labels, None), TagScores(*tags))
