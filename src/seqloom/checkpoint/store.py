"""Save a trained model to a folder and load it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.card import model_card
from seqloom.checkpoint.confidence import read_calibration
from seqloom.checkpoint.files import Writer, folder_path, place_of, text_writer, write_folder
from seqloom.checkpoint.format import FileRecord, Manifest, read_json_object
from seqloom.checkpoint.lexicons import lexicon_writers, read_lexicons
from seqloom.checkpoint.members import members_writer, read_members
from seqloom.checkpoint.reading import check_plugins, read_codecs, read_config, verify
from seqloom.checkpoint.shortlist import read_shortlist, shortlist_writer
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors, read_tensors, write_tensors
from seqloom.codecs import Codecs
from seqloom.codecs.pair import CODEC_FILES
from seqloom.confidence import AnyCalibration
from seqloom.config import Section, build, to_toml
from seqloom.ensemble_network import AnyEnsemble, ensemble_of, own_weights, single_networks
from seqloom.errors import ConfigError
from seqloom.lexicon import NOTHING_KNOWN, KnownAnswers
from seqloom.model import ModelConfig, SingleNetwork
from seqloom.networks import AnyNetwork, new_network
from seqloom.plugins import needs_of, written
from seqloom.search.shortlist import Shortlist


@dataclass(frozen=True)
class ModelToStore:
    """A model with all that its folder is to hold.

    `config` is the run's whole configuration; it has at least a `model` section. `metrics` is any JSON object.
    Shortlist and calibration must have been learned from this model.
    """

    model: AnyNetwork
    codecs: Codecs
    config: Section
    metrics: Mapping[str, Any]
    shortlist: Shortlist | None = None
    calibration: AnyCalibration | None = None
    known: KnownAnswers = NOTHING_KNOWN


@dataclass(frozen=True)
class StoredModel:
    """A model as it was read from its folder; `config` holds the plain values of config.toml."""

    model: AnyNetwork
    codecs: Codecs
    config: dict[str, Any]
    metrics: dict[str, Any]
    manifest: Manifest
    shortlist: Shortlist | None
    calibration: AnyCalibration | None
    known: KnownAnswers

    def single(self, purpose: str, where: Path | str) -> SingleNetwork:
        """The network, where it is one and no ensemble; else a `ConfigError` says what `purpose` needs."""
        if isinstance(self.model, SingleNetwork):
            return self.model
        members = ", ".join(str(each.get("folder")) for each in self.metrics.get("ensemble", {}).get("members", ()))
        raise ConfigError(
            f"{purpose} needs a single model, and this is an ensemble of {len(single_networks(self.model))}",
            where=str(where),
            hint=f"name one of its members instead: {members}" if members else "name one of its members instead",
        )


def save_model(folder: Path | str, contents: ModelToStore) -> Manifest:
    """Write a model folder, or replace the model in one, all at once; other entries of the folder stay."""
    tensors = distinct_tensors(own_weights(contents.model))
    files: dict[str, Writer] = {
        layout.CONFIG: text_writer(to_toml(contents.config)),
        layout.WEIGHTS: partial(write_tensors, tensors=tensors),
        **codec_writers(contents.codecs),
        layout.METRICS: text_writer(json.dumps(contents.metrics, indent=2, ensure_ascii=False) + "\n"),
        layout.CARD: text_writer(model_card(contents.config, contents.metrics, contents.model, contents.calibration)),
    }
    if contents.shortlist is not None:
        files[layout.SHORTLIST] = shortlist_writer(contents.shortlist)
    if contents.calibration is not None:
        files[layout.CONFIDENCE] = text_writer(contents.calibration.to_json())
    files |= lexicon_writers(contents.known)
    if isinstance(contents.model, AnyEnsemble):
        files[layout.MEMBERS] = members_writer(contents.model)
    if needs := needs_of(contents.config, *(each.config for each in single_networks(contents.model))):
        files[layout.PLUGINS] = text_writer(written(needs))
    manifest: list[Manifest] = []

    def write_manifest(path: Path) -> None:
        records = {name: FileRecord.of(path.with_name(name)) for name in files}
        manifest.append(Manifest(records, contents.codecs.files))
        path.write_text(manifest[0].to_json(), encoding="utf-8")

    stale = CODEC_FILES | {layout.SHORTLIST, layout.EXCEPTIONS, layout.MEMORY, layout.MEMBERS, layout.CONFIDENCE}
    stale |= {layout.PLUGINS, layout.GRAPH, layout.GRAPH_INT8}
    write_folder(folder_path(folder), {**files, layout.MANIFEST: write_manifest}, remove=stale)
    return manifest[0]


def load_model(folder: Path | str) -> StoredModel:
    """The model in a folder, on the CPU and in evaluation mode, after every file has been checked against its hash."""
    folder = folder_path(folder)
    manifest = verify(folder)
    check_plugins(folder, manifest.files)
    config, where = read_config(folder), str(folder / layout.CONFIG)
    codecs = read_codecs(folder, manifest.codecs, config)
    sizes = codecs.source.size, codecs.target.size
    model = _network(folder, manifest, build(ModelConfig, config.get("model", {}), where=where), codecs)
    metrics = read_json_object(
        place_of(folder, layout.METRICS).read_text(encoding="utf-8"), str(folder / layout.METRICS)
    )
    shortlist = read_shortlist(folder, manifest.files, *sizes)
    calibration, known = read_calibration(folder, manifest.files), read_lexicons(folder, manifest.files)
    return StoredModel(model.eval(), codecs, config, metrics, manifest, shortlist, calibration, known)


def _network(folder: Path, manifest: Manifest, config: ModelConfig, codecs: Codecs) -> AnyNetwork:
    """The network with the weights in a folder; `config` is that of a single one."""
    members, where = read_members(folder, manifest.files), str(folder / layout.MEMBERS)
    configs = [build(ModelConfig, each.model, where=where) for each in members] or [config]
    networks = [new_network(each, codecs) for each in configs]
    module = nn.ModuleDict({"members": nn.ModuleList(networks)}) if members else networks[0]
    stored = read_tensors(place_of(folder, layout.WEIGHTS))
    fill_tensors(distinct_tensors(module), stored, str(folder / layout.WEIGHTS))
    return ensemble_of(networks, [each.share for each in members]) if members else networks[0]


def codec_writers(codecs: Codecs) -> dict[str, Writer]:
    """Writes the files that hold the codecs: one where both sides share it, else two."""
    return {name: text_writer(text) for name, text in codecs.texts().items()}
