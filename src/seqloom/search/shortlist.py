"""Which target words an answer may use: those that go with the source's words, and the most frequent ones. No torch.

(Jean et al. 2015, §3.3; L'Hostis et al. 2016.) The search of a batch runs in the small vocabulary of all words that one
of its sentences may use; in it each sentence keeps to its own, so that an answer does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import ConfigError
from seqloom.search.found import Hypothesis
from seqloom.text.special import PAD, UNK

FEW = 1024
"""Words of a vocabulary among which the best are selected in one round; graphs of larger ones can keep to a list."""
BLOCK, LEAST = 64, 128
"""A small vocabulary is a multiple of the one and not below the other: few shapes, and products that run well. The best
words of a large one are looked for in blocks of the first."""


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Target ids that may be written, learned from pairs; padded with 0."""

    candidates: NDArray[np.int32]
    """[source vocabulary, N], those that go with each source id; none with padding."""
    frequent: NDArray[np.int32]
    """[K], those that every answer may use."""
    vocabulary: int
    """Size of the target vocabulary."""


class OpenWords(NamedTuple):
    """The small vocabulary of a batch: L target ids, in which a place stands for an id."""

    words: NDArray[np.int64]
    """[L]: the special ids at their own places, then others in rising order, padded with 0."""
    open: NDArray[np.bool_]
    """[B, L], True where a sentence may use a word; never on padding."""

    def places(self, ids: Sequence[int]) -> list[int]:
        """Where ids that are among the words lie."""
        real = self.words[: np.count_nonzero(self.words) + 1]
        found: list[int] = np.searchsorted(real, np.array(ids, np.int64)).tolist()
        return found

    def named(self, found: Hypothesis) -> Hypothesis:
        """A hypothesis in places as one in ids."""
        return replace(found, ids=tuple(self.words[list(found.ids)].tolist()))


def open_words(
    shortlist: Shortlist | None, source: NDArray[np.int64], lengths: NDArray[np.int64], prefix: Sequence[int] = ()
) -> OpenWords:
    """The words of a batch of sources [B, S], and of the `prefix` that all outputs begin with.

    Refuses where there is no list.
    """
    if shortlist is None:
        raise ConfigError(
            "search.shortlist needs a list of candidates, and the model has none", hint="seqloom shortlist MODEL FILES"
        )
    may = np.zeros((len(source), shortlist.vocabulary), np.bool_)
    real = np.where(np.arange(source.shape[1]) < lengths[:, None], source, PAD)
    own = shortlist.candidates[real].reshape(len(source), -1)
    np.put_along_axis(may, own, values=True, axis=1)
    may[:, : UNK + 1] = True
    may[:, shortlist.frequent] = True
    may[:, list(prefix)] = True
    found = np.flatnonzero(may.any(0))
    words = np.zeros(max(LEAST, -(-len(found) // BLOCK) * BLOCK), np.int64)
    words[: len(found)] = found
    allowed = may[:, words]
    allowed[:, len(found) :] = False
    return OpenWords(words, allowed)
