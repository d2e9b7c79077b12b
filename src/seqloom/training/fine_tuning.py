"""Fine-tuning: a run that starts from the weights, the tokenizers and the settings of a trained model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqloom.checkpoint import StoredModel, verify
from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import place_of
from seqloom.checkpoint.own_parts import left_behind, own_parts
from seqloom.checkpoint.reading import check_plugins, reversed_sides
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors
from seqloom.codecs import Codecs, Labels, TextCodec, TransductionCodec
from seqloom.codecs.pair import TargetCodec
from seqloom.config import build, differences, merged
from seqloom.data import Survey
from seqloom.errors import ConfigError
from seqloom.model import SingleNetwork
from seqloom.text import Tokenizer
from seqloom.text.extending import GROWING, TAGGABLE, extended, origins
from seqloom.text.training import fitted, fitted_source
from seqloom.training.config import RunConfig

SHOWN = 12
"""Number of new symbols that a notice names."""
CHOSEN = (("text", "source", "kind"), ("text", "target", "kind"), ("model", "decoder", "attend"), ("model", "answer"))
"""Settings whose `auto` was replaced when the model to start from was trained."""


def adopted(values: Mapping[str, Any], begun: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the plain settings of a run, completed by those of the model that it starts from, if it names one.

    The settings of the network and the text must be those of that model: `same_network` refuses others. A resumed run
    takes them from `begun`, the settings it was started with, and no longer needs the model.
    """
    training = values.get("training")
    folder = training.get("start_from") if isinstance(training, Mapping) else None
    if not folder or not isinstance(folder, str):
        return dict(values)
    saved = _saved(folder) if begun is None else begun
    own = merged({}, values)
    for *sections, name in CHOSEN:
        place: Any = own
        for section in sections:
            place = place.get(section) if isinstance(place, dict) else None
        if isinstance(place, dict) and place.get(name) == "auto":
            del place[name]
    fixed: dict[str, Any] = {name: saved[name] for name in ("model", "text") if name in saved}
    fixed["data"] = reversed_sides(saved)
    return merged(fixed, own)


def same_network(config: RunConfig, start: StoredModel) -> None:
    """Raise ConfigError for settings that contradict the model to start from, except those that choose its new
    symbols."""
    folder = config.training.start_from
    if start.codecs.answer == "frame":
        raise ConfigError("fine-tuning is not for models that answer with frames", where=folder, hint="train a new one")
    saved = build(RunConfig, {name: start.config.get(name, {}) for name in ("model", "text")}, where=folder)
    sides = {"source": saved.text.source, "target": saved.text.target}
    joining = {("text", side, name) for side, cut in sides.items() for name in GROWING.get(cut.kind, ())}
    for name in ("model", "text"):
        first, second = getattr(saved, name).model_dump(), getattr(config, name).model_dump()
        for key, old, new in differences(first, second, (name,)):
            if key == ("model", "answer") and {old, new} <= {"auto", start.codecs.answer}:
                continue
            if key not in joining:
                raise _fixed(".".join(key), old, new, folder)
    for name, old in start.codecs.reversed.items():
        if (new := getattr(config.data, name)) != old:
            raise _fixed(f"data.{name}", old, new, folder)


def grown(config: RunConfig, start: StoredModel, seen: Survey) -> tuple[tuple[Tokenizer, Tokenizer], list[str]]:
    """Return the tokenizers of the model to start from, extended by new symbols of the data, and notices of what is
    new."""
    text = config.text
    old = start.codecs.source.tokenizer, start.codecs.writer.tokenizer
    if text.shared:
        both = extended(old[0], chain.from_iterable(seen.pairs), text.source, seen.tags)
        said = _said("source and target", old[0], both, seen.tags)
        return fitted(both, both, seen.pairs, text, old[0]), said
    source = extended(old[0], (source for source, _ in seen.pairs), text.source, seen.tags)
    target = extended(old[1], (target for _, target in seen.pairs), text.target)
    said = _said("source", old[0], source, seen.tags) + _said("target", old[1], target, ())
    return fitted(source, target, seen.pairs, text, old[0]), said


def grown_source(config: RunConfig, start: StoredModel, seen: Survey) -> tuple[Tokenizer, list[str]]:
    """Return the source tokenizer of the model to start from, extended by new symbols, where targets are no text."""
    old, sources = start.codecs.source.tokenizer, [source for source, _ in seen.pairs]
    source = extended(old, sources, config.text.source, seen.tags)
    return fitted_source(source, sources, old), _said("source", old, source, seen.tags)


