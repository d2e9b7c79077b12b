"""What accuracy alone does not say of a classifier: the figures of each class, which are confused, and a baseline.

    precision = TP / (TP + FP)      recall = TP / (TP + FN)      F1 = 2·TP / (2·TP + FP + FN)

TP counts the examples of a class that are answered with it, FP those of other classes that are, and FN those of the
class that are answered otherwise. A figure whose denominator is 0 is 0, as in scikit-learn with `zero_division=0`.

Of all classes together Matthews' correlation, from -1 to 1, is 0 for whoever guesses, however unequal the classes are
(Matthews 1975; of more than two classes Gorodkin 2004, eq. 8):

    (c·N - Σ_k p_k·t_k) / √((N² - Σ_k p_k²)·(N² - Σ_k t_k²))

c counts the right answers among N, p_k the answers with class k, t_k its examples.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seqloom.metrics.base import comparable
from seqloom.metrics.choice import target_kind

UNBALANCED, TIMES = 70.0, 10
"""Classes are unbalanced where the largest is this share of the examples (in percent), or this many times as large as
the smallest."""
NAMED = 5
"""How many classes, or pairs of classes, a sentence or the JSON of an evaluation names."""
LISTED = 50
"""How many confused pairs of classes the JSON lists at most."""
BY_LABEL = frozenset({"accuracy", "macro_f1"})
"""Metrics of which one says that answers are labels."""


@dataclass(frozen=True)
class ClassFigures:
    """The figures of one class.

    `support` counts the examples of the class, `predicted` those that are answered with it, `right` those that are
    both; precision, recall and F1 are in percent.
    """

    label: str
    support: int
    predicted: int
    right: int

    @property
    def precision(self) -> float:
        """The share of the answers with this class that are right."""
        return percent(self.right, self.predicted)

    @property
    def recall(self) -> float:
        """The share of the examples of this class that are answered with it."""
        return percent(self.right, self.support)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return percent(2 * self.right, self.predicted + self.support)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        figures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {"label": self.label, **figures, "support": self.support, "predicted": self.predicted}


@dataclass(frozen=True)
class ClassificationReport:
    """The figures of each class of a classifier, the largest class first.

    `confusion` counts the examples of each true class (first) that are answered with each class (second); pairs that
    never occur are left out. Classes are all labels in references or answers; one that no reference has comes last and
    has a support of 0. Where several labels are accepted for an example, its true class is the answer if it is among
    them, else the first.
    """

    classes: tuple[ClassFigures, ...]
    confusion: dict[tuple[str, str], int]

    @staticmethod
    def of(predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> ClassificationReport:
        """Count how the examples of each class are answered; raises a `DataError` as metrics do."""
        answers, accepted = comparable(predictions, references)
        truths = [answer if answer in each else each[0] for answer, each in zip(answers, accepted, strict=True)]
        confusion = Counter(zip(truths, answers, strict=True))
        support, predicted = Counter(truths), Counter(answers)
        labels = sorted({*support, *predicted}, key=lambda label: (-support[label], label))
        classes = (ClassFigures(each, support[each], predicted[each], confusion[each, each]) for each in labels)
        return ClassificationReport(tuple(classes), dict(sorted(confusion.items())))

    @property
    def count(self) -> int:
        """The number of examples."""
        return sum(each.support for each in self.classes)

    @property
    def accuracy(self) -> float:
        """The share of the examples that are answered with their class, in percent."""
        return percent(sum(each.right for each in self.classes), self.count)

    @property
    def majority(self) -> ClassFigures:
        """The class with the most examples."""
        return self.classes[0]

    @property
    def baseline(self) -> float:
        """The accuracy, in percent, of always answering the class with the most examples."""
        return percent(self.majority.support, self.count)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of all classes, each of which counts alike."""
        return sum(each.f1 for each in self.classes) / len(self.classes)

    @property
    def matthews(self) -> float:
        """Matthews' correlation of true and answered classes, from -1 to 1; 0 where either is always the same."""
        number, right = self.count, sum(each.right for each in self.classes)
        product = sum(each.predicted * each.support for each in self.classes)
        answers, truths = (
            number**2 - sum(getattr(each, name) ** 2 for each in self.classes) for name in ("predicted", "support")
        )
        return (right * number - product) / math.sqrt(answers * truths) if answers and truths else 0.0

    @property
    def figures(self) -> dict[str, float]:
        """The figures of all classes together by their names that are no metrics of their own."""
        return {"matthews": self.matthews}

    @cached_property
    def confused(self) -> tuple[tuple[str, str, int], ...]:
        """True class, answered class and number of examples wherever they differ, the most frequent first."""
        wrong = [(truth, answer, count) for (truth, answer), count in self.confusion.items() if truth != answer]
        return tuple(sorted(wrong, key=lambda each: -each[2]))

    @property
    def unbalanced(self) -> bool:
        """Whether some class is so much larger than others that accuracy says little."""
        supports = [each.support for each in self.classes if each.support]
        return len(supports) > 1 and (self.baseline >= UNBALANCED or supports[0] >= TIMES * supports[-1])

    def sentences(self) -> Iterator[str]:
        """What a user should know beside accuracy and macro F1."""
        real = [each for each in self.classes if each.support]
        if len(real) == 1:
            yield f"all {self.count:,} examples have the label {self.majority.label!r}: figures on them say little"
            return
        if self.accuracy <= self.baseline:
            worse = "no better than" if self.accuracy == self.baseline else "worse than"
            yield (
                f"accuracy {self.accuracy:.2f} is {worse} always answering {self.majority.label!r}, the most frequent "
                f"label ({self.baseline:.2f})"
            )
        if self.unbalanced:
            yield (
                f"the labels are unbalanced: {self.majority.label!r} has {self.majority.support:,} of {self.count:,} "
                f"examples, {real[-1].label!r} {real[-1].support:,}; accuracy says little of the small ones, look at "
                f"macro F1 ({self.macro_f1:.2f})"
            )
        if silent := [f"{each.label!r} ({number_of(each.support)})" for each in real if not each.predicted]:
            yield f"the model never answers {len(silent):,} of the {len(real):,} labels: {listed(silent)}"
        if strange := [f"{each.label!r}" for each in self.classes if not each.support]:
            number = sum(each.predicted for each in self.classes if not each.support)
            said = "1 answer is a label" if number == 1 else f"{number:,} answers are labels"
            yield f"{said} that no example has: {listed(strange)}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file; of confused pairs the most frequent fifty."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            **self.figures,
            "majority": self.majority.label,
            "majority_baseline": self.baseline,
            "unbalanced": self.unbalanced,
            "classes": [each.to_json() for each in self.classes],
            "confused": [
                {"truth": truth, "answer": answer, "count": count} for truth, answer, count in self.confused[:LISTED]
            ],
        }


def classification(
    names: Sequence[str], predictions: Sequence[str], references: Sequence[Sequence[str]]
) -> ClassificationReport | None:
    """The figures of each class where answers are labels: one of the metrics `names` is of labels, or the targets look
    like labels. None elsewhere."""
    if BY_LABEL.isdisjoint(names) and target_kind([each[0] for each in references]) != "labels":
        return None
    return ClassificationReport.of(predictions, references)


def percent(part: int, whole: int) -> float:
    """A share in percent, 0 of nothing."""
    return 100 * part / whole if whole else 0.0


def number_of(number: int) -> str:
    """A number of examples in words."""
    return "1 example" if number == 1 else f"{number:,} examples"


def listed(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
