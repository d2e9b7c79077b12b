"""The weights of an ensemble's members, tuned on dev data.

They are those of the least loss, or equal ones: whichever is better by the main measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqloom.ensemble_network import AnyEnsemble, ensemble_of
from seqloom.ensembles.least_loss import least_loss
from seqloom.ensembles.measuring import DevData, Figures
from seqloom.ensembles.members import Member


@dataclass(frozen=True)
class Choice:
    """The weight of each model, 0 for those that are left out, and what was measured to choose them.

    `measured` are entries of metrics.json: the ensemble's figures as `dev`, those of equal weights and of each model
    alone as `dev_without`, and `data` for the record. `notes` say it in sentences.
    """

    weights: tuple[float, ...]
    measured: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...]


def tuned(members: Sequence[Member], dev: DevData) -> Choice:
    """The weights of some models that fit together: equal ones, or those of the least dev loss where these are better
    by the main measure."""
    equal = (1.0,) * len(members)
    least = least_loss(members, dev)
    candidates = {"equal weights": equal, "tuned weights": least.weights}
    measured = {name: dev.measure(joined(members, weights), members) for name, weights in candidates.items()}
    alone = {each.name: dev.measure(each.network, [each]) for each in members}
    best = min(candidates, key=lambda name: (measured[name].cost, name))
    other = next(name for name in candidates if name != best)
    shown = ", ".join(f"{weight:.3g}" for weight in least.weights)
    notes = [f"weights of the least dev loss: {shown}, from {least.counted:,} of {least.of:,} {least.unit}"]
    notes += [f"dev: {measured[best].main} with {best}, which are taken, {measured[other].main} with {other}"]
    notes += gain(measured[best], alone)
    values = {
        **figures_with(measured[best], {other: measured[other], **alone}),
        "tuned": {"weights": list(least.weights), "taken": best, "tokens": least.counted, "of": least.of},
        "data": list(dev.records),
    }
    return Choice(candidates[best], values, tuple(notes))


def gain(best: Figures, alone: Mapping[str, Figures]) -> list[str]:
    """What the ensemble has won over the best single model, as a sentence; that it has won nothing, too."""
    name, single = min(alone.items(), key=lambda item: item[1].cost)
    verdict = "" if best.cost < single.cost else ": the ensemble is no better than it"
    return [f"dev: {single.main} with the best single model, {name}{verdict}"]


def figures_with(chosen: Figures, without: Mapping[str, Figures]) -> dict[str, Any]:
    """Entries of metrics.json: the figures of what was chosen, and of what was not."""
    return {"dev": dict(chosen.values), "dev_without": {name: dict(each.values) for name, each in without.items()}}


def joined(members: Sequence[Member], weights: Sequence[float]) -> AnyEnsemble:
    """The network of some models with these weights; those with the weight 0 are left out."""
    parts = [
        (share * weight, network)
        for member, weight in zip(members, weights, strict=True)
        if weight
        for share, network, _ in member.parts
    ]
    return ensemble_of([network for _, network in parts], [share for share, _ in parts]).eval()
