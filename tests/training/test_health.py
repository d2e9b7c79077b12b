"""Numbers that go wrong: skipped, counted, reported; after many the run goes back, and after many returns it stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from reversal import begin_run, reversed_pairs, run_config, same_weights

from seqloom.data.batch import collate
from seqloom.errors import TrainingError
from seqloom.training.reporters import JsonlReporter, follow
from seqloom.training.reports import EvalReport, FinishReport, Report, ReturnReport, SkipReport, StepReport
from seqloom.training.setup import Inputs, prepare
from seqloom.training.states.progress import Progress
from seqloom.training.updates import optim, schedules
from seqloom.training.updates import step as steps
from seqloom.training.updates.averaging import snapshot
from seqloom.training.updates.health import Health, Taken, Watch
from seqloom.training.updates.optim import build_optimiser
from seqloom.training.updates.step import Objective, Update, update

Poison = Callable[[Callable[[int, float], bool]], None]

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """Makes the gradient of some updates infinite: those for which `chosen(update's number, rate)` holds.

    The number is read from the optimiser's position in the run, so it is the same in every process.
    """

    def begin(chosen: Callable[[int, float], bool]) -> None:
        here: dict[str, Any] = {}
        real_rate, real_factor, real_judged = optim.set_rate, schedules.rate_factor, steps.judged

        def set_rate(optimiser: Any, rate: float) -> None:
            here["rate"] = rate
            real_rate(optimiser, rate)

        def judged(weights: Any, nll: torch.Tensor) -> Any:
            if chosen(here["step"], here["rate"]):
                weights[0].grad[0] = float("inf")
            return real_judged(weights, nll)

        def rate_factor(step: int, *arguments: Any) -> float:
            here["step"] = step
            return real_factor(step, *arguments)

        monkeypatch.setattr("seqloom.training.run.rate_factor", rate_factor)
        monkeypatch.setattr("seqloom.training.run.set_rate", set_rate)
        monkeypatch.setattr(steps, "judged", judged)

    return begin


def of_kind(reports: list[Report], kind: type[Any]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


@pytest.mark.parametrize("deferred", [False, True], ids=["read at once", "left to the kernel"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_skipped_step_changes_nothing(deferred: bool, bad: float) -> None:
    ready = prepare(run_config(), Inputs(reversed_pairs(40)))
    optimiser = build_optimiser(ready.model, ready.config.training.optimiser)
    batch = collate(ready.train, np.arange(8))
    update(ready.model, optimiser, [batch], Objective(ready.precision, clip_norm=1.0))
    weights, moments = snapshot(ready.model), [dict(each) for each in optimiser.state.values()]
    moments = [{name: value.clone() for name, value in each.items()} for each in moments]
    objective = Objective(ready.precision, clip_norm=1.0)
    nll, _ = steps.gradients(ready.model, [batch], objective, batch.tokens)
    trained = list(ready.model.parameters())
    assert trained[2].grad is not None
    trained[2].grad.view(-1)[0] = bad
    norm, healthy = steps.judged(trained, nll)
    assert not healthy
    steps.take_step(optimiser, trained, norm, healthy, clip_norm=1.0, deferred=deferred)
    assert all(torch.equal(weights[name], tensor) for name, tensor in snapshot(ready.model).items())
    for before, after in zip(moments, optimiser.state.values(), strict=True):
        assert all(torch.equal(before[name], after[name]) for name in before)
    # the next one is taken as ever
    update(ready.model, optimiser, [batch], objective)
    assert not torch.equal(weights["source_embedding.weight"], snapshot(ready.model)["source_embedding.weight"])


def test_leaving_the_decision_to_the_kernel_is_the_same_step() -> None:
    results = []
    for deferred in (False, True):
        ready = prepare(run_config(), Inputs(reversed_pairs(40)))
        ready.model.eval()
        optimiser = build_optimiser(ready.model, ready.config.training.optimiser)
        batch, objective = collate(ready.train, np.arange(8)), Objective(ready.precision)
        for _ in range(3):
            nll, _ = steps.gradients(ready.model, [batch], objective, batch.tokens)
            trained = list(ready.model.parameters())
            norm, healthy = steps.judged(trained, nll)
            steps.take_step(optimiser, trained, norm, healthy, clip_norm=0.01, deferred=deferred)
        results.append(snapshot(ready.model))
    one, other = results
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_loss_that_is_not_finite_is_no_healthy_update_even_with_a_finite_gradient() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    assert steps.judged([weight], torch.tensor(1.0, dtype=torch.float64))[1]
    assert not steps.judged([weight], torch.tensor(float("nan"), dtype=torch.float64))[1]


def test_a_skip_is_reported_with_the_lines_of_its_pairs(tmp_path: Path, poison: Poison) -> None:
    poison(lambda step, rate: step in {3, 4, 9})
    reports = list(begin_run(tmp_path / "run", log_every=1, ema=0.9))
    skips, lines = of_kind(reports, SkipReport), [report.step for report in of_kind(reports, StepReport)]
    assert [(skip.step, skip.skipped) for skip in skips] == [(3, 1), (4, 2), (9, 3)]
    assert all(skip.gradient_norm is None and skip.loss is not None for skip in skips)
    for skip in skips:
        ((file, numbers),) = skip.pairs.items()
        assert file == "training pairs"
        assert 1 <= min(numbers) <= max(numbers) <= 110
        assert list(numbers) == sorted(set(numbers))
    finish = reports[-1]
    assert isinstance(finish, FinishReport)
    assert lines == [step for step in range(1, finish.step + 1) if step not in {3, 4, 9}]
    seen = sum(len(numbers) for skip in skips for numbers in skip.pairs.values())
    assert 0 < seen < 110
    facts = json.loads((tmp_path / "run" / "metrics.json").read_bytes())["training"]
    assert facts["skipped"] == 3


@pytest.mark.parametrize("keep", [1, 2])
@pytest.mark.parametrize(
    "stops",
    [
        [(6, 0), (8, 0), (13, 0), (14, 0), (12, 0), (16, 0)],
        [(11, 0), (14, 0), (16, 0)],
        [(9, 1e-9), (14, 1e-9), (12, 1e-9), (16, 1e-9)],
    ],
)
def test_a_run_that_skips_and_goes_back_is_resumed_without_a_difference(
    keep: int, stops: list[tuple[int, float]], tmp_path: Path, poison: Poison
) -> None:
    """At the full rate update 7 fails, alone, and 13 to 15, which send the run back.

    It is cut short before, between and after them, and saved after every update where the clock says so.
    """
    full = 1e-3
    poison(lambda step, rate: step == 7 or (step in {13, 14, 15} and rate > 0.6 * full))
    settings: dict[str, Any] = {
        "log_every": 1,
        "checkpoint_every": 5,
        "keep_states": keep,
        "health": {"skips": 3},
        "schedule": {"kind": "constant", "warmup": 0},
    }

    def logged(output: Path, stop: int, *, resume: bool, clock: float = 0) -> None:
        stream = begin_run(output, resume=resume, checkpoint_minutes=clock, **settings)

        def until() -> Any:
            for report in stream:
                yield report
                if getattr(report, "step", 0) == stop and isinstance(report, StepReport | SkipReport):
                    stream.close()

        follow(until(), [JsonlReporter(output / "log.jsonl")])

    logged(tmp_path / "whole", 0, resume=False)
    for stop, clock in stops:
        logged(tmp_path / "cut", stop, resume=(tmp_path / "cut").exists(), clock=clock)
    logged(tmp_path / "cut", 0, resume=True)
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    one, other = (trained(tmp_path / name / "log.jsonl") for name in ("whole", "cut"))
    assert one == other
    returns = [line for line in one if line[0] == "return"]
    assert len(returns) == 1
    numbers = [line[1] for line in one if line[0] == "step"]
    assert numbers == [step for step in range(1, max(numbers) + 1) if step != 7]
    assert [line[1] for line in one if line[0] == "skip"] == [7, 13, 14, 15]


def trained(log: Path) -> list[tuple[Any, ...]]:
    """What a log says of the training, apart from times and of when it was saved."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    names = ("kind", "step", "loss", "gradient_norm", "learning_rate", "score", "returns", "skipped", "pairs", "chosen")
    kinds = ("step", "evaluation", "skip", "return", "finish")
    return [
        tuple(str(line.get(name)) if name == "pairs" else line.get(name) for name in names)
        for line in lines
        if line["kind"] in kinds
    ]


