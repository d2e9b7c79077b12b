"""Verification of a model folder against its manifest, and reading of the parts that do not need torch."""

from __future__ import annotations

import shlex
import tomllib
import warnings
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import place_of
from seqloom.checkpoint.format import FileRecord, Manifest, read_json_object
from seqloom.codecs import CodecFiles, Codecs
from seqloom.errors import ModelFolderError
from seqloom.plugins import Need, PluginWarning, check_needs, read_needs


def verify(folder: Path | str) -> Manifest:
    """Check the size and SHA-256 of every file of a model folder and return its manifest.

    Raises a `ModelFolderError` that names the missing or damaged file.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.graph_alone:
        raise ModelFolderError(
            "holds an exported graph alone, which predicts and does nothing else",
            where=str(folder),
            hint="seqloom predict and bench run it; for anything else name the folder that it was exported from",
        )
    check_files(folder, manifest, (*layout.REQUIRED, *manifest.codecs.names, *manifest.files))
    return manifest


def check_files(folder: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Check some files against the manifest, which must list each of them."""
    wanted = dict.fromkeys(names)
    for name in wanted:
        if name not in manifest.files:
            raise ModelFolderError(f"the manifest does not list {name}", where=str(folder / layout.MANIFEST))
    for name in wanted:
        check_file(place_of(folder, name), manifest.files[name], folder / name)


def check_file(path: Path, record: FileRecord, where: Path) -> None:
    """Check the size and hash of one file; `where` is the path that an error names."""
    hint = "copy the folder again from where it came, or train again"
    if not path.is_file():
        raise ModelFolderError("the file is missing", where=str(where), hint=hint)
    size = path.stat().st_size
    if size != record.bytes:
        raise ModelFolderError(f"the file must have {record.bytes} bytes, not {size}", where=str(where), hint=hint)
    if FileRecord.of(path) != record:
        raise ModelFolderError("the file is damaged: its SHA-256 is not the manifest's", where=str(where), hint=hint)


def read_codecs(folder: Path, files: CodecFiles, config: Mapping[str, Any]) -> Codecs:
    """Read the source and target tokenizers, the same object twice if they are shared.

    `names` are the names of the folder's files.
    """

    def read(name: str) -> str:
        path = place_of(folder, name)
        if not path.is_file():
            raise ModelFolderError("the file is missing", where=str(folder / name))
        return path.read_text(encoding="utf-8")

    return Codecs.from_files(files, read, where=str(folder), **reversed_sides(config))


def reversed_sides(config: Mapping[str, Any]) -> dict[str, bool]:
    """Whether a run with these plain settings reads sources, and writes targets, from their end (`Codecs.reversed`)."""
    data = config.get("data", {})
    return {name: bool(data.get(name, False)) for name in ("reverse_source", "reverse_target")}


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.toml as plain values."""
    try:
        return tomllib.loads(place_of(folder, layout.CONFIG).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"must be TOML: {error}", where=str(folder / layout.CONFIG)) from None


def read_plugins(folder: Path, names: Container[str]) -> list[Need]:
    """The plugins that the model in a folder needs; `names` are the folder's files. No code is run."""
    if layout.PLUGINS not in names:
        return []
    where = str(folder / layout.PLUGINS)
    return read_needs(read_json_object(place_of(folder, layout.PLUGINS).read_text(encoding="utf-8"), where), where)


def check_plugins(folder: Path, names: Container[str]) -> None:
    """Raise `ModelFolderError` for a plugin that the model in a folder needs and that is not in use; warn where one is
    not as it was when the model was made (`PluginWarning`)."""
    graph = "; its exported graph answers without: engine onnx" if layout.GRAPH in names else ""
    for sentence in check_needs(read_plugins(folder, names), str(folder), graph):
        warnings.warn(sentence, PluginWarning, stacklevel=2)


def read_manifest(folder: Path) -> Manifest:
    """Read manifest.json, without checking the files against it."""
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
    """A hint that guesses what a folder without a manifest is."""
    inside = sorted(path.parent.name for path in folder.glob(f"*/{layout.MANIFEST}"))
    if (folder / "resume").is_dir():
        command = f"seqloom train --output {shlex.quote(str(folder))} --resume"
        return f"the run in it has not kept a model yet; {command} goes on with it"
    if inside:
        return f"perhaps you mean {folder / inside[0]}"
    if (folder / "config.json").is_file():
        return "it looks like a Hugging Face model; Seqloom reads only what seqloom train or model.save has written"
    return "seqloom train --output DIR and model.save(DIR) write model folders"
