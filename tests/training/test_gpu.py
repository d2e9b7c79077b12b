"""On a GPU, where there is one: runs go on as they were, skip what is not finite, cut what does not fit, never wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import begin_run, reversed_pairs, run_config, same_weights

from seqloom.data.batch import collate_ids
from seqloom.nn.precision import Precision
from seqloom.training import Inputs, train
from seqloom.training.reports import FinishReport, NoticeReport, Report, ReturnReport, SkipReport, StepReport
from seqloom.training.setup import prepare
from seqloom.training.updates import step
from seqloom.training.updates.budget import CEILING, FLOOR
from seqloom.training.updates.optim import build_optimiser
from seqloom.training.updates.step import Objective, update

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
    pytest.mark.usefixtures("unchecked_shapes"),
]


def of_kind(reports: list[Report], kind: type[Any]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_resumed_equals_unbroken(accumulate: int, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"device": "cuda", "deterministic": True, "log_every": 1, "accumulate": accumulate}
    list(begin_run(tmp_path / "whole", **settings))
    stream = begin_run(tmp_path / "cut", **settings)
    for report in stream:
        if isinstance(report, StepReport) and report.step >= 5:
            break
    stream.close()
    list(begin_run(tmp_path / "cut", resume=True, **settings))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_a_run_of_a_processor_goes_on_on_a_gpu(tmp_path: Path) -> None:
    stream = begin_run(tmp_path / "run", log_every=1)
    for report in stream:
        if isinstance(report, StepReport) and report.step >= 5:
            break
    stream.close()
    reports = list(begin_run(tmp_path / "run", resume=True, log_every=1, device="cuda"))
    assert of_kind(reports, StepReport)[0].step == 6
    assert len(of_kind(reports, FinishReport)) == 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_update_that_is_not_finite_changes_nothing(precision: str) -> None:
    ready = prepare(run_config(device="cuda", precision=precision), Inputs(reversed_pairs(40)))
    optimiser = build_optimiser(ready.model, ready.config.training.optimiser)
    objective = Objective(ready.precision, 0.1, 1.0)
    batch = collate_ids([[5, 6, 7]] * 4, [[7, 6, 5]] * 4)
    good = update(ready.model, optimiser, [batch], objective)
    before = {name: value.clone() for name, value in ready.model.state_dict().items()}
    moments = [value.clone() for state in optimiser.state.values() for value in state.values()]
    first = next(ready.model.parameters())
    real = first.detach().clone()
    first.data.fill_(float("nan"))
    bad = update(ready.model, optimiser, [batch], objective)
    first.data.copy_(real)
    assert bool(good.healthy)
    assert not bool(bad.healthy)
    assert all(torch.equal(value, before[name]) for name, value in ready.model.state_dict().items())
    after = [value for state in optimiser.state.values() for value in state.values()]
    assert all(torch.equal(one, other) for one, other in zip(moments, after, strict=True))


def test_a_run_goes_back_after_many_skips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = step.judged, iter(range(10**6))

    def judged(weights: Any, nll: torch.Tensor) -> Any:
        if 8 <= next(calls) < 12:
            weights[0].grad[0] = float("inf")
        return real(weights, nll)

    monkeypatch.setattr(step, "judged", judged)
    settings: dict[str, Any] = {"checkpoint_every": 5, "log_every": 1, "health": {"skips": 4, "returns": 9}}
    reports = list(begin_run(tmp_path / "run", device="cuda", epochs=12, **settings))
    assert len(of_kind(reports, ReturnReport)) >= 1
    assert len(of_kind(reports, SkipReport)) >= 4
    assert len(of_kind(reports, FinishReport)) == 1


def test_batches_that_do_not_fit_are_cut(tmp_path: Path) -> None:
    """Where there is half a gigabyte to take, a batch of long pairs does not fit, a part of it does."""
    pairs = [(f"{number:04}" * 50, f"{number:04}" * 50) for number in range(2048)]
    config = run_config(device="cuda", epochs=1, log_every=1, batch={"tokens": 0, "sentences": 2048})
    config = config.replace(model=config.model.replace(embedding=64, hidden=256))
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.5e9 / total)
    try:
        reports = list(train(config, tmp_path / "run", inputs=Inputs(pairs, pairs[:2])))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("does not fit into memory" in notice.text for notice in of_kind(reports, NoticeReport))
    assert len(of_kind(reports, FinishReport)) == 1


def test_the_budget_is_found_by_trial() -> None:
    pairs = reversed_pairs(20_000)
    ready = prepare(run_config(device="cuda", batch={"tokens": "auto"}), Inputs(pairs))
    tokens = ready.config.training.batch.tokens
    assert isinstance(tokens, int)
    assert FLOOR <= tokens <= CEILING
    assert any("found by trial on cuda" in text for text in ready.notices)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
def test_training_does_not_wait_for_the_gpu() -> None:
    """No update reads a number back: torch raises where something would wait."""
    ready = prepare(run_config(device="cuda"), Inputs(reversed_pairs(200)))
    optimiser = build_optimiser(ready.model, ready.config.training.optimiser)
    objective = Objective(Precision(torch.float32, "cuda"), 0.1, 1.0)
    batch = collate_ids([[5, 6, 7]] * 4, [[7, 6, 5]] * 4)
    update(ready.model, optimiser, [batch], objective)
    torch.cuda.set_sync_debug_mode("error")
    try:
        update(ready.model, optimiser, [batch], objective)
    finally:
        torch.cuda.set_sync_debug_mode("default")
