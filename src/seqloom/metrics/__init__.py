"""Metrics that compare predictions with references, such as BLEU, chrF or the character error rate.

    METRICS                                             the table of all metrics, with a description of each
    compute(["bleu", "chrf"], predictions, references)  the scores of a corpus
    choose_metrics(targets, sources)                    the metrics that suit some data
    compare("bleu", first, second, references)          paired bootstrap test between two systems
    worst("chrf", predictions, references)              the examples with the worst scores
    tagging(["entity_f1"], predictions, references)     tags of words: each type of span and each tag
    ClassificationReport.of(predictions, references)    each class: precision, recall, F1; which are confused
    SeveralLabelsReport.of(predictions, references)     the same where an answer is several labels at once
    metrics.probabilities                               log loss, Brier score, AUROC and curves of probabilities

All values are in percent. `references` holds, for each example, one accepted target or a list of them. Texts are
normalised before they are compared (`seqloom.metrics.text_form`). Some metrics take an argument after a colon:
`bleu:zh` names a tokeniser, `bleu_tokenized_lower:de` a language. This package does not need torch.
"""

from __future__ import annotations

from seqloom.metrics.base import Metric, Score
from seqloom.metrics.bootstrap import Comparison, compare
from seqloom.metrics.choice import DEFAULT_METRICS, FRAME_METRICS, KINDS, choose_metrics, tag_metrics, target_kind
from seqloom.metrics.classification import ClassFigures, ClassificationReport, classification
from seqloom.metrics.registry import METRICS, Entry, compute, compute_each, metric
from seqloom.metrics.several_labels import SeveralLabelsReport
from seqloom.metrics.tagging import TaggingReport, tagging
from seqloom.metrics.uninformative import blind_sentence, blind_share
from seqloom.metrics.worst import Worst, worst

__all__ = [
    "DEFAULT_METRICS",
    "FRAME_METRICS",
    "KINDS",
    "METRICS",
    "ClassFigures",
    "ClassificationReport",
    "Comparison",
    "Entry",
    "Metric",
    "Score",
    "SeveralLabelsReport",
    "TaggingReport",
    "Worst",
    "blind_sentence",
    "blind_share",
    "choose_metrics",
    "classification",
    "compare",
    "compute",
    "compute_each",
    "metric",
    "tag_metrics",
    "tagging",
    "target_kind",
    "worst",
]
