"""Fine-tuning: a run that starts from the weights, the tokenizers and the settings of a trained model."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqloom.checkpoint import LoadedModel, verify
from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import place_of
from seqloom.checkpoint.reading import check_plugins
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors
from seqloom.config import build, differences, merged
from seqloom.data import Encoder, Survey
from seqloom.errors import ConfigError
from seqloom.model import Seq2Seq
from seqloom.text import Tokenizer
from seqloom.text.extending import GROWING, TAGGABLE, extended, origins
from seqloom.text.training import fitted
from seqloom.training.config import RunConfig

SHOWN = 12
"""New symbols that are named."""
CHOSEN = (("text", "source", "kind"), ("text", "target", "kind"), ("model", "decoder", "attend"))
"""Settings whose `auto` was replaced when the model to start from was trained."""


def adopted(values: Mapping[str, Any], begun: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Plain settings of a run with those of the model it starts from below them, if it names one.

    What the model was built with is not a run's to choose: `same_network` refuses what differs. A run that goes on has
    them from the settings with which it was `begun`, and needs the model no longer.
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
    fixed["data"] = {"reverse_source": saved.get("data", {}).get("reverse_source", False)}
    return merged(fixed, own)


def same_network(config: RunConfig, start: LoadedModel) -> None:
    """Refuse settings, by name, that contradict the model to start from; which symbols join it is the run's own."""
    folder = config.training.start_from
    saved = build(RunConfig, {name: start.config.get(name, {}) for name in ("model", "text")}, where=folder)
    sides = {"source": saved.text.source, "target": saved.text.target}
    joining = {("text", side, name) for side, cut in sides.items() for name in GROWING.get(cut.kind, ())}
    for name in ("model", "text"):
        first, second = getattr(saved, name).model_dump(), getattr(config, name).model_dump()
        for key, old, new in differences(first, second, (name,)):
            if key not in joining:
                raise _fixed(".".join(key), old, new, folder)
    turned = start.config.get("data", {}).get("reverse_source", False)
    if config.data.reverse_source != turned:
        raise _fixed("data.reverse_source", turned, config.data.reverse_source, folder)


def grown(config: RunConfig, start: LoadedModel, seen: Survey) -> tuple[tuple[Tokenizer, Tokenizer], list[str]]:
    """The tokenizers of the model to start from with the new symbols of the new data, and which these are."""
    text = config.text
    old = start.source_tokenizer, start.target_tokenizer
    if text.shared:
        both = extended(old[0], chain.from_iterable(seen.pairs), text.source, seen.tags)
        said = _said("source and target", old[0], both, seen.tags)
        return fitted(both, both, seen.pairs, text, old[0]), said
    source = extended(old[0], (source for source, _ in seen.pairs), text.source, seen.tags)
    target = extended(old[1], (target for _, target in seen.pairs), text.target)
    said = _said("source", old[0], source, seen.tags) + _said("target", old[1], target, ())
    return fitted(source, target, seen.pairs, text, old[0]), said


def fill_from(model: Seq2Seq, start: LoadedModel, encoder: Encoder, where: str) -> None:
    """Give a fresh model the weights of the old one; rows of symbols that are new keep their fresh weights."""
    source = origins(start.source_tokenizer, encoder.source)
    target = origins(start.target_tokenizer, encoder.target)
    readout = model.decoder.readout
    tables = {
        model.source_embedding.weight.data_ptr(): source,
        model.decoder.embedding.weight.data_ptr(): target,
        readout.weight.data_ptr(): target,
        readout.bias.data_ptr(): target,
    }
    own = distinct_tensors(model)
    stored = distinct_tensors(start.model)
    for name, tensor in own.items():
        rows = tables.get(tensor.data_ptr())
        if rows is not None and name in stored and tensor.shape[1:] == stored[name].shape[1:]:
            stored[name] = _with_fresh_rows(tensor, stored[name], torch.tensor(rows))
    fill_tensors(own, stored, where)


def _with_fresh_rows(fresh: Tensor, old: Tensor, rows: Tensor) -> Tensor:
    """The old rows where there are any (`rows` ≥ 0), the fresh ones elsewhere."""
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
