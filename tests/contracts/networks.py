"""The networks that the laws are tried on: every member of every family, tiny."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor

from remembering import remembering
from seqloom.config import build
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.attention import ATTENTIONS
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.cells import CELLS
from seqloom.nn.decoders import DECODERS

SOURCE_SIZE, TARGET_SIZE = 13, 11
BASE: dict[str, Any] = {"embedding": 6, "hidden": 8, "dropout": 0.3, "embedding_dropout": 0.3}


@dataclass(frozen=True)
class Case:
    name: str
    settings: dict[str, Any] = field(hash=False)

    def model(self, seed: int = 0) -> Seq2Seq:
        """A network that evaluates, with every weight (biases too) away from its special first value."""
        torch.manual_seed(seed)
        with remembering():
            model = Seq2Seq(build(ModelConfig, {**BASE, **self.settings}), SOURCE_SIZE, TARGET_SIZE).eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight), alpha=0.3)
        return model


def _families() -> list[Case]:
    """Each cell × attention × attend kind × 1 and 2 heads; normalisers take turns so that each meets all the others."""
    cases = []
    attending = [attend for attend in DECODERS if attend != "none"]
    families = product(enumerate(CELLS), enumerate(ATTENTIONS), enumerate(attending), (1, 2))
    for (c, cell), (a, attention), (d, attend), heads in families:
        normaliser = list(NORMALISERS)[(c + a + d + heads) % len(NORMALISERS)]
        chosen = {"kind": attention, "heads": heads, "normaliser": normaliser}
        name = f"{cell}-{attention}-{attend}-{heads}-{normaliser}"
        cases.append(Case(name, {"cell": cell, "attention": chosen, "decoder": {"attend": attend}}))
    for attend, heads in product(attending, (1, 2)):  # an attention that is only here, with an odd state
        chosen = {"kind": "remembering", "heads": heads, "normaliser": "softmax"}
        settings = {"cell": "gru", "attention": chosen, "decoder": {"attend": attend}}
        cases.append(Case(f"gru-remembering-{attend}-{heads}-softmax", settings))
    return cases + [Case(f"{cell}-none", {"cell": cell, "decoder": {"attend": "none"}}) for cell in CELLS]


def _encoders() -> list[Case]:
    kinds = product(("all", "first", "none"), (False, True), (1, 3), CELLS)
    return [
        Case(
            f"{cell}-{directions}-{'residual' if residual else 'plain'}-{layers}",
            {
                "cell": cell,
                "encoder": {"bidirectional": directions, "residual": residual, "layers": layers},
                "decoder": {"bridge": "copy", "layers": 1},  # hands on all that a final state holds
            },
        )
        for directions, residual, layers, cell in kinds
    ]


def _decoders() -> list[Case]:
    kinds = product(DECODERS, ("dense", "copy", "zero"), ("tanh", "maxout", "none"), (False, True), (1, 3))
    return [
        Case(
            f"{attend}-{bridge}-{hidden}-{'token' if token else 'state'}-{layers}",
            {
                "cell": "gru",
                "encoder": {"layers": 3},
                "decoder": {
                    "attend": attend,
                    "bridge": bridge,
                    "layers": layers,
                    "residual": token,
                    "readout": {
                        "hidden": hidden,
                        "reads_token": token,
                        "kind": "dense" if hidden == "none" else "tied",
                    },
                },
            },
        )
        for attend, bridge, hidden, token, layers in kinds
        if (attend, bridge) != ("none", "zero")
    ]


def _transformers() -> list[Case]:
    """Both kinds of positions, a table that is shorter than a source too, with each place where a decoder attends."""
    positions: dict[str, dict[str, Any]] = {
        "sinusoidal": {},
        "learned": {"positions": "learned", "max_positions": 9},
        "short": {"positions": "learned", "max_positions": 2},
    }
    kinds = product(enumerate(positions.items()), ((1, 1), (3, 4)), enumerate(DECODERS))
    return [
        Case(
            f"transformer-{name}-{layers}-{heads}-{bridge}-{attend}",
            {
                "cell": list(CELLS)[(p + d) % len(CELLS)],
                "embedding": (6, 8)[(p + d) % 2],  # narrower than the encoder, or as wide
                "encoder": {"kind": "transformer", "layers": layers, "heads": heads, "feedforward": 5 * p, **place},
                "decoder": {"attend": attend, "bridge": bridge},
            },
        )
        for (p, (name, place)), (layers, heads), (d, attend) in kinds
        for bridge in (("dense",) if attend == "none" else ("dense", "zero"))
    ]


FAMILIES, RECURRENT, TRANSFORMERS, DECODER_CASES = _families(), _encoders(), _transformers(), _decoders()
ENCODERS = RECURRENT + TRANSFORMERS


class Rows(NamedTuple):
    source: Tensor
    lengths: Tensor
    target_in: Tensor
    target_out: Tensor
    target_lengths: Tensor

    def row(self, index: int) -> Rows:
        """One row without its padding."""
        size, length = int(self.lengths[index]), int(self.target_lengths[index])
        only = slice(index, index + 1)
        return Rows(
            self.source[only, :size],
            self.lengths[only],
            self.target_in[only, :length],
            self.target_out[only, :length],
            self.target_lengths[only],
        )

    def shuffled(self, order: Tensor) -> Rows:
        """The rows in another order."""
        return Rows(*(part[order] for part in self))

    def widened(self, seed: int = 5) -> Rows:
        """Two more columns, and any ids at all on the padding."""
        chance = torch.Generator().manual_seed(seed)

        def litter(ids: Tensor, lengths: Tensor, size: int) -> Tensor:
            noise = torch.randint(0, size, (ids.size(0), ids.size(1) + 2), generator=chance)
            real = torch.arange(noise.size(1)) < lengths[:, None]
            return torch.where(real, torch.nn.functional.pad(ids, (0, 2)), noise)

        return Rows(
            litter(self.source, self.lengths, SOURCE_SIZE),
            self.lengths,
            litter(self.target_in, self.target_lengths, TARGET_SIZE),
            litter(self.target_out, self.target_lengths, TARGET_SIZE),
            self.target_lengths,
        )


def rows(lengths: tuple[int, ...] = (5, 1, 3), target_lengths: tuple[int, ...] = (2, 3, 3), seed: int = 1) -> Rows:
    """Random rows of the given lengths, padded with 0."""
    chance = torch.Generator().manual_seed(seed)

    def ids(sizes: Tensor, vocabulary: int) -> Tensor:
        drawn = torch.randint(1, vocabulary, (len(sizes), int(sizes.max())), generator=chance)
        return torch.where(torch.arange(drawn.size(1)) < sizes[:, None], drawn, 0)

    sizes, targets = torch.tensor(lengths), torch.tensor(target_lengths)
    return Rows(ids(sizes, SOURCE_SIZE), sizes, ids(targets, TARGET_SIZE), ids(targets, TARGET_SIZE), targets)


def unrolled(model: Seq2Seq, batch: Rows) -> tuple[Tensor, Tensor | None]:
    """Logits and weights of all steps, taken one by one."""
    state = model.start(batch.source, batch.lengths)
    logits, weights = [], []
    for token in batch.target_in.unbind(1):
        scores, state, looked = model.step(token, state)
        logits.append(scores)
        if looked is not None:
            weights.append(looked)
    return torch.stack(logits, 1), torch.stack(weights, 1) if weights else None


def gradients(model: Seq2Seq, loss: Tensor) -> dict[str, Tensor]:
    """The gradient of every weight; a weight that the loss does not reach is an error."""
    names, weights = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))
