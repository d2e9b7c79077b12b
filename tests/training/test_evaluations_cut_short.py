"""Stops, errors and interruptions around an evaluation: what was trained before it is not lost, nor made worse."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import begin_run, same_weights

from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.errors import TrainingError
from seqloom.training.reports import EvalReport, InterruptReport, Report, ResumeReport, StepReport
from seqloom.training.updates.averaging import put

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def of_kind(reports: list[Report], kind: type[Any]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


@pytest.mark.parametrize("stop", [6, 12])
def test_who_asks_to_stop_does_not_wait_for_an_evaluation(stop: int, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"evaluate_every": 6, "epochs": 0, "max_steps": 12, "log_every": 1}
    list(begin_run(tmp_path / "whole", **settings))
    reports: list[Report] = []
    for report in begin_run(tmp_path / "cut", **settings):
        reports.append(report)
        if isinstance(report, StepReport) and report.step == stop:
            os.kill(os.getpid(), signal.SIGTERM)
    assert [each.step for each in of_kind(reports, EvalReport)] == list(range(6, stop, 6))
    assert of_kind(reports, InterruptReport)[0].step == stop
    assert (tmp_path / "cut" / "resume" / "states" / f"{stop:08d}-{stop - 6:08d}").is_dir()
    list(begin_run(tmp_path / "cut", resume=True, **settings))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("error", [ZeroDivisionError("made up"), MemoryError("made up")], ids=["bug", "memory"])
def test_after_an_error_in_an_evaluation_the_updates_before_it_are_not_lost(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"evaluate_every": 6, "log_every": 1, "ema": 0.9}
    list(begin_run(tmp_path / "whole", **settings))

    def failing(*arguments: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("seqloom.training.evaluating.judge", failing)
        with pytest.raises((ZeroDivisionError, TrainingError), match="made up"):
            list(begin_run(tmp_path / "cut", **settings))
    reports = list(begin_run(tmp_path / "cut", resume=True, **settings))
    assert of_kind(reports, ResumeReport)[0].state == "00000006-00000000"
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("moment", [1, 2], ids=["lent", "given back"])
def test_interrupted_while_averaged_weights_are_exchanged_the_last_saved_state_counts(
    moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"evaluate_every": 6, "checkpoint_every": 4, "log_every": 1, "ema": 0.9}
    list(begin_run(tmp_path / "whole", **settings))
    calls: list[int] = []

    def half(model: torch.nn.Module, weights: dict[str, torch.Tensor]) -> None:
        calls.append(1)
        if len(calls) != moment:
            put(model, weights)
            return
        name, tensor = next(iter(distinct_tensors(model).items()))
        tensor.detach().copy_(weights[name])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("seqloom.training.updates.averaging.put", half)
        reports = list(begin_run(tmp_path / "cut", **settings))
    assert len(calls) == 2
    assert of_kind(reports, InterruptReport)[0].step == 4
    list(begin_run(tmp_path / "cut", resume=True, **settings))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
