"""The readout: decoder output, context and token → features → a score for every word of the vocabulary."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.loss import cross_entropy
from seqloom.nn.product import Product, direct


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


class Rows(NamedTuple):
    """What the readout knows of some words."""

    weight: Float[Tensor, "L R"]
    bias: Float[Tensor, " L"]

    def logits(self, features: Float[Tensor, "... R"]) -> Float[Tensor, "... L"]:
        """One unnormalised score per word."""
        # on CPUs adding the bias afterwards is a quarter faster than a product that starts from it
        return F.linear(features, self.weight).add_(self.bias)


class Readout(nn.Module):
    """features: h̃ = tanh(W_c [c; h]) (Luong et al. 2015, eq. 5), or maxout of pairs, t = max(t̃_{2j}, t̃_{2j+1})

    with t̃ = U s + V y + C c (Bahdanau et al. 2015, §A.2.2). logits: W_o h̃ + b.
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
        """One unnormalised score per word."""
        return Rows(self.weight, self.bias).logits(features)

    def narrowed(self, words: Int[Tensor, " L"]) -> Rows:
        """The same for some words of the vocabulary only."""
        return Rows(self.weight.index_select(0, words), self.bias.index_select(0, words))

    def loss(
        self, features: Float[Tensor, "N R"], targets: Int[Tensor, " N"], smoothing: float
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """`cross_entropy` of the logits, which are never held whole."""
        return cross_entropy(features, self.weight, self.bias, targets, smoothing)
