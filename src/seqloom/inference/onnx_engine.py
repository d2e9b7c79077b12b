"""An exported graph as the engine of predictions: the network and its whole search are one call.

Given targets are scored by the same search: it must write them, as a prefix that ends with the end mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.data.padding import padded_sources
from seqloom.errors import DependencyError, ModelFolderError, install_command
from seqloom.inference.onnx_session import GraphFile
from seqloom.search import Hypothesis, SamplingConfig, SearchConfig, Shortlist
from seqloom.search.found import Found
from seqloom.search.graph_inputs import asked
from seqloom.search.shortlist import FEW, open_words

FORCED = SearchConfig(beam=1, length_penalty="none", allow_unknown=True)
"""The search that writes what it must; an unknown token in a target is one of its tokens."""
OUTPUTS = ("scores", "lengths", "tokens", "log_probs", "alignments")


class OnnxEngine(GraphFile):
    """Searches and scores with a graph, each batch on one thread.

    `attends` says whether the model has attention, and `shortlist` is what a search with `search.shortlist` keeps to.
    A call of the graph changes nothing but memory of its own, so threads may share an engine.
    """

    def __init__(
        self, path: Path, *, attends: bool = True, threads: int = 1, shortlist: Shortlist | None = None
    ) -> None:
        super().__init__(path)
        self._attends, self.threads, self._shortlist = attends, threads, shortlist
        given = (*self._session.get_inputs(), *self._session.get_overridable_initializers())
        names = {each.name for each in given}
        self._narrows = {"words", "open"} <= names
        missing = set(SearchConfig().numbers()) - names
        if missing:
            raise ModelFolderError(
                f"the graph has no inputs for {', '.join(sorted(missing))}: an earlier version of seqloom exported it",
                where=str(path),
                hint="where PyTorch is installed, export the model again: seqloom export FOLDER",
            )

    def search(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """The best outputs of each row."""
        feed = {
            **asked(source, lengths, config),
            "prefix": np.array([[*prefix] or [0]], np.int64),
            "prefix_lengths": np.array([len(prefix)], np.int64),
        }
        if config.shortlist:
            feed |= self._narrowed(source, lengths, prefix)
        wanted = OUTPUTS if alignments and self._attends else OUTPUTS[:-1]
        arrays = dict(zip(wanted, self._session.run(wanted, feed), strict=True))
        found = Found(**{"alignments": None, **arrays})
        return [found.hypotheses(row, length) for row, length in enumerate(lengths.tolist())]

    def _narrowed(
        self, source: NDArray[np.int64], lengths: NDArray[np.int64], prefix: Sequence[int]
    ) -> dict[str, NDArray[Any]]:
        """The inputs of a search in a small vocabulary: its words, what is added to their logits, the prefix in it."""
        few = open_words(self._shortlist, source, lengths, prefix)
        if not self._narrows:
            raise ModelFolderError(
                "the graph has no inputs for search.shortlist",
                where=str(self.path),
                hint=f"a graph has them if it was exported after the list was learned and there are more than {FEW:,} "
                "target words: seqloom export FOLDER; or set search.shortlist = false",
            )
        return {
            "words": few.words,
            "open": np.where(few.open, np.float32(0), np.float32(-np.inf)),
            "prefix": np.array([few.places(prefix) or [0]], np.int64),
        }

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
        """Refused: a graph holds the search and draws nothing."""
        del source, lengths, config, sampling, prefix, alignments
        raise DependencyError(
            "answers are drawn at random by PyTorch, not by an exported graph, which holds the search",
            hint=f'{install_command("train")}, and load the folder with engine="torch"; or leave the samples out: '
            "the n-best list of the graph can be compared, too",
        )

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each token of each target, the end mark's last."""
        source, lengths = padded_sources(sources)
        forced, sizes = padded_sources(targets)
        feed = {**asked(source, lengths, FORCED), "prefix": forced, "prefix_lengths": sizes}
        (found,) = self._session.run(["log_probs"], feed)
        return [tuple(row[0, :size].tolist()) for row, size in zip(found, sizes.tolist(), strict=True)]
