"""What fails a trial, what stops a sweep, and what a trial that was cut short loses: nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch

from seqloom.errors import ConfigError, DataError, DiskError, ModelFolderError, SeqloomError, TrainingError
from seqloom.sweeps import worker
from seqloom.sweeps.faults import MEMORY, fault
from seqloom.sweeps.study import masked
from seqloom.training import train
from seqloom.training.reports import CheckpointReport, Report
from sweeping import swept, tried

pytestmark = pytest.mark.usefixtures("desk_of_sweeps")
UNPRUNED = 'pruner = "none"'
Break = Callable[[Path, Report | None], None]


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "plot_trials", lambda *_, **__: None)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Break], None]:
    """Lets training break where a function says so: it is called before a run's first report and before each one."""

    def install(broken: Break) -> None:
        def breakable(config: Any, output: Path, **options: Any) -> Iterator[Report]:
            broken(output, None)
            for report in train(config, output, **options):
                yield report
                broken(output, report)

        monkeypatch.setattr(worker, "train", breakable)

    return install


def states(output: str = "out") -> list[str]:
    study = optuna.load_study(study_name="sweep", storage=f"sqlite:///{output}/study.db")
    return [each.state.name for each in study.trials]


OUTSIDE = [
    DiskError("cannot be written: no space left on device", where="out", hint="make room"),
    DataError("the file does not exist", where="dev.tsv"),
    DataError("a line must have two columns", where="train.tsv:7", hint="mend it"),
    ModelFolderError("the file is damaged", where="model"),
    ConfigError("another run is writing into the folder", where="out/trials/0001", hint="wait for it"),
    SeqloomError("something else"),
    OSError("not ours"),
]


@pytest.mark.parametrize("error", OUTSIDE, ids=lambda error: f"{type(error).__name__} {error}"[:30])
def test_what_is_no_trials_fault_is_not_counted_against_one(error: Exception) -> None:
    assert fault(error, Path("out/trials/0001")) == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigError("attention dot needs equal widths"), "attention dot needs equal widths"),
        (ConfigError("hidden must be even", where="sweep.toml"), "hidden must be even"),
        (TrainingError("not finite", where="out"), "not finite"),
        (DataError("no training pairs are left after filtering"), "no training pairs are left after filtering"),
        (MemoryError(), MEMORY),
        (torch.OutOfMemoryError("tried to allocate 3 GiB"), MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), MEMORY),
    ],
)
def test_what_is_a_trials_own_fault(error: Exception, said: str) -> None:
    assert fault(error, Path("out/trials/0001")) == said


def test_memory_failures_are_alike_whatever_the_allocator_said() -> None:
    told = TrainingError("memory is not enough: tried to allocate 3 GiB")
    told.__cause__ = torch.OutOfMemoryError("tried to allocate 3 GiB")
    assert fault(told, Path("out")) == MEMORY


def test_a_full_disk_stops_the_sweep_which_goes_on_where_it_was(breaking: Callable[[Break], None]) -> None:
    whole = swept("whole", trials=3, sweep=UNPRUNED)
    full, saved = True, False

    def broken(output: Path, report: Report | None) -> None:
        nonlocal saved
        saved = saved or (output.name == "0001" and isinstance(report, CheckpointReport) and report.step > 0)
        if full and saved:
            raise DiskError("cannot be written: no space left on device", where=str(output), hint="make room")

    breaking(broken)
    hint = r"hint: make room; go on with: seqloom sweep sweep\.toml --output 'an out' --trials 3"
    for _ in range(5):  # more often than a trial may be tried in vain
        with pytest.raises(DiskError, match=hint):
            swept("an out", trials=3, sweep=UNPRUNED)
        assert states("an out") == ["COMPLETE", "RUNNING"]
    full = False
    assert tried(swept("an out", trials=3, sweep=UNPRUNED)) == tried(whole)


def test_limits_that_leave_no_data_fail_their_trial_only() -> None:
    space = '"data.min_length" = { choices = [1, 50] }'
    results = swept("out", trials=4, space=space, sweep=f'sampler = "random"\n{UNPRUNED}')
    for each in results.trials:
        assert each.state == ("failed" if each.settings["data.min_length"] == 50 else "done")
    assert {each.state for each in results.trials} == {"failed", "done"}


def test_a_sweep_whose_trials_fail_alike_stops(breaking: Callable[[Break], None]) -> None:
    def broken(output: Path, report: Report | None) -> None:
        if output.name != "0000" and report is None:
            raise torch.OutOfMemoryError(f"tried to allocate {output.name} bytes")

    breaking(broken)
    with pytest.raises(SeqloomError, match=r"3 trials in a row failed alike: memory is not enough\nhint: .*go on with"):
        swept("out", trials=20)
    assert states() == ["COMPLETE", "FAIL", "FAIL", "FAIL"]


