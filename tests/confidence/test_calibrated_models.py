"""Confidences of a trained model: in every engine, for the search they were fitted with, in its folder and commands."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import seqloom
from answering import assert_same
from seqloom.api import Model
from seqloom.checkpoint.format import CONFIDENCE
from seqloom.cli.doubt import Doubt
from seqloom.cli.main import app
from seqloom.confidence import chosen_measure
from seqloom.data import DataConfig, Source
from seqloom.errors import ConfigError, DataError, ModelFolderError
from seqloom.evaluation import read_evaluation
from seqloom.prediction import Prediction
from seqloom.runtime_model import load_graph
from toy import SETTINGS, copied, write_pairs

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
LINES = ["abcd", "", "a", "dcba", "ab?d"]


@pytest.fixture
def copy(toy_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_folder, tmp_path / "model"))


def run(*arguments: object, text: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [*map(str, arguments)], input=text)
    return done.exit_code, done.stdout, done.stderr


def test_training_calibrates_on_its_dev_data(toy_model: Model, toy_folder: Path) -> None:
    calibration = toy_model.calibration
    assert calibration is not None
    assert calibration.figures.answers == SETTINGS["training.selection.limit"]
    assert calibration.measure == chosen_measure(toy_model.config.measures) == "exact_match"
    assert "which also chose the weights" in calibration.data
    assert (
        "Its confidence is the probability that the answer is exactly right" in (toy_folder / "README.md").read_text()
    )
    assert json.loads((toy_folder / CONFIDENCE).read_text())["search"]["beam"] == toy_model.config.search.beam


def test_too_few_dev_answers_are_said_and_leave_no_calibration(tmp_path: Path) -> None:
    few = {**SETTINGS, "training.epochs": 1}
    said: list[str] = []

    def listen(report: object) -> None:
        said.append(str(getattr(report, "text", "")))

    model = seqloom.train(copied(50), copied(10, seed=2), tmp_path / "m", settings=few, callbacks=[listen])
    assert model.calibration is None
    assert not (tmp_path / "m" / CONFIDENCE).exists()
    assert any("answers have no confidence: 10 dev answers are too few" in each for each in said)
    assert model.predict("abc")[0].confidence is None
    status, _, err = run("predict", tmp_path / "m", "--min-confidence", 0.5, text="abc\n")
    assert status == 2
    assert "answers have no confidence: the model was not calibrated" in err
    assert "hint: seqloom calibrate MODEL DATA" in " ".join(err.split())


def test_best_answers_have_a_confidence_and_nothing_else_has(toy_model: Model) -> None:
    first, empty, *others = toy_model.predict(LINES, n_best=3)
    for answer in (first, *others):
        assert answer.confidence is not None
        assert 0 < answer.confidence < 1
        assert all(each.confidence is None for each in answer.alternatives)
    assert empty.confidence is None
    alone = [toy_model.predict(line)[0].confidence for line in LINES]
    assert alone == pytest.approx([first.confidence, None, *(each.confidence for each in others)], abs=1e-4)
    assert first.to_json()["confidence"] == pytest.approx(first.confidence, abs=1e-4)
    (prefixed,) = toy_model.predict(["abcd"], prefix="a")
    assert prefixed.confidence is None


def test_another_search_has_none_until_it_is_calibrated(toy_model: Model) -> None:
    greedy = toy_model.with_settings(beam=1)
    assert greedy.predict("abcd")[0].confidence is None
    assert greedy.predictor.unsure.endswith("another search (search.beam is 1 and was 5)")
    (note,) = (each for each in greedy.evaluate(copied(5)).notes if "confidence" in each)
    assert note == greedy.predictor.unsure
    again = greedy.with_confidence(copied(30, seed=7))
    assert again.predict("abcd")[0].confidence is not None
    assert again.with_settings(beam=2).predict("abcd")[0].confidence is None
    with pytest.raises(DataError, match="at least 20 answers"):
        greedy.with_confidence(copied(3))


def test_a_calibration_can_be_about_any_metric(toy_model: Model, tmp_path: Path) -> None:
    model = toy_model.with_confidence(copied(25, seed=7), metric="chrf", limit=22)
    assert model.calibration is not None
    assert model.calibration.meaning == "the expected chrf of the answer, from 0 to 1"
    assert model.calibration.figures.answers == 22
    model.save(tmp_path / "m")
    assert seqloom.load(tmp_path / "m", engine="torch").calibration == model.calibration
    with pytest.raises(ConfigError, match="not a known metric"):
        toy_model.with_confidence(copied(25), metric="beauty")


def test_an_evaluation_tests_confidences(toy_model: Model) -> None:
    pairs = copied(60, seed=5)
    result = toy_model.evaluate(pairs)
    found = result.confidence
    assert found is not None
    right = [answer.text == target for answer, (_, target) in zip(result.predictions, pairs, strict=True)]
    assert found.worth == pytest.approx(sum(right) / 60)
    brier = sum(
        (float(own) - (answer.confidence or 0)) ** 2 for own, answer in zip(right, result.predictions, strict=True)
    )
    assert found.brier == pytest.approx(brier / 60)
    values = json.loads(json.dumps(result.to_json(predictions=True)))
    assert values["confidence"]["expected_calibration_error"] == found.calibration_error
    assert values["predictions"][0]["confidence"] == result.predictions[0].confidence
    assert replace(toy_model, calibration=None).evaluate(pairs).to_json()["confidence"] is None


def test_a_graph_has_the_confidences_of_pytorch(both_graphs: Path) -> None:
    lines = [source for source, _ in copied(30, seed=8)]
    wanted = seqloom.load(both_graphs, engine="torch").predict([*LINES, *lines])
    assert_same(load_graph(both_graphs, int8=False).predict([*LINES, *lines]), wanted)
    small = load_graph(both_graphs, int8=True).predict([*LINES, *lines])
    shifts = [
        abs(a.confidence - b.confidence) for a, b in zip(small, wanted, strict=True) if a.confidence and b.confidence
    ]
    assert len(shifts) == len(wanted) - 1
    assert max(shifts) < 0.1


def test_a_damaged_calibration_is_refused(copy: Path) -> None:
    text = (copy / CONFIDENCE).read_text()
    (copy / CONFIDENCE).write_text(text.replace("0", "1", 1))
    with pytest.raises(ModelFolderError, match="damaged"):
        seqloom.load(copy, engine="torch")


def test_the_command_calibrates_a_folder(copy: Path, tmp_path: Path) -> None:
    dev = write_pairs(tmp_path / "dev.tsv", copied(40, seed=6))
    status, out, err = run("calibrate", copy, dev, "--set", "search.beam=2", "--json")
    assert status == 0
    assert json.loads(out)["figures"]["answers"] == 40
    assert f"{copy / CONFIDENCE}: confidence is the probability" in err
    assert "fewer than 200 answers it is a rough one" in err
    assert f"seqloom predict {copy} --set search.beam=2 --min-confidence 0.9" in err
    assert seqloom.load(copy, engine="torch").with_settings(beam=2).predict("abc")[0].confidence is not None
    status, out, _ = run("show", copy)
    assert status == 0
    assert "search.beam" in out
    assert json.loads(run("show", copy, "--json")[1])["confidence"]["data"] == str(dev)
    assert run("calibrate", copy, write_pairs(tmp_path / "few.tsv", copied(3)))[0] == 2


def test_doubtful_answers_are_marked(copy: Path) -> None:
    lines = "\n".join(LINES) + "\n"
    status, out, err = run("predict", copy, "--min-confidence", 0, text=lines)
    assert status == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[2] for row in rows] == ["", "", "", "", "check"]
    assert rows[1] == ["", "", ""]
    assert "1 of 5 answers is doubtful (unknown symbols: 1); confidence is the probability" in err
    _, out, err = run("predict", copy, "--min-confidence", 1, text=lines)
    assert [line.split("\t")[2] for line in out.splitlines()] == ["check", "", "check", "check", "check"]
    assert "4 of 5 answers are doubtful (confidence below 1: 4, unknown symbols: 1)" in err
    _, out, _ = run("predict", copy, "--min-confidence", 1, "--n-best", 2, text="abcd\n")
    assert [line.split("\t")[4] for line in out.splitlines()] == ["check", ""]
    _, out, _ = run("predict", copy, "--min-confidence", 1, "--json", text="ab?d\n")
    assert json.loads(out)["doubtful"] == ["confidence below 1", "unknown symbols"]
    _, out, _ = run("predict", copy, "--json", text="ab?d\n")
    assert "doubtful" not in json.loads(out)
    assert json.loads(out)["confidence"] > 0


def test_an_answer_that_was_looked_up_is_never_doubtful(toy_model: Model) -> None:
    assert toy_model.calibration is not None
    doubt = Doubt(0.9, toy_model.calibration)
    known = Prediction("b", 0.0, unknown=("?",), origin="exception")
    assert doubt.look(1, Source("a?"), known, None) == []
    assert doubt.look(2, Source("a?"), replace(known, origin="model"), None) == ["unknown symbols"]
    assert doubt.sentence().startswith("1 of 2 answers is doubtful")


def test_doubtful_answers_are_written_apart_as_pairs(copy: Path, tmp_path: Path) -> None:
    table = tmp_path / "doubtful.tsv"
    status, out, _ = run("predict", copy, "--min-confidence", 1, "--doubtful", table, text="abcd\n\nab?d\n")
    assert status == 0
    assert "\t" not in out
    assert len(out.splitlines()) == 3
    header, first, second = [line.split("\t") for line in table.read_text().splitlines()]
    assert header == ["source", "target", "tags", "confidence", "reason", "input"]
    assert first[0] == "abcd"
    assert first[1] == out.splitlines()[0]
    assert first[4:] == ["confidence below 1", "1"]
    assert second[4:] == ["confidence below 1; unknown symbols", "3"]
    read = read_evaluation([str(table)], DataConfig())
    assert [(each.source, each.target) for each in read] == [(row[0], row[1]) for row in (first, second)]
    run("predict", copy, "--min-confidence", 0, "--doubtful", table, text="abcd\n")
    assert table.read_text() == "\t".join(header) + "\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--doubtful", "x.tsv"], "--doubtful needs --min-confidence"),
        (["--min-confidence", "0.5", "--doubtful", "x", "--output", "x"], "--doubtful needs a file of its own"),
        (["--min-confidence", "0.5", "--beam", "1"], "another search (search.beam is 1 and was 5)"),
        (["--min-confidence", "0.5", "--prefix", "a"], "answers with a given beginning have no confidence"),
        (["--min-confidence", "2"], "less than or equal to 1"),
    ],
)
def test_what_cannot_be_doubted_is_refused(
    toy_folder: Path, options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = run("predict", toy_folder, *options, text="abc\n")
    assert status == 2
    assert message in " ".join(err.split())
    assert not list(tmp_path.iterdir())
