"""How long a run is follows from the corpus unless it is said; a run that is too short to learn is warned of."""

from __future__ import annotations

import json
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reversal import begin_run, reversed_pairs, run_config, same_weights

from seqloom.config import build
from seqloom.data import BatchConfig, BatchSampler
from seqloom.errors import ConfigError
from seqloom.training import Inputs, RunConfig, TrainingConfig, train
from seqloom.training import run_length as lengths
from seqloom.training.reporters.console import LINES
from seqloom.training.reporters.jsonl import JsonlReporter
from seqloom.training.reports import NoticeReport, Report, SetupReport, StepReport
from seqloom.training.run_length import Length, settle_length, wanted_updates
from seqloom.training.runs import run_config as configured
from seqloom.training.setup import prepare

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def settled(pairs: int, per_batch: int, **training: Any) -> Length:
    """The length of a run over pairs that are all alike."""
    sevens = np.full(pairs, 7, np.int32)
    config = build(TrainingConfig, {"batch": {"tokens": 0, "sentences": per_batch}, **training})
    return settle_length(config, BatchSampler(sevens, sevens, config.batch))


@pytest.mark.parametrize(
    ("pairs", "per_batch", "epochs", "updates"),
    [
        (20, 16, 60, 120),  # a handful is not read more than 60 times
        (800, 16, 60, 3000),
        (3_600, 32, 35, 3955),
        (10_000, 64, 25, 3925),
        (29_000, 70, 14, 5810),
        (100_000, 100, 6, 6000),
        (150_000, 100, 7, 10_500),
    ],
)
def test_a_run_makes_thousands_of_updates(pairs: int, per_batch: int, epochs: int, updates: int) -> None:
    length = settled(pairs, per_batch)
    assert (length.training.epochs, length.training.max_steps) == (epochs, 0)
    assert length.updates.total() == updates
    assert length.notices[0].startswith(f"{epochs} epochs of about ")
    assert bool(length.warnings) == (updates < 1000)


def test_of_a_very_large_corpus_a_part_is_read() -> None:
    length = settled(1_000_000, 20)
    assert (length.training.epochs, length.training.max_steps, length.training.evaluate_every) == (0, 10_000, 500)
    assert length.updates.total() == 10_000
    assert length.notices == [
        "10,000 updates, which read 20% of the training pairs; the dev data are evaluated every 500 updates"
    ]
    assert wanted_updates(10**9) == 10_000
    assert settled(1_000_000, 20, evaluate_every=77).training.evaluate_every == 77


def test_the_dev_data_are_not_looked_at_after_each_of_many_epochs() -> None:
    assert settled(800, 16).training.evaluate_every == 150
    assert settled(800, 16, evaluate_every=20).training.evaluate_every == 20
    assert settled(100_000, 100).training.evaluate_every == 0


@pytest.mark.parametrize(
    ("given", "epochs", "updates"),
    [
        ({"epochs": 2}, 2, 100),
        ({"epochs": 2, "max_steps": 70}, 2, 70),
        ({"epochs": 0, "max_steps": 70}, 0, 70),
        ({"max_steps": 70}, 0, 70),
        ({"max_steps": 5000}, 0, 5000),
        ({"accumulate": 5, "epochs": 3}, 3, 30),
        ({"accumulate": 5}, 60, 600),
    ],
    ids=str,
)
def test_a_number_that_is_given_is_kept(given: dict[str, Any], epochs: int, updates: int) -> None:
    length = settled(800, 16, **given)
    assert (length.training.epochs, length.updates.total()) == (epochs, updates)


def test_what_is_short_is_warned_of_with_what_to_change() -> None:
    (warning,) = settled(800, 16, epochs=3).warnings
    assert warning == (
        "only 150 updates are planned, and a network seldom learns a task in fewer than 1,000: with 800 pairs that "
        "takes training.epochs=20 at 50 updates an epoch, fewer with a smaller training.batch.tokens; "
        "more pairs help more"
    )
    assert settled(800, 16, epochs=20).warnings == []
    assert settled(800, 16, max_steps=999).warnings != []
    assert settled(800, 16, max_steps=1000).warnings == []
    assert settled(800, 16, epochs=3, start_from="model").warnings == []


