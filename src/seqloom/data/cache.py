"""Corpora of files: in memory when small, else an Arrow file in a cache folder, mapped and read by the page.

A file's name begins with a hash of all that decides its content: the bytes of the input, the settings of reading and
the tokenizers. It ends with a hash of the content itself, so that a damaged file is found, said and made anew. A file
is written beside its place and renamed, so that a killed run leaves nothing that could be taken for a whole file, and
only if the input still is what its name says. The folder may be removed whenever no run is on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, Encoder, corpus_of, write_corpus
from seqloom.data.digests import Contents
from seqloom.data.hashed_files import find_hashed, hash_in_name
from seqloom.data.readers import ReadReport, expanded, files_of, read_examples
from seqloom.data.readers.lines import STDIN
from seqloom.data.whole_files import Say, cache_errors, hashed_file, leave_out, unsaid
from seqloom.errors import DataError
from seqloom.plugins import fingerprint

FORMAT = 3
CORPUS, TEXT = ".arrow", ".txt"
COLUMNS = {"source", "target", "references", "tags", "tag_separator", "delimiter", "header", "header_names"}
READING = {"format", "pattern", "encoding", "numbers", "on_bad_line", *COLUMNS}
"""The settings that decide what is read from a file."""


def load_corpus(entries: Sequence[str], config: DataConfig, encoder: Encoder, say: Say = unsaid) -> Corpus:
    """The encoded pairs of some files; through the cache when the files are larger than `cache_above_mb`.

    What was found damaged there, `say` is told.
    """
    report = ReadReport(config.on_bad_line)
    if not uses_cache(entries, config):
        return corpus_of(read_examples(entries, config, report), encoder, report)
    about = [encoder.source.to_json(), encoder.target.to_json(), str(encoder.reverse_source)]
    contents, folder = _contents(entries, config, say), cache_folder(config)
    key = _key(entries, config, about, contents)
    corpus = _mapped(folder, key, say)
    if corpus is None:
        with cache_errors(folder / f"{key}{CORPUS}"), hashed_file(folder, key, CORPUS) as stream:
            write_corpus(stream, read_examples(entries, config, report), encoder, report)
            contents.check(_contents(entries, config))
        corpus = _mapped(folder, key, say)
    if corpus is None:
        raise DataError("the cache does not keep what is written to it", where=str(folder), hint="set data.cache")
    return corpus


def uses_cache(entries: Iterable[str], config: DataConfig) -> bool:
    """Whether files are large enough for the cache; a missing one counts nothing here, reading it says so."""
    files = [file for entry in entries for file in files_of(entry, config)]
    size = sum(path.stat().st_size for file in files if (path := Path(file)).is_file())
    return STDIN not in files and size / 1e6 > config.cache_above_mb


def corpus_digest(corpus: Corpus) -> str:
    """SHA-256 of the bytes behind a corpus, alike in memory and in the cache, where the name of the file says it."""
    if corpus.place is None:
        return hashlib.sha256(corpus.buffer).hexdigest()
    return hash_in_name(corpus.place, CORPUS)


def remembered(
    entries: Sequence[str], config: DataConfig, about: Sequence[str], make: Callable[[], str], say: Say = unsaid
) -> str:
    """`make()`, a text that follows from files and from `about` alone; not made twice where the files are cached.

    What was found damaged there, `say` is told.
    """
    if not uses_cache(entries, config):
        return make()
    contents, folder = _contents(entries, config, say), cache_folder(config)
    key = _key(entries, config, about, contents)
    if place := find_hashed(folder, key, TEXT, say):
        with contextlib.suppress(OSError):
            return place.read_text(encoding="utf-8")
    text = make()
    contents.check(_contents(entries, config))
    with cache_errors(folder / f"{key}{TEXT}"), hashed_file(folder, key, TEXT) as stream:
        stream.write(text.encode("utf-8"))
    return text


def cache_folder(config: DataConfig) -> Path:
    """Where cache files lie."""
    if config.cache:
        return Path(config.cache).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "seqloom"


def _mapped(folder: Path, key: str, say: Say) -> Corpus | None:
    """The corpus in a cache file; None where there is none or it is damaged, so that it is written anew."""
    place = find_hashed(folder, key, CORPUS, say)
    if place is None:
        return None
    try:
        mapping = pa.memory_map(str(place))
        return Corpus.from_buffer(mapping.read_buffer(mapping.size()), place)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, IndexError):
        leave_out(place, say)
        return None


def _contents(entries: Sequence[str], config: DataConfig, say: Say = unsaid) -> Contents:
    """What the files of some entries hold now."""
    return Contents.of([file for entry in entries for file in files_of(entry, config)], cache_folder(config), say)


def _key(entries: Sequence[str], config: DataConfig, about: Iterable[str], contents: Contents) -> str:
    """A hash of what is read, how, and of `about`."""
    shards = json.dumps([expanded(entry, config) for entry in entries])
    digest = hashlib.sha256()
    reader = fingerprint("READERS", config.format)
    parts = (str(FORMAT), config.model_dump_json(include=READING), *([reader] if reader else []), *about, shards)
    for part in parts:
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    for known in contents.digests:
        digest.update(bytes.fromhex(known))
    return digest.hexdigest()[:40]
