"""The networks that the laws are tried on: every member of every family, tiny."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

from remembering import remembering
from seqloom.model import Seq2Seq
from seqloom.nn.attention import ATTENTIONS
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.cells import CELLS
from seqloom.nn.decoders import DECODERS
from seqloom.testing.networks import BASE, SOURCE_SIZE, TARGET_SIZE, Rows, gradients, network, rows, unrolled

__all__ = [
    "BASE",
    "DECODER_CASES",
    "ENCODERS",
    "FAMILIES",
    "SOURCE_SIZE",
    "TARGET_SIZE",
    "Case",
    "Rows",
    "gradients",
    "rows",
    "unrolled",
]


@dataclass(frozen=True)
class Case:
    name: str
    settings: dict[str, Any] = field(hash=False)

    def model(self, seed: int = 0) -> Seq2Seq:
        """A network that evaluates, with every weight (biases too) away from its special first value."""
        with remembering():
            return network(self.settings, seed)


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


def _tagged() -> list[Case]:
    """Embeddings of tags with each place where a decoder attends, and with both encoders."""
    encoders: list[dict[str, Any]] = [{"residual": True}, {"kind": "transformer", "heads": 2}]
    kinds = product(DECODERS, encoders)
    return [
        Case(
            f"tagged-{attend}-{encoder.get('kind', 'recurrent')}",
            {
                "cell": "gru",
                "tag_embedding": 3,
                "encoder": encoder,
                "decoder": {"attend": attend, "readout": {"reads_token": True}},
            },
        )
        for attend, encoder in kinds
    ]


FAMILIES, RECURRENT, TRANSFORMERS, DECODER_CASES = _families() + _tagged(), _encoders(), _transformers(), _decoders()
ENCODERS = RECURRENT + TRANSFORMERS
