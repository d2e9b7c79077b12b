"""Freeze parts of the network, so that their weights are not trained."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from seqloom.errors import ConfigError
from seqloom.model import SingleNetwork

PARTS = {
    "source_embedding": "source_embedding",
    "encoder": "encoder",
    "target_embedding": "decoder.embedding",
    "attention": "decoder.attention",
    "bridge": "decoder.bridge",
    "readout": "decoder.readout",
    "decoder": "decoder",
}
"""Module path of each part that `training.freeze` knows by a short name; other modules are named by their path."""
LISTS = ("encoder.layers", "decoder.cells")
"""Lists of modules whose members are named in the error about an unknown part."""


def freeze(model: SingleNetwork, names: Iterable[str]) -> None:
    """Freeze the named parts; raises ConfigError for an unknown name, or where nothing is left to train."""
    for weight in frozen_weights(model, names):
        weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ConfigError("training.freeze must leave something to train", hint="leave out one of its names")


def frozen_weights(model: SingleNetwork, names: Iterable[str]) -> list[nn.Parameter]:
    """Return the weights of the named parts; tied weights belong to each part that uses them."""
    weights = dict(model.named_parameters(remove_duplicate=False))
    found: dict[int, nn.Parameter] = {}
    for name in names:
        path = PARTS.get(name, name)
        named = [weight for key, weight in weights.items() if f"{key}.".startswith((f"{path}.", f"{name}."))]
        if not named:
            known = ["pooling"] if hasattr(model, "pooling") else []
            known += [part for part, place in PARTS.items() if any(key.startswith(f"{place}.") for key in weights)]
            known += [
                f"{group}.{number}"
                for group, modules in model.named_modules()
                if group in LISTS
                for number, _ in modules.named_children()
            ]
            raise ConfigError(
                f"training.freeze names a part that this network does not have, {name!r}",
                hint=f"known: {', '.join(known)}",
            )
        found |= {id(weight): weight for weight in named}
    return list(found.values())


def frozen_count(model: SingleNetwork, names: Iterable[str]) -> int:
    """Return the number of weights that are frozen."""
    return sum(weight.numel() for weight in frozen_weights(model, names))
