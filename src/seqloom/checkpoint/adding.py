"""Adding a file, such as an exported graph or a shortlist, to an existing model folder, or taking one out.

The file and the new manifest that lists it are written in one atomic step. This module does not need torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import Writer, text_writer, write_folder
from seqloom.checkpoint.format import FileRecord, Manifest


def remove_file(folder: Path, name: str, known: Manifest) -> None:
    """Take the file `name` out of a folder and its manifest, which is `known`, if it is there."""
    kept = {each: record for each, record in known.files.items() if each != name}
    manifest = Manifest(kept, known.codecs)
    write_folder(folder, {layout.MANIFEST: text_writer(manifest.to_json())}, remove=frozenset({name}))


def add_file(
    folder: Path,
    name: str,
    write: Writer,
    known: Manifest,
    others: Mapping[str, Writer] | None = None,
) -> Path:
    """Write the file `name` into a folder, replacing an earlier one, and return its path.

    `known` is the manifest with the records of the folder's other files. `others` writes those of them that the folder
    does not have yet, as in a new folder.
    """

    def write_manifest(path: Path) -> None:
        manifest = Manifest({**known.files, name: FileRecord.of(path.with_name(name))}, known.codecs)
        text_writer(manifest.to_json())(path)

    write_folder(folder, {name: write, **(others or {}), layout.MANIFEST: write_manifest})
    return folder / name
