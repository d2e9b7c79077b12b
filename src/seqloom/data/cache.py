"""Corpora of files: in memory when small, else an Arrow file in a cache folder, mapped and read by the page.

A file's name is a hash of all that decides its content: the bytes of the input, the settings of reading and the
tokenizers. It is written beside its place and renamed, so that a killed run leaves nothing that could be taken for a
whole file, and only if the input still is what its name says. The folder may be removed whenever no run is on.
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
from seqloom.data.digests import Contents, content_digests
from seqloom.data.files import cache_errors, whole_file
from seqloom.data.readers import ReadReport, expanded, files_of, read_examples
from seqloom.data.readers.lines import STDIN

FORMAT = 3
COLUMNS = {"source", "target", "references", "tags", "tag_separator", "delimiter", "header", "header_names"}
READING = {"format", "pattern", "encoding", "numbers", "on_bad_line", *COLUMNS}
"""The settings that decide what is read from a file."""


def load_corpus(entries: Sequence[str], config: DataConfig, encoder: Encoder) -> Corpus:
    """The encoded pairs of some files; through the cache when the files are larger than `cache_above_mb`."""
    report = ReadReport(config.on_bad_line)
    if not uses_cache(entries, config):
        return corpus_of(read_examples(entries, config, report), encoder, report)
    about = [encoder.source.to_json(), encoder.target.to_json(), str(encoder.reverse_source)]
    contents = _contents(entries, config)
    place = cache_folder(config) / f"{_key(entries, config, about, contents)}.arrow"
    corpus = _mapped(place)
    if corpus is None:
        with cache_errors(place), whole_file(place) as stream:
            write_corpus(stream, read_examples(entries, config, report), encoder, report)
            contents.check(_contents(entries, config))
        corpus = _mapped(place)
    assert corpus is not None
    return corpus


def uses_cache(entries: Iterable[str], config: DataConfig) -> bool:
    """Whether files are large enough for the cache; a missing one counts nothing here, reading it says so."""
    files = [file for entry in entries for file in files_of(entry, config)]
    size = sum(path.stat().st_size for file in files if (path := Path(file)).is_file())
    return STDIN not in files and size / 1e6 > config.cache_above_mb


def corpus_digest(corpus: Corpus) -> str:
    """SHA-256 of the bytes behind a corpus, alike in memory and in the cache; those of a cache file are hashed once."""
    if corpus.place is None:
        return hashlib.sha256(corpus.buffer).hexdigest()
    return content_digests([str(corpus.place)], corpus.place.parent)[0]


def remembered(entries: Sequence[str], config: DataConfig, about: Sequence[str], make: Callable[[], str]) -> str:
    """`make()`, a text that follows from files and from `about` alone; not made twice where the files are cached."""
    if not uses_cache(entries, config):
        return make()
    contents = _contents(entries, config)
    place = cache_folder(config) / f"{_key(entries, config, about, contents)}.txt"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return place.read_text(encoding="utf-8")
    text = make()
    contents.check(_contents(entries, config))
    with cache_errors(place), whole_file(place) as stream:
        stream.write(text.encode("utf-8"))
    return text


def cache_folder(config: DataConfig) -> Path:
    """Where cache files lie."""
    if config.cache:
        return Path(config.cache).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "seqloom"


def _mapped(place: Path) -> Corpus | None:
    """The corpus in a cache file; None where there is none or it is damaged, so that it is written anew."""
    try:
        mapping = pa.memory_map(str(place))
        return Corpus.from_buffer(mapping.read_buffer(mapping.size()), place)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, IndexError):
        return None


def _contents(entries: Sequence[str], config: DataConfig) -> Contents:
    """What the files of some entries hold now."""
    return Contents.of([file for entry in entries for file in files_of(entry, config)], cache_folder(config))


def _key(entries: Sequence[str], config: DataConfig, about: Iterable[str], contents: Contents) -> str:
    """A hash of what is read, how, and of `about`."""
    shards = json.dumps([expanded(entry, config) for entry in entries])
    digest = hashlib.sha256()
    for part in (str(FORMAT), config.model_dump_json(include=READING), *about, shards):
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    for known in contents.digests:
        digest.update(bytes.fromhex(known))
    return digest.hexdigest()[:40]
