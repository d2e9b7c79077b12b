"""Folders with a file of hashes, by which missing, truncated or changed files are detected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from seqloom.checkpoint.files import Writer, text_writer
from seqloom.checkpoint.format import FileRecord, read_json_object
from seqloom.checkpoint.reading import check_file
from seqloom.errors import ModelFolderError

SEAL = "hashes.json"
"""Name of the file that holds the hashes."""


def sealed(files: Mapping[str, Writer]) -> dict[str, Writer]:
    """The same writers and one more, which runs last and writes the sizes and hashes of the files."""

    def write(path: Path) -> None:
        records = {name: asdict(FileRecord.of(path.with_name(name))) for name in files}
        text_writer(json.dumps(records, indent=1) + "\n")(path)

    return {**files, SEAL: write}


def check_seal(folder: Path) -> dict[str, FileRecord]:
    """Check all files of a sealed folder and return their records; the error for a bad file names it."""
    path = folder / SEAL
    try:
        if not path.is_file():
            raise ModelFolderError("the file is missing", where=str(path))
        values = read_json_object(path.read_text(encoding="utf-8"), str(path))
        records = {name: FileRecord(**record) for name, record in values.items()}
        for name, record in records.items():
            check_file(folder / name, record, folder / name)
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise ModelFolderError(f"cannot be read: {error}", where=str(path)) from None
    return records


def identity(records: Mapping[str, FileRecord]) -> str:
    """A hash that identifies a set of files by their names and contents."""
    return sha256(json.dumps({name: record.sha256 for name, record in sorted(records.items())}).encode()).hexdigest()
