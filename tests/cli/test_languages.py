"""A model of several languages on the command line and in Python: the language of an input, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import seqloom
from seqloom.api import Model
from seqloom.cli.main import app
from seqloom.cli.options import try_predicting
from seqloom.data import Source
from seqloom.errors import ConfigError, DataError
from toy import SETTINGS, copied


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


@pytest.fixture(scope="module")
def model(languages_folder: Path) -> Model:
    return seqloom.load(languages_folder)


def test_the_tag_decides(languages_folder: Path, model: Model) -> None:
    for tag, answer in (("low", "abc"), ("up", "ABC")):
        found = run("predict", languages_folder, "--tag", tag, text="abc\n\n")
        assert found.exit_code == 0, found.output
        assert found.stdout == f"{answer}\n\n"
        assert model.predict([Source("abc", (tag,))])[0].text == answer
        assert model.with_settings({"data.fixed_tags": [tag]}).predict("abc")[0].text == answer


def test_the_tag_of_a_file_or_of_a_column(languages_folder: Path, languages_data: Path) -> None:
    found = run("predict", languages_folder, languages_data / "up_test.tsv")
    answers = found.stdout.split()
    assert len(answers) == 10
    assert all(answer.isupper() for answer in answers)
    assert "note: tags from the names of the files (data.tag_from_name): up 10" in found.stderr
    column = run("predict", languages_folder, "--set", "data.tags=2", text="abc\tup\nabc\tlow\n")
    assert column.stdout.split() == ["ABC", "abc"]


def test_no_language_and_an_unknown_one(languages_folder: Path, model: Model) -> None:
    none = run("predict", languages_folder, text="abc\n")
    assert none.exit_code == 2
    assert "every input of this model needs a tag, and 'abc' has none" in none.output
    assert "--tag TAG" in none.output
    assert "low, up" in none.output
    for command in (("predict", languages_folder), ("score", languages_folder, "a.tsv")):
        strange = run(*command, "--tag", "upp", text="abc\n")
        assert strange.exit_code == 2
        assert "not trained on anything with the tag 'upp'" in strange.output
    with pytest.raises(DataError, match="needs a tag"):
        model.predict(["abc"])
    with pytest.raises(DataError, match="needs a tag"):
        list(model.score([("abc", "abc")]))
    with pytest.raises(ConfigError, match="'upp'"):
        model.with_settings({"data.fixed_tags": ["upp"]})
    assert model.predict([Source("abc", ("upp",))])[0].unknown == ("<upp>",)  # read from data, it is said


def test_a_file_of_an_unknown_language_is_said(languages_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "odd_test.tsv").write_text("abc\tabc\n", encoding="utf-8")
    found = run("evaluate", languages_folder, tmp_path / "odd_test.tsv", "--json")
    assert found.exit_code == 0, found.output
    assert "<odd>" in found.stderr
    assert any("<odd>" in note for note in json.loads(found.stdout)["notes"])
    (tmp_path / "words.tsv").write_text("abc\tabc\n", encoding="utf-8")
    refused = run("score", languages_folder, tmp_path / "words.tsv")
    assert refused.exit_code == 2
    assert "words.tsv: the name of the file must hold a tag" in refused.output
    scores = [run("score", languages_folder, tmp_path / "words.tsv", "--tag", tag).stdout for tag in ("low", "up")]
    assert float(scores[0].split("\t")[0]) > float(scores[1].split("\t")[0])


def test_figures_of_each_language(languages_folder: Path, languages_data: Path, model: Model) -> None:
    """The macro mean counts each language alike, the micro total each example; files apart give the same figures."""
    files = [languages_data / f"{tag}_test.tsv" for tag in ("low", "up")]
    found = run("evaluate", languages_folder, *files, "--metrics", "exact_match,cer", "--json")
    assert found.exit_code == 0, found.output
    values = json.loads(found.stdout)
    assert values["by"]["kind"] == "tag"
    rows = {row["name"]: row for row in values["by"]["rows"]}
    assert [(name, row["count"]) for name, row in rows.items()] == [("low", 20), ("up", 10)]
    total = {score["name"]: score["value"] for score in values["scores"]}
    for name in ("exact_match", "loss"):
        figures = [rows[tag][name] for tag in ("low", "up")]
        assert values["by"]["macro_mean"][name] == pytest.approx(sum(figures) / 2)
    assert total["exact_match"] == pytest.approx((2 * rows["low"]["exact_match"] + rows["up"]["exact_match"]) / 3)
    for tag, file in zip(("low", "up"), files, strict=True):
        alone = model.evaluate(file, metrics="exact_match,cer")
        assert alone.by is None
        assert rows[tag]["cer"] == pytest.approx(alone["cer"])
        assert rows[tag]["loss"] == pytest.approx(alone.loss, rel=1e-5)
    whole = model.evaluate([str(file) for file in files])
    assert whole["macro_loss"] == pytest.approx(values["by"]["macro_mean"]["loss"], rel=1e-5)
    table = run("evaluate", languages_folder, f"{languages_data}/*_test.tsv").stdout
    assert "macro mean of 2" in table
    assert "all together" in table


def test_the_best_weights_are_those_of_the_best_macro_mean(languages_folder: Path, model: Model) -> None:
    lines = (languages_folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    logged = [record for record in map(json.loads, lines) if record["kind"] == "evaluation"]
    for record in logged:
        assert record["by"] == "tag"
        assert list(record["parts"]) == ["low", "up"]
        losses = [figures["loss"] for figures in record["parts"].values()]
        assert record["score"] == pytest.approx(sum(losses) / 2)
        assert record["score"] == record["macro"]["loss"]
    best = min(logged, key=lambda record: record["score"])
    assert model.metrics["dev"]["macro_loss"] == pytest.approx(best["score"])


def test_a_macro_mean_needs_parts() -> None:
    settings = {**SETTINGS, "training.selection.mean": "macro", "training.epochs": 1}
    with pytest.raises(ConfigError, match="needs dev data in several files or with several tags"):
        seqloom.train(copied(40), copied(9), settings=settings)


def test_pairs_from_python_have_no_file_names(languages_data: Path) -> None:
    with pytest.raises(ConfigError, match="pairs from Python have none"):
        seqloom.train([("a", "b")], settings={"data.tag_from_name": "(?P<tag>x)"})


def test_the_command_to_try_names_a_tag_where_one_is_needed(
    languages_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try_predicting(languages_folder, "--engine onnx")
    shown = capsys.readouterr().err
    assert shown.startswith("try it: echo ... | seqloom predict ")
    assert shown.endswith(" --tag TAG --engine onnx\n")
    (tmp_path / "config.toml").write_text('[data]\ntags = "3"\nuntagged = "accept"\n', encoding="utf-8")
    try_predicting(tmp_path)
    assert capsys.readouterr().err == f"try it: echo ... | seqloom predict {tmp_path}\n"
