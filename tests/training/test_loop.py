"""Whole runs: same seed, same weights; cut short and resumed, same weights; what the folder holds."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from reversal import begin_run, cut, reversed_pairs, run_config, same_weights, weights_of

from seqloom.checkpoint import load_model
from seqloom.errors import ConfigError, DataError, ModelFolderError, SeqloomError
from seqloom.training import Inputs, train
from seqloom.training.interrupt import STOPPING
from seqloom.training.reporters import JsonlReporter, follow
from seqloom.training.reports import (
    CheckpointReport,
    EvalReport,
    FinishReport,
    InterruptReport,
    NoticeReport,
    Report,
    ResumeReport,
    SetupReport,
    StepReport,
)
from seqloom.training.updates.schedules import ScheduleConfig, rate_factor
from seqloom.training.updates.step import update as real_update


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def of_kind(reports: list[Report], kind: type[Any]) -> list[Any]:
    return [report for report in reports if isinstance(report, kind)]


def test_a_run_leaves_its_model_and_says_what_it_did(tmp_path: Path) -> None:
    reports = list(begin_run(tmp_path / "run"))
    (setup,), (finish,) = of_kind(reports, SetupReport), of_kind(reports, FinishReport)
    steps, evaluations = of_kind(reports, StepReport), of_kind(reports, EvalReport)
    assert setup.pairs == 110
    assert setup.dev_pairs == 30
    assert steps[-1].step == finish.step == setup.steps_total
    assert [each.epoch for each in evaluations] == [1, 2, 3]
    assert steps[-1].loss < steps[0].loss
    assert all(0 <= each.data_wait <= 1 and each.tokens_per_second > 0 for each in steps)
    assert set(evaluations[0].metrics) == {"exact_match", "cer"}
    assert finish.metrics["loss"] == min(each.loss for each in evaluations)
    assert any("chosen" in each.text for each in of_kind(reports, NoticeReport))
    loaded = load_model(tmp_path / "run")
    assert loaded.metrics["training"]["finished"] is True
    assert loaded.config["text"]["source"]["kind"] == "character"
    assert not (tmp_path / "run" / "resume").exists()


def test_the_largest_seed_trains_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    list(begin_run(tmp_path / "run", epochs=1, seed=2**63 - 1))
    with pytest.raises(ValidationError, match="less than 9223372036854775808"):
        begin_run(tmp_path / "run", seed=2**63)


def test_a_seed_gives_the_same_weights_twice(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        list(begin_run(tmp_path / name, epochs=1, seed=seed))
    assert same_weights(tmp_path / "one", tmp_path / "two")
    assert not same_weights(tmp_path / "one", tmp_path / "three")


def test_the_rate_follows_the_schedule_whatever_the_dev_score_does(tmp_path: Path) -> None:
    rate, schedule = 1e-30, ScheduleConfig(warmup=3)  # far too low to learn: no evaluation is better
    reports = list(begin_run(tmp_path / "run", log_every=1, optimiser={"learning_rate": rate}, schedule={"warmup": 3}))
    assert len({each.loss for each in of_kind(reports, EvalReport)}) < len(of_kind(reports, EvalReport))
    steps = of_kind(reports, StepReport)
    wanted = [rate * rate_factor(step.step, schedule, step.steps_total) for step in steps]
    assert [step.learning_rate for step in steps] == pytest.approx(wanted)


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ema": {"ema": 0.9},
    "accumulated, evaluated inside epochs": {"accumulate": 2, "evaluate_every": 3, "epochs": 5},
    "plateau, averaged": {"schedule": {"kind": "plateau", "warmup": 2}, "selection": {"average_best": 2, "limit": 5}},
    "R-Drop": {"r_drop": 2.0, "accumulate": 2},
    "steps": {"epochs": 0, "max_steps": 17, "checkpoint_every": 5, "schedule": {"kind": "inverse_sqrt"}},
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS.keys())
def test_resumed_equals_unbroken(settings: dict[str, Any], tmp_path: Path) -> None:
    settings = {**settings, "log_every": 1}
    list(begin_run(tmp_path / "whole", **settings))
    cut(begin_run(tmp_path / "cut", **settings), 2)
    cut(begin_run(tmp_path / "cut", resume=True, **settings), 9)
    reports = list(begin_run(tmp_path / "cut", resume=True, **settings))
    assert of_kind(reports, ResumeReport)[0].step == 9
    assert of_kind(reports, StepReport)[0].step == 10
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_the_log_of_a_resumed_run_has_neither_gaps_nor_repeats(tmp_path: Path) -> None:
    def logged(resume: bool) -> None:
        stream = begin_run(tmp_path / "run", resume=resume, log_every=3, checkpoint_every=5, keep_states=3)
        reporter = JsonlReporter(tmp_path / "run" / "log.jsonl")
        if resume:
            follow(stream, [reporter])
            return
        for report in stream:
            reporter.show(report)
            if isinstance(report, StepReport) and report.step >= 9:
                break
        stream.close()
        reporter.close()

    logged(False)
    state = max((tmp_path / "run" / "resume" / "states").iterdir())
    assert state.name.startswith("00000009")
    (state / "weights.safetensors").write_bytes(b"damaged")
    logged(True)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [line["step"] for line in lines if line["kind"] == "step"]
    assert steps == sorted(set(steps))
    assert steps[:4] == [3, 6, 9, 12]
    assert [line["step"] for line in lines if line["kind"] == "resume"] == [7]
    assert any("damaged" in line.get("text", "") for line in lines)


@pytest.mark.parametrize("number", STOPPING, ids=lambda number: signal.Signals(number).name)
def test_a_signal_saves_and_says_how_to_go_on(number: signal.Signals, tmp_path: Path) -> None:
    list(begin_run(tmp_path / "whole"))
    reports: list[Report] = []
    handler = signal.getsignal(number)
    for report in begin_run(tmp_path / "cut"):
        reports.append(report)
        if isinstance(report, StepReport) and report.step == 8:
            os.kill(os.getpid(), number)
    (interrupt,) = of_kind(reports, InterruptReport)
    assert interrupt.step == 8
    assert "--resume" in interrupt.hint
    assert isinstance(reports[-2], CheckpointReport)
    assert signal.getsignal(number) is handler
    list(begin_run(tmp_path / "cut", resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_a_folder_for_tensorboard_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "run" / "tensorboard").mkdir(parents=True)
    assert isinstance(list(begin_run(tmp_path / "run", epochs=1))[-1], FinishReport)


def test_data_that_changed_far_behind_are_not_gone_on_with(tmp_path: Path) -> None:
    cut(begin_run(tmp_path / "run"), 4)
    pairs = reversed_pairs()
    changed = [*pairs[:-1], (pairs[-1][0], pairs[-1][1][::-1])]
    inputs = Inputs(changed, reversed_pairs(30, seed=2))
    with pytest.raises(ModelFolderError, match="training data are not those"):
        list(train(None, tmp_path / "run", inputs=inputs, resume=True))


def test_a_keyboard_interrupt_between_updates_saves_too(tmp_path: Path) -> None:
    stream = begin_run(tmp_path / "run")
    for report in stream:
        if isinstance(report, StepReport):
            break
    saved, last = stream.throw(KeyboardInterrupt), next(stream)
    assert isinstance(saved, CheckpointReport)
    assert isinstance(last, InterruptReport)
    assert saved.step == last.step == 4


def test_a_state_is_saved_when_the_newest_is_old_by_the_clock(tmp_path: Path) -> None:
    never = list(begin_run(tmp_path / "never", epochs=1, checkpoint_minutes=0))
    always = list(begin_run(tmp_path / "always", epochs=1, checkpoint_minutes=1e-9))
    steps = of_kind(never, FinishReport)[0].step
    assert [each.step for each in of_kind(never, CheckpointReport)] == [0, steps]
    assert sorted({each.step for each in of_kind(always, CheckpointReport)}) == list(range(steps + 1))
    assert len(of_kind(always, CheckpointReport)) > len(of_kind(never, CheckpointReport))
    assert same_weights(tmp_path / "never", tmp_path / "always")


def test_interrupted_inside_an_update_the_last_saved_state_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(begin_run(tmp_path / "whole"))
    calls: list[int] = []

    def broken(*arguments: Any) -> Any:
        calls.append(1)
        done = real_update(*arguments)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr("seqloom.training.run.update", broken)
        reports = list(begin_run(tmp_path / "cut", checkpoint_every=5))
    assert isinstance(reports[-1], InterruptReport)
    assert reports[-1].step == 5
    list(begin_run(tmp_path / "cut", resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_a_finished_run_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    output = tmp_path / "run"
    list(begin_run(output, epochs=1))
    (output / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds a model already"):
        list(begin_run(output))
    (finish,) = begin_run(output, resume=True, epochs=1)
    assert isinstance(finish, FinishReport)
    assert finish.reason == "it was finished before"
    before = weights_of(output)
    list(begin_run(output, overwrite=True, epochs=2))
    assert any((before[name] != tensor).any() for name, tensor in weights_of(output).items())
    assert (output / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_an_unfinished_run_and_foreign_files_are_not_overwritten(tmp_path: Path) -> None:
    cut(begin_run(tmp_path / "run"), 4)
    with pytest.raises(ConfigError, match="not finished"):
        list(begin_run(tmp_path / "run"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="not empty"):
        list(begin_run(tmp_path / "other"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="must be a folder"):
        list(begin_run(tmp_path / "file"))


def test_resume_keeps_to_the_settings_and_the_data_of_the_run(tmp_path: Path) -> None:
    output = tmp_path / "run"
    cut(begin_run(output), 4)
    with pytest.raises(ConfigError, match=r"training\.seed must stay 1"):
        list(begin_run(output, resume=True, seed=2))
    with pytest.raises(ModelFolderError, match="training data"):
        list(train(None, output, inputs=Inputs(reversed_pairs(100), reversed_pairs(30, 2)), resume=True))
    cut(begin_run(output, resume=True, epochs=2), 7)
    inputs = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))
    reports = list(train(None, output, inputs=inputs, resume=True))  # what was changed stays changed
    assert of_kind(reports, FinishReport)[0].reason == "2 epochs done"


def test_resume_without_a_run_starts_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run to go on with"):
        list(train(None, tmp_path / "run", resume=True))
    reports = list(begin_run(tmp_path / "run", resume=True, epochs=1))
    assert any("starting from the beginning" in each.text for each in of_kind(reports, NoticeReport))


def test_when_every_state_is_damaged_the_run_says_so(tmp_path: Path) -> None:
    cut(begin_run(tmp_path / "run"), 4)
    for path in (tmp_path / "run" / "resume" / "states").glob("*/state.json"):
        path.write_bytes(b"\x00")
    with pytest.raises(ModelFolderError, match="no saved state is good"):
        list(begin_run(tmp_path / "run", resume=True))


def test_early_stopping_on_a_metric(tmp_path: Path) -> None:
    selection = {"on": "exact_match", "patience": 2, "limit": 5}
    reports = list(begin_run(tmp_path / "run", epochs=30, optimiser={"learning_rate": 1e-30}, selection=selection))
    evaluations = of_kind(reports, EvalReport)
    assert len(evaluations) == 3
    assert evaluations[0].selected_on == "exact_match"
    assert "no better evaluation in the last 2" in of_kind(reports, FinishReport)[0].reason


def test_the_mean_of_the_best_is_taken_where_it_is_no_worse(tmp_path: Path) -> None:
    reports = list(begin_run(tmp_path / "run", epochs=4, selection={"average_best": 3, "limit": 5}))
    finish, last = reports[-1], of_kind(reports, EvalReport)[-1]
    assert isinstance(finish, FinishReport)
    assert finish.chosen.startswith("the mean of the 3 best" if last.best else "the best weights")


def test_without_dev_data_the_last_weights_are_kept(tmp_path: Path) -> None:
    def begin(**training: Any) -> list[Report]:
        config = run_config(**training)
        config = config.replace(data=config.data.replace(dev_count=0))
        return list(train(config, tmp_path / "run", inputs=Inputs(reversed_pairs())))

    with pytest.raises(ConfigError, match="need dev data"):
        begin(selection={"patience": 1})
    reports = begin(epochs=1, ema=0.9)
    assert not of_kind(reports, EvalReport)
    assert "last weights" in of_kind(reports, FinishReport)[0].chosen


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    optimiser = {"learning_rate": 1e30, "clip_norm": 0}
    with pytest.raises(SeqloomError, match="finite number"):
        list(begin_run(tmp_path / "run", optimiser=optimiser, schedule={"kind": "constant", "warmup": 0}, log_every=1))


def test_a_file_without_pairs_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.tsv"
    empty.write_text("", encoding="utf-8")
    config = run_config()
    config = config.replace(data=config.data.replace(train=(str(empty),)))
    with pytest.raises(DataError, match=r"empty\.tsv: there must be at least one pair to train from, not none"):
        list(train(config, tmp_path / "run"))


def test_no_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one file"):
        list(train(run_config(), tmp_path / "run"))
    with pytest.raises(DataError, match="at least one pair"):
        list(train(run_config(), tmp_path / "run", inputs=Inputs([])))
    config = run_config()
    config = config.replace(data=config.data.replace(min_length=100))
    with pytest.raises(DataError, match="no training pairs are left"):
        list(train(config, tmp_path / "run", inputs=Inputs(reversed_pairs())))
