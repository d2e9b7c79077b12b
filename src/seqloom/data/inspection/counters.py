"""Counters of lengths, characters and frequent texts for a stream of texts.

Their memory grows with the number of different lengths and characters, not with the number of texts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from seqloom.data.examples import Origin

MANY = 1000
"""From so many different texts on, a side has no labels."""


@dataclass
class Lengths:
    """How many texts have each length, and where the longest text is."""

    counts: Counter[int] = field(default_factory=Counter)
    where: str = ""

    def add(self, lengths: Sequence[int], origins: Sequence[Origin]) -> None:
        """Count the lengths of some texts; `origins` are their places."""
        most = max(lengths)
        if not self.counts or most > max(self.counts):
            self.where = str(origins[lengths.index(most)])
        self.counts.update(lengths)

    def quantile(self, share: float) -> int:
        """The smallest length that at least this share of the texts does not exceed."""
        values = sorted(self.counts)
        reached = np.cumsum([self.counts[value] for value in values])
        return values[int(np.searchsorted(reached, share * reached[-1]))]

    def summary(self) -> dict[str, Any]:
        """Mean, quantiles, and the longest length with its place."""
        total = self.counts.total()
        return {
            "mean": sum(value * count for value, count in self.counts.items()) / total,
            "median": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "p99": self.quantile(0.99),
            "longest": max(self.counts),
            "longest_at": self.where,
        }


@dataclass
class Characters:
    """For the texts of one side: how often each character occurs and where first, the odd ones, and how many texts are
    composed or decomposed."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)
    odd: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    composed: int = 0
    decomposed: int = 0

    def add(self, texts: Sequence[str], origins: Sequence[Origin]) -> None:
        """Count the characters of some texts; `origins` are their places."""
        here = set().union(*texts)
        self._locate(here - self.counts.keys(), texts, origins)
        self.counts.update("".join(texts))
        odd = {character for character in here if oddity(character)}
        for text, origin in zip(texts, origins, strict=True):
            if text.isascii() and not odd:
                continue
            for kind in {oddity(character) for character in odd.intersection(text)}:
                self.odd[kind] += 1
                self.first.setdefault(kind, str(origin))
            if not unicodedata.is_normalized("NFC", text):
                self.decomposed += 1
            elif not unicodedata.is_normalized("NFD", text):
                self.composed += 1

    @property
    def seen(self) -> set[str]:
        """All characters."""
        return {*self.counts}

    @property
    def once(self) -> list[str]:
        """The characters that occur only once."""
        return sorted(character for character, count in self.counts.items() if count == 1)

    def _locate(self, new: set[str], texts: Sequence[str], origins: Sequence[Origin]) -> None:
        """Keep the places where characters occur for the first time."""
        for text, origin in zip(texts, origins, strict=True):
            if not new:
                return
            for character in new.intersection(text):
                self.places[character] = str(origin)
                new.remove(character)


@dataclass
class Values:
    """The different texts of one side and how many there are of each, as long as they are few."""

    counts: Counter[str] = field(default_factory=Counter)
    many: bool = False

    def add(self, texts: Sequence[str]) -> None:
        """Count some texts; from `MANY` different ones on none are kept."""
        if not self.many:
            self.counts.update(texts)
            if len(self.counts) > MANY:
                self.many = True
                self.counts.clear()


@lru_cache(maxsize=1 << 16)
def oddity(character: str) -> str:
    """The kind of odd character that a character is, in the plural; empty for ordinary characters."""
    if character in "\t\n\r":
        return "tabs or line breaks"
    if character == "\0":
        return "NUL"
    if character == "\N{REPLACEMENT CHARACTER}":
        return "replacement characters"
    if character == " ":
        return ""
    return {
        "Cc": "control characters",
        "Cf": "invisible characters",
        "Cn": "unassigned characters",
        "Co": "private characters",
        "Zl": "unusual spaces",
        "Zp": "unusual spaces",
        "Zs": "unusual spaces",
    }.get(unicodedata.category(character), "")
