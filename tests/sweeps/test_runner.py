"""Sweeps of tiny runs: the same twice, gone on with, pruned, failed, stopped, joined."""

from __future__ import annotations

import io
import signal
import tomllib
from pathlib import Path
from typing import Any

import optuna
import pytest
from matplotlib.image import imread

import seqloom
from seqloom.errors import ConfigError, SeqloomError
from seqloom.sweeps import load_sweep, run_sweep
from seqloom.sweeps.study import evaluation_number, open_study
from seqloom.training.runs import run_config
from sweeping import SWEEP, swept, tried

pytestmark = pytest.mark.usefixtures("desk_of_sweeps")


def test_a_sweep_finds_keeps_and_draws_the_best(tmp_path: Path) -> None:
    progress = io.StringIO()
    results = swept("out", sweep='pruner = "none"', progress=progress)
    assert [each.state for each in results.trials] == ["done"] * 4
    best = results.best_trial
    assert best is not None
    assert best.value == min(each.value for each in results.trials if each.value is not None)
    assert {path.name for path in (tmp_path / "out" / "trials").iterdir() if path.is_dir()} == {f"{best.number:04d}"}
    config = run_config("out/best.toml")
    assert config.model.embedding == best.settings["model.embedding"]
    assert config.training.optimiser.learning_rate == best.settings["training.optimiser.learning_rate"]
    model = seqloom.train("out/best.toml", output="again")
    assert model.metrics["dev"]["loss"] == best.value
    assert imread(tmp_path / "out" / "trials.png").shape[1] > 500
    assert f"trial {best.number} done, loss {best.value:.4g} after 2 evaluations" in progress.getvalue()


def test_a_seed_gives_the_same_trials_whether_or_not_the_sweep_was_cut(tmp_path: Path) -> None:
    whole = swept("whole", trials=5)
    swept("cut", trials=2)
    assert tried(swept("cut", trials=5)) == tried(whole)
    assert tried(swept("cut", trials=3)) == tried(whole)  # there are enough already
    assert len({str(each.settings) for each in whole.trials}) == 5


def test_hopeless_trials_are_pruned(tmp_path: Path) -> None:
    space = '"training.label_smoothing" = { choices = [0.0, 0.0] }'
    results = swept("out", sweep='sampler = "random"\nkeep = "all"', training="log_every = 1", space=space, trials=8)
    states = [each.state for each in results.trials]
    assert states[:2] == ["done", "done"]
    assert "pruned" in states
    for each in results.trials:
        assert each.evaluations == (1 if each.state == "pruned" else 2)
        assert (tmp_path / "out" / "trials" / f"{each.number:04d}" / "log.jsonl").is_file()
        others = sorted(other.value or 0 for other in results.trials[: each.number] if other.state == "done")
        if each.state == "pruned":
            assert (each.value or 0) > others[0]


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
@pytest.mark.parametrize("warmup", [1, 2, 3])
def test_every_trial_may_have_its_first_evaluations(pruner: str, warmup: int) -> None:
    Path("sweep.toml").write_text(
        SWEEP.format(sweep=f'pruner = "{pruner}"\nwarmup = {warmup}', training="", space="").replace(
            "epochs = 2", "epochs = 9"
        )
    )
    study = open_study(load_sweep("sweep.toml"), "sqlite:///:memory:")
    for _ in range(8):
        good = study.ask()
        for evaluation in range(1, 10):
            good.report(0.0, evaluation)
            good.should_prune()
        study.tell(good, 0.0)
    ended = []
    for _ in range(6):  # Hyperband halves in brackets, which end at different evaluations
        bad = study.ask()
        for evaluation in range(1, 10):
            bad.report(9.0, evaluation)
            if bad.should_prune():
                ended.append(evaluation)
                break
        study.tell(bad, 9.0)
    assert min(ended) == warmup


def test_hyperband_prunes_too(tmp_path: Path) -> None:
    results = swept("out", sweep='pruner = "hyperband"\nsampler = "random"', training="", trials=8)
    assert {each.state for each in results.trials} == {"done", "pruned"}


def test_trials_that_cannot_be_are_marked_and_the_rest_goes_on(tmp_path: Path) -> None:
    space = '"model.attention" = { choices = ["dot", "general"] }\n"model.encoder.hidden" = { choices = [8, 12] }'
    results = swept("out", space=space, sweep='sampler = "random"', trials=8)
    failed = [each for each in results.trials if each.state == "failed"]
    assert failed
    assert len(failed) < 8
    for each in failed:
        assert each.settings["model.attention"] == "dot"
        assert each.settings["model.encoder.hidden"] == 12
        assert "equal width" in each.error
    assert results.best is not None


