"""Figures of answers that are several labels at once (Tsoumakas & Katakis 2007, §4).

micro F1          2·TP / (2·TP + FP + FN) of all labels counted together
macro F1          the mean F1 of all labels that occur
subset accuracy   the share of the examples whose labels are all right
Hamming loss      the share of the N·C answers "has it" and "has it not" that are wrong
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.errors import DataError
from seqloom.metrics.classification import ClassFigures, listed, number_of, percent


@dataclass(frozen=True)
class SeveralLabelsReport:
    """The figures of each label and of all together, in percent; the label of the most examples comes first.

    `exact` counts the examples whose labels are all right, `known` the labels that Hamming loss asks for: those of the
    model, and any others that examples have.
    """

    classes: tuple[ClassFigures, ...]
    count: int
    exact: int
    known: int

    @staticmethod
    def of(
        predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], known: Sequence[str] = ()
    ) -> SeveralLabelsReport:
        """Count the labels of answers and examples; `known` are those that a model has."""
        if len(predictions) != len(references) or not predictions:
            raise DataError(
                f"there must be as many answers as examples, and at least one, not {len(predictions)} and "
                f"{len(references)}"
            )
        pairs = [(set(answer), set(truth)) for answer, truth in zip(predictions, references, strict=True)]
        predicted = Counter(label for answer, _ in pairs for label in answer)
        support = Counter(label for _, truth in pairs for label in truth)
        right = Counter(label for answer, truth in pairs for label in answer & truth)
        occurring = sorted({*support, *predicted}, key=lambda label: (-support[label], label))
        classes = tuple(ClassFigures(each, support[each], predicted[each], right[each]) for each in occurring)
        exact = sum(answer == truth for answer, truth in pairs)
        return SeveralLabelsReport(classes, len(pairs), exact, len({*occurring, *known}))

    @property
    def micro_f1(self) -> float:
        """F1 of all labels counted together."""
        right, predicted, support = (
            sum(getattr(each, name) for each in self.classes) for name in ("right", "predicted", "support")
        )
        return percent(2 * right, predicted + support)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of all labels that occur, each of which counts alike."""
        return sum(each.f1 for each in self.classes) / len(self.classes) if self.classes else 0.0

    @property
    def subset_accuracy(self) -> float:
        """The share of the examples whose labels are all right, and no more, in percent."""
        return percent(self.exact, self.count)

    @property
    def hamming_loss(self) -> float:
        """The share of wrong answers where each label is a question of its own, in percent."""
        wrong = sum(each.predicted + each.support - 2 * each.right for each in self.classes)
        return percent(wrong, self.count * self.known)

    @property
    def figures(self) -> dict[str, float]:
        """The figures of all labels together by their names, in percent."""
        return {
            "micro_f1": self.micro_f1,
            "label_macro_f1": self.macro_f1,
            "subset_accuracy": self.subset_accuracy,
            "hamming_loss": self.hamming_loss,
        }

    def sentences(self) -> Iterator[str]:
        """What a user should know beside the figures."""
        real = [each for each in self.classes if each.support]
        if silent := [f"{each.label!r} ({number_of(each.support)})" for each in real if not each.predicted]:
            yield f"the model never answers {len(silent):,} of the {len(real):,} labels: {listed(silent)}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {**self.figures, "classes": [each.to_json() for each in self.classes]}
