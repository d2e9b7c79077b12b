"""Edit rates: Levenshtein distance to the nearest reference over the length of that reference, summed over the corpus.

    rate = 100 · Σ edits / Σ reference length        (insertions, deletions and substitutions cost 1 each)

| name | unit | convention of |
|---|---|---|
| `wer` | white-space separated words | speech recognition |
| `cer` | characters (Unicode code points, spaces included) | text recognition, transliteration |
| `per` | white-space separated symbols | grapheme-to-phoneme |

Case and punctuation count. Of several references the one with the fewest
edits counts, the longest of them if they tie. The "WER" of grapheme-to-phoneme papers is `error_rate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, needed, reference_counts


class EditRate(Metric):
    """Edits per hundred units of reference; `split` cuts text into units."""

    def __init__(self, name: str, unit: str, split: Callable[[str], Sequence[str]]) -> None:
        super().__init__(name, higher_is_better=False)
        self._unit, self._split = unit, split

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """Edits and reference length."""
        distance = needed("rapidfuzz.distance", "rapidfuzz", f"the metric {self.name}").Levenshtein.distance
        rows = np.empty((len(predictions), 2))
        for row, prediction, entry in zip(rows, predictions, references, strict=True):
            units = self._split(prediction)
            pairs = [(distance(units, reference), len(reference)) for reference in map(self._split, entry)]
            row[:] = min(pairs, key=lambda pair: (pair[0], -pair[1]))
        return rows

    def value(self, total: NDArray[np.float64]) -> float:
        """The rate; 100 for edits against nothing but empty references."""
        edits, length = float(total[0]), float(total[1])
        if length:
            return 100 * edits / length
        return 100.0 if edits else 0.0

    def signature(self, references: References) -> str:
        """Unit and handling of several references."""
        return f"unit:{self._unit}|case:mixed|refs:{reference_counts(references)}|nearest:yes|average:micro"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """Edits and reference length."""
        return {"edits": float(total[0]), "reference_length": float(total[1])}
