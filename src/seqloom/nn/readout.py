"""The softmax layer over the vocabulary, which is the only `Output` so far."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.loss import cross_entropy
from seqloom.nn.output import Decoded, LossSums, Output
from seqloom.nn.product import Product, direct
from seqloom.nn.r_drop import r_drop

AT_ONCE = 1024
"""Target tokens that are compared with the whole vocabulary at once where given targets are scored."""


class ReadoutConfig(Section):
    """Settings of the readout."""

    kind: Literal["dense", "tied"] = "dense"
    """A projection of its own, or the target embedding's transpose (Press & Wolf 2017)."""
    hidden: Literal["tanh", "maxout", "none"] = "tanh"
    """The layer before the projection: Luong's attentional vector, Bahdanau's deep output, or nothing."""
    size: int = Field(default=0, ge=0)
    """Width R of that layer; 0 = model.embedding."""
    reads_token: bool = False
    """Let the layer also read the previous token's embedding (Bahdanau et al. 2015, §A.2.2)."""


class Projection(NamedTuple):
    """The weights of the last layer for some symbols: scores are W h̃ + b."""

    weight: Float[Tensor, "L R"]
    bias: Float[Tensor, " L"]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The matrix and the bias."""
        return tuple(self)

    def scores(self, decoded: Decoded) -> Float[Tensor, "... L"]:
        """One unnormalised score per symbol."""
        return self.logits(decoded.features)

    def logits(self, features: Float[Tensor, "... R"]) -> Float[Tensor, "... L"]:
        """One unnormalised score per symbol."""
        # on CPUs adding the bias afterwards is a quarter faster than a product that starts from it
        return F.linear(features, self.weight).add_(self.bias)


class Readout(Output):
    """A softmax over the vocabulary.

    features: h̃ = tanh(W_c [c; h]) (Luong et al. 2015, eq. 5), or maxout of pairs, t = max(t̃_{2j}, t̃_{2j+1}) with
    t̃ = U s + V y + C c (Bahdanau et al. 2015, §A.2.2). scores: W_o h̃ + b.
    """

    def __init__(self, config: ReadoutConfig, input_size: int, vocabulary: int, embedding: nn.Embedding) -> None:
        super().__init__()
        self.activation, self.reads_token = config.hidden, config.reads_token
        self.size = input_size if config.hidden == "none" else config.size or embedding.embedding_dim
        pieces = 2 if config.hidden == "maxout" else 1
        self.layer = None if config.hidden == "none" else nn.Linear(input_size, pieces * self.size)
        if config.kind == "tied":
            self.weight = embedding.weight
        else:
            self.weight = nn.Parameter(torch.empty(vocabulary, self.size))
            nn.init.xavier_uniform_(self.weight)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def features(self, inputs: Float[Tensor, "... I"], product: Product = direct) -> Float[Tensor, "... R"]:
        """What the vocabulary is compared with."""
        if self.layer is None:
            return inputs
        hidden = product(inputs, self.layer.weight, self.layer.bias)
        if self.activation == "tanh":
            return torch.tanh(hidden)
        pairs: Tensor = hidden.unflatten(-1, (-1, 2))
        return pairs.amax(-1)

    def logits(self, features: Float[Tensor, "... R"]) -> Float[Tensor, "... V"]:
        """One unnormalised score per symbol."""
        return Projection(self.weight, self.bias).logits(features)

    def scores(self, decoded: Decoded) -> Float[Tensor, "... V"]:
        """The logits; attention weights and memory have no part in them."""
        return self.logits(decoded.features)

    def narrowed(self, words: Int[Tensor, " L"]) -> Projection:
        """The same for some symbols of the vocabulary only."""
        return Projection(self.weight.index_select(0, words), self.bias.index_select(0, words))

    def loss(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"], smoothing: float
    ) -> LossSums:
        """`cross_entropy` of the logits, which are never held whole; padding is dropped before they are computed."""
        features, wanted = _at_real_positions(decoded.features, targets, real)
        loss, nll = cross_entropy(features, self.weight, self.bias, wanted, smoothing)
        return LossSums(loss, nll, len(wanted))

    def r_drop_loss(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"], smoothing: float, alpha: float
    ) -> LossSums:
        """`r_drop` of the logits, which are never held whole either."""
        twice = _at_real_positions(decoded.features, targets.repeat(2, 1), real.repeat(2, 1))
        features, wanted = twice[0].view(2, -1, self.size), twice[1][: len(twice[1]) // 2]
        loss, nll = r_drop(features, self.weight, self.bias, wanted, smoothing, alpha)
        return LossSums(loss, nll, len(wanted))

    def log_probs(
        self, decoded: Decoded, targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"]
    ) -> Float[Tensor, " N"]:
        """A part of the positions at a time, so that a large vocabulary takes little memory."""
        features, wanted = _at_real_positions(decoded.features, targets, real)
        parts = zip(features.split(AT_ONCE), wanted.split(AT_ONCE), strict=True)
        return torch.cat([torch.log_softmax(self.logits(x).float(), -1).gather(1, y[:, None])[:, 0] for x, y in parts])

    def symbol_weights(self) -> list[Tensor]:
        """The last layer's weights and biases."""
        return [self.weight, self.bias]

    @torch.no_grad()
    def widen(self, count: int) -> None:
        """Rows of zeros with a bias of -∞."""
        self.weight = nn.Parameter(F.pad(self.weight, (0, 0, 0, count)))
        self.bias = nn.Parameter(F.pad(self.bias, (0, count), value=-torch.inf))


def _at_real_positions(
    features: Float[Tensor, "B T R"], targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, "N R"], Int[Tensor, " N"]]:
    places = real.flatten().nonzero().squeeze(1).to(features.device, non_blocking=True)
    return features.flatten(0, 1).index_select(0, places), targets.flatten().index_select(0, places)
