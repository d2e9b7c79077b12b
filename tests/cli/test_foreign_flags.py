"""Flags of other tools: each row names what exists, and whoever types one is told the words for it here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from seqloom.cli.foreign_flags import TABLE, advice, meanings, plain
from seqloom.cli.main import app
from seqloom.config import known_keys
from seqloom.training import RunConfig
from seqloom.training.runs import run_config


def commands(command: object, name: str = "") -> Iterator[tuple[str, set[str]]]:
    for inner, sub in getattr(command, "commands", {}).items():
        yield from commands(sub, f"{name} {inner}".strip())
    if not hasattr(command, "commands"):
        yield name, {flag for each in command.params for flag in each.opts if flag.startswith("-")}  # type: ignore[attr-defined]


OPTIONS = dict(commands(get_command(app)))
SETTINGS = [meaning for meaning, _ in TABLE if meaning[0] not in ":-"]


@pytest.mark.parametrize("meaning", SETTINGS)
def test_every_setting_exists_and_takes_its_example(meaning: str) -> None:
    for each in meaning.split():
        *path, name = each.partition("=")[0].split(".")
        assert name in known_keys(RunConfig, path)
    if "start_from" not in meaning:  # names a model folder
        run_config(settings=meaning.split())


@pytest.mark.parametrize("meaning", [meaning for meaning, _ in TABLE if meaning.startswith("--")])
def test_every_option_exists(meaning: str) -> None:
    assert any(meaning.partition(" ")[0] in options for options in OPTIONS.values())


def test_flags_that_mean_two_things_mean_them_in_different_commands() -> None:
    for flag, found in meanings().items():
        assert sum(meaning.startswith(":") for meaning in found) <= 1, flag
        settings = [meaning for meaning in found if meaning[0] not in ":-"]
        assert len(settings) <= 1, flag


def test_what_typers_of_other_tools_know_is_there() -> None:
    asked = """--batch-size --lr --learning-rate --hidden-size --layers --dropout --vocab-size --seed --gpu --device
        --beam-size --nbest --src --tgt --source-lang --train_src --save-dir --output-dir --model --max-steps --patience
        -rnn_size -train_steps --enc-depth --dim-emb --mini-batch --valid-sets --max-epoch --clip-norm --arch
        --embedding_size --source_col --model_dir --num_layers --decode_wordlist --epochs --verbose --bidirectional"""
    known = meanings()
    assert [flag for flag in asked.split() if plain(flag) not in known] == ["--decode_wordlist"]
    for flag in asked.split():
        if plain(flag) in known and flag not in OPTIONS["train"]:
            assert advice(flag, None, "train", OPTIONS["train"]), flag


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("train --batch-size 32", "hint: the setting is training.batch.sentences: --set training.batch.sentences=32"),
        ("train x.tsv --lr=0.01", "--set training.optimiser.learning_rate=0.01"),
        ("train --batch_size --seed", "--set training.batch.sentences=64"),
        ("train -rnn_size 128", "--set model.hidden=128"),
        ("train --num-layers 3", "--set model.encoder.layers=3 --set model.decoder.layers=3"),
        ("train --save-dir m2", "hint: the option is --output: --output m2"),
        ("train --force", "hint: the option is --overwrite\n"),
        ("train --src a.en", "two parallel ones with a comma between: a.en,a.de"),
        ("train --max-epoch 3", "--epochs 3"),
        ("predict m --beam-size 10", "hint: the option is --beam: --beam 10"),
        ("evaluate m x.tsv --beam-size 10", "hint: the setting is search.beam: --set search.beam=10"),
        (
            "predict m --lr 1",
            "it is a setting of training, not of this command: --set training.optimiser.learning_rate=1",
        ),
        ("predict m --model x", "a model folder is the first argument"),
        ("data report x --features-sep +", "--set 'data.tag_separator=;'"),
        ("predict m --outptu x", "hint: did you mean --output?"),
        ("plot curves m --zzz", "hint: seqloom plot curves --help lists the options"),
        ("train -z", "seqloom train has no option -z"),
    ],
)
def test_who_types_one_is_told_the_setting(typed: str, said: str) -> None:
    result = CliRunner().invoke(app, shlex.split(typed))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert re.match(r"error: seqloom [a-z ]+ has no option -", result.stderr)


def test_an_unknown_option_of_the_whole_command_is_named_too(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--gpu", "train"])
    assert result.exit_code == 2
    assert "--gpu" in result.stderr


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("plan x.tsv --minutes zero", "error: --minutes must be a valid number, not zero\n"),
        ("predict m --n-best=few", "error: --n-best must be a valid integer, not few\n"),
        ("predict m --min-confidence 9", "error: --min-confidence must be less than or equal to 1, not 9\n"),
    ],
)
def test_a_wrong_value_of_an_option_is_repeated(typed: str, said: str) -> None:
    result = CliRunner().invoke(app, shlex.split(typed))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)
