"""Pictures of evaluations: what is drawn of classes, confidences and probabilities, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from labelling import labelled
from seqloom.cli.main import app
from seqloom.confidence import LabelProbabilities, reliability
from seqloom.errors import DataError
from seqloom.metrics import ClassificationReport, SeveralLabelsReport
from seqloom.plots import plot_confusion, plot_precision_recall, plot_reliability, plot_roc
from toy import write_pairs


def probabilities(labels: int, *, several: bool = False) -> LabelProbabilities:
    chance = np.random.default_rng(labels)
    found = chance.dirichlet(np.ones(labels), 60)
    given = np.eye(labels, dtype=bool)[[chance.choice(labels, p=row) for row in found]]
    return LabelProbabilities(tuple("abcdefghij"[:labels]), found, given, several)


def texts_of(axes: Any) -> list[str]:
    return [each.get_text() for each in axes.texts]


def test_a_confusion_matrix_has_its_counts_and_names() -> None:
    (axes,) = plot_confusion(ClassificationReport.of(["a", "b", "a", "a"], ["a", "b", "b", "a"]), title="t").axes
    assert [each.get_text() for each in axes.get_yticklabels()] == ["a", "b"]
    assert texts_of(axes) == ["2", "1", "1"]
    (mesh,) = axes.collections
    shares: Any = mesh.get_array()
    assert shares.tolist() == [[1, 0], [0.5, 0.5]]


def test_many_labels_are_put_together() -> None:
    names = [f"label {number:02}" for number in range(40)]
    (axes,) = plot_confusion(ClassificationReport.of(names, names)).axes
    labels = [each.get_text() for each in axes.get_yticklabels()]
    assert (len(labels), labels[-1]) == (30, "11 others")
    assert not texts_of(axes)


def test_a_reliability_diagram_has_a_bar_for_each_bin() -> None:
    found = reliability("exact_match", [0.1, 0.12, 0.9, 0.95], [0, 1, 1, 1])
    assert found is not None
    upper, lower = plot_reliability(found).axes
    assert [each.get_height() for each in upper.patches] == [each.worth for each in found.bins]  # type: ignore[attr-defined]
    assert [each.get_height() for each in lower.patches] == [2, 1, 1]  # type: ignore[attr-defined]
    assert f"{found.calibration_error:.3f}" in texts_of(upper)[0]


@pytest.mark.parametrize(("labels", "named"), [(2, 1), (3, 3), (9, 6)])
def test_curves_are_named_with_their_areas(labels: int, named: int) -> None:
    found = probabilities(labels)
    for picture in (plot_roc(found), plot_precision_recall(found)):
        (axes,) = picture.axes
        legend = axes.get_legend()
        assert legend is not None
        lines = [each.get_text() for each in legend.get_texts()]
        assert len(lines) == named + (labels > named > 1)
        assert all(0 <= float(each.split()[1]) <= 1 for each in lines[:named])
    if labels > 2:
        assert found.figures["auroc"] is not None
    both = probabilities(2, several=True)
    assert len(plot_roc(both).axes[0].get_legend().get_texts()) == 2  # type: ignore[union-attr]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DataError, match="several at once"):
        plot_confusion(SeveralLabelsReport.of([["a"]], [["a"]]))
    with pytest.raises(DataError, match="they are none"):
        plot_confusion(None)
    with pytest.raises(DataError, match="must be answers with a confidence"):
        plot_reliability(None)
    with pytest.raises(DataError, match="must be probabilities of labels"):
        plot_roc(None)
    one_class = LabelProbabilities(("a", "b"), np.full((3, 2), 0.5), np.array([[True, False]] * 3))
    with pytest.raises(DataError, match="no label has examples"):
        plot_roc(one_class)


def test_the_commands_draw_pictures_of_an_evaluation(label_folder: Path, toy_folder: Path, tmp_path: Path) -> None:
    file = str(write_pairs(tmp_path / "t.tsv", [*labelled(40, 3), ("a film", "rage")]))
    for command in ("confusion", "reliability", "roc", "precision-recall"):
        picture = tmp_path / f"{command}.png"
        done = CliRunner().invoke(app, ["plot", command, str(label_folder), file, "--output", str(picture)])
        assert done.exit_code == 0, done.stderr
        assert picture.stat().st_size > 5000
        assert "'rage'" in done.stderr
    refused = CliRunner().invoke(app, ["plot", "roc", str(toy_folder), file])
    assert refused.exit_code == 2