def test_each_return_lowers_the_rate_and_after_the_last_the_run_stops(tmp_path: Path, poison: Poison) -> None:
    poison(lambda step, rate: step >= 7)
    health = {"skips": 2, "returns": 3, "rate_factor": 0.1}
    schedule = {"kind": "constant", "warmup": 0}
    reports: list[Report] = []
    with pytest.raises(TrainingError, match="gone back 3 times") as caught:
        reports.extend(begin_run(tmp_path / "run", log_every=1, checkpoint_every=5, health=health, schedule=schedule))
    assert "kind skip" in caught.value.hint
    returns = of_kind(reports, ReturnReport)
    assert [(each.step, each.abandoned, each.returns) for each in returns] == [(5, 8, 1), (5, 8, 2), (5, 8, 3)]
    rates = [each.learning_rate for each in of_kind(reports, StepReport) if each.step == 6]
    assert rates == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])


def test_a_state_after_which_nothing_goes_well_is_not_gone_back_to(tmp_path: Path, poison: Poison) -> None:
    full = 1e-3
    poison(lambda step, rate: step >= 7 and rate > 0.9 * full)
    settings: dict[str, Any] = {"health": {"skips": 2}, "schedule": {"kind": "constant", "warmup": 0}}
    reports = list(begin_run(tmp_path / "run", log_every=1, checkpoint_every=3, **settings))
    (back,) = of_kind(reports, ReturnReport)
    assert (back.step, back.abandoned) == (3, 8)
    assert isinstance(reports[-1], FinishReport)


