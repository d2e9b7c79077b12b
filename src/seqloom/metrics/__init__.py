"""Measures of predictions against references. No torch.

    METRICS                                        the table: name → what it says
    compute(["bleu", "chrf"], predictions, references)
    choose_metrics(targets, sources)               what suits the data
    compare("bleu", first, second, references)     paired bootstrap between two systems
    worst("chrf", predictions, references)         where to look

Every figure is in percent. Texts are compared in one form (see `seqloom.metrics.form`). `references` holds, for each
example, one accepted target or a list of them.
A few metrics take an argument after a colon: `bleu:zh` names the tokeniser, `bleu_tokenized_lower:de` the language.
"""

from __future__ import annotations

from seqloom.metrics.base import Metric, Score
from seqloom.metrics.bootstrap import Comparison, compare
from seqloom.metrics.choice import choose_metrics, target_kind
from seqloom.metrics.registry import METRICS, Entry, compute, metric
from seqloom.metrics.uninformative import blind_sentence, blind_share
from seqloom.metrics.worst import Worst, worst

__all__ = [
    "METRICS",
    "Comparison",
    "Entry",
    "Metric",
    "Score",
    "Worst",
    "blind_sentence",
    "blind_share",
    "choose_metrics",
    "compare",
    "compute",
    "metric",
    "target_kind",
    "worst",
]
