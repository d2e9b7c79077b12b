"""Figures of probabilities, and of several labels at once, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    hamming_loss,
    roc_auc_score,
    roc_curve,
)
from sklearn.metrics import log_loss as official_log_loss
from sklearn.metrics import precision_recall_curve as official_precision_recall

from seqloom.errors import DataError
from seqloom.metrics import SeveralLabelsReport
from seqloom.metrics.probabilities import auroc, brier_score, log_loss, precision_recall, roc


def drawn(labels: int, *, several: bool = False, count: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with two digits, so that some are equal, and labels that follow them."""
    chance = np.random.default_rng(labels)
    if several:
        probabilities = chance.random((count, labels)).round(2)
        return probabilities, chance.random(probabilities.shape) < probabilities
    probabilities = chance.dirichlet(np.ones(labels) / 2, count).round(2) + 0.001
    probabilities /= probabilities.sum(1, keepdims=True)
    right = np.array([chance.choice(labels, p=row) for row in probabilities])
    return probabilities, np.eye(labels, dtype=bool)[right]


@pytest.mark.parametrize("labels", [2, 3, 7])
def test_figures_of_one_label_are_those_of_scikit_learn(labels: int) -> None:
    probabilities, given = drawn(labels)
    right = given.argmax(1)
    assert log_loss(probabilities, given) == pytest.approx(official_log_loss(right, probabilities))
    assert brier_score(probabilities, given) == pytest.approx(brier_score_loss(right, probabilities))
    official = probabilities[:, 1] if labels == 2 else probabilities
    assert auroc(probabilities, given) == pytest.approx(roc_auc_score(right, official, multi_class="ovr"))


def test_figures_of_several_labels_are_those_of_scikit_learn() -> None:
    probabilities, given = drawn(4, several=True)
    columns = list(zip(probabilities.T, given.T, strict=True))
    assert log_loss(probabilities, given, several=True) == pytest.approx(
        np.mean([official_log_loss(right, column, labels=[False, True]) for column, right in columns])
    )
    assert brier_score(probabilities, given, several=True) == pytest.approx(
        np.mean([brier_score_loss(right, column) for column, right in columns])
    )
    assert auroc(probabilities, given) == pytest.approx(roc_auc_score(given, probabilities, average="macro"))


def test_curves_are_those_of_scikit_learn() -> None:
    probabilities, given = (each[:, 1] for each in drawn(3))
    found = roc(probabilities, given)
    assert found is not None
    x, y, _ = roc_curve(given, probabilities, drop_intermediate=False)
    assert np.allclose(found.x, x)
    assert np.allclose(found.y, y)
    found = precision_recall(probabilities, given)
    assert found is not None
    assert found.area == pytest.approx(average_precision_score(given, probabilities))
    precision, recall, _ = official_precision_recall(given, probabilities)
    assert np.allclose(found.x, recall[::-1])
    assert np.allclose(found.y, precision[::-1])


def test_what_has_no_curve_has_none() -> None:
    probabilities = np.array([[0.2, 0.8], [0.6, 0.4]])
    assert auroc(probabilities, np.array([[True, False], [True, False]])) is None
    assert precision_recall(probabilities[:, 1], np.zeros(2, bool)) is None
    certain = log_loss(np.array([[0.0, 1.0]]), np.array([[True, False]]))
    assert 30 < certain < 40


def test_several_labels_are_counted_as_scikit_learn_counts_them() -> None:
    names = ["a", "b", "c", "d"]
    _, given = drawn(4, several=True)
    _, chosen = drawn(4, several=True, count=81)
    answers, truths = (
        [[name for name, has in zip(names, row, strict=True) if has] for row in rows] for rows in (chosen[:80], given)
    )
    found = SeveralLabelsReport.of(answers, truths, names)
    assert found.micro_f1 == pytest.approx(100 * f1_score(given, chosen[:80], average="micro"))
    assert found.macro_f1 == pytest.approx(100 * f1_score(given, chosen[:80], average="macro"))
    assert found.subset_accuracy == pytest.approx(100 * accuracy_score(given, chosen[:80]))
    assert found.hamming_loss == pytest.approx(100 * hamming_loss(given, chosen[:80]))
    assert [each.support for each in found.classes] == sorted(given.sum(0), reverse=True)


def test_labels_that_are_never_answered_are_named() -> None:
    found = SeveralLabelsReport.of([["a"], []], [["a", "b"], ["b"]], ["a", "b", "c"])
    assert list(found.sentences()) == ["the model never answers 1 of the 2 labels: 'b' (2 examples)"]
    assert found.hamming_loss == pytest.approx(100 * 2 / 6)
    assert SeveralLabelsReport.of([[]], [[]]).macro_f1 == 0
    with pytest.raises(DataError, match="at least one"):
        SeveralLabelsReport.of([], [])
