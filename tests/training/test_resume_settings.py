"""What is given to a run that goes on counts or is refused by name; nothing is ignored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from reversal import BASE, cut, reversed_pairs
from typer.testing import CliRunner

from seqloom import api
from seqloom.cli.main import app
from seqloom.config import build, merged, read_toml
from seqloom.errors import ConfigError
from seqloom.training import RunConfig, train
from seqloom.training.resume_settings import chosen_for
from seqloom.training.runs import run_config
from toy import write_pairs

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a run that was cut short (`cut`), and one that has finished (`done`)."""
    folder = tmp_path_factory.mktemp("begun")
    for name, count in (("train", 110), ("dev", 30), ("other", 30)):
        write_pairs(folder / f"{name}.tsv", reversed_pairs(count, seed=count))
    data = {"train": [f"{folder}/train.tsv"], "dev": [f"{folder}/dev.tsv"]}
    config = build(RunConfig, merged(BASE, {"data": data, "training": {"log_every": 1, "schedule": {"warmup": 2}}}))
    cut(train(config, folder / "cut"), 5)
    list(train(config, folder / "done"))
    return folder


@pytest.fixture
def here(begun: Path, tmp_path: Path) -> Path:
    for name in ("cut", "done"):
        shutil.copytree(begun / name, tmp_path / name)
    return tmp_path


def resume(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["train", "--output", str(folder), "--resume", *arguments])
    return done.exit_code, done.output


REFUSED = {
    "unknown": (["--set", "no.such=1"], "no is not a setting"),
    "fixed": (["--set", "model.hidden=16"], "model.hidden must stay 8 when the run goes on, not 16"),
    "fixed, and a free one": (
        ["--set", "training.max_steps=9", "--set", "training.seed=2"],
        "training.seed must stay 1",
    ),
    "text": (["--set", "text.source.kind=byte"], "text.source.kind must stay 'auto'"),
    "schedule": (["--set", "training.schedule.kind=constant"], "training.schedule.kind must stay 'cosine'"),
    "attention": (["--set", "model.attention=dot"], "model.attention.kind must stay"),
    "dev": (["--dev", "OTHER"], "data.dev must stay"),
    "train": (["--train", "OTHER"], "data.train must stay"),
    "a preset": (["large"], "must stay"),
    "malformed": (["--set", "training.max_steps=many"], "training.max_steps"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_may_not_change_is_refused_and_the_run_stays_as_it_was(
    arguments: list[str], said: str, here: Path, begun: Path
) -> None:
    words = [f"{begun}/other.tsv" if each == "OTHER" else each for each in arguments]
    before = sorted(str(path) for path in (here / "cut").rglob("*"))
    code, output = resume(here / "cut", *words)
    assert code == 2
    assert said in output
    assert sorted(str(path) for path in (here / "cut").rglob("*")) == before


def test_what_may_change_counts_and_stays_changed(here: Path) -> None:
    output = here / "cut"
    limits = ["--set", "training.max_steps=8", "--set", "training.log_every=1", "--set", "search.beam=3"]
    config = run_config(settings=limits[1::2], going_on=output)
    assert (config.training.max_steps, config.training.log_every, config.search.beam) == (8, 1, 3)
    assert config.data.dev != ()  # the rest is the run's own
    cut(train(config, output, resume=True), 6)
    code, said = resume(output, "--set", "training.keep_states=1")
    assert code == 0, said
    saved = read_toml(output / "config.toml")
    assert saved["training"]["max_steps"] == 8
    assert saved["training"]["keep_states"] == 1
    assert saved["search"]["beam"] == 3
    record = json.loads((output / "metrics.json").read_bytes())
    assert record["training"]["step"] == 8
    assert record["record"]["resumed"][0]["settings"] == {"training.max_steps": [0, 8]}


def test_the_same_files_may_be_named_again(here: Path, begun: Path) -> None:
    code, output = resume(here / "cut", "--train", f"{begun}/train.tsv", "--dev", f"{begun}/dev.tsv")
    assert code == 0, output


def test_a_whole_configuration_states_everything(here: Path) -> None:
    own = build(RunConfig, read_toml(here / "cut" / "resume" / "settings" / "given.toml"))
    with pytest.raises(ConfigError, match=r"training\.optimiser\.learning_rate must stay"):
        list(
            train(own.replace(training=own.training.replace(optimiser={"learning_rate": 1})), here / "cut", resume=True)
        )
    longer = own.replace(training=own.training.replace(max_steps=7))
    assert api.train_run(longer, here / "cut", resume=True).metrics["training"]["step"] == 7


FINISHED = {
    "longer": (["--set", "training.epochs=30"], "training.epochs is 3 and cannot become 30"),
    "another width": (["--set", "model.hidden=16"], "model.hidden is 8"),
    "another beam": (["--set", "search.beam=3"], "search.beam is"),
    "other pairs": (["--dev", "OTHER"], "data.dev is"),
    "unknown": (["--set", "no.such=1"], "no is not a setting"),
}


@pytest.mark.parametrize(("arguments", "said"), FINISHED.values(), ids=FINISHED.keys())
def test_a_finished_run_refuses_what_it_can_no_longer_heed(
    arguments: list[str], said: str, here: Path, begun: Path
) -> None:
    words = [f"{begun}/other.tsv" if each == "OTHER" else each for each in arguments]
    code, output = resume(here / "done", *words)
    assert code == 2
    assert said in output


def test_a_finished_run_takes_what_it_was_begun_with(here: Path, begun: Path) -> None:
    data = {"train": [f"{begun}/train.tsv"], "dev": [f"{begun}/dev.tsv"]}
    given = merged(BASE, {"data": data, "training": {"log_every": 1, "schedule": {"warmup": 2}}})
    for config in (given, merged(given, {"training": {"log_every": 9, "keep_states": 5}})):
        (last,) = train(build(RunConfig, config), here / "done", resume=True)
        assert last.to_json()["reason"] == "it was finished before"
    assert resume(here / "done")[0] == 0
    assert resume(here / "done", "--set", "training.log_every=9")[0] == 0
    assert resume(here / "done", "--train", *data["train"], "--dev", *data["dev"])[0] == 0


def test_the_record_says_what_was_given_where_something_was_chosen(here: Path) -> None:
    given: dict[str, Any] = json.loads((here / "done" / "metrics.json").read_bytes())["record"]["given"]
    assert given["text.source.kind"] == "auto"
    assert given["training.selection.metrics"] == []
    assert "training.epochs" not in given
    saved = build(RunConfig, read_toml(here / "done" / "config.toml"))
    assert chosen_for(saved, saved) == {}
