"""How much of some data the vocabularies that training would choose can read and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqloom.data.inspection.inspection import Inspection
from seqloom.data.tokenizer_sample import Survey
from seqloom.evenly import evenly
from seqloom.text.config import TextConfig
from seqloom.text.coverage import LOOKED_AT, Coverage
from seqloom.text.training import train_tokenizers

TRAINED = 20_000
"""From so many pairs the vocabularies are learned here; training takes more of them, which seldom changes what can be
written. Pairs with characters that none of these has are added."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class VocabularyReport:
    """How well the chosen vocabularies cover the first texts of each file and side."""

    files: dict[str, dict[str, Coverage]]

    @staticmethod
    def of(found: Inspection, text: TextConfig, *, written: bool = True) -> VocabularyReport:
        """Train the tokenizers that were chosen, and encode the data and each dev or test file with them.

        Where targets are not `written` but chosen from a list, as tags are, their white space does not matter.
        """
        tokenizers = train_tokenizers(_learned_from(found.surveyed), text, found.surveyed.tags)
        texts = {", ".join(found.entries): found.surveyed.pairs}
        texts |= {each.file: each.seen.pairs for each in found.against}
        sides = zip(("source", "target"), tokenizers, (text.source, text.target), strict=True)
        known: dict[str, dict[str, Coverage]] = {file: {} for file in texts}
        for place, (side, tokenizer, settings) in enumerate(sides):
            for file, pairs in texts.items():
                some = [pair[place] for pair in pairs[:LOOKED_AT]]
                known[file][side] = Coverage.of(tokenizer, some, settings if side == "target" and written else None)
        return VocabularyReport(known)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {file: {side: each.to_json() for side, each in sides.items()} for file, sides in self.files.items()}

    def sentences(self) -> list[str]:
        """Warnings before training; empty if everything can be read and written."""
        return [
            f"{file}: {sentence}"
            for file, sides in self.files.items()
            for side, each in sides.items()
            for sentence in each.sentences(side, written=side == "target", texts="texts")
        ]


def _learned_from(seen: Survey) -> Pairs:
    """Evenly spaced pairs, and those with characters that no pair before has."""
    pairs = seen.pairs
    if len(pairs) <= TRAINED:
        return pairs
    chosen = [pairs[row] for row in evenly(len(pairs), TRAINED)]
    known = {character for pair in chosen for text in pair for character in text}
    for pair in pairs:
        new = {*pair[0], *pair[1]} - known
        if new:
            known |= new
            chosen.append(pair)
    return chosen
