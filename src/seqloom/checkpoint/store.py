"""A trained model ⇄ its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.card import model_card
from seqloom.checkpoint.files import Writer, folder_path, place_of, text_writer, write_folder
from seqloom.checkpoint.format import FileRecord, Manifest, read_json_object
from seqloom.checkpoint.reading import check_plugins, read_config, read_tokenizers, verify
from seqloom.checkpoint.shortlist import read_shortlist, shortlist_writer
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors, read_tensors, write_tensors
from seqloom.config import Section, build, to_toml
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.plugins import needs_of, written
from seqloom.search.shortlist import Shortlist
from seqloom.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class ModelFolder:
    """What goes into a model folder.

    `config` is the run's whole configuration; it has at least a `model` section. `metrics` is any JSON object.
    When both tokenizers are the same object, one file holds it. The shortlist must have been learned from this model.
    """

    model: Seq2Seq
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    config: Section
    metrics: Mapping[str, Any]
    shortlist: Shortlist | None = None


@dataclass(frozen=True)
class LoadedModel:
    """What came out of a model folder; `config` holds the plain values of config.toml."""

    model: Seq2Seq
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    config: dict[str, Any]
    metrics: dict[str, Any]
    manifest: Manifest
    shortlist: Shortlist | None


def save_model(folder: Path | str, contents: ModelFolder) -> Manifest:
    """Write a model folder, or replace the model in one, all at once; other entries of the folder stay."""
    tensors = distinct_tensors(contents.model)
    files: dict[str, Writer] = {
        layout.CONFIG: text_writer(to_toml(contents.config)),
        layout.WEIGHTS: partial(write_tensors, tensors=tensors),
        **tokenizer_writers(contents.source_tokenizer, contents.target_tokenizer),
        layout.METRICS: text_writer(json.dumps(contents.metrics, indent=2, ensure_ascii=False) + "\n"),
        layout.CARD: text_writer(model_card(contents.config, contents.metrics, contents.model)),
    }
    if contents.shortlist is not None:
        files[layout.SHORTLIST] = shortlist_writer(contents.shortlist)
    if needs := needs_of(contents.config):
        files[layout.PLUGINS] = text_writer(written(needs))
    manifest: list[Manifest] = []

    def write_manifest(path: Path) -> None:
        manifest.append(Manifest({name: FileRecord.of(path.with_name(name)) for name in files}))
        path.write_text(manifest[0].to_json(), encoding="utf-8")

    tokenizers = {layout.TOKENIZER, layout.SOURCE_TOKENIZER, layout.TARGET_TOKENIZER}
    stale = frozenset({*tokenizers, layout.SHORTLIST, layout.PLUGINS, layout.GRAPH, layout.GRAPH_INT8})
    write_folder(folder_path(folder), {**files, layout.MANIFEST: write_manifest}, remove=stale)
    return manifest[0]


def load_model(folder: Path | str) -> LoadedModel:
    """The model in a folder, on the CPU and in evaluation mode, after every file has been checked against its hash.

    Raises `ModelFolderError` where the model needs a plugin that is not in use.
    """
    folder = folder_path(folder)
    manifest = verify(folder)
    check_plugins(folder, manifest.files)
    config, where = read_config(folder), str(folder / layout.CONFIG)
    source, target = read_tokenizers(folder, manifest.files)
    model = Seq2Seq(build(ModelConfig, config.get("model", {}), where=where), source.size, target.size)
    stored = read_tensors(place_of(folder, layout.WEIGHTS))
    fill_tensors(distinct_tensors(model), stored, str(folder / layout.WEIGHTS))
    metrics = read_json_object(
        place_of(folder, layout.METRICS).read_text(encoding="utf-8"), str(folder / layout.METRICS)
    )
    shortlist = read_shortlist(folder, manifest.files, source.size, target.size)
    return LoadedModel(model.eval(), source, target, config, metrics, manifest, shortlist)


def tokenizer_writers(source: Tokenizer, target: Tokenizer) -> dict[str, Writer]:
    """The tokenizer files: one when both sides share it, else two."""
    if source is target:
        return {layout.TOKENIZER: text_writer(source.to_json())}
    return {
        layout.SOURCE_TOKENIZER: text_writer(source.to_json()),
        layout.TARGET_TOKENIZER: text_writer(target.to_json()),
    }
