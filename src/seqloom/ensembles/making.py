"""Put several models together to one, which is stored like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqloom.checkpoint import ModelToStore
from seqloom.checkpoint.own_parts import left_behind
from seqloom.config import differences
from seqloom.ensemble_network import AnyEnsemble, ensemble_of
from seqloom.ensembles.members import Member, check_fit, search_of
from seqloom.model import SingleNetwork
from seqloom.training.config import RunConfig
from seqloom.training.provenance.surroundings import surroundings

COMBINATION = "weighted geometric mean of probabilities"


def combined(members: Sequence[Member], weights: Sequence[float], measured: Mapping[str, Any] = {}) -> ModelToStore:
    """The ensemble of models that fit together, with their weights, of which those with the weight 0 are left out.

    Its settings are those of the first model, even where that is left out. `measured` are further entries of
    metrics.json: what was measured, and the `data` that it was measured on, for the record. `notes` in the entry
    `ensemble` say what was chosen.
    """
    check_fit(members)
    left = [each.name for each, weight in zip(members, weights, strict=True) if not weight]
    taken = [(each, weight) for each, weight in zip(members, weights, strict=True) if weight]
    networks, shares, records = _taken_apart(taken)
    used = [each for each, _ in taken]
    config, notes = _configured([members[0], *(each for each in used if each is not members[0])])
    if left:
        notes.append(f"left out, as its weight is 0: {', '.join(left)}")
    flat = [each.name for each in used if isinstance(each.network, AnyEnsemble)]
    if flat:
        notes.append(f"an ensemble itself, whose members become members of the new one: {', '.join(flat)}")
    notes += left_behind({each.name: each.own for each in used})
    ensemble = ensemble_of(networks, shares).eval()
    described = [{**each, "share": share} for each, share in zip(records, ensemble.shares, strict=True)]
    data = [{"part": "member", "file": file, "sha256": sha256} for file, sha256 in members[0].files.items()] + list(
        measured.get("data", ())
    )
    metrics = {
        **{name: value for name, value in measured.items() if name != "data"},
        "ensemble": {"combination": COMBINATION, "members": described, "notes": notes},
        "record": {**surroundings(), "data": data},
    }
    return ModelToStore(ensemble, members[0].codecs, config, metrics)


def _taken_apart(
    taken: Sequence[tuple[Member, float]],
) -> tuple[list[SingleNetwork], list[float], list[Mapping[str, Any]]]:
    """All single networks with their shares and records; one that comes several times is there once, with the sum."""
    networks: dict[str, SingleNetwork] = {}
    shares: dict[str, float] = {}
    records: dict[str, Mapping[str, Any]] = {}
    total = sum(weight for _, weight in taken)
    for number, (member, weight) in enumerate(taken):
        for place, (share, network, record) in enumerate(member.parts):
            key = str(record.get("sha256") or (number, place))
            networks.setdefault(key, network)
            records.setdefault(key, record)
            shares[key] = shares.get(key, 0.0) + share * weight / total
    return list(networks.values()), list(shares.values()), list(records.values())


def _configured(members: Sequence[Member]) -> tuple[RunConfig, list[str]]:
    """The settings of the first member, with sources that every member's encoder can read, and what is to be said."""
    first, *others = members
    notes = [f"settings of search, data and evaluation are those of {first.name}"] if others else []
    for other in others:
        for key, mine, its in differences(first.config.search.model_dump(), other.config.search.model_dump()):
            if key != ("source_positions",):
                name = f"search.{'.'.join(key)}"
                notes.append(f"{name} is {mine} in {first.name}, which holds, and {its} in {other.name}")
    search = search_of(members)
    if search != first.config.search:
        known = search.source_positions
        said = f"search.max_source_length is {search.max_source_length}"
        notes.append(f"{said}, as a member's encoder can tell only {known} source positions apart")
    return first.config.replace(search=search), notes
