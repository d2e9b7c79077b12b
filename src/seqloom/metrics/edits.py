"""Edit rates such as the word error rate: the Levenshtein distance to the nearest reference, divided by its length.

    rate = 100 · Σ edits / Σ reference length        (insertions, deletions and substitutions cost 1 each)

| name | unit | convention of |
|---|---|---|
| `wer` | white-space separated words | speech recognition |
| `cer` | characters (Unicode code points, spaces included) | text recognition, transliteration |
| `per` | white-space separated symbols | grapheme-to-phoneme |

Edits and lengths are summed over the corpus before they are divided. Differences in case and punctuation count as
edits. Of several references the one with the fewest edits is used, and among equal ones the longest. What papers on
grapheme-to-phoneme conversion call "WER" is the metric `error_rate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, needed, reference_counts


class EditRate(Metric):
    """Edits per hundred units of the references; `split` divides a text into units."""

    def __init__(self, name: str, unit: str, split: Callable[[str], Sequence[str]]) -> None:
        super().__init__(name, higher_is_better=False)
        self._unit, self._split = unit, split

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """The edits and the reference length of each example."""
        distance = needed("rapidfuzz.distance", "rapidfuzz", f"the metric {self.name}").Levenshtein.distance
        rows = np.empty((len(predictions), 2))
        for row, prediction, entry in zip(rows, predictions, references, strict=True):
            units = self._split(prediction)
            pairs = [(distance(units, reference), len(reference)) for reference in map(self._split, entry)]
            row[:] = min(pairs, key=lambda pair: (pair[0], -pair[1]))
        return rows

    def value(self, total: NDArray[np.float64]) -> float:
        """The rate; if all references are empty, 100 if there are any edits and 0 otherwise."""
        edits, length = float(total[0]), float(total[1])
        if length:
            return 100 * edits / length
        return 100.0 if edits else 0.0

    def signature(self, references: References) -> str:
        """The unit and how several references are handled."""
        return f"unit:{self._unit}|case:mixed|refs:{reference_counts(references)}|nearest:yes|average:micro"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """The total edits and the total reference length."""
        return {"edits": float(total[0]), "reference_length": float(total[1])}
