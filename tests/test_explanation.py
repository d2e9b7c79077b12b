"""Explanations: the part that decides an answer is found, alike with every engine."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.cli.main import app
from seqloom.errors import DataError
from seqloom.explanation import explain

TEXT = "the film was good and"


def test_the_word_that_decides_a_label_is_found(label_graphs: Path) -> None:
    model, graph = (seqloom.load(label_graphs, engine=engine) for engine in ("torch", "onnx"))
    found, other = explain(model, TEXT), explain(graph, TEXT)
    assert found.answer.label == "joy"
    assert (found.unit, [each.part for each in found.without]) == ("word", TEXT.split())
    changes = {each.part: each.change for each in found.without}
    assert min(changes, key=lambda part: changes[part] or 0) == "good"
    assert [each.change for each in other.without] == pytest.approx(list(changes.values()), abs=1e-3)
    (without,) = model.predict(["the film was and"])
    wanted = math.log(without.probabilities["joy"]) - math.log(found.answer.probabilities["joy"])
    assert changes["good"] == pytest.approx(wanted, abs=1e-4)
    weights = dict(found.looked_at)
    assert weights["good"] == max(weights.values())
    assert sum(weights.values()) == pytest.approx(1, abs=1e-4)


def test_several_labels_have_a_change_together(labels_folder: Path) -> None:
    found = explain(seqloom.load(labels_folder), "the bad film was still")
    changes = {each.part: each.change or 0 for each in found.without}
    assert sorted(changes, key=lambda part: changes[part])[0] in ("bad", "still")


def test_a_graph_explains_what_it_writes(exported_folder: Path) -> None:
    found, wanted = (explain(seqloom.load(exported_folder, engine=engine), "abc") for engine in ("onnx", "torch"))
    assert [each.change for each in found.without] == pytest.approx([each.change for each in wanted.without], abs=1e-3)


def test_characters_of_a_word_and_texts_that_are_written(toy_folder: Path) -> None:
    model: Any = seqloom.load(toy_folder)
    found = explain(model, "abc")
    assert (found.unit, [each.part for each in found.without]) == ("character", ["a", "b", "c"])
    (whole,), (less,) = (list(model.score([(source, found.answer.text)])) for source in ("abc", "bc"))
    assert found.without[0].change == pytest.approx(less.log_prob - whole.log_prob, abs=1e-4)
    assert found.without[0].answer == model.predict_one("bc").text
    alone = explain(model, "a")
    assert alone.without[0].answer == ""
    known = model.with_exceptions([("abc", "zzz")])
    assert explain(known, "abc").answer.text == found.answer.text
    with pytest.raises(DataError, match="there must be a text to explain"):
        explain(model, " ")


@pytest.mark.parametrize("kind", ["tags", "frame", "transduction"])
def test_parts_of_answers_change_with_their_words(kind: str, request: pytest.FixtureRequest) -> None:
    found = explain(
        seqloom.load(request.getfixturevalue(f"{kind}_folder")), "abe" if kind == "transduction" else "ann met bob"
    )
    assert len(found.without) == 3
    assert all(each.change is None for each in found.without)
    assert all(each.answer != found.answer.text for each in found.without)


def test_the_command_shows_it_and_prints_json(label_folder: Path) -> None:
    result = CliRunner().invoke(app, ["explain", str(label_folder), TEXT])
    assert result.exit_code == 0, result.output
    assert "answer: joy, with a probability of" in result.stdout
    assert "without the word" in result.stdout
    assert "attention, on average: " in result.stdout
    values = json.loads(CliRunner().invoke(app, ["explain", str(label_folder), TEXT, "--json"]).stdout)
    assert [each["part"] for each in values["without"]] == TEXT.split()
    refused = CliRunner().invoke(app, ["explain", str(label_folder), " "])
    assert refused.exit_code == 2
