"""How much of some data the vocabularies that training would choose can read and write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from seqloom.data.config import DataConfig
from seqloom.data.inspection.inspection import Findings
from seqloom.data.readers import read_examples
from seqloom.data.tokenizer_sample import survey
from seqloom.text.choice import choose
from seqloom.text.config import TextConfig
from seqloom.text.coverage import LOOKED_AT, Coverage
from seqloom.text.training import train_tokenizers


@dataclass(frozen=True)
class VocabularyReport:
    """How well the chosen vocabularies cover the first texts of each file and side, and why they were chosen."""

    chosen: tuple[str, ...]
    files: dict[str, dict[str, Coverage]]

    @staticmethod
    def of(
        entries: Sequence[str], config: DataConfig, text: TextConfig, against: Sequence[str] = ()
    ) -> VocabularyReport:
        """Choose and train tokenizers as training does, and encode the data and each dev or test file with them."""
        seen = survey(read_examples(entries, config, Findings()))
        text, chosen = choose(seen.pairs, text, seen.count)
        tokenizers = train_tokenizers(seen.pairs, text, seen.tags)
        texts = {", ".join(entries): seen.pairs}
        for entry in against:
            examples = islice(read_examples([entry], config, Findings()), LOOKED_AT)
            texts[entry] = [(example.source, example.target) for example in examples]
        sides = zip(("source", "target"), tokenizers, (text.source, text.target), strict=True)
        known: dict[str, dict[str, Coverage]] = {file: {} for file in texts}
        for place, (side, tokenizer, settings) in enumerate(sides):
            for file, pairs in texts.items():
                some = [pair[place] for pair in pairs[:LOOKED_AT]]
                known[file][side] = Coverage.of(tokenizer, some, settings if side == "target" else None)
        return VocabularyReport(tuple(chosen), known)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        files = {file: {side: each.to_json() for side, each in sides.items()} for file, sides in self.files.items()}
        return {"chosen": list(self.chosen), "files": files}

    def sentences(self) -> list[str]:
        """Warnings before training; empty if everything can be read and written."""
        return [
            f"{file}: {sentence}"
            for file, sides in self.files.items()
            for side, each in sides.items()
            for sentence in each.sentences(side, written=side == "target", texts="texts")
        ]
