"""Corpora of files: in memory when small, else an Arrow file in a cache folder, mapped and read by the page.

The file's name is a hash of all that decides its content: the bytes of the input, the settings of reading and the
tokenizers. It is written beside its place and renamed, so that a killed run leaves no half file behind.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, Encoder, corpus_of, write_corpus
from seqloom.data.readers import ReadReport, files_of, read_examples
from seqloom.data.readers.lines import STDIN, opened
from seqloom.errors import DataError

FORMAT = 1
READING = {"format", "pattern", "source", "target", "references", "tags", "tag_separator", "header", "on_bad_line"}
"""The settings that decide what is read from a file."""


def load_corpus(entries: Sequence[str], config: DataConfig, encoder: Encoder) -> Corpus:
    """The encoded pairs of some files; through the cache when the files are larger than `cache_above_mb`."""
    files = _files(entries, config)
    report = ReadReport(config.on_bad_line)
    if not uses_cache(entries, config):
        return corpus_of(read_examples(entries, config, report), encoder, report)
    place = cache_folder(config) / f"{_key(entries, files, config, encoder)}.arrow"
    corpus = _mapped(place)
    if corpus is None:
        try:
            _write(place, entries, config, encoder, report)
        except OSError as error:
            hint = "set data.cache to a folder with room, or raise data.cache_above_mb to stay in memory"
            raise DataError(
                f"the cache cannot be written: {error.strerror or error}", where=str(place), hint=hint
            ) from None
        corpus = _mapped(place)
    assert corpus is not None
    return corpus


def uses_cache(entries: Sequence[str], config: DataConfig) -> bool:
    """Whether the pairs of these files go through the cache."""
    files = _files(entries, config)
    return STDIN not in files and _megabytes(files) > config.cache_above_mb


def cache_folder(config: DataConfig) -> Path:
    """Where cache files lie."""
    if config.cache:
        return Path(config.cache).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "seqloom"


def _write(place: Path, entries: Iterable[str], config: DataConfig, encoder: Encoder, report: ReadReport) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{place.stem[:16]}-", suffix=".part", dir=place.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            write_corpus(stream, read_examples(entries, config, report), encoder, report)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _files(entries: Sequence[str], config: DataConfig) -> list[str]:
    return [path for entry in entries for path in files_of(entry, config)]


def _mapped(place: Path) -> Corpus | None:
    """The corpus in a cache file; None where there is none or it is damaged, so that it is written anew."""
    try:
        mapping = pa.memory_map(str(place))
        return Corpus.from_buffer(mapping.read_buffer(mapping.size()))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, IndexError):
        return None


def _megabytes(files: Iterable[str]) -> float:
    """Size of files together; a missing one counts nothing here, reading it says so."""
    return sum(path.stat().st_size for file in files if (path := Path(file)).is_file()) / 1e6


def _key(entries: Sequence[str], files: Iterable[str], config: DataConfig, encoder: Encoder) -> str:
    digest = hashlib.sha256()
    settings = config.model_dump_json(include=READING)
    tokenizers = [encoder.source.to_json(), encoder.target.to_json()]
    for part in (str(FORMAT), settings, *tokenizers, str(encoder.reverse_source), *entries):
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    for file in files:
        with opened(file, raw=True) as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())  # type: ignore[arg-type]
    return digest.hexdigest()[:40]
