"""A trained model ⇄ its folder."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.card import model_card
from seqloom.checkpoint.files import Writer, place_of, text_writer, write_folder
from seqloom.checkpoint.format import FileRecord, Manifest, read_json_object
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors, read_tensors, write_tensors
from seqloom.config import Section, build, to_toml
from seqloom.errors import ModelFolderError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class ModelFolder:
    """What goes into a model folder.

    `config` is the run's whole configuration; it has at least a `model` section. `metrics` is any JSON object.
    When both tokenizers are the same object, one file holds it.
    """

    model: Seq2Seq
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    config: Section
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class LoadedModel:
    """What came out of a model folder; `config` holds the plain values of config.toml."""

    model: Seq2Seq
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer
    config: dict[str, Any]
    metrics: dict[str, Any]
    manifest: Manifest


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
    manifest: list[Manifest] = []

    def write_manifest(path: Path) -> None:
        manifest.append(Manifest({name: FileRecord.of(path.with_name(name)) for name in files}))
        path.write_text(manifest[0].to_json(), encoding="utf-8")

    stale = frozenset({layout.TOKENIZER, layout.SOURCE_TOKENIZER, layout.TARGET_TOKENIZER})
    write_folder(Path(folder), {**files, layout.MANIFEST: write_manifest}, remove=stale)
    return manifest[0]


def load_model(folder: Path | str) -> LoadedModel:
    """The model in a folder, on the CPU and in evaluation mode, after every file has been checked against its hash."""
    folder = Path(folder)
    manifest = verify(folder)
    where = str(folder / layout.CONFIG)
    try:
        config = tomllib.loads(place_of(folder, layout.CONFIG).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"must be TOML: {error}", where=where) from None
    source, target = read_tokenizers(folder, manifest.files)
    model = Seq2Seq(build(ModelConfig, config.get("model", {}), where=where), source.size, target.size)
    stored = read_tensors(place_of(folder, layout.WEIGHTS))
    fill_tensors(distinct_tensors(model), stored, str(folder / layout.WEIGHTS))
    metrics = read_json_object(
        place_of(folder, layout.METRICS).read_text(encoding="utf-8"), str(folder / layout.METRICS)
    )
    return LoadedModel(model.eval(), source, target, config, metrics, manifest)


def verify(folder: Path | str) -> Manifest:
    """The manifest of a model folder, after comparing every file with its size and SHA-256; names the damaged file."""
    folder = Path(folder)
    manifest = _manifest(folder)
    for name in layout.REQUIRED:
        if name not in manifest.files:
            raise ModelFolderError(f"the manifest does not list {name}", where=str(folder / layout.MANIFEST))
    for name, record in manifest.files.items():
        check_file(place_of(folder, name), record, folder / name)
    return manifest


def check_file(path: Path, record: FileRecord, where: Path) -> None:
    """Compare one file with what the manifest knows of it."""
    hint = "copy the folder again from where it came, or train again"
    if not path.is_file():
        raise ModelFolderError("the file is missing", where=str(where), hint=hint)
    size = path.stat().st_size
    if size != record.bytes:
        raise ModelFolderError(f"the file must have {record.bytes} bytes, not {size}", where=str(where), hint=hint)
    if FileRecord.of(path) != record:
        raise ModelFolderError("the file is damaged: its SHA-256 is not the manifest's", where=str(where), hint=hint)


def tokenizer_writers(source: Tokenizer, target: Tokenizer) -> dict[str, Writer]:
    """The tokenizer files: one when both sides share it, else two."""
    if source is target:
        return {layout.TOKENIZER: text_writer(source.to_json())}
    return {
        layout.SOURCE_TOKENIZER: text_writer(source.to_json()),
        layout.TARGET_TOKENIZER: text_writer(target.to_json()),
    }


def read_tokenizers(folder: Path, names: Container[str]) -> tuple[Tokenizer, Tokenizer]:
    """The tokenizers of both sides, the same object twice when they share one; `names` are the folder's files."""
    if layout.TOKENIZER in names:
        tokenizer = Tokenizer.from_json(place_of(folder, layout.TOKENIZER).read_text(encoding="utf-8"))
        return tokenizer, tokenizer
    texts = []
    for name in (layout.SOURCE_TOKENIZER, layout.TARGET_TOKENIZER):
        path = place_of(folder, name)
        if not path.is_file():
            raise ModelFolderError("the file is missing", where=str(folder / name))
        texts.append(path.read_text(encoding="utf-8"))
    return Tokenizer.from_json(texts[0]), Tokenizer.from_json(texts[1])


def _manifest(folder: Path) -> Manifest:
    if not folder.exists():
        raise ModelFolderError("the model folder does not exist", where=str(folder))
    if not folder.is_dir():
        raise ModelFolderError("must be a model folder, not a file", where=str(folder), hint="name its folder")
    path = place_of(folder, layout.MANIFEST)
    if not path.is_file():
        raise ModelFolderError(
            f"is not a Seqloom model folder: it has no {layout.MANIFEST}", where=str(folder), hint=_guess(folder)
        )
    try:
        return Manifest.from_json(path.read_text(encoding="utf-8"), str(folder / layout.MANIFEST))
    except UnicodeDecodeError as error:
        raise ModelFolderError(f"must be UTF-8: {error}", where=str(folder / layout.MANIFEST)) from None


def _guess(folder: Path) -> str:
    """What a folder without a manifest probably is."""
    inside = sorted(path.parent.name for path in folder.glob(f"*/{layout.MANIFEST}"))
    if (folder / "resume").is_dir():
        command = f"seqloom train --output {shlex.quote(str(folder))} --resume"
        return f"the run in it has not kept a model yet; {command} goes on with it"
    if inside:
        return f"perhaps you mean {folder / inside[0]}"
    if (folder / "config.json").is_file():
        return "it looks like a Hugging Face model; Seqloom reads only what seqloom train or model.save has written"
    return "seqloom train --output DIR and model.save(DIR) write model folders"
