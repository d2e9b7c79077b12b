"""The two lexicons of a model, and the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

from seqloom.data import Source
from seqloom.lexicon.lexicon import EMPTY, Lexicon
from seqloom.prediction import Origin

Which = Literal["all", "exceptions", "none"]
"""Which lexicons are asked before the network: the setting `search.known_answers`."""


@dataclass(frozen=True)
class Found:
    """The known answers of a source, best first, each with the natural logarithm of its share of the weights."""

    origin: Origin
    answers: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class KnownAnswers:
    """What a model knows without its network: exceptions that a user gave, and what was memorised of training pairs."""

    exceptions: Lexicon = EMPTY
    memory: Lexicon = EMPTY

    def find(self, source: Source, which: Which = "all", prefix: str = "") -> Found | None:
        """The answers to a source that begin with `prefix`: those of the exceptions, or else of the memory, or None."""
        asked: dict[Origin, Lexicon] = {"exception": self.exceptions, "memory": self.memory}
        if which == "none":
            return None
        if which == "exceptions":
            del asked["memory"]
        begin = normalize("NFC", prefix)
        for origin, lexicon in asked.items():
            entry = lexicon.find(source.text, source.tags)
            answers = () if entry is None else entry.answers
            fitting = [each for each in answers if normalize("NFC", each.text).startswith(begin)]
            if entry is not None and fitting:
                return Found(origin, tuple((each.text, entry.log_share(each)) for each in fitting))
        return None

    def __bool__(self) -> bool:
        return bool(self.exceptions.content or self.memory.content)


NOTHING_KNOWN = KnownAnswers()
