"""The commands with a model of tags: what they print, and what a terminal shows in colour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framed import framed
from seqloom.cli.main import app
from seqloom.cli.tag_tables import highlighted
from seqloom.prediction import Prediction
from seqloom.tag_scheme import Span
from tagged import tagged


def test_answers_are_lines_of_tags_or_json(tags_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    file.write_text("ann lives in new york\n\ndan smith met bob today\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["predict", str(tags_folder), str(file)])
    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == ["B-PER O O B-LOC I-LOC", "", "B-PER I-PER O B-PER O"]
    found = CliRunner().invoke(app, ["predict", str(tags_folder), str(file), "--json"])
    first = json.loads(found.stdout.splitlines()[0])
    assert first["tags"] == ["B-PER", "O", "O", "B-LOC", "I-LOC"]
    assert [(each["type"], each["text"]) for each in first["spans"]] == [("PER", "ann"), ("LOC", "new york")]
    assert first["source_tokens"] == ["ann", "lives", "in", "new", "york"]


def test_an_evaluation_has_tables_of_types_and_tags(tags_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "test.conll"
    lines = [
        "".join(f"{word} {tag}\n" for word, tag in zip(source.split(), target.split(), strict=True))
        for source, target in [*tagged(30, 5), ("bob is oslo", "B-PER O B-PER")]
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    found = CliRunner().invoke(app, ["evaluate", str(tags_folder), str(file)])
    assert found.exit_code == 0, found.output
    for expected in ("entity_f1", "token_accuracy", "span", "PER", "I-LOC", "right tag"):
        assert expected in found.stdout
    found = CliRunner().invoke(app, ["evaluate", str(tags_folder), str(file), "--json"])
    values = json.loads(found.stdout)
    assert {each["label"] for each in values["tags"]["spans"]} == {"PER", "LOC"}
    assert values["tags"]["confused"] == [["B-PER", "B-LOC", 1]]


def test_bad_files_end_with_2_and_the_line(tags_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "test.tsv"
    file.write_text("ann met bob\tB-PER O\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["evaluate", str(tags_folder), str(file)])
    assert found.exit_code == 2
    assert "test.tsv:1" in found.output.replace("\n", "")


def test_spans_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    spans = (Span("PER", 0, 2), Span("LOC", 3, 4))
    answer = Prediction("B-PER I-PER O B-LOC O", 0.0, spans=spans)
    shown = highlighted(["dan", "smith", "in", "oslo", "."], answer)
    assert "dan smith [PER]\x1b[0m in " in shown
    assert shown.endswith("oslo [LOC]\x1b[0m .")
    assert shown.count("\x1b[1m") == 2
    answer = Prediction("ask where: O B-LOC", 0.0, labels=("ask where",), spans=(Span("LOC", 1, 2),))
    assert highlighted(["in", "oslo"], answer).startswith("\x1b[1mask where:\x1b[0m in ")


def test_frames_have_a_label_before_their_tags(frame_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    file.write_text("ann lives in new york\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["predict", str(frame_folder), str(file)])
    assert found.stdout == "home: B-PER O O B-LOC I-LOC\n", found.output
    file = tmp_path / "test.tsv"
    rows = [(source, *reversed(target.split(": "))) for source, target in framed(30, 5)]
    file.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    given = ["evaluate", str(frame_folder), str(file), "--set", 'data.label="3"']
    found = CliRunner().invoke(app, given)
    assert found.exit_code == 0, found.output
    for expected in ("exact_match", "slot_f1", "intent_accuracy", "majority baseline", "nats per word and label"):
        assert expected in found.stdout
    for expected in ("ask where", "PER", "I-LOC"):
        assert expected in found.stdout
    values = json.loads(CliRunner().invoke(app, [*given, "--json"]).stdout)
    assert {each["label"] for each in values["tags"]["spans"]} == {"PER", "LOC"}
    assert {each["label"] for each in values["labels"]["classes"]} >= {"home", "way"}


def test_what_a_tagger_cannot_do_is_said_as_such(frame_folder: Path, tmp_path: Path) -> None:
    drawn = CliRunner().invoke(
        app, ["plot", "attention", str(frame_folder), "ann lives in rome", "--output", str(tmp_path / "a.png")]
    )
    assert drawn.exit_code == 2
    assert "to have attention to draw, and this one chooses tags" in drawn.stderr
    several = CliRunner().invoke(app, ["predict", str(frame_folder), "--n-best", "2"], input="ann lives in rome\n")
    assert (several.exit_code, "columns:" in several.stderr) == (2, False)


def test_white_space_of_tags_is_no_finding_of_a_report(tmp_path: Path) -> None:
    for name, place in (("words", 0), ("tags", 1), ("labels", 2)):
        rows = [(source, *reversed(target.split(": "))) for source, target in framed(30, 5)]
        for part in ("train", "test"):
            (tmp_path / part).mkdir(exist_ok=True)
            (tmp_path / part / name).write_text("".join(f"{row[place]} \n" for row in rows), encoding="utf-8")
    train, test = (
        ",".join(str(tmp_path / part / name) for name in ("words", "tags", "labels")) for part in ("train", "test")
    )
    found = CliRunner().invoke(app, ["data", "report", train, "--against", test, "--set", 'data.label="3"'])
    assert found.exit_code == 0, found.output
    assert "white space" not in found.output
    assert "train/words,train/tags,train/labels" in found.output  # told apart from the files of the same names
    assert "test/words,test/tags,test/labels" in found.output
