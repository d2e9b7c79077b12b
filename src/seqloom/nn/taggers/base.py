"""The contract of a tagger: scores of the tags of each word → the loss of given tags, and the most probable ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.tag_scheme import Legal

FORBIDDEN = -1e4
"""What is added to the score of a transition that may not be: finite, and far below all that is learned."""


class TaggerConfig(Section):
    """What the section of every kind of tagger begins with."""

    kind: str
    """How the tags of a text are found from the scores of each word's tags."""


class Tagged(NamedTuple):
    """The most probable tags of each row [B, W], the probabilities of all tags of each word [B, W, C], and the
    log-probability of each row's tags together [B]."""

    tags: Int[Tensor, "B W"]
    probabilities: Float[Tensor, "B W C"]
    log_probs: Float[Tensor, " B"]


class Tagger(nn.Module, ABC):
    """Scores [B, W, C] of C tags for each of W words → a distribution over the tags of a whole row.

    A mask is True where a word is real; what stands elsewhere, and other rows, change nothing. A member is made as
    `Member(config, count, legal)`: its section, the number C of tags, and which tags may follow which in an answer, if
    not all may. The loss knows no such limits.

    The weights of a member are potentials: what is added to the sum of a row's scores for what its tags have. The mean
    of several taggers' scores and potentials is then the geometric mean of their distributions (`joint_tagger`).
    """

    @abstractmethod
    def loss(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"], smoothing: float
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """The cross-entropy of the given tags, summed over the words, and the same without label smoothing.

        With smoothing ε each word has its tag with the probability 1 - ε, and else any of the C, whatever others have.
        """

    @abstractmethod
    def given_log_probs(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"]
    ) -> Float[Tensor, "B W"]:
        """The log-probability of each given tag after the given tags before it; 0 where no word is."""

    @abstractmethod
    def decode(self, scores: Float[Tensor, "B W C"], real: Bool[Tensor, "B W"]) -> Tagged:
        """The most probable tags of each row; where no word is they have no meaning."""


def smoothed(tags: Int[Tensor, "B W"], count: int, smoothing: float) -> Float[Tensor, "B W C"]:
    """The probability of each tag of each word: 1 - ε + ε/C for the given one, and ε/C for the others."""
    return F.one_hot(tags, count).float() * (1 - smoothing) + smoothing / count


def penalties(legal: Legal | None, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """What is added to the scores of first tags [C], transitions [C, C] and last tags [C] in an answer."""
    if legal is None:
        return torch.zeros(count), torch.zeros(count, count), torch.zeros(count)
    first, follows, last = (torch.tensor(each) for each in (legal.first, legal.follows, legal.last))
    return tuple(torch.where(each, 0.0, FORBIDDEN) for each in (first, follows, last))  # type: ignore[return-value]
