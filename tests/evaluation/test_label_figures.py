"""Evaluations of models that answer with labels: figures of decisions and of probabilities, in Python and on the
terminal."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import seqloom
from labelling import labelled
from seqloom.cli.main import app
from seqloom.metrics import ClassificationReport, SeveralLabelsReport
from toy import write_pairs


def test_an_evaluation_of_labels_has_figures_of_probabilities(label_folder: Path) -> None:
    model, pairs = seqloom.load(label_folder), labelled(80, 5)
    found = model.evaluate([*pairs, ("a good day", "rage")])
    assert isinstance(found.labels, ClassificationReport)
    assert found.probabilities is not None
    assert (found.probabilities.count, found.probabilities.left_out) == (80, 1)
    assert any("1 example without a known label" in note for note in found.notes)
    answers = model.predict([text for text, _ in pairs])
    wanted = [-math.log(answer.probabilities[label]) for answer, (_, label) in zip(answers, pairs, strict=True)]
    assert found["log_loss"] == pytest.approx(sum(wanted) / len(wanted))
    assert found["auroc"] > 0.9
    assert found["matthews"] == found.labels.matthews > 0.8
    values = json.loads(json.dumps(found.to_json()))
    assert set(values["probabilities"]) == {
        *("log_loss", "brier_score", "expected_calibration_error", "auroc", "examples", "left_out"),
    }
    whole = model.evaluate(pairs)
    assert whole.confidence is not None
    assert whole["expected_calibration_error"] == pytest.approx(whole.confidence.calibration_error)


def test_an_evaluation_of_several_labels_counts_each(labels_folder: Path) -> None:
    model = seqloom.load(labels_folder)
    found = model.evaluate(labelled(80, 5, several=True))
    assert isinstance(found.labels, SeveralLabelsReport)
    assert {each.label for each in found.labels.classes} == {"joy", "grief", "calm"}
    assert found["subset_accuracy"] == found["accuracy"]
    assert found["micro_f1"] >= found["subset_accuracy"]
    assert found["hamming_loss"] < 15
    assert 0 < found["brier_score"] < 0.2
    assert found.to_json()["labels"]["micro_f1"] == found["micro_f1"]
    assert model.config.measures == ("accuracy",)
    card = (labels_folder / "README.md").read_text(encoding="utf-8")
    assert "micro F1" in card


@pytest.mark.parametrize("several", [False, True])
def test_the_terminal_shows_them(label_folder: Path, labels_folder: Path, tmp_path: Path, several: bool) -> None:
    folder = labels_folder if several else label_folder
    file = write_pairs(tmp_path / "t.tsv", labelled(60, 3, several=several))
    done = CliRunner().invoke(app, ["evaluate", str(folder), str(file)])
    assert done.exit_code == 0, done.stderr
    shown = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert {"log_loss", "brier_score", "expected_calibration_error", "auroc"} <= set(shown)
    assert "micro_f1" in shown if several else "matthews" in shown
    assert "perplexity" not in shown
    assert "per example" in shown["loss"]
    assert not [line for line in done.stdout.splitlines() if len(line.rstrip()) > 80]


def test_without_a_known_label_there_is_no_loss(label_folder: Path, tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "other.tsv", [("a good day", "rage")])
    found = CliRunner().invoke(app, ["evaluate", str(label_folder), str(pairs)])
    assert found.exit_code == 0, found.output
    assert re.search(r"loss +- +no target can be an answer of this model", found.stdout)
    assert re.search(r"^1 example in ", found.stdout, re.MULTILINE)
    assert "perplexity" not in found.stdout
