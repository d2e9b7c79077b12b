"""The interface of the network's last layer: from decoder features to scores of symbols and the loss.

Everything that needs the vocabulary goes through an `Output`: the loss in training, the scores of a search and of given
targets, the small vocabulary of a shortlist, the exported graph, and fine-tuning with new symbols. A decoder itself
calls nothing of it but `features`, at every step, because some decoders feed the features back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqloom.nn.product import Product, direct


class Decoded(NamedTuple):
    """What a decoder hands to the output, for N rows of a search (rows b·K … b·K + K - 1 belong to sentence b of the
    memory) or for all steps [B, T] of known targets."""

    features: Float[Tensor, "... R"]
    weights: Float[Tensor, "... S"] | None
    """Attention weights; None for a decoder without attention."""
    memory: Any
    """A `Memory`; of an ensemble, a tuple with one for each member."""


class LossSums(NamedTuple):
    """Sums over the real target tokens of a batch; the caller divides once."""

    loss: Float[Tensor, ""]
    nll: Float[Tensor, ""]
    """Plain negative log-likelihood in nats, without gradient."""
    tokens: int
    """Number of target tokens summed over, end marks included."""


@runtime_checkable
class Scorer(Protocol):
    """Scores every symbol of a vocabulary: an output's whole one, or the small one of a shortlist."""

    def scores(self, decoded: Decoded) -> Float[Tensor, "... V"]:
        """One score a symbol for each row of a search or each step; their log-softmax are the log-probabilities."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The weights that an exported graph holds for a shortlist: a matrix [L, R] and a bias [L]."""


class Output(nn.Module, ABC):
    """Features, attention weights and memory → scores of symbols. `size` is the width R of the features."""

    size: int
    reads_token: bool
    """Whether `features` also reads the embedding of the previous token."""

    @abstractmethod
    def features(self, inputs: Float[Tensor, "... I"], product: Product = direct) -> Float[Tensor, "... R"]:
        """The features of one or many steps, from the decoder's output, the context and maybe the token, joined."""

    @abstractmethod
    def scores(self, decoded: Decoded) -> Float[Tensor, "... V"]:
        """One score a symbol for each row of a search or each step; their log-softmax are the log-probabilities."""

    @abstractmethod
    def loss(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"], smoothing: float
    ) -> LossSums:
        """The label-smoothed cross-entropy of known targets, summed over the positions that are `real`.

        `real` may lie on the processor when all else is on a GPU, which then need not be waited for.
        """

    @abstractmethod
    def r_drop_loss(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"], smoothing: float, alpha: float
    ) -> LossSums:
        """The loss of R-Drop (`seqloom.nn.r_drop`) of 2·B decoded rows: first one pass over the B pairs, then another.

        All sums are the means of the two passes.
        """

    @abstractmethod
    def log_probs(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"]
    ) -> Float[Tensor, " N"]:
        """The log-probabilities of known targets at the `real` positions, row after row."""

    @abstractmethod
    def narrowed(self, words: Int[Tensor, " L"]) -> Scorer:
        """The same scores for some symbols only."""

    @abstractmethod
    def symbol_weights(self) -> list[Tensor]:
        """The weights that have one row for each symbol, which fine-tuning moves when the vocabulary grows."""

    @abstractmethod
    def widen(self, count: int) -> None:
        """Add symbols that have the probability 0."""
