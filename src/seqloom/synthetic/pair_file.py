"""Write pairs into a file that training reads: TSV with a line of names, or JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, NamedTuple

from seqloom.errors import ConfigError

COLUMNS = ("source", "target", "tags")
SUFFIXES = {".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
BREAKS = str.maketrans("\t\r\n", "   ")


class MadePair(NamedTuple):
    """A pair that a model has made, or one that is written beside such pairs; `score` is the model's, if it has one."""

    source: str
    target: str
    tags: tuple[str, ...] = ()
    score: float | None = None


class PairFile:
    """Writes pairs to a stream; `changed` counts those in which a tab or a line break became a space.

    With `tagged`, there is a column of tags, which are separated by semicolons in TSV.
    """

    def __init__(self, stream: IO[bytes], kind: str, *, tagged: bool) -> None:
        self._stream, self._kind, self._tagged, self.changed = stream, kind, tagged, 0
        if kind == "tsv":
            self._line("\t".join(COLUMNS if tagged else COLUMNS[:2]))

    def write(self, pair: MadePair) -> None:
        """Write one pair."""
        if self._kind == "jsonl":
            values: dict[str, object] = {"source": pair.source, "target": pair.target}
            values |= {"tags": list(pair.tags)} if self._tagged else {}
            values |= {} if pair.score is None else {"score": round(pair.score, 4)}
            self._line(json.dumps(values, ensure_ascii=False))
            return
        texts = pair.source, pair.target
        cells = [text.translate(BREAKS) for text in texts]
        self.changed += cells != list(texts)
        self._line("\t".join([*cells, *([";".join(pair.tags)] if self._tagged else [])]))

    def _line(self, text: str) -> None:
        self._stream.write(f"{text}\n".encode())


def kind_of(path: Path) -> str:
    """The format of an output file by its suffix; raises `ConfigError` for another suffix."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"pairs are written as {' or '.join(('.tsv', '.jsonl'))}, not {path.suffix or 'without a suffix'}",
            where=str(path),
            hint="name the file pairs.tsv or pairs.jsonl",
        )
    return SUFFIXES[path.suffix.lower()]
