"""Callbacks see the reports of a run and can end it; the history is a table of what they saw."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

import seqloom
from seqloom.api import Model
from seqloom.errors import ConfigError, TrainingError
from seqloom.training.history import History
from seqloom.training.reports import EvalReport, FinishReport, Report, StepReport
from toy import SETTINGS, copied

PAIRS, DEV = copied(80), copied(10, seed=2)


def test_a_callback_sees_every_report(tmp_path: Path) -> None:
    seen: list[Report] = []
    settings = {**SETTINGS, "training.epochs": 2, "training.log_every": 1}
    seqloom.train(PAIRS, DEV, tmp_path / "m", settings=settings, callbacks=[seen.append])
    logged = [json.loads(line)["kind"] for line in (tmp_path / "m" / "log.jsonl").read_text().splitlines()]
    assert [report.kind for report in seen if report.kind != "stage"] == logged, "a stage is for those who watch"
    assert sum(isinstance(report, EvalReport) for report in seen) == 2


def test_a_callback_ends_the_run_with_the_best_weights() -> None:
    seen: list[Report] = []

    def enough(report: Report) -> bool:
        seen.append(report)
        return isinstance(report, StepReport) and report.step >= 3

    settings = {**SETTINGS, "training.epochs": 50, "training.log_every": 1}
    model = seqloom.train(PAIRS, DEV, settings=settings, callbacks=[enough])
    last = seen[-1]
    assert isinstance(last, FinishReport)
    assert (last.step, "ended_it" in last.reason, "enough ended it" in last.reason) == (3, False, True)
    assert model.metrics["training"]["finished"] is True
    assert [row["step"] for row in model.history] == [3]


def test_a_callback_that_fails_is_named_and_the_run_can_go_on(tmp_path: Path) -> None:
    def careless(report: Report) -> None:
        if isinstance(report, EvalReport):
            raise ZeroDivisionError("a share of nothing")

    settings = {**SETTINGS, "training.epochs": 2}
    with pytest.raises(TrainingError, match=r"callback .*careless failed at .* 'evaluation': ZeroDivision"):
        seqloom.train(PAIRS, DEV, tmp_path / "m", settings=settings, callbacks=[careless])
    model = seqloom.train(PAIRS, DEV, tmp_path / "m", settings=settings, resume=True)
    assert model.metrics["training"]["epoch"] == 2
    with pytest.raises(ConfigError, match="must be a function of one report, not str"):
        seqloom.train(PAIRS, settings=settings, callbacks=["no"])  # type: ignore[list-item]


def test_what_no_stream_shows_is_logged_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Warnings and choices reach a program by Python's logging, and stay with the model."""
    settings = {**SETTINGS, "training.epochs": 2, "plan.effort": "normal"}
    with caplog.at_level(logging.INFO, logger="seqloom"):
        model = seqloom.train(PAIRS, DEV, settings=settings)
    said = {each.message: each.levelname for each in caplog.records if each.name == "seqloom"}
    (short,) = [text for text in said if text.startswith("only ")]
    assert said[short] == "WARNING"
    assert any(level == "INFO" and text.startswith("measures: ") for text, level in said.items())
    assert any("seqloom show tells why" in text for text in said), "what is planned is said in short"
    assert not any(text.startswith("answers have at most") for text in said), "which is a detail"
    assert short in model.notices
    assert any(each.startswith("answers have at most") for each in model.notices)
    assert any(each.startswith("plan: training.ema = 0.999, as ") for each in model.notices)


def test_what_a_stream_shows_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    with caplog.at_level(logging.INFO, logger="seqloom"):
        seqloom.train(PAIRS, DEV, settings={**SETTINGS, "training.epochs": 2}, progress=stream)
    assert "warning: only " in stream.getvalue()
    assert not [each for each in caplog.records if each.name == "seqloom"]


def test_early_stopping_is_the_setting() -> None:
    stopping = seqloom.EarlyStopping(patience=2, monitor="exact_match")
    model = seqloom.train(
        PAIRS, DEV, settings={**SETTINGS, "training.optimiser.learning_rate": 1e-9}, callbacks=[stopping]
    )
    selection = model.config.training.selection
    assert (selection.patience, selection.on) == (2, "exact_match")
    assert len(model.history) < 8
    with pytest.raises(ConfigError, match=r"EarlyStopping and the settings both give training.selection.patience"):
        seqloom.train(PAIRS, settings={"training.selection.patience": 1}, callbacks=[stopping])


def test_a_run_without_a_folder_that_is_stopped_says_that_nothing_is_kept() -> None:
    def stop(report: Report) -> None:
        if isinstance(report, EvalReport):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="stopped, and nothing is kept: name a folder with output="):
        seqloom.train(PAIRS, DEV, settings=SETTINGS, callbacks=[stop])


def test_the_history_is_a_table_that_is_saved_with_the_model(toy_model: Model, tmp_path: Path) -> None:
    history = toy_model.history
    assert len(history) == 8
    assert history["epoch"] == list(range(1, 9))
    assert history[-1]["dev_loss"] < history[0]["dev_loss"]
    assert sum(history["best"]) == 1, "earlier ones were only the best so far"
    assert {"epoch", "step", "train_loss", "dev_loss", "dev_perplexity", "exact_match", "best"} <= set(history.columns)
    toy_model.save(tmp_path / "copy")
    assert not (tmp_path / "copy" / "log.jsonl").exists()
    assert seqloom.load(tmp_path / "copy").history == history
    frame = history.to_pandas()
    assert list(frame.columns) == list(history.columns)
    assert len(frame) == 8
    with pytest.raises(KeyError, match="there are epoch, step"):
        history["speed"]


def test_the_history_is_short_in_text() -> None:
    assert repr(History()) == "History of no evaluations"
    rows = [{"epoch": n, "step": 10 * n, "train_loss": None, "dev_loss": 2.5 / n, "best": n == 2} for n in range(1, 31)]
    lines = repr(History(tuple(rows[:2]))).splitlines()
    assert lines == [
        "epoch  step  train_loss  dev_loss  weights",
        "    1    10                 2.500",
        "    2    20                 1.250     best",
    ]
    assert repr(History(tuple(rows))).splitlines()[-1] == "(10 more rows are not shown)"


def test_one_line_is_predicted_without_a_list(toy_model: Model) -> None:
    assert toy_model.predict_one("abc").text == "abc"
    assert len(toy_model.predict_one("abc", n_best=3).alternatives) == 2
    with pytest.raises(seqloom.DataError, match=r"must be one text, not list of 1\nhint: predict answers several"):
        toy_model.predict_one(["abc"])  # type: ignore[arg-type]
