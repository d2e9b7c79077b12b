"""An exported graph of tags, or of frames, as the engine of predictions: one call, with the loops over words inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.codecs.labels import FIRST
from seqloom.confidence.labels import log_probabilities
from seqloom.data.padding import padded_sources
from seqloom.inference.engine import FrameScores, LabelScores, TagScores
from seqloom.inference.onnx_session import GraphFile
from seqloom.text.special import BOS, UNK

LABELS = "label_scores"
"""The output of a graph of frames beside those of tags."""
GIVEN = "given_log_probs"
"""The output for given tags."""


class _OfWords(GraphFile):
    """A graph with an answer for each word, which runs each batch on one thread.

    A call of the graph changes nothing but memory of its own, so threads may share an engine.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        super().__init__(path)
        self.threads = threads

    def _given(
        self, sources: Sequence[Sequence[int]], tags: Sequence[Sequence[int]], *outputs: str
    ) -> list[NDArray[np.float32]]:
        """The log-probability of each given tag after those before it, and other outputs."""
        source, lengths = padded_sources(sources)
        given = np.zeros((len(tags), max(1, int((source == BOS).sum(1).max()))), np.int64)
        for row, ids in zip(given, tags, strict=True):
            row[: len(ids)] = np.maximum(np.array(ids, np.int64) - FIRST, 0)
        feed = {"source": source, "source_lengths": lengths, "given": given}
        found: list[NDArray[np.float32]] = self._session.run([GIVEN, *outputs], feed)
        return found


class OnnxTagEngine(_OfWords):
    """Finds the tags of words and scores given ones with a graph."""

    def tags(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> TagScores:
        """The most probable tags of each row."""
        given = {"source": source.astype(np.int64), "source_lengths": lengths}
        return TagScores(*self._session.run(list(TagScores._fields), given))

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each tag of each target after those before it; nothing where one of them is none of
        the network's."""
        (found,) = self._given(sources, targets)
        return [() if UNK in ids else tuple(row[: len(ids)].tolist()) for row, ids in zip(found, targets, strict=True)]


class OnnxFrameEngine(_OfWords):
    """Finds labels and the tags of words, and scores given ones, with a graph."""

    def frames(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> FrameScores:
        """The scores of the labels and the most probable tags of each row."""
        given = {"source": source.astype(np.int64), "source_lengths": lengths}
        labels, *tags = self._session.run([LABELS, *TagScores._fields], given)
        return FrameScores(LabelScores(labels, None), TagScores(*tags))

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probabilities of the label and of each tag of each target after those before it; nothing where one of
        them is none of the network's."""
        found, labels, tags = self._given(sources, [ids[1:] for ids in targets], LABELS, "probabilities")
        own = log_probabilities(labels.astype(np.float64), several=False)
        first = FIRST + tags.shape[2]  # the ids of labels stand behind those of tags
        return [
            () if UNK in ids else (float(sure[ids[0] - first]), *row[: len(ids) - 1].tolist())
            for sure, row, ids in zip(own, found, targets, strict=True)
        ]
