"""A lexicon: sources and their answers, sorted, so that a source is found by bisection.

Its file is JSON Lines. The first line is an object with the facts about the whole lexicon; each further line is an
array `[lower-cased source, tags, source, [[answer, weight], ...]]`. The lines are sorted by their bytes, so that all
spellings of a source that differ only in case are neighbours, and a lookup decodes no line but those that match.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seqloom.errors import ModelFolderError
from seqloom.metrics.text_form import in_one_form

FORMAT = 1
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Answer:
    """A known answer and its weight, which is positive; only its share among the weights of its entry matters."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Entry:
    """A source with its tags, and its answers, those of larger weight first."""

    source: str
    tags: tuple[str, ...]
    answers: tuple[Answer, ...]

    def log_share(self, answer: Answer) -> float:
        """The natural logarithm of an answer's share of all weights of the entry."""
        return math.log(answer.weight / math.fsum(each.weight for each in self.answers))


@dataclass(frozen=True)
class Lexicon:
    """An immutable table of known answers; `content` are the bytes of its file, which are split at the first lookup.

    Sources are compared in Unicode's form NFC with single spaces and without white space at either end.
    """

    content: bytes = field(repr=False, default=b"")
    where: str = field(repr=False, compare=False, default="a lexicon")
    """Its file, for messages."""

    @staticmethod
    def of(entries: Iterable[Entry], *, match_case: bool = False, facts: Mapping[str, Any] | None = None) -> Lexicon:
        """The lexicon with these entries, whose sources differ; `facts` are plain values that its file shall tell."""
        lines = sorted(_line(entry) for entry in entries)
        head = {"format": FORMAT, "match_case": match_case, **(facts or {})}
        return Lexicon(b"\n".join([_json(head), *lines]) + b"\n") if lines else EMPTY

    def changed(
        self, entries: Iterable[Entry], *, match_case: bool | None = None, facts: Mapping[str, Any] | None = None
    ) -> Lexicon:
        """A lexicon with other entries; facts and `match_case` stay where no others are given."""
        told = {name: value for name, value in self.facts.items() if name not in ("format", "match_case")}
        matches = self.match_case if match_case is None else match_case
        return Lexicon.of(entries, match_case=matches, facts={**told, **(facts or {})})

    def find(self, text: str, tags: tuple[str, ...] = ()) -> Entry | None:
        """The entry of a source with the same tags, or None.

        The source is looked up as it is written, then in lower case. Otherwise the only entry that differs from it in
        nothing but case is taken; where there are several, none is. With `match_case`, it is looked up as it is
        written, and no more.
        """
        if not self._lines:
            return None
        written = key(text)
        lower = written.lower()
        spellings = {entry.source: entry for entry in self._beginning(_prefix(lower, tags))}
        if not spellings:
            return None
        if written in spellings:
            return spellings[written]
        if self.match_case:
            return None
        if lower in spellings:
            return spellings[lower]
        return next(iter(spellings.values())) if len(spellings) == 1 else None

    def entries(self) -> Iterator[Entry]:
        """All entries in the order of the file."""
        return map(self._entry, self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def match_case(self) -> bool:
        """Whether a source must have the case of its entry."""
        return bool(self.facts.get("match_case", False))

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What the first line of the file says about the whole lexicon."""
        if not self.content:
            return {}
        try:
            values = json.loads(self.content.partition(b"\n")[0])
        except ValueError:
            values = None
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ModelFolderError(
                f"must begin with an object of format {FORMAT}",
                where=self.where,
                hint="a newer version of seqloom may have written it: pip install --upgrade seqloom",
            )
        return values

    @cached_property
    def _lines(self) -> list[bytes]:
        """The lines after the first."""
        return self.content.split(b"\n")[1:-1] if self.facts else []

    def _beginning(self, prefix: bytes) -> list[Entry]:
        """The entries whose lines begin with `prefix`."""
        lines, found = self._lines, []
        place = bisect_left(lines, prefix)
        while place < len(lines) and lines[place].startswith(prefix):
            found.append(self._entry(lines[place]))
            place += 1
        return found

    def _entry(self, line: bytes) -> Entry:
        try:
            _, tags, source, answers = json.loads(line)
            return Entry(source, tuple(tags), tuple(Answer(text, weight) for text, weight in answers))
        except (ValueError, TypeError):
            shown = line[:80].decode("utf-8", "replace")
            raise ModelFolderError(f"must hold entries, not the line {shown!r}", where=self.where) from None


EMPTY = Lexicon()


def key(text: str) -> str:
    """A source as it is compared: in NFC, with single spaces."""
    return in_one_form(text)


def _prefix(lower: str, tags: tuple[str, ...]) -> bytes:
    """How the lines begin of the entries with a source in lower case and these tags."""
    listed = ",".join(map(ENCODER.encode, tags))
    return f"[{ENCODER.encode(lower)},[{listed}],".encode()


def _line(entry: Entry) -> bytes:
    answers = [[answer.text, answer.weight] for answer in entry.answers]
    return _json([entry.source.lower(), list(entry.tags), entry.source, answers])


def _json(value: Any) -> bytes:
    return ENCODER.encode(value).encode()