def test_a_state_from_before_an_evaluation_that_was_due_is_not_gone_back_to(tmp_path: Path, poison: Poison) -> None:
    poison(lambda step, rate: step >= 11 and rate > 0.9e-3)
    settings: dict[str, Any] = {"log_every": 1, "checkpoint_every": 5, "evaluate_every": 5, "health": {"skips": 2}}
    settings["schedule"] = {"kind": "constant", "warmup": 0}
    list(begin_run(tmp_path / "whole", **settings))
    for report in (stream := begin_run(tmp_path / "cut", **settings)):
        if isinstance(report, StepReport) and report.step == 10:
            stream.close()
    assert (tmp_path / "cut" / "resume" / "states" / "00000010-00000005").is_dir()
    (back,) = of_kind(list(begin_run(tmp_path / "cut", resume=True, **settings)), ReturnReport)
    assert back.state == "00000005-00000005"
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_a_run_that_went_back_knows_how_many_train_it_now(
    tmp_path: Path, poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"log_every": 1, "checkpoint_every": 5, "health": {"skips": 2}}
    values = Progress.to_json
    with monkeypatch.context() as patch:
        patch.setattr(Progress, "to_json", lambda progress: {**values(progress), "processes": 2})
        for report in (stream := begin_run(tmp_path / "run", **settings)):
            if isinstance(report, StepReport) and report.step == 6:
                stream.close()
    failed = iter([True, True])
    poison(lambda step, rate: step >= 7 and next(failed, False))
    reports: list[Report] = []
    for report in (stream := begin_run(tmp_path / "run", resume=True, **settings)):
        reports.append(report)
        if isinstance(report, StepReport) and report.step == 8:
            stream.close()
    assert of_kind(reports, ReturnReport)[0].step == 5
    newest = max((tmp_path / "run" / "resume" / "states").glob("[0-9]*"))
    assert json.loads((newest / "state.json").read_bytes())["progress"]["processes"] == 1


def test_where_no_update_ever_goes_well_the_run_stops_at_once(tmp_path: Path, poison: Poison) -> None:
    poison(lambda step, rate: True)
    reports: list[Report] = []
    with pytest.raises(TrainingError, match="gone back 0 times"):
        reports.extend(begin_run(tmp_path / "run", health={"skips": 4}))
    assert len(of_kind(reports, SkipReport)) == 4


def test_an_evaluation_in_a_row_of_skips_counts_but_is_not_saved(tmp_path: Path, poison: Poison) -> None:
    poison(lambda step, rate: step in {6, 7})
    settings: dict[str, Any] = {"evaluate_every": 6, "checkpoint_every": 1, "log_every": 1, "keep_states": 50}
    seen = []
    for report in begin_run(tmp_path / "run", **settings):
        states = {path.name for path in (tmp_path / "run" / "resume" / "states").glob("[0-9]*")}
        if isinstance(report, EvalReport):
            seen.append(report.step)
        if isinstance(report, StepReport) and report.step == 9:
            assert "00000005-00000000" in states
            assert not any(name.startswith(("00000006", "00000007")) for name in states)
            assert "00000008-00000006" in states
    assert 6 in seen


def test_on_a_device_that_is_behind_skips_are_learnt_of_later_and_in_order() -> None:
    watch = Watch("cuda")
    assert watch.lag > 0
    assert Watch("cpu").lag == 0
    flags = [torch.tensor(number % 3 > 0) for number in range(20)]
    known = []
    for step, flag in enumerate(flags):
        watch.add(Taken(step, Update(torch.zeros(()), torch.zeros(()), flag, 1), np.arange(1)))
        known += [(taken.step, healthy) for taken, healthy in watch.read(everything=False)]
        assert len(known) == max(0, step + 1 - watch.lag)
    known += [(taken.step, healthy) for taken, healthy in watch.read(everything=True)]
    assert known == [(step, step % 3 > 0) for step in range(20)]
    health = Health()
    for step, healthy in known[:3]:
        health = health.after(step, healthy)
    assert health == Health(skipped=1)
    assert health.after(3, False).after(4, False) == Health(3, 0, 2, 3)


def test_what_is_learnt_late_leads_to_the_same_weights(
    tmp_path: Path, poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = 1e-3
    poison(lambda step, rate: step == 4 or (step >= 9 and rate > 0.9 * full))
    settings: dict[str, Any] = {
        "health": {"skips": 2},
        "checkpoint_every": 5,
        "log_every": 7,
        "schedule": {"kind": "constant", "warmup": 0},
    }
    at_once = list(begin_run(tmp_path / "at once", **settings))
    monkeypatch.setattr("seqloom.training.updates.health.LAG", {})
    late = list(begin_run(tmp_path / "late", **settings))
    assert same_weights(tmp_path / "at once", tmp_path / "late")
    assert [each.step for each in of_kind(late, SkipReport)] == [each.step for each in of_kind(at_once, SkipReport)]
