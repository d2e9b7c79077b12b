"""A file that joins a model folder after its training, in one write with the manifest that lists it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import Writer, text_writer, write_folder
from seqloom.checkpoint.format import FileRecord, Manifest


def add_file(
    folder: Path,
    name: str,
    write: Writer,
    known: Manifest,
    others: Mapping[str, Writer] | None = None,
) -> Path:
    """Write a file beside those that a manifest knows, in place of an earlier one of that name; returns its path.

    `others` are files of the manifest that the folder does not have yet.
    """

    def write_manifest(path: Path) -> None:
        manifest = Manifest({**known.files, name: FileRecord.of(path.with_name(name))}, known.codecs)
        text_writer(manifest.to_json())(path)

    write_folder(folder, {name: write, **(others or {}), layout.MANIFEST: write_manifest})
    return folder / name