def test_figures_that_are_no_numbers_fail_a_trial(tmp_path: Path) -> None:
    space = '"training.optimiser.clip_norm" = { choices = [0, 1] }'
    training = "schedule = { kind = 'constant', warmup = 0 }\nlog_every = 1"
    text = SWEEP.format(sweep='sampler = "random"', training=training, space=space)
    Path("sweep.toml").write_text(text.replace("high = 0.1", "high = 3e38"), encoding="utf-8")
    with pytest.raises(SeqloomError, match=r"no trial could be finished; the last one: .*finite"):
        run_sweep(load_sweep(_from(2e38)), "out", trials=2)
    with pytest.raises(SeqloomError, match=r"3 trials in a row failed alike: .*finite"):
        run_sweep(load_sweep("sweep.toml"), "other", trials=9)
    trials = optuna.load_study(study_name="sweep", storage="sqlite:///other/study.db").trials
    assert [each.state.name for each in trials] == ["FAIL"] * 3


def _from(low: float) -> str:
    path = Path("sweep.toml")
    path.write_text(path.read_text().replace("low = 1e-3", f"low = {low}"))
    return str(path)


def test_a_metric_that_should_rise_is_maximised(tmp_path: Path) -> None:
    results = swept("out", training="", sweep='pruner = "none"', trials=3)
    assert not results.higher_is_better
    text = SWEEP.format(sweep="", training="", space="").replace("limit = 0", 'limit = 5, on = "chrf"')
    Path("sweep.toml").write_text(text)
    results = run_sweep(load_sweep("sweep.toml"), "chrf", trials=3)
    best = results.best_trial
    assert best is not None
    assert results.measure == "chrf"
    assert best.value == max(each.value or 0.0 for each in results.trials)


def test_other_settings_under_one_name_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    swept("out", trials=1)
    with pytest.raises(ConfigError, match=r"begun with another training\.epochs: 2, not 3"):
        _longer()
    with pytest.raises(ConfigError, match="the storage cannot be opened"):
        swept("other", storage="nonsense://x")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("")
    with pytest.raises(ConfigError, match="a new folder or that of a sweep"):
        swept("mine")


def _longer() -> None:
    path = Path("sweep.toml")
    path.write_text(path.read_text().replace("epochs = 2", "epochs = 3"))
    run_sweep(load_sweep(path), "out", trials=1)


def test_two_folders_share_a_study_by_its_storage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    swept("one", trials=2, storage=url)
    results = swept("two", trials=4, storage=url)
    assert len(results.trials) == 4
    assert not (tmp_path / "one" / "study.db").exists()
    assert results.best is not None
    there = tmp_path / ("one" if results.best < 2 else "two")
    assert (there / "trials" / f"{results.best:04d}").is_dir()


def test_ctrl_c_says_how_to_go_on_and_the_trial_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = swept("whole", trials=3, sweep='pruner = "none"', training="log_every = 1")
    where, real, calls = "seqloom.sweeps.worker.evaluation_number", evaluation_number, iter(range(100))

    def stopping(*arguments: Any) -> int:
        if next(calls) == 2:  # the first evaluation of the second trial
            signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(where, stopping)
    with pytest.raises(KeyboardInterrupt, match=r"go on with: seqloom sweep sweep\.toml --output 'a cut' --trials 3"):
        swept("a cut", trials=3, sweep='pruner = "none"', training="log_every = 1")
    assert (tmp_path / "a cut" / "trials" / "0001" / "resume").is_dir()
    monkeypatch.setattr(where, real)
    assert tried(swept("a cut", trials=3, sweep='pruner = "none"', training="log_every = 1")) == tried(whole)
    log = (tmp_path / "a cut" / "trials" / f"{whole.best:04d}" / "log.jsonl").read_text()
    assert log.count('"kind": "evaluation"') == 2


def test_what_is_written_reads_as_toml(tmp_path: Path) -> None:
    swept("out", trials=1)
    text = (tmp_path / "out" / "best.toml").read_text()
    assert text.startswith("# trial 0 of sweep: loss ")
    assert tomllib.loads(text)["data"]["train"] == ["train.tsv"]
