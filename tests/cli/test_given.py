"""What `seqloom train` takes its arguments for."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqloom.cli.given import told_apart
from seqloom.cli.main import app
from seqloom.errors import ConfigError
from toy import SETTINGS, copied, write_pairs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deeper").mkdir()
    for name in ("pairs.tsv", "a.en", "a.de", "deeper/more.tsv"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "config", "files"),
    [
        ([], None, []),
        (["pairs.tsv"], None, ["pairs.tsv"]),
        (["small", "pairs.tsv"], "small", ["pairs.tsv"]),
        (["pairs.tsv", "mine.toml", "deeper/more.tsv"], "mine.toml", ["pairs.tsv", "deeper/more.tsv"]),
        (["a.en,a.de"], None, ["a.en,a.de"]),
        (["no*.tsv", "-"], None, ["no*.tsv", "-"]),
    ],
)
def test_files_and_configuration_are_told_apart(arguments: list[str], config: str | None, files: list[str]) -> None:
    assert told_apart(arguments) == (config, files)


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["pair.tsv"], "'pair.tsv' is neither a file nor a preset", "did you mean pairs.tsv?"),
        (["deeper/mor.tsv"], "neither a file nor a preset", "did you mean deeper/more.tsv?"),
        (["nowhere/mor.tsv"], "the file does not exist", "there is no folder nowhere"),
        (["other.tsv"], "the file does not exist", "it was looked for in "),
        (["smal"], "neither a file nor a preset", "did you mean small?"),
        (["small", "pairs.tsv", "base"], "small and base are configurations, and a run has one", "--set"),
        (["deeper"], "deeper is a folder, and pairs are in files", '"deeper/*.tsv"'),
    ],
)
def test_what_is_neither_is_refused(arguments: list[str], said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        told_apart(arguments)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_model_folder_is_no_file_of_pairs(toy_folder: Path) -> None:
    with pytest.raises(ConfigError, match="to train on from this model"):
        told_apart([str(toy_folder)])


def test_training_takes_files_in_any_place(here: Path) -> None:
    write_pairs(here / "pairs.tsv", copied(40))
    write_pairs(here / "deeper/more.tsv", copied(30, seed=2))
    write_pairs(here / "third.tsv", copied(10, seed=3))
    settings = [f"--set={key}={str(value).lower()}" for key, value in SETTINGS.items() if key != "training.epochs"]
    given = ["pairs.tsv", "small", "deeper/*.tsv", "--train", "third.tsv", "--epochs", "1", "--output", "m", *settings]
    done = CliRunner().invoke(app, ["train", *given])
    assert done.exit_code == 0, done.output
    assert "training on 68 pairs, 12 dev pairs" in done.stderr
    assert "epoch 1" in done.stderr
    assert "epoch 2" not in done.stderr


def test_resuming_and_replacing_exclude_each_other(here: Path) -> None:
    done = CliRunner().invoke(app, ["train", "pairs.tsv", "--resume", "--overwrite"])
    assert done.exit_code == 2
    assert "--resume goes on with a run, and --overwrite replaces it" in done.stderr
