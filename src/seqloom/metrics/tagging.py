"""Measures of tags: how many words have the right one, and how many spans are found, by type and by tag.

    precision = TP / (TP + FP)      recall = TP / (TP + FN)      F1 = 2·TP / (2·TP + FP + FN)

A span counts as found (TP) if an answer has one of the same type with the same first and last word, as in CoNLL's
conlleval and in seqeval (Tjong Kim Sang & De Meulder 2003, §2.3). A figure whose denominator is 0 is 0; only the F1 of
answers and targets that all have no span is 100, because nothing is wrong there (conlleval and seqeval give 0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, comparable, reference_counts
from seqloom.metrics.classification import ClassFigures
from seqloom.tag_scheme import scheme_of, spans_of

BY_TAG = frozenset({"entity_f1", "token_accuracy"})
"""Metrics of which one says that answers are tags."""
LISTED = 50
"""How many confused pairs of tags the JSON of an evaluation lists at most."""


def _closest(answer: str, accepted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tags of an answer and of the accepted target with which it shares the most."""
    tags = answer.split()
    targets = [each.split() for each in accepted]
    best = max(targets, key=lambda each: sum(map(str.__eq__, tags, each))) if len(targets) > 1 else targets[0]
    return tags, best


class TokenAccuracy(Metric):
    """The share of words whose tag is right; a word without a tag in the answer is wrong."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """For each example the number of right tags, and that of the tags of its target."""
        rows = (_closest(*each) for each in zip(predictions, references, strict=True))
        return np.array([[sum(map(str.__eq__, tags, truth)), len(truth)] for tags, truth in rows], np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """The share in percent."""
        return 100 * float(total[0]) / max(1.0, float(total[1]))

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """The number of right tags and of all."""
        return {"right": float(total[0]), "words": float(total[1])}


class EntityF1(Metric):
    """F1 of all spans together (micro-averaged), as conlleval and seqeval give it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """For each example the spans found, those answered, and those of its target."""
        rows = []
        for each in zip(predictions, references, strict=True):
            answered, wanted = (set(spans_of(tags)) for tags in _closest(*each))
            rows.append([len(answered & wanted), len(answered), len(wanted)])
        return np.array(rows, np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """F1 in percent; 100 where there is no span, and none is answered."""
        spans = float(total[1] + total[2])
        return 200 * float(total[0]) / spans if spans else 100.0

    def signature(self, references: References) -> str:
        """The convention, and the number of references."""
        return f"spans:conlleval|average:micro|refs:{reference_counts(references)}"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """Precision and recall in percent, and the numbers of spans."""
        right, answered, wanted = (float(each) for each in total)
        precision, recall = 100 * right / max(1.0, answered), 100 * right / max(1.0, wanted)
        return {"precision": precision, "recall": recall, "right": right, "answered": answered, "spans": wanted}


@dataclass(frozen=True)
class TaggingReport:
    """The figures of each type of span and of each tag, and how often a tag was answered for another.

    `spans` is empty where the tags are of no scheme. `confusion` has (right tag, answered tag) → words.
    """

    spans: tuple[ClassFigures, ...]
    tags: tuple[ClassFigures, ...]
    confusion: Mapping[tuple[str, str], int]

    @property
    def wrong(self) -> list[tuple[tuple[str, str], int]]:
        """The confused pairs of tags, the most frequent first."""
        return sorted(
            (each for each in self.confusion.items() if each[0][0] != each[0][1]), key=lambda each: (-each[1], each[0])
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "spans": [_plain(each) for each in self.spans],
            "tags": [_plain(each) for each in self.tags],
            "confused": [[truth, answer, count] for (truth, answer), count in self.wrong[:LISTED]],
        }


def tagging(
    names: Sequence[str], predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> TaggingReport | None:
    """The figures of each type and tag, where one of the metrics says that answers are tags; else None."""
    if not BY_TAG.intersection(names):
        return None
    answers, accepted = comparable(predictions, references)
    rows = [_closest(*each) for each in zip(answers, accepted, strict=True)]
    pairs = Counter(pair for tags, truth in rows for pair in zip(truth, tags, strict=False))
    tags = _figures(
        Counter(tag for _, truth in rows for tag in truth),
        Counter(tag for own, _ in rows for tag in own),
        Counter({truth: count for (truth, answer), count in pairs.items() if truth == answer}),
    )
    spans: tuple[ClassFigures, ...] = ()
    if scheme_of({tag for _, truth in rows for tag in truth}) != "none":
        both = [(set(spans_of(own)), set(spans_of(truth))) for own, truth in rows]
        spans = _figures(
            Counter(kind for _, wanted in both for kind, _, _ in wanted),
            Counter(kind for answered, _ in both for kind, _, _ in answered),
            Counter(kind for answered, wanted in both for kind, _, _ in answered & wanted),
        )
    return TaggingReport(spans, tags, pairs)


def _figures(support: Counter[str], predicted: Counter[str], right: Counter[str]) -> tuple[ClassFigures, ...]:
    """The figures of each, the most frequent first."""
    names = sorted({*support, *predicted}, key=lambda name: (-support[name], name))
    return tuple(ClassFigures(name, support[name], predicted[name], right[name]) for name in names)


def _plain(each: ClassFigures) -> dict[str, Any]:
    return each.to_json()
