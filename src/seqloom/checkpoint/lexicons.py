"""Reading and writing of the lexicons of a model folder: exceptions and memory. This module does not need torch."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.adding import add_file, remove_file
from seqloom.checkpoint.files import Writer, bytes_writer, place_of
from seqloom.checkpoint.reading import check_files, read_manifest
from seqloom.codecs import OF_WORDS
from seqloom.errors import ConfigError
from seqloom.lexicon import EMPTY, NOTHING_KNOWN, KnownAnswers, Lexicon

NAMES = (layout.EXCEPTIONS, layout.MEMORY)
"""The files that hold lexicons."""


def lexicon_writers(known: KnownAnswers) -> dict[str, Writer]:
    """Writers of the lexicons that hold anything."""
    pairs = zip(NAMES, (known.exceptions, known.memory), strict=True)
    return {name: bytes_writer(lexicon.content) for name, lexicon in pairs if lexicon.content}


def stored_lexicons(folder: Path) -> KnownAnswers:
    """The lexicons of a model folder, checked against their hashes, whatever else the folder holds."""
    manifest = read_manifest(folder)
    check_files(folder, manifest, [name for name in NAMES if name in manifest.files])
    return read_lexicons(folder, manifest.files)


def put_lexicon(folder: Path, name: str, lexicon: Lexicon) -> None:
    """Write a lexicon into a model folder instead of an earlier one; an empty one takes the file away."""
    if read_manifest(folder).codecs.target.kind in OF_WORDS:
        raise ConfigError("tags are found by the network alone: exceptions and a memory are of whole answers")
    if lexicon.content:
        add_file(folder, name, bytes_writer(lexicon.content), read_manifest(folder))
    else:
        remove_file(folder, name, read_manifest(folder))


def read_lexicons(folder: Path, names: Container[str]) -> KnownAnswers:
    """The lexicons of a folder whose files are `names`, and which have been checked against their hashes.

    Their bytes are read now and taken apart at the first lookup.
    """
    if not any(name in names for name in NAMES):
        return NOTHING_KNOWN
    return KnownAnswers(*(_read(folder, name) if name in names else EMPTY for name in NAMES))


def _read(folder: Path, name: str) -> Lexicon:
    return Lexicon(place_of(folder, name).read_bytes(), str(folder / name))
