"""Shortlists, which restrict an output to candidates for the source's words and the most frequent words.

See Jean et al. 2015, §3.3, and L'Hostis et al. 2016. A batch is searched in the small vocabulary of all words that any
of its sentences may use. Within it each sentence is restricted to its own words, so that an answer does not depend on
the other sentences of the batch. This module does not need torch.
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
"""The largest vocabulary that is searched in one round; exported graphs with larger ones can be given a shortlist."""
BLOCK, LEAST = 64, 128
"""The small vocabulary is padded to a multiple of BLOCK words and to at least LEAST, so that only few shapes occur and
matrix products run efficiently. BLOCK is also the size of the blocks in which large vocabularies are searched."""


@dataclass(frozen=True, eq=False)
class Shortlist:
    """The target ids that outputs may contain, learned from sentence pairs."""

    candidates: NDArray[np.int32]
    """[source vocabulary, N], the candidates for each source id, padded with 0; the padding id has none."""
    frequent: NDArray[np.int32]
    """[K], the frequent ids, which every output may contain."""
    vocabulary: int
    """Size of the target vocabulary."""


class OpenWords(NamedTuple):
    """The small vocabulary of a batch: L target ids. During the search, tokens are places in this list."""

    words: NDArray[np.int64]
    """[L], the special ids at their usual places, then the other ids in ascending order, padded with 0."""
    open: NDArray[np.bool_]
    """[B, L], True where a sentence may use a word; False on the padding of `words`."""

    def places(self, ids: Sequence[int]) -> list[int]:
        """Convert ids, which must be among the words, to places."""
        real = self.words[: np.count_nonzero(self.words) + 1]
        found: list[int] = np.searchsorted(real, np.array(ids, np.int64)).tolist()
        return found

    def named(self, found: Hypothesis) -> Hypothesis:
        """Convert a hypothesis from places to ids."""
        return replace(found, ids=tuple(self.words[list(found.ids)].tolist()))


def open_words(
    shortlist: Shortlist | None, source: NDArray[np.int64], lengths: NDArray[np.int64], prefix: Sequence[int] = ()
) -> OpenWords:
    """The small vocabulary for a batch of sources [B, S] and for the `prefix` with which all outputs begin.

    Raises a `ConfigError` if there is no shortlist.
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