def test_settings_that_never_go_together_stop_a_sweep_at_its_beginning(breaking: Callable[[Break], None]) -> None:
    bad = {"0000", "0001", "0002", "0004", "0005", "0006"}

    def broken(output: Path, report: Report | None) -> None:
        if output.name in bad and report is None:
            raise ConfigError("attention dot needs equal widths")

    breaking(broken)
    with pytest.raises(SeqloomError, match="3 trials in a row failed alike: attention dot"):
        swept("out", trials=8)
    swept("out", trials=8, sweep="")  # one trial has shown that it can be done: the others fail for themselves
    assert [each == "FAIL" for each in states()] == [f"{number:04d}" in bad for number in range(8)]


@pytest.mark.parametrize(("end", "said"), [(RuntimeError("a bug"), "RuntimeError: a bug"), (SystemExit(), "killed")])
def test_a_trial_that_ends_every_attempt_is_given_up(
    end: BaseException, said: str, breaking: Callable[[Break], None]
) -> None:
    def broken(output: Path, report: Report | None) -> None:
        if output.name == "0001" and report is None:
            raise end

    breaking(broken)
    for _ in range(3):
        with pytest.raises(type(end)):
            swept("out", trials=3)
        assert states() == ["COMPLETE", "RUNNING"]
    results = swept("out", trials=3)
    assert [each.state for each in results.trials] == ["done", "failed", "done"]
    assert "given up after 3 attempts; the last one: " in results.trials[1].error
    assert said in results.trials[1].error


def test_a_trial_that_gets_on_is_never_given_up(breaking: Callable[[Break], None]) -> None:
    kills = 0

    def broken(output: Path, report: Report | None) -> None:
        nonlocal kills
        if isinstance(report, CheckpointReport) and report.step > 0:
            kills += 1
            raise SystemExit

    breaking(broken)
    ended = 0
    while not ended and kills < 20:
        try:
            ended = len(swept("out", trials=1, training="evaluate_every = 1", sweep=UNPRUNED).trials)
        except SystemExit:
            assert states() == ["RUNNING"]
    assert kills > 3
    assert states() == ["COMPLETE"]


def test_a_trial_killed_between_its_verdict_and_its_end_is_pruned_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, Any] = {"sweep": 'sampler = "random"', "trials": 8}
    whole = swept("whole", **options)
    assert "pruned" in [each.state for each in whole.trials]
    real = optuna.Trial.should_prune

    def killed(trial: optuna.Trial) -> bool:
        if real(trial):
            raise SystemExit
        return False

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Trial, "should_prune", killed)
        with pytest.raises(SystemExit):
            swept("out", **options)
    assert states()[-1] == "RUNNING"
    assert tried(swept("out", **options)) == tried(whole)


def test_a_pruned_trial_is_not_trained_to_its_end(tmp_path: Path) -> None:
    results = swept("out", sweep='sampler = "random"\nkeep = "all"', training="log_every = 1", trials=8)
    updates = {
        state: {
            (tmp_path / "out" / "trials" / f"{each.number:04d}" / "log.jsonl").read_text().count('"kind": "step"')
            for each in results.trials
            if each.state == state
        }
        for state in ("done", "pruned")
    }
    assert max(updates["pruned"]) * 2 == min(updates["done"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///out/study.db", "sqlite:///out/study.db"),
        ("postgresql://user@host/studies", "postgresql://user@host/studies"),
        ("postgresql+psycopg://user:se:cr@et/@host:5432/studies", "postgresql+psycopg://user:***@host:5432/studies"),
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("mysql://host/db?user=me&password=secret&x=1", "mysql://host/db?user=me&password=***&x=1"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_a_storage_that_cannot_be_opened_is_named_without_its_password() -> None:
    with pytest.raises(ConfigError, match="the storage cannot be opened") as refused:
        swept("out", storage="nonsense://me:secret@host/x")
    assert "secret" not in str(refused.value)


def test_a_storage_that_fails_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def report(*_: object) -> None:
        raise optuna.exceptions.StorageInternalError("the statement") from OSError("the server has gone away")

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Trial, "report", report)
        for _ in range(4):
            with pytest.raises(SeqloomError, match=r"the storage fails: the server has gone away\nhint: go on with: "):
                swept("out", trials=1, training="evaluate_every = 1")
    assert tried(swept("out", trials=1, training="evaluate_every = 1"))[0][0] == "done"