def fill_from(model: SingleNetwork, start: StoredModel, codecs: Codecs, where: str) -> None:
    """Copy the weights of the model to start from into a new one; rows of new symbols keep their initial values."""
    source = origins(start.codecs.source.tokenizer, codecs.source.tokenizer)
    target = _origins_of_target(start.codecs.target, codecs.target)
    tables = {weight.data_ptr(): target for weight in model.target_tables()}
    tables[model.source_embedding.weight.data_ptr()] = source
    if model.tag_embedding is not None:
        tables[model.tag_embedding.vectors.weight.data_ptr()] = _origins_of_tags(start, codecs)
    squares = {weight.data_ptr() for weight in model.target_squares()}
    own = distinct_tensors(model)
    stored = distinct_tensors(start.model)
    for name, tensor in own.items():
        rows = tables.get(tensor.data_ptr())
        if tensor.data_ptr() in squares and name in stored:
            both = torch.tensor(target)
            fresh = _with_fresh_rows(tensor[:, : stored[name].size(1)], stored[name], both)
            stored[name] = _with_fresh_rows(tensor.t(), fresh.t(), both).t().contiguous()
        elif rows is not None and name in stored and tensor.shape[1:] == stored[name].shape[1:]:
            stored[name] = _with_fresh_rows(tensor, stored[name], torch.tensor(rows))
    fill_tensors(own, stored, where)


def _origins_of_target(old: TargetCodec, new: TargetCodec) -> list[int]:
    """For each row of the tables of the target side its row in the old ones, or -1 for a new symbol or label."""
    if isinstance(old, TextCodec) and isinstance(new, TextCodec):
        return origins(old.tokenizer, new.tokenizer)
    if isinstance(old, TransductionCodec):  # the same as the new one
        return list(range(len(old.strings)))
    assert isinstance(old, Labels)  # the settings of the network are those of the model
    assert isinstance(new, Labels)
    return new.origins(old)


def _origins_of_tags(start: StoredModel, codecs: Codecs) -> list[int]:
    """For each tag its row in the old table of embeddings, or -1 for a new tag."""
    old = {tag: row for row, tag in enumerate(start.codecs.source.tokenizer.tags)}
    return [old.get(tag, -1) for tag in codecs.source.tokenizer.tags]


def _with_fresh_rows(fresh: Tensor, old: Tensor, rows: Tensor) -> Tensor:
    """Return the `old` row for each symbol with an index in `rows`, and the `fresh` row where the index is negative."""
    known, result = rows >= 0, fresh.clone()
    result[known] = old[rows[known]].to(result.device)
    return result


def _saved(folder: str) -> dict[str, Any]:
    """The settings in a model folder, after its files have been checked."""
    check_plugins(Path(folder), verify(folder).files)
    return tomllib.loads(place_of(Path(folder), layout.CONFIG).read_text(encoding="utf-8"))


def _fixed(name: str, old: object, new: object, folder: str) -> ConfigError:
    return ConfigError(
        f"{name} must stay {old!r}, as in the model to start from, not {new!r}",
        where=folder,
        hint="leave it out: the settings of model and text come from the folder",
    )


def _said(side: str, old: Tokenizer, new: Tokenizer, tags: Sequence[str]) -> list[str]:
    said = []
    if old.kind not in TAGGABLE:
        said.append(f"{side} text: the {old.kind} tokenizer of the model is used as it is")
        unknown = [tag for tag in tags if tag not in old.tags]
        if unknown:
            said.append(f"{side} tags that it does not know and reads as unknown: {', '.join(unknown)}")
        return said
    known = set(old.vocabulary)
    more = [symbol for symbol in new.vocabulary if symbol not in known]
    if more or old.kind in GROWING:
        names = ", ".join(symbol.strip() or repr(symbol) for symbol in more[:SHOWN])
        listed = f": {names}{', …' if len(more) > SHOWN else ''}" if more else ""
        said.append(f"{side} text: {len(more):,} new symbols join the {old.size:,} of the model{listed}")
    return said


def lost_parts(config: RunConfig, start: StoredModel | None) -> tuple[str, ...]:
    """Say what of the model to start from the new one will lack; a calibration is made at the end of each run."""
    if start is None:
        return ()
    own = [part for part in own_parts(start) if part != "calibration"]
    return tuple(left_behind({config.training.start_from: own}))
