"""The models that an ensemble is made of, and whether they fit together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint import load_model
from seqloom.checkpoint.own_parts import own_parts
from seqloom.codecs import Codecs
from seqloom.codecs.base import ListedCodec
from seqloom.codecs.pair import TargetCodec
from seqloom.config import build, differences
from seqloom.ensemble_network import AnyEnsemble, single_networks
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.model import SingleNetwork
from seqloom.networks import AnyNetwork
from seqloom.search import SearchConfig
from seqloom.training.config import RunConfig

SHOWN = 5
"""Symbols that a message names."""
TRAINING_ONLY = (("seqloom", "dropout"), ("seqloom", "unseen"))
"""What a tokenizer's file holds that changes no encoding of a text and no answer: BPE dropout, and the symbols that are
remarked on because no training source had them."""


@dataclass(frozen=True)
class Member:
    """A model that is to become part of an ensemble; `name` is its folder, or what an error calls it.

    `records` are what the ensemble's record says of it: its folder and the SHA-256 of its weights, or those of each of
    its own members where it is an ensemble itself.
    """

    name: str
    network: AnyNetwork = field(repr=False)
    codecs: Codecs = field(repr=False)
    config: RunConfig = field(repr=False)
    records: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, str] = field(repr=False, default_factory=dict)
    """The SHA-256 of its settings and codecs, by the path of the file; empty for a model that lies in no folder."""
    own: tuple[str, ...] = ()
    """What else it has (`own_parts`), which an ensemble does not take over."""

    @property
    def parts(self) -> Iterator[tuple[float, SingleNetwork, Mapping[str, Any]]]:
        """Share, network and record of each single network in it; the shares sum to 1.

        The geometric mean of geometric means is one geometric mean, so an ensemble can be taken apart exactly.
        """
        shares = self.network.shares if isinstance(self.network, AnyEnsemble) else (1.0,)
        return zip(shares, single_networks(self.network), self.records, strict=True)


def read_member(folder: Path | str) -> Member:
    """The model in a folder, whose files are checked against their hashes."""
    loaded, name = load_model(folder), str(folder)
    config = build(RunConfig, loaded.config, where=str(Path(folder) / layout.CONFIG))
    files = loaded.manifest.files
    known = loaded.metrics.get("ensemble", {}).get("members", ())
    records = tuple({"folder": each["folder"], "sha256": each["sha256"]} for each in known) or (
        {"folder": name, "sha256": files[layout.WEIGHTS].sha256},
    )
    taken = [each for each in (layout.CONFIG, *loaded.manifest.codecs.names) if each in files]
    hashes = {str(Path(name) / each): files[each].sha256 for each in taken}
    return Member(name, loaded.model, loaded.codecs, config, records, hashes, own_parts(loaded))


def check_fit(members: Sequence[Member]) -> None:
    """Raise an error unless all members read and write the same symbols in the same way.

    `ModelFolderError` names the file and the first symbols or the setting that differ, and the two models.
    """
    first, *others = members
    for other in others:
        _same_codecs(first, other)
        for key, mine, its in differences(first.codecs.reversed, other.codecs.reversed, ("data",)):
            raise _unfit(f"{'.'.join(key)} is {mine} in {first.name} and {its} in {other.name}", other)


def _same_codecs(first: Member, other: Member) -> None:
    names = first.codecs.files
    sides = (("source", names.source.file), ("target", names.target.file))
    for side, _ in sides:
        mine, its = (getattr(each.codecs, side) for each in (first, other))
        if mine.kind != its.kind:
            raise _unfit(f"the {side} codec is {mine.kind} in {first.name} and {its.kind} in {other.name}", other)
    for side, file in sides:
        mine, its = (getattr(each.codecs, side) for each in (first, other))
        there = _lists(its)
        for what, one in _lists(mine).items():
            if one != there[what]:
                raise _unfit(f"{file}: {_differing(one, there[what], first.name, other.name, what)}", other)
        for key, own, other_own in differences(json.loads(mine.to_json()), json.loads(its.to_json())):
            if key not in TRAINING_ONLY:
                said = f"{'.'.join(key)} is {_short(own)} in {first.name} and {_short(other_own)} in {other.name}"
                raise _unfit(f"{file}: {said}", other)


def _lists(codec: TargetCodec) -> Mapping[str, Sequence[str]]:
    """What one side is made of, in the order of the ids, by what it is: symbols, or labels, tags, strings."""
    return codec.lists if isinstance(codec, ListedCodec) else {"symbols": codec.tokenizer.vocabulary}


def _differing(one: Sequence[str], two: Sequence[str], mine: str, its: str, what: str) -> str:
    """Where two vocabularies differ: symbols or labels that only one has, or the first id with two of them."""
    said = [
        f"only {name} has {', '.join(map(repr, only[:SHOWN]))}{', …' if len(only) > SHOWN else ''}"
        for name, only in ((mine, _only(one, two)), (its, _only(two, one)))
        if only
    ]
    if not said:
        place = next(number for number, pair in enumerate(zip(one, two, strict=True)) if pair[0] != pair[1])
        said = [f"id {place} is {one[place]!r} in {mine} and {two[place]!r} in {its}"]
    return f"{len(one):,} and {len(two):,} {what}; {'; '.join(said)}"


def _only(one: Sequence[str], two: Sequence[str]) -> list[str]:
    there = set(two)
    return [symbol for symbol in one if symbol not in there]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _unfit(reason: str, other: Member) -> ModelFolderError:
    return ModelFolderError(
        f"the models of an ensemble must read and write the same symbols: {reason}",
        where=other.name,
        hint="train them on the same data with the same [text] settings; networks and seeds may differ",
    )


def search_of(members: Sequence[Member]) -> SearchConfig:
    """The search settings of the first member, with sources that the encoders of all members can read."""
    search = members[0].config.search
    limits = [each.config.search.source_positions for each in members]
    known = min((limit for limit in limits if limit), default=0)
    if known == search.source_positions:
        return search
    longest = min(search.max_source_length, known - 1)
    return SearchConfig(**{**search.model_dump(), "source_positions": known, "max_source_length": longest})


def check_weights(names: Sequence[str], weights: Sequence[float] | None) -> tuple[float, ...]:
    """The weight of each model, 1 for all where none are given; raises `ConfigError` unless they make sense."""
    if not names:
        raise ConfigError("an ensemble needs at least one model, not none")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError("each model may be named once only", where=twice, hint="give it a larger weight instead")
    if weights is None:
        return (1.0,) * len(names)
    if len(weights) != len(names):
        raise ConfigError(f"there must be one weight for each of the {len(names)} models, not {len(weights)}")
    if not all(0 <= weight < float("inf") for weight in weights) or not any(weights):
        shown = ", ".join(f"{weight:g}" for weight in weights)
        raise ConfigError(f"weights must be numbers of at least 0, not all of them 0: {shown}")
    return tuple(map(float, weights))
