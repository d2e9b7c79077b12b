"""A model that answers with labels: the figures of its classes in evaluations, on the terminal, and in its card."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.api import Model
from seqloom.cli.main import app
from seqloom.metrics import ClassificationReport
from toy import SETTINGS, copied, write_pairs


def ended(count: int, seed: int) -> list[tuple[str, str]]:
    """Words and the kind of letter that they begin with; few begin with d."""
    chance = random.Random(seed)
    first = {"a": "vowel", "b": "consonant", "d": "rare one"}
    letters = [("ab" * 20 + "d")[number % 41] for number in range(count)]
    words = [letter + "".join(chance.choices("abcd", k=3)) for letter in letters]
    return [(word, first[word[0]]) for word in words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("classes") / "model"
    settings = {**SETTINGS, "text.target.kind": "word", "training.epochs": 3, "training.selection.limit": 100}
    seqloom.train(ended(300, 1), ended(100, 2), place, settings=settings)
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return seqloom.load(folder)


def test_an_evaluation_has_the_figures_of_each_class(model: Model) -> None:
    found = model.evaluate(ended(90, 3))
    assert isinstance(found.labels, ClassificationReport)
    assert found["accuracy"] == found.labels.accuracy
    assert found["macro_f1"] == pytest.approx(found.labels.macro_f1)
    assert {"vowel", "consonant"} <= {each.label for each in found.labels.classes}
    values = json.loads(json.dumps(found.to_json()))
    assert values["labels"]["majority_baseline"] == found.labels.baseline
    assert [note for note in found.notes if "unbalanced" in note] == [
        note for note in found.labels.sentences() if "unbalanced" in note
    ]
    assert any("unbalanced" in note for note in values["notes"])


def test_figures_by_file_leave_macro_f1_what_it_is(model: Model, tmp_path: Path) -> None:
    files = [write_pairs(tmp_path / f"{seed}.tsv", ended(50, seed)) for seed in (4, 5)]
    found = model.evaluate(files)
    assert found.by is not None
    (score,) = (each for each in found.scores if each.name == "macro_f1")
    assert found["macro_f1"] == score.value
    assert found["macro_accuracy"] == found.by.macro["accuracy"]


def test_no_labels_have_no_classes(toy_model: Model) -> None:
    found = toy_model.evaluate(copied(20, seed=8))
    assert found.labels is None
    assert "labels" not in found.to_json()


def test_the_terminal_shows_classes_baseline_and_confusion(folder: Path, tmp_path: Path) -> None:
    pairs = [*ended(60, 3), ("aaaa", "consonant")]
    done = CliRunner().invoke(app, ["evaluate", str(folder), str(write_pairs(tmp_path / "t.tsv", pairs))])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert any(line.startswith("majority baseline") and "always answering" in line for line in lines)
    (head,) = (line for line in lines if line.startswith("label "))
    assert head.split() == ["label", "examples", "answered", "precision", "recall", "F1"]
    assert any(line.startswith("confusion: true ↓ answered →") for line in lines)
    wide = [line for line in lines if len(line.rstrip()) > 80]
    assert not wide
    assert "note: the labels are unbalanced" in done.stderr


def test_the_card_and_the_metrics_hold_the_classes(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Each class" in card
    assert "| vowel | " in card
    classes = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["dev_classes"]
    assert sum(each["support"] for each in classes["classes"]) == 100
    shown = CliRunner().invoke(app, ["show", str(folder)])
    assert shown.exit_code == 0
    assert "dev_classes" not in shown.stdout
