"""The cache of encoded corpora: small corpora stay in memory, large ones become memory-mapped Arrow files.

The name of a cached file begins with a hash of everything that determines its content: the bytes of the input files,
the settings for reading them, and the tokenizers. It ends with a hash of the content itself, so that a damaged file is
recognised, reported and made anew. A file is written under a temporary name and renamed when complete, so a killed run
leaves nothing that could be taken for a complete file. It is kept only if the input did not change meanwhile. The cache
folder may be removed while no run is using it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from seqloom.codecs import Codecs
from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, corpus_of, write_corpus
from seqloom.data.digests import Contents
from seqloom.data.hashed_files import find_hashed, hash_in_name
from seqloom.data.readers import ReadReport, expanded, files_of, read_examples
from seqloom.data.readers.lines import STDIN
from seqloom.data.whole_files import Say, cache_errors, hashed_file, leave_out, unsaid
from seqloom.errors import DataError
from seqloom.plugins import fingerprint

FORMAT = 4
CORPUS, TEXT = ".arrow", ".txt"
COLUMNS = {"source", "target", "label", "references", "tags", "tag_separator", "delimiter", "header", "header_names"}
READING = {
    "format",
    "pattern",
    "encoding",
    "numbers",
    "on_bad_line",
    "untagged",
    "tag_from_name",
    "fixed_tags",
    *COLUMNS,
}
"""The settings that determine what is read from a file; they are part of the key."""


def load_corpus(entries: Sequence[str], config: DataConfig, codecs: Codecs, say: Say = unsaid) -> Corpus:
    """Read and encode the pairs of some files, through the cache if they are larger than `data.cache_above_mb`
    together.

    `say` is called with a sentence for each damaged cache file that was found and removed.
    """
    report = ReadReport(config.on_bad_line)
    if not uses_cache(entries, config):
        return corpus_of(read_examples(entries, config, report), codecs, report)
    contents, folder = _contents(entries, config, say), cache_folder(config)
    key = _key(entries, config, codecs.identity, contents)
    corpus = _mapped(folder, key, say)
    if corpus is None:
        with cache_errors(folder / f"{key}{CORPUS}"), hashed_file(folder, key, CORPUS) as stream:
            write_corpus(stream, read_examples(entries, config, report), codecs, report)
            contents.check(_contents(entries, config))
        corpus = _mapped(folder, key, say)
    if corpus is None:
        raise DataError("the cache does not keep what is written to it", where=str(folder), hint="set data.cache")
    return corpus


def uses_cache(entries: Iterable[str], config: DataConfig) -> bool:
    """Whether the files are large enough for the cache; missing files count as empty and are refused when read."""
    files = [file for entry in entries for file in files_of(entry, config)]
    size = sum(path.stat().st_size for file in files if (path := Path(file)).is_file())
    return STDIN not in files and size / 1e6 > config.cache_above_mb


def corpus_digest(corpus: Corpus) -> str:
    """SHA-256 of the bytes of a corpus; for a cached corpus it is taken from the name of the file."""
    if corpus.place is None:
        return hashlib.sha256(corpus.buffer).hexdigest()
    return hash_in_name(corpus.place, CORPUS)


def remembered(
    entries: Sequence[str], config: DataConfig, about: Sequence[str], make: Callable[[], str], say: Say = unsaid
) -> str:
    """The text `make()`, cached if the files are large enough for the cache.

    The text must depend on nothing but the files, the settings for reading them, and `about`. `say` is called with a
    sentence for each damaged cache file that was found and removed.
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
    """The folder of the cache."""
    if config.cache:
        return Path(config.cache).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "seqloom"


def _mapped(folder: Path, key: str, say: Say) -> Corpus | None:
    """The memory-mapped corpus of a cache file; None if there is no such file or it is damaged."""
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
    """Hashes and times of the files of some entries, as they are now."""
    return Contents.of([file for entry in entries for file in files_of(entry, config)], cache_folder(config), say)


def _key(entries: Sequence[str], config: DataConfig, about: Iterable[str], contents: Contents) -> str:
    """The key of a cache file: a hash of the files, the settings for reading them, and `about`."""
    shards = json.dumps([expanded(entry, config) for entry in entries])
    digest = hashlib.sha256()
    reader = fingerprint("READERS", config.format)
    parts = (str(FORMAT), config.model_dump_json(include=READING), *([reader] if reader else []), *about, shards)
    for part in parts:
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    for known in contents.digests:
        digest.update(bytes.fromhex(known))
    return digest.hexdigest()[:40]
