"""Models, evaluations and training in a notebook."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import seqloom
from seqloom.api import Model
from seqloom.entry import shown_on
from seqloom.errors import ConfigError
from seqloom.notebook import Display, in_notebook
from seqloom.training.reporters import ConsoleReporter, NotebookReporter, standard_reporters
from seqloom.training.reports import (
    CheckpointReport,
    EvalReport,
    FinishReport,
    NoticeReport,
    ReturnReport,
    Sample,
    SetupReport,
    StageReport,
    StepReport,
)
from shown_html import safe
from toy import SETTINGS, copied


def test_a_model_says_what_it_is(toy_model: Model) -> None:
    said = repr(toy_model)
    assert said.startswith("Model(")
    assert "trained on: 600 pairs given in Python" in said
    assert "on dev: " in said
    assert "weights" in said
    assert toy_model.folder in said
    assert "\n" not in said
    assert len(said) < 500
    words = safe(toy_model._repr_html_()).words
    assert "kind:" in words
    assert any("attention" in word for word in words)


def test_an_evaluation_shows_figures_and_the_worst(toy_model: Model) -> None:
    found = toy_model.evaluate([("<b>", "x"), ("ab", "a b")], metrics=["exact_match", "per"])
    assert repr(found).startswith("Evaluation(2 examples: exact_match ")
    words = safe(found._repr_html_()).words
    assert {"exact_match", "per", "loss", "worst", "<b>"} <= set(words)


class Screen(Display):
    """A display that keeps what it was told to show."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, str]] = []

    def show(self, html: str, plain: str) -> None:
        self.shown.append((html, plain))


def step(number: int, **given: Any) -> StepReport:
    values = {"perplexity": 2.0, "tokens_per_second": 9.0, "learning_rate": 0.1, "gradient_norm": 1.0}
    times = {"data_wait": 0.0, "seconds": 1.0, "seconds_left": 90.0}
    return StepReport(1, number, 100, **{"loss": 1.5, **values, **times, **given})


def evaluation(number: int, *, best: bool = False) -> EvalReport:
    told = (Sample("<i>", "answer now", "truth"),)
    return EvalReport(1, number, 0.5, 1.6, {"<per>": number / 10}, "loss", 0.5, best, 1.0, samples=told)


def test_training_is_one_bar_and_one_table() -> None:
    screen, now = Screen(), 0.0
    reporter = NotebookReporter(screen, lambda: now)
    reporter.show(StageReport("reading"))
    assert screen.shown[-1][1] == "reading …"
    reporter.show(SetupReport("model", 10, 2, {"source symbols": 5, "target symbols": 6}, 70, "cpu", "float32", 3, 100))
    reporter.show(NoticeReport("chosen: <tokens>"))
    before = len(screen.shown)
    reporter.show(step(10))
    assert len(screen.shown) == before  # too soon after the notice
    now = 5.0
    reporter.show(step(25))
    html, plain = screen.shown[-1]
    assert "width:25.0%" in html
    assert "epoch 1 of 3, update 25 of 100, loss 1.500, 1 min 30 s left" in plain
    for number in range(1, 31):
        reporter.show(evaluation(number, best=number == 2))
    reporter.show(CheckpointReport(30, "state", 0.1))
    words = safe(screen.shown[-1][0]).words
    assert {"<per>", "<i>", "answer now", "truth"} <= set(words)
    assert "chosen: <tokens>" in words
    assert words.count("best") == 1
    assert {"2", "30", "19"} <= set(words)
    assert "18" not in words
    reporter.show(ReturnReport(1, 12, "state", 30, 1, 0.5))
    assert "13" not in safe(screen.shown[-1][0]).words
    reporter.show(FinishReport("model", 1, 100, "all epochs", "the best weights", 9.0, 100))
    reporter.close()
    html, plain = screen.shown[-1]
    assert "width:100.0%" in html
    assert "left" not in plain
    assert "finished after 9 s" in plain


class Handle:
    """Stands in for the handle that IPython gives for an output."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, str]] = []

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.bundles.append(bundle)


def notebook(monkeypatch: pytest.MonkeyPatch, *, kernel: bool) -> Handle:
    handle = Handle()

    def display(bundle: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert display_id
        handle.update(bundle, raw=raw)
        return handle

    shell = SimpleNamespace(kernel=None) if kernel else SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return handle


def test_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    assert shown_on("auto") is None
    notebook(monkeypatch, kernel=False)
    assert not in_notebook()
    assert isinstance(standard_reporters(tmp_path, sys.stderr)[-1], ConsoleReporter)


def test_in_a_notebook_training_shows_itself_unless_silenced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handle = notebook(monkeypatch, kernel=True)
    assert isinstance(standard_reporters(tmp_path, sys.stderr)[-1], NotebookReporter)
    assert isinstance(standard_reporters(tmp_path, StringIO())[-1], ConsoleReporter)
    quick = {**SETTINGS, "training.epochs": 1}
    for silent in (None, False):
        seqloom.train(copied(60), copied(10, seed=2), settings=quick, progress=silent)
    assert handle.bundles == []
    seqloom.train(copied(60), copied(10, seed=2), settings=quick)
    assert "finished after" in handle.bundles[-1]["text/plain"]
    assert "dev loss" in safe(handle.bundles[-1]["text/html"]).words


def test_progress_is_a_stream_or_a_choice() -> None:
    assert shown_on(True) is sys.stderr
    assert shown_on(None) is None
    stream = StringIO()
    assert shown_on(stream) is stream
    wrong: Any = "loud"
    with pytest.raises(ConfigError, match="must be a stream, True, False or 'auto', not 'loud'"):
        shown_on(wrong)
