"""A combination is written to a file and read again; on the command line the file answers like a model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from seqloom.api import Model
from seqloom.cli.main import app
from seqloom.combining import BayesRisk, Combination, Rescoring, Voting, load_any, load_combination, save_combination
from seqloom.errors import ConfigError, ModelFolderError
from several import LINES
from toy import write_pairs

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
PAIRS = [(line, line) for line in ("ab", "abc", "dab", "cc", "bd", "cad")]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def good(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def folders(three_folders: Path, tmp_path: Path) -> Path:
    """A folder that may be written to, with the models a, b and c."""
    return Path(shutil.copytree(three_folders, tmp_path / "models"))


def made(kind: str, folders: Path) -> Combination:
    names = [str(folders / name) for name in "abc"]
    if kind == "rescoring":
        return Rescoring.of(names, [1, 0.5, 2], candidates=4).tuned(PAIRS)
    if kind == "votes":
        return Voting.of(names, candidates=2)
    return BayesRisk.of(names[1], "cer", sampling={"count": 7, "seed": 3})


@pytest.mark.parametrize("kind", ["rescoring", "votes", "bayes_risk"])
def test_a_file_gives_the_combination_back(kind: str, folders: Path, tmp_path: Path) -> None:
    combination = made(kind, folders)
    save_combination(combination, folders / "best.toml")
    again = load_combination(folders / "best.toml")
    assert again.settings.replace(digests=()) == combination.settings
    assert again.changed == ()
    assert again.predict(LINES) == combination.predict(LINES)
    assert isinstance(load_any(folders / "best.toml"), type(combination))
    assert isinstance(load_any(folders / "a"), Model)
    folders.rename(tmp_path / "elsewhere")  # models are found beside the file
    assert load_combination(tmp_path / "elsewhere" / "best.toml").predict("abcd")[0].text is not None


def test_a_model_that_has_been_trained_anew_is_named(folders: Path) -> None:
    path = folders / "votes.toml"
    save_combination(made("votes", folders), path)
    good("show", path)
    shutil.rmtree(folders / "b")
    shutil.copytree(folders / "c", folders / "b")
    again = load_combination(path)
    assert again.changed == (str(folders / "b"),)
    said = "has been trained anew since the combination was written"
    assert sum(said in sentence for sentence in again.with_settings(beam=2).sentences()) == 1
    (folders / "in.txt").write_text("abcd\n", encoding="utf-8")
    assert said in run("predict", path, folders / "in.txt").stderr


def test_show_prints_what_a_file_says(folders: Path) -> None:
    path = folders / "risk.toml"
    save_combination(made("bayes_risk", folders), path)
    shown = json.loads(good("show", path, "--json"))
    assert (shown["metric"], shown["sampling"]["count"]) == ("cer", 7)
    assert 'metric = "cer"' in good("show", path)


def test_what_is_no_combination_is_refused(folders: Path) -> None:
    path = folders / "best.toml"
    for text, error, said in [
        ('by = "magic"\nmodels = ["a"]', ConfigError, "`by` must be one of rescoring, votes, bayes_risk, not 'magic'"),
        ("[model]\nhidden = 3", ConfigError, "is not a combination of models"),
        ('by = "votes"\nmodels = ["a"]', ConfigError, "models must name at least 2"),
        ('by = "votes"\nmodels = ["a", "b"]\nweights = [1]', ConfigError, "one for each of the 2 models, not 1"),
        ('by = "votes"\nmodels = ["a", "b"]\nvotes = 3', ConfigError, "votes is not a setting"),
        ('by = "votes"\nmodels = ["a", "none"]', ModelFolderError, "does not exist"),
        ('by = "bayes_risk"\nmodels = ["a", "b"]\nmetric = "cer"', ConfigError, "models must name one model"),
    ]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(error, match=said) as caught:
            load_combination(path)
        assert str(caught.value.where).startswith(str(folders))


def test_models_without_folders_are_not_written(three_models: dict[str, Model], folders: Path) -> None:
    with pytest.raises(ConfigError, match="with the folders of its models, and 'a' is none"):
        save_combination(Voting.of(three_models), folders / "votes.toml")
    with pytest.raises(ConfigError, match=r"ends in \.toml, not 'votes\.json'"):
        save_combination(made("votes", folders), folders / "votes.json")
    assert not list(folders.glob("votes.*"))


COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "rescore": (("a", "b", "c", "--weights", "1,1,0.5", "--candidates", "4"), "rescoring"),
    "vote": (("a", "b", "c"), "votes"),
    "mbr": (("a", "--metric", "cer", "--set", "sampling.count=6"), "bayes_risk"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_write_a_file_that_answers_and_is_measured(command: str, folders: Path) -> None:
    arguments, by = COMMANDS[command]
    models = [each for each in arguments if each in list("abc")]
    rest = arguments[len(models) :]
    path = folders / f"{command}.toml"
    said = good("combine", command, *(folders / each for each in models), *rest, "--output", path)
    assert said.startswith("answers ")
    combination = load_combination(path)
    (folders / "in.txt").write_text("abcd\n\ndcb\n", encoding="utf-8")
    result = run("predict", path, folders / "in.txt")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [each.text for each in combination.predict(["abcd", "", "dcb"])]
    assert f"note: {combination.sentences()[0]}" in result.stderr
    lines = [
        json.loads(line) for line in good("predict", path, folders / "in.txt", "--json", "--n-best", 2).splitlines()
    ]
    assert "choice" not in lines[1]
    for line, wanted in zip(lines, combination.with_settings(n_best=2).predict(["abcd", "", "dcb"]), strict=True):
        assert line.get("choice") == wanted.to_json().get("choice")
        assert [each["choice"]["by"] for each in line.get("alternatives", ())] == [by] * len(wanted.alternatives)
    first = good("predict", path, folders / "in.txt", "--n-best", 2).splitlines()[0].split("\t")
    assert float(first[1]) == pytest.approx(lines[0]["choice"]["value"], abs=1e-4)
    pairs = write_pairs(folders / "test.tsv", PAIRS)
    measured = json.loads(good("evaluate", path, pairs, "--json"))
    assert measured["count"] == len(PAIRS)
    assert combination.sentences()[0] in measured["notes"]
    compared = json.loads(good("evaluate", folders / "a", pairs, "--compare", path, "--json"))
    assert [each["name"] for each in compared["second"]["scores"]] == ["cer", "exact_match"]


def test_weights_are_tuned_and_said(folders: Path) -> None:
    dev, path = write_pairs(folders / "dev.tsv", PAIRS), folders / "tuned.toml"
    names = [folders / "a", folders / "b"]
    told = json.loads(good("combine", "rescore", *names, "--tune", dev, "--output", path, "--json"))
    assert told["tuning"]["metric"] == "cer"
    assert told["tuning"]["after"] <= told["tuning"]["before"]
    assert max(told["weights"]) == 1
    assert "weights tuned on 6 dev examples: cer" in run("predict", path, dev).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rescore", "a", "--output", "x.toml"), "models must name at least 2"),
        (("vote", "a", "a", "--output", "x.toml"), "each model may be named once only"),
        (("vote", "a", "b", "--metric", "cer", "--output", "x.toml"), "there is no --tune"),
        (("vote", "a", "b", "--weights", "1", "--output", "x.toml"), "weights must be one for each"),
        (("vote", "a", "gone", "--output", "x.toml"), "does not exist"),
        (("mbr", "a", "--metric", "blue", "--output", "x.toml"), "blue"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    arguments: tuple[str, ...], said: str, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders)
    result = run("combine", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("x.toml").exists()
