"""Average the weights of several trained models (Wortsman et al. 2022, §2: a uniform soup)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqloom.checkpoint import ModelToStore, StoredModel, load_model
from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import folder_path
from seqloom.checkpoint.own_parts import left_behind, own_parts
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.config import build, differences
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.training.config import RunConfig
from seqloom.training.provenance.record import Record
from seqloom.training.provenance.surroundings import surroundings
from seqloom.training.updates.averaging import averaged, put


def mean_model(folders: Sequence[Path | str]) -> ModelToStore:
    """Return a model whose weights are the mean of those in the folders; its settings are those of the first one.

    Its record says when, where and with which versions it was made, and holds the hashes of the members' files. The
    members must have the same network and the same tokenizers; otherwise ModelFolderError names the difference. The
    `notes` in its metrics say what else the members have, such as exceptions, which it does not take over.
    """
    if len(folders) < 2:
        raise ConfigError(f"a mean needs at least two models, not {len(folders)}")
    members = {str(folder): load_model(folder) for folder in folders}
    networks = {folder: each.single("seqloom average", folder) for folder, each in members.items()}
    if len(members) < len(folders):
        raise ConfigError("each model may be named once only", where=", ".join(map(str, folders)))
    (name, first), *others = members.items()
    for other, model in others:
        _same(name, first, other, model)
    weights = averaged(map(distinct_tensors, networks.values()))
    put(first.model, weights)
    metrics = {
        "mean_of": [
            {"folder": each, "sha256": model.manifest.files[layout.WEIGHTS].sha256} for each, model in members.items()
        ],
        "notes": list(left_behind({each: own_parts(model) for each, model in members.items()})),
        "record": {**surroundings(), "data": _taken(name, first)},
    }
    config = build(RunConfig, first.config, where=str(Path(name) / layout.CONFIG))
    return ModelToStore(first.model, first.codecs, config, metrics)


def _taken(name: str, first: StoredModel) -> list[Record]:
    """Return the configuration and tokenizer files that are taken from the first member, with their hashes."""
    files = first.manifest.files
    names = [each for each in (layout.CONFIG, *first.manifest.codecs.names) if each in files]
    return [{"part": "member", "file": str(Path(name) / each), "sha256": files[each].sha256} for each in names]


def _same(name: str, first: StoredModel, other: str, second: StoredModel) -> None:
    one, two = (
        {"model": each.single("seqloom average", name).config.model_dump(), "data": each.codecs.reversed}
        for each in (first, second)
    )
    for key, mine, its in differences(one, two):
        raise _differ(f"{'.'.join(key)} is {mine!r} in {name} and {its!r} in {other}", other)
    for file in dict.fromkeys((*first.manifest.codecs.names, *second.manifest.codecs.names)):
        mine, its = (each.manifest.files.get(file) for each in (first, second))
        if mine != its:
            sizes = _sizes(first), _sizes(second)
            raise _differ(f"{file} differs between {name} ({sizes[0]}) and {other} ({sizes[1]})", other)


def _sizes(model: StoredModel) -> str:
    return model.codecs.described


def _differ(reason: str, where: str) -> ModelFolderError:
    return ModelFolderError(
        f"models to average must have the same network and tokenizers: {reason}",
        where=where,
        hint="train them from one configuration and the same data with other seeds, or from one model",
    )


def free_folder(folder: Path | str, hint: str = "name another --output") -> Path:
    """Return the folder as a path; raises ConfigError unless it is new or empty."""
    folder = folder_path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("the output must be a new folder", where=str(folder), hint=hint)
    return folder
