"""The Transformer encoder: layers of self-attention and of a position-wise network, each behind a normalisation.

    x ← x + W_o [head_1; …; head_n](LN(x))      x ← x + W_2 max(0, W_1 LN(x) + b_1) + b_2      values = LN(x)

(Vaswani et al. 2017, eqs. 1-2 and §3.2.2; normalised before instead of after, as in Chen et al. 2018, §3.3, and Xiong
et al. 2020, where it makes deep stacks train without a long warm-up.)
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field, model_validator
from torch import Tensor, nn

from seqloom.errors import ConfigError
from seqloom.nn.attention.base import inner, split_heads
from seqloom.nn.cells import CellConfig
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.encoders.base import Encoder, EncoderConfig
from seqloom.nn.shapes import length_mask

LEARNED = 1024
"""Positions in a table of learned ones where the settings name no number."""


class TransformerEncoderConfig(EncoderConfig):
    """Settings of the Transformer encoder."""

    kind: Literal["transformer"] = "transformer"
    """How the source is read."""
    layers: int = Field(default=4, ge=1)
    """Number of layers, each of self-attention and a position-wise network."""
    heads: int = Field(default=4, ge=1)
    """Number of heads of self-attention; it divides the encoder's width."""
    feedforward: int = Field(default=0, ge=0)
    """Inner width of the position-wise network; 0 = four times the encoder's width."""
    positions: Literal["sinusoidal", "learned"] = "sinusoidal"
    """What tells the layers where a symbol stands: sines and cosines, which have no limit, or a table of vectors that
    are trained."""
    max_positions: int = Field(default=0, ge=0)
    """Number of learned positions; 0 = 1,024. data.max_source_length and search.max_source_length must be smaller,
    because the end mark has a position, too."""

    @model_validator(mode="after")
    def _table(self) -> TransformerEncoderConfig:
        if self.positions == "sinusoidal" and self.max_positions:
            raise ValueError("max_positions is the size of a table of learned positions: sinusoidal ones have no limit")
        return self

    @property
    def longest(self) -> int | None:
        """The size of the table of learned positions; None where there is none."""
        return (self.max_positions or LEARNED) if self.positions == "learned" else None

    def check(self, width: int) -> None:
        """Refuses a width that the heads do not divide."""
        if width % self.heads:
            raise ConfigError(f"encoder.heads = {self.heads} must divide the encoder's width {width}")


class SelfAttention(nn.Module):
    """Every position looks at every real position of its row (Vaswani et al. 2017, eq. 1 and §3.2.2).

    head_i = softmax(Q_i K_iᵀ / √d) V_i with d the width of one head, and then W_o [head_1; …; head_n] + b_o. One
    matrix makes queries, keys and values; the width is the same throughout.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width / heads) ** -0.5
        self.projections = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        for block in (*self.projections.weight.data.chunk(3), self.output.weight.data):
            nn.init.xavier_uniform_(block)
        for bias in (self.projections.bias, self.output.bias):
            nn.init.zeros_(bias)

    def forward(self, x: Float[Tensor, "B S H"], mask: Bool[Tensor, "B S"]) -> Float[Tensor, "B S H"]:
        """[B, S, H] → [B, S, H]; what stands where `mask` is False is looked at by nobody."""
        query, key, value = self.projections(x).chunk(3, -1)
        scores = inner(query * self.scale, key, self.heads).float()  # [B, n, S, S]
        # the least number, not -∞: padding gets the weight 0 exactly, and a row of padding alone stays finite
        least = torch.finfo(scores.dtype).min
        weights = torch.softmax(torch.where(mask[:, None, None, :], scores, least), -1)
        mixed = torch.matmul(weights.to(value.dtype), split_heads(value, self.heads))  # [B, n, S, H / n]
        found: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return found


class TransformerLayer(nn.Module):
    """Self-attention, then the position-wise network; each reads normalised input, and its output is added to it.

    Dropout acts on what is added (Vaswani et al. 2017, §5.4).
    """

    def __init__(self, width: int, heads: int, inner_width: int, dropout: SequenceDropout) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), SelfAttention(width, heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, inner_width), nn.Linear(inner_width, width)
        for linear in (self.first, self.second):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        self.dropout = dropout

    def forward(self, x: Float[Tensor, "B S H"], mask: Bool[Tensor, "B S"]) -> Float[Tensor, "B S H"]:
        """[B, S, H] → [B, S, H]."""
        x = x + self.dropout(self.attention(self.attention_norm(x), mask))
        added: Tensor = self.dropout(self.second(torch.relu(self.first(self.feedforward_norm(x)))))
        return x + added


class TransformerEncoder(Encoder):
    """Positions are added to the input, layers follow, and a normalisation ends them. There are no final states.

    The scale of the input: embeddings arrive as √E times a matrix whose entries have the deviation 1/√E (Vaswani et al.
    2017, §3.4), so that a feature of theirs has the deviation 1 (`model.embedding_deviation`); a sinusoid has the root
    mean square 1/√2, and a learned position starts with the deviation 1. So neither drowns the other, and nothing is
    scaled here. An input whose width I is not H is projected; the matrix starts with the deviation 1/√I, which keeps
    the deviation of the features.

    Dropout on embeddings has acted before, so positions are never dropped. Where `model.variational` is set, the
    dropout within the layers keeps one mask for all positions of a row, too (Gal & Ghahramani 2016).

    A table of learned positions ends: `RunConfig` refuses limits on the source's length that go beyond it. A source
    that is longer all the same, because it came to the network by another way, is read with the last position's
    vector at every further position.
    """

    def __init__(
        self,
        config: TransformerEncoderConfig,
        cell: CellConfig,
        input_size: int,
        hidden_size: int,
        dropout: SequenceDropout,
    ) -> None:
        super().__init__()
        del cell  # nothing here recurs
        self.projection = None if input_size == hidden_size else nn.Linear(input_size, hidden_size)
        if self.projection is not None:
            nn.init.normal_(self.projection.weight, std=input_size**-0.5)
            nn.init.zeros_(self.projection.bias)
        longest = config.longest
        self.positions = None if longest is None else nn.Embedding(longest, hidden_size)
        self.scale = float(hidden_size**0.5)
        if self.positions is not None:  # small, and multiplied, so that it learns as fast as the embeddings of symbols
            nn.init.normal_(self.positions.weight, std=1 / self.scale)
        inner_width = config.feedforward or 4 * hidden_size
        self.layers = nn.ModuleList(
            TransformerLayer(hidden_size, config.heads, inner_width, dropout) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B S H"], None]:
        """The normalised output of the top layer at each position."""
        mask = length_mask(lengths, x.size(1))
        if self.projection is not None:
            x = self.projection(x)
        x = x + self.placed(x)
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x), None

    def placed(self, x: Float[Tensor, "B S H"]) -> Float[Tensor, "S H"]:
        """What is added at each position."""
        places = torch.arange(x.size(1), device=x.device)
        if self.positions is None:
            return sinusoids(places, x.size(2)).to(x.dtype)
        found: Tensor = self.positions(places.clamp_max(self.positions.num_embeddings - 1))
        return found * self.scale


def sinusoids(places: Int[Tensor, " S"], width: int) -> Float[Tensor, "S H"]:
    """p[s, 2i] = sin(s / 10000^(2i / H)) and p[s, 2i + 1] = cos(s / 10000^(2i / H)) (Vaswani et al. 2017, §3.5)."""
    pairs = torch.arange((width + 1) // 2, device=places.device)
    angles = places[:, None] * torch.exp(pairs * (-2 * math.log(10000) / width))
    waves: Tensor = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
    return waves
