"""What a folder says of itself, compared with its hashes; the parts of it that need no torch."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import place_of
from seqloom.checkpoint.format import FileRecord, Manifest
from seqloom.codecs import CodecFiles, Codecs
from seqloom.errors import ModelFolderError


def verify(folder: Path | str) -> Manifest:
    """The manifest of a model folder, after comparing every file with its size and SHA-256; names the damaged file."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    check_files(folder, manifest, (*layout.REQUIRED, *manifest.codecs.names, *manifest.files))
    return manifest


def check_files(folder: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Compare some files with what the manifest knows of them; it must list each of them."""
    wanted = dict.fromkeys(names)
    for name in wanted:
        if name not in manifest.files:
            raise ModelFolderError(f"the manifest does not list {name}", where=str(folder / layout.MANIFEST))
    for name in wanted:
        check_file(place_of(folder, name), manifest.files[name], folder / name)


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


def read_codecs(folder: Path, files: CodecFiles, config: Mapping[str, Any]) -> Codecs:
    """The codecs of both sides, with the same content twice where they share a file.

    `files` is what the folder says of them, `config` the plain values of the run's settings.
    """

    def read(name: str) -> str:
        path = place_of(folder, name)
        if not path.is_file():
            raise ModelFolderError("the file is missing", where=str(folder / name))
        return path.read_text(encoding="utf-8")

    return Codecs.from_files(files, read, reverse_source=reverses_source(config), where=str(folder))


def reverses_source(config: Mapping[str, Any]) -> bool:
    """Whether a run with these plain settings reads sources from their end."""
    return bool(config.get("data", {}).get("reverse_source", False))


def read_config(folder: Path) -> dict[str, Any]:
    """The plain values of config.toml."""
    try:
        return tomllib.loads(place_of(folder, layout.CONFIG).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"must be TOML: {error}", where=str(folder / layout.CONFIG)) from None


def read_manifest(folder: Path) -> Manifest:
    """What manifest.json says; nothing is compared with it yet."""
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
