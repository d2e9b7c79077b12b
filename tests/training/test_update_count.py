"""The planned number of updates is the number that is made, so that a schedule ends where it should."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reversal import begin_run

from seqloom.data import BatchConfig, BatchSampler, Mix
from seqloom.data.batching import Position
from seqloom.training import update_count as counting
from seqloom.training.reports import FinishReport, SetupReport, StepReport
from seqloom.training.update_count import UpdateCount


def made(sampler: BatchSampler, epochs: int, accumulate: int) -> Iterator[tuple[int, Position]]:
    """The updates as `Run` makes them: the number of each, and the position before it."""
    step, before, group = 0, Position(), 0
    for position, _ in sampler.batches():
        group += 1
        if group == accumulate or position.index == 0:
            step, group = step + 1, 0
            yield step, before
            before = position
        if position.epoch == epochs:
            return


def sampler_of(rows: int, budget: int, *, seed: int, mixed: bool) -> BatchSampler:
    chance = np.random.default_rng(seed)
    lengths = [chance.integers(1, 40, rows).astype(np.int32) for _ in range(2)]
    mix = Mix((np.arange(rows // 2), np.arange(rows // 2, rows)), (rows // 2 + 3, rows // 3 + 1)) if mixed else None
    return BatchSampler(lengths[0], lengths[1], BatchConfig(tokens=budget, bucket=2), seed, mix)


SHAPE = {
    "rows": st.integers(2, 300),
    "budget": st.integers(50, 400),
    "epochs": st.integers(1, 5),
    "accumulate": st.integers(1, 4),
    "seed": st.integers(0, 99),
}


@given(**SHAPE, mixed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_plan_is_what_is_made(
    *, rows: int, budget: int, epochs: int, accumulate: int, seed: int, mixed: bool
) -> None:
    plan = UpdateCount(sampler_of(rows, budget, seed=seed, mixed=mixed), epochs, accumulate, 0)
    updates = list(made(sampler_of(rows, budget, seed=seed, mixed=mixed), epochs, accumulate))
    assert {plan.total(step - 1, before) for step, before in updates} == {len(updates)}
    assert plan.total(len(updates), Position(epochs)) == len(updates)


@given(**SHAPE)
@settings(max_examples=60, deadline=None)
def test_a_plan_that_was_not_counted_is_exact_in_the_last_epoch(
    *, rows: int, budget: int, epochs: int, accumulate: int, seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "COUNTED", 0)
        plan = UpdateCount(sampler_of(rows, budget, seed=seed, mixed=False), epochs, accumulate, 0)
        updates = list(made(sampler_of(rows, budget, seed=seed, mixed=False), epochs, accumulate))
        totals = [(before.epoch, plan.total(step - 1, before)) for step, before in updates]
    assert {total for epoch, total in totals if epoch == epochs - 1} == {len(updates)}
    assert all(total >= step for (_, total), (step, _) in zip(totals, updates, strict=True))
    assert plan.total(len(updates), Position(epochs)) == len(updates)


def test_epochs_and_steps_whichever_comes_first() -> None:
    sampler = sampler_of(200, 100, seed=1, mixed=False)
    epoch = sampler.count(0)
    assert UpdateCount(sampler, 0, 1, 17).total() == 17
    assert UpdateCount(sampler, 1, 1, epoch + 1).total() == epoch
    assert UpdateCount(sampler, 10**9, 1, epoch + 1).total() == epoch + 1
    assert UpdateCount(sampler, 1, 3, 0).total() == math.ceil(epoch / 3)


def test_many_epochs_of_much_data_are_not_counted_first(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = sampler_of(200, 100, seed=1, mixed=False)
    asked: list[int] = []
    monkeypatch.setattr(sampler, "count", lambda epoch: asked.append(epoch) or 5)  # type: ignore[func-returns-value]
    assert UpdateCount(sampler, 10**9, 1, 0).total() == 5 * 10**9
    assert asked == [0]


@pytest.mark.parametrize("counted", [counting.COUNTED, 0], ids=["counted", "expected"])
def test_a_run_ends_at_its_plan_and_the_rate_at_its_floor(
    counted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "COUNTED", counted)
    batch = {"tokens": 60, "bucket": 3}
    reports = list(begin_run(tmp_path / "run", epochs=7, log_every=1, batch=batch, optimiser={"learning_rate": 1e-3}))
    steps = [each for each in reports if isinstance(each, StepReport)]
    (setup,) = (each for each in reports if isinstance(each, SetupReport))
    (finish,) = (each for each in reports if isinstance(each, FinishReport))
    first = sum(each.epoch == 1 for each in steps)
    assert finish.step != 7 * first, "the epochs must differ for this test to show anything"
    assert finish.step == steps[-1].step == steps[-1].steps_total
    assert setup.steps_total == (finish.step if counted else 7 * first)
    assert steps[-1].learning_rate == pytest.approx(1e-3 * 0.01)
    assert steps[-1].seconds_left == 0
