"""The pairs of a run, which can be read several times: from files, standard input or pipes, or given in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace

from seqloom.codecs import Codecs
from seqloom.data import (
    Corpus,
    DataConfig,
    Example,
    ReadReport,
    corpus_of,
    layouts,
    load_corpus,
    pairs_as_examples,
    read_examples,
    remembered,
    settled,
    uses_cache,
)
from seqloom.data.readers import files_of
from seqloom.data.readers.lines import readable_once
from seqloom.training.group import Group

Pair = tuple[str, str] | Example


class PairSource:
    """Training or dev pairs from files or from memory, for all processes of a group; only the first reads standard
    input and pipes.

    `say` is called with a sentence for each damaged cache file that was found.
    """

    def __init__(
        self,
        config: DataConfig,
        files: tuple[str, ...],
        pairs: Sequence[Pair] | None,
        name: str,
        group: Group,
        say: Callable[[str], None],
    ) -> None:
        self.config, self.files, self.name, self.group, self.say = config, files, name, group, say
        self.pairs, self.read = pairs, ReadReport(config.on_bad_line, parts=[] if pairs is None else [len(pairs)])
        if pairs is None and any(readable_once(file) for entry in files for file in files_of(entry, config)):
            self.pairs, self.read = group.from_first(self._read)

    def settle(self) -> DataConfig:
        """Detect the layout of the files and keep it, so that files read later are read alike; returns the settings
        with it."""
        if self.files:
            found = self.read if self.pairs is not None else layouts(self.files, self.config)
            self.config = settled(self.config, found)
        return self.config

    def examples(self) -> Iterator[Example]:
        """Iterate over the pairs once."""
        report = ReadReport(self.config.on_bad_line)
        if self.pairs is not None:
            return pairs_as_examples(self.pairs, report, self.name, self.config)
        return read_examples(self.files, self.config, report)

    def corpus(self, codecs: Codecs) -> Corpus:
        """Return the encoded pairs; with a cache, one process of each machine writes it before the others read it."""
        if self.pairs is None:
            in_turn = self.group.one_by_machine() if uses_cache(self.files, self.config) else nullcontext()
            with in_turn:
                return load_corpus(self.files, self.config, codecs, self.say)
        report = replace(self.read, examples=0)
        return corpus_of(pairs_as_examples(self.pairs, report, self.name, self.config), codecs, report)

    def remembered(self, about: Sequence[str], make: Callable[[], str]) -> str:
        """Return a text computed by `make` from the pairs and `about`; for large files it is cached and made only
        once."""
        return make() if self.pairs is not None else remembered(self.files, self.config, about, make, self.say)

    def _read(self) -> tuple[list[Example], ReadReport]:
        report = ReadReport(self.config.on_bad_line)
        return list(read_examples(self.files, self.config, report)), report