def test_a_short_run_shortens_its_warm_up() -> None:
    length = settled(800, 16, epochs=3)
    assert length.training.schedule.warmup == 37
    assert length.shortened == "warm-up shortened to 37 updates, a quarter of the 150 planned ones"
    assert settled(8000, 16, epochs=3).shortened == ""


def test_epochs_are_a_number_or_auto() -> None:
    for wrong in (-1, "many", 1.5, True):
        with pytest.raises(ConfigError, match=r"training\.epochs: must be a whole number, at least 0, or auto, not"):
            build(RunConfig, {"training": {"epochs": wrong}})
    assert build(RunConfig, {}).training.epochs == "auto"


@pytest.mark.parametrize(("pairs", "tokens"), [(40, 256), (6_000, 512), (30_000, 2_048)])
def test_small_corpora_have_small_batches(pairs: int, tokens: int) -> None:
    config = run_config(batch={"tokens": "auto"}, epochs="auto")
    prepared = prepare(config, Inputs(reversed_pairs(pairs)))
    training = prepared.config.training
    assert training.batch.tokens == tokens
    assert any(each.startswith(f"batches of {tokens:,} tokens: ") for each in prepared.notices)
    assert isinstance(training.epochs, int)
    assert pairs < 1000 or 3000 < prepared.updates.total() < 6500


def test_a_number_of_pairs_stands_for_the_budget() -> None:
    prepared = prepare(run_config(batch={"tokens": "auto", "sentences": 5}), Inputs(reversed_pairs(40)))
    assert prepared.config.training.batch == BatchConfig(tokens=0, sentences=5)
    assert {len(rows) for rows in prepared.sampler.epoch_batches(0)} == {5, 1}


def of_kind(reports: list[Report], kind: type[Any]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


def test_the_plan_is_said_logged_saved_and_kept_when_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lengths, "MOST_EPOCHS", 4)
    monkeypatch.setattr(lengths, "EVALUATIONS", 3)
    whole = list(begin_run(tmp_path / "whole", epochs="auto", log_every=1))
    (setup,) = of_kind(whole, SetupReport)
    warnings = [each for each in of_kind(whole, NoticeReport) if each.warning]
    (warning,) = warnings
    assert warning.text.startswith(f"only {setup.steps_total} updates are planned")
    assert LINES[NoticeReport](warning) == f"warning: {warning.text}"
    with closing(JsonlReporter(tmp_path / "log.jsonl")) as log:
        log.show(warning)
    logged = json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (logged["kind"], logged["warning"], logged["text"]) == ("notice", True, warning.text)
    stream = begin_run(tmp_path / "cut", epochs="auto", log_every=1)
    for report in stream:
        if isinstance(report, StepReport) and report.step == 9:
            stream.close()
    again = list(begin_run(tmp_path / "cut", resume=True, epochs="auto", log_every=1))
    assert of_kind(again, SetupReport)[0].steps_total == setup.steps_total
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    for folder in ("whole", "cut"):
        saved = tomllib.loads((tmp_path / folder / "config.toml").read_text(encoding="utf-8"))["training"]
        assert (saved["epochs"], saved["max_steps"]) == (4, 0)
        assert saved["evaluate_every"] > 0


def test_who_goes_on_may_still_say_how_long(tmp_path: Path) -> None:
    stream = begin_run(tmp_path / "run", epochs="auto", log_every=1)
    for report in stream:
        if isinstance(report, StepReport) and report.step == 9:
            stream.close()
    list(begin_run(tmp_path / "run", resume=True, epochs="auto", max_steps=12, log_every=1))
    saved = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))["training"]
    assert (saved["epochs"], saved["max_steps"]) == (0, 12)


def test_nothing_that_is_open_is_left_in_a_model_folder(tmp_path: Path) -> None:
    given = {"plan.effort": "none", "model.hidden": 8, "model.embedding": 8, "training.max_steps": 2}
    config = configured(settings=given)
    list(train(config, tmp_path / "model", inputs=Inputs(reversed_pairs(20))))
    text = (tmp_path / "model" / "config.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    # these are asked for anew where files are read, weights move, and figures are broken down
    left = {"format", "header", "precision", "device", "by"}
    assert {line.split(" = ")[0] for line in text.splitlines() if line.endswith('"auto"')} <= left
    assert values["model"]["decoder"]["attend"] == "before"
    assert values["training"]["batch"]["tokens"] == 256
