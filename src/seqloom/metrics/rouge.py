"""ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004), computed by the package rouge_score.

The value is F1 with Porter stemming, averaged over examples. For texts in the Latin script it is exactly that of
rouge_score; `rouge_words` defines the words of other scripts. ROUGE-L is computed at the sentence level, which takes
the whole text as one sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, needed, reference_counts
from seqloom.metrics.rouge_words import RougeWords


class Rouge(Metric):
    """One ROUGE metric; of several references the one with the best F1 is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    @cached_property
    def _scorer(self) -> Any:
        purpose = f"the metric {self.name}"
        module = needed("rouge_score.rouge_scorer", "rouge-score", purpose)
        return module.RougeScorer([self.name], tokenizer=RougeWords(purpose))

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """The F1 of each example, and 1 for the number of examples."""
        score, kind = self._scorer.score_multi, self.name
        pairs = zip(predictions, references, strict=True)
        return np.asarray([(score(list(entry), prediction)[kind].fmeasure, 1.0) for prediction, entry in pairs])

    def value(self, total: NDArray[np.float64]) -> float:
        """The mean F1 in percent."""
        return 100 * float(total[0]) / float(total[1])

    def signature(self, references: References) -> str:
        """The measure, the definition of words, stemming, and how several references are handled."""
        words = "tok:rouge-score-latin,unicode-words-elsewhere|stemmer:porter"
        return f"measure:f1|{words}|refs:{reference_counts(references)}|best:yes|average:examples"
