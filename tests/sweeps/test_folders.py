"""Whose trials are whose: a folder belongs to one study, and a trial to one folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from filelock import FileLock, Timeout

from seqloom.errors import ConfigError
from seqloom.sweeps import load_sweep, run_sweep, worker
from seqloom.sweeps.results import WORKER
from seqloom.training import train
from sweeping import swept, tried
from toy import copied, write_pairs

pytestmark = pytest.mark.usefixtures("desk_of_sweeps")
OTHER = {"id": "other", "host": "there", "folder": "/far"}
RUNNING = optuna.trial.TrialState.RUNNING


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def stored(url: str) -> optuna.Study:
    return optuna.load_study(study_name="sweep", storage=url)


def taken(study: optuna.Study, mark: dict[str, str]) -> None:
    """A trial that somebody is at work on."""
    study.add_trial(optuna.trial.create_trial(state=RUNNING, user_attrs={WORKER: mark}))


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "plot_trials", lambda *_, **__: None)


@pytest.fixture
def shared(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shared.db'}"


def test_a_folder_is_not_given_to_a_study_of_another_name(tmp_path: Path) -> None:
    swept("out", trials=2)
    before = contents(tmp_path / "out")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"belongs to the study sweep, not second\nhint: name another output="):
            swept("out", trials=2, sweep='name = "second"')
    assert contents(tmp_path / "out") == before


def test_a_folder_is_not_given_to_another_study_of_its_name(tmp_path: Path, shared: str) -> None:
    swept("out", trials=2)
    before = contents(tmp_path / "out")
    with pytest.raises(ConfigError, match=r"shared\.db has no study sweep, to which the folder belongs"):
        swept("out", trials=4, storage=shared)
    assert optuna.get_all_study_names(shared) == []
    swept("second", trials=1, storage=shared)
    with pytest.raises(ConfigError, match="belongs to another study of the name sweep"):
        swept("out", trials=4, storage=shared)
    assert len(stored(shared).trials) == 1
    assert contents(tmp_path / "out") == before
    (tmp_path / "out" / "study.db").unlink()
    with pytest.raises(ConfigError, match="has no study sweep"):
        swept("out", trials=4)
    (tmp_path / "out" / "study.json").unlink()
    with pytest.raises(ConfigError, match="trials of an unknown study"):
        swept("out", trials=4)


def test_trials_newer_than_their_study_are_not_taken_for_others(tmp_path: Path) -> None:
    swept("out", trials=1)
    shutil.copy("out/study.db", "older.db")
    swept("out", trials=4, sweep='keep = "all"')
    shutil.copy("older.db", "out/study.db")
    with pytest.raises(ConfigError, match="the folder holds trial 1, and the study has 1 only"):
        swept("out", trials=4)
    assert len(stored("sqlite:///out/study.db").trials) == 1


def test_a_damaged_tie_is_named(tmp_path: Path) -> None:
    swept("out", trials=1)
    (tmp_path / "out" / "study.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"study\.json: cannot be read"):
        swept("out", trials=2)


def test_a_trial_of_another_worker_is_left_alone_whatever_lies_in_its_place(tmp_path: Path, shared: str) -> None:
    swept("one", trials=1, storage=shared)
    swept("two", trials=2, storage=shared, sweep='keep = "all"')
    taken(stored(shared), OTHER)
    shutil.copytree("two/trials/0001", "two/trials/0002")
    results = swept("two", trials=4, storage=shared)
    assert [each.state for each in results.trials][2:] == ["running", "done"]
    assert results.trials[2].place == "there:/far"
    assert (tmp_path / "two" / "trials" / "0002").is_dir()


def test_only_folders_of_ones_own_trials_are_removed(tmp_path: Path, shared: str) -> None:
    results = swept("one", trials=2, storage=shared, sweep='pruner = "none"')
    worse = 1 - (results.best or 0)
    foreign = tmp_path / "two" / "trials" / f"{worse:04d}"
    swept("two", trials=3, storage=shared, sweep='pruner = "none"')
    foreign.mkdir()
    swept("two", trials=4, storage=shared, sweep='pruner = "none"')
    assert foreign.is_dir()
    assert not (tmp_path / "one" / "trials" / foreign.name).exists()


def test_a_trial_that_a_living_process_works_on_is_left_alone(tmp_path: Path) -> None:
    swept("out", trials=1)
    study = stored("sqlite:///out/study.db")
    taken(study, study.trials[0].user_attrs[WORKER])
    with FileLock(tmp_path / "out" / "trials" / "0001.lock"):
        assert [each.state for each in swept("out", trials=2).trials] == ["done", "running"]
    assert [each.state for each in swept("out", trials=2).trials] == ["done", "done"]


def test_a_trial_cut_short_before_it_had_a_folder_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = swept("whole", trials=3)
    real = optuna.Study.add_trial

    def killed(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        real(study, trial)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "add_trial", killed)
        with pytest.raises(SystemExit):
            swept("cut", trials=3)
    assert [each.state for each in stored("sqlite:///cut/study.db").trials] == [RUNNING]
    assert tried(swept("cut", trials=3)) == tried(whole)


@pytest.mark.parametrize("way", ["copied", "moved"])
def test_a_moved_folder_keeps_its_trials_and_a_copy_of_it_leaves_them_alone(way: str, shared: str) -> None:
    swept("one", trials=1, storage=shared)
    study = stored(shared)
    taken(study, study.trials[0].user_attrs[WORKER])
    if way == "copied":
        shutil.copytree("one", "two")
    else:
        shutil.move("one", "two")
    states = [each.state for each in swept("two", trials=3, storage=shared).trials]
    assert states[1] == ("running" if way == "copied" else "done")
    assert states[2] in ("done", "pruned")
    if way == "copied":
        assert swept("one", trials=3, storage=shared).trials[1].state == "done"


def test_running_trials_of_a_lost_machine_are_dropped(shared: str) -> None:
    swept("one", trials=1, storage=shared)
    taken(stored(shared), OTHER)
    for number in (0, 7):
        with pytest.raises(ConfigError, match=rf"only a running trial can be dropped, not {number}\nhint: running: 1"):
            swept("one", trials=2, storage=shared, drop=[1, number])
    results = swept("one", trials=3, storage=shared, drop=[1])
    assert [each.state for each in results.trials] == ["done", "failed", "done"]
    assert results.trials[1].error == "dropped"


@pytest.mark.parametrize("moment", ["EvalReport", "FinishReport"])
def test_a_trial_dropped_while_it_is_trained_is_let_go(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(config: Any, output: Path, **options: Any) -> Iterator[Any]:
        for report in train(config, output, **options):
            if output.name == "0001" and type(report).__name__ == moment:
                stored("sqlite:///out/study.db").tell(1, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
            yield report

    monkeypatch.setattr(worker, "train", watched)
    assert [each.state for each in swept("out", trials=3).trials] == ["done", "failed", "done"]


def test_a_folder_is_put_in_order_by_one_process_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: set[str] = set()

    def guarded(place: Any, name: str) -> None:
        real = getattr(place, name)

        def call(*arguments: Any, **options: Any) -> Any:
            with pytest.raises(Timeout):
                FileLock("out/sweep.lock", timeout=0).acquire()
            alone.add(name)
            return real(*arguments, **options)

        monkeypatch.setattr(place, name, call)

    guarded(worker, "write_file")
    guarded(worker.Worker, "_remove")
    guarded(worker, "plot_trials")
    guarded(optuna.Study, "add_trial")
    swept("out", trials=2)
    assert alone == {"write_file", "_remove", "plot_trials", "add_trial"}


def test_machines_with_other_data_under_one_name_are_refused(tmp_path: Path, shared: str) -> None:
    swept("one", trials=1, storage=shared)
    for name in ("dev.tsv", "train.tsv"):
        before = (tmp_path / name).read_bytes()
        write_pairs(tmp_path / name, copied(11, seed=5))
        with pytest.raises(ConfigError, match=rf"was begun with another content of {name}"):
            run_sweep(load_sweep("sweep.toml"), "two", trials=2, storage=shared)
        (tmp_path / name).write_bytes(before)
    assert len(run_sweep(load_sweep("sweep.toml"), "two", trials=2, storage=shared).trials) == 2
