"""The effort `best`: several models, an ensemble of them, and one distilled from it, which says what each gained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.best import halving, pipeline, variants
from seqloom.best.parts import Part
from seqloom.best.working_files import chosen_length, remove_parts
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.cli.main import app
from seqloom.errors import ConfigError
from seqloom.training import Inputs
from seqloom.training.runs import run_config
from seqloom.training.states.lock import LOCKS, sole_writer
from toy import copied

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
SETTINGS: dict[str, Any] = {
    "plan.effort": "best",
    "model.embedding": 8,
    "model.hidden": 8,
    "training.max_steps": 12,
    "training.batch.tokens": 200,
    "training.precision": "float32",
    "search.beam": 2,
}
PAIRS, DEV = copied(60), copied(12, seed=2)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small parts."""
    monkeypatch.setattr(pipeline, "SEEDS", 2)
    monkeypatch.setattr(variants, "VARIANTS", {task: ({"model.dropout": 0.1},) for task in variants.VARIANTS})


def written(folder: Path) -> list[str]:
    for name, pairs in (("pairs.tsv", PAIRS), ("dev.tsv", DEV)):
        (folder / name).write_text("".join(f"{one}\t{two}\n" for one, two in pairs), encoding="utf-8")
    given = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return ["--train", str(folder / "pairs.tsv"), "--dev", str(folder / "dev.tsv"), *given]


def test_one_model_is_made_of_many_and_says_what_each_gained(tmp_path: Path) -> None:
    output = tmp_path / "model"
    model = seqloom.train(PAIRS, DEV, output, settings=SETTINGS)
    gains = model.metrics["best"]
    measure = gains["measure"]
    named = [row["part"] for row in gains["parts"]]
    assert [each for each in named if not each.startswith("plan tried")] == [
        "one model, mean of seeds",
        "one model, the best",
        "ensemble, left-to-right",
        "ensemble, right-to-left",
        "ensemble, rescored from right to left",
        "distilled",
    ]
    figures = {row["part"]: row[measure] for row in gains["parts"]}
    kept = "distilled" if gains["kept"] == "distilled" else "one model, the best"
    dev = str(tmp_path / "model-parts" / "dev.jsonl")
    assert model.evaluate(dev, metrics=measure)[measure] == pytest.approx(figures[kept], abs=1e-3)
    assert "ensemble, left-to-right" in (output / "README.md").read_text("utf-8")
    assert len(model.predict(["abc"])) == 1


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = written(tmp_path)
    whole = CliRunner().invoke(app, ["train", *arguments, "--output", str(tmp_path / "whole")])
    assert whole.exit_code == 0, whole.output

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "distill", stop)
        cut = CliRunner().invoke(app, ["train", *arguments, "--output", str(tmp_path / "cut")])
        assert cut.exit_code != 0
    again = CliRunner().invoke(app, ["train", "--output", str(tmp_path / "cut"), "--resume"])
    assert again.exit_code == 0, again.output
    first, second = (seqloom.load(tmp_path / name) for name in ("whole", "cut"))
    assert first.metrics["best"] == second.metrics["best"]
    for name, tensor in distinct_tensors(first.network).items():
        assert tensor.equal(distinct_tensors(second.network)[name])


def test_other_settings_are_refused_when_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "chosen_plan", stop)
    config = run_config(settings=SETTINGS)
    with pytest.raises(KeyboardInterrupt, match="go on with: seqloom train --output"):
        pipeline.train_best(config, tmp_path / "model", inputs=Inputs(PAIRS, DEV))
    with pytest.raises(ConfigError, match="runs of an earlier call"):
        pipeline.train_best(config, tmp_path / "model", inputs=Inputs(PAIRS, DEV))
    done = CliRunner().invoke(
        app, ["train", "--output", str(tmp_path / "model"), "--resume", "--set", "model.hidden=8"]
    )
    assert done.exit_code == 2
    assert "what was begun here has the effort best" in done.output
    other = run_config(settings={**SETTINGS, "model.hidden": 16})
    with pytest.raises(ConfigError, match=r"model\.hidden must stay 8"):
        pipeline.train_best(other, tmp_path / "model", inputs=Inputs(PAIRS, DEV), resume=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data.reverse_target": True}, "both directions"),
        ({"data.train": ["a.tsv", "b.tsv"], "data.weights": [1, 2]}, "one file of pairs"),
    ],
)
def test_what_not_all_runs_could_have_is_refused_at_once(settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    config = run_config(settings={**SETTINGS, **settings})
    with pytest.raises(ConfigError, match=said):
        pipeline.train_best(config, tmp_path / "model")
    with pytest.raises(ConfigError, match=said):
        pipeline.forecast_best(config)
    assert not (tmp_path / "model-parts").exists()


def test_the_length_of_the_runs_is_chosen_once(tmp_path: Path) -> None:
    assert chosen_length(tmp_path, 300) == chosen_length(tmp_path, 200) == 300


def test_what_starts_again_waits_for_no_other_run_and_removes_nothing_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "model-parts"
    with sole_writer(folder):
        (folder / "left-to-right-1").mkdir()
        with pytest.raises(ConfigError, match="another run is writing"):
            seqloom.train(PAIRS, DEV, tmp_path / "model", settings=SETTINGS, overwrite=True)
        assert (folder / "left-to-right-1").is_dir()
        remove_parts(folder)
        assert {path.name for path in folder.iterdir()} == set(LOCKS)


def test_a_single_run_does_not_pretend(tmp_path: Path) -> None:
    from seqloom.training import train  # noqa: PLC0415

    with pytest.raises(ConfigError, match="several models"):
        list(train(run_config(settings=SETTINGS), tmp_path / "model", inputs=Inputs(PAIRS, DEV)))


def test_the_better_half_goes_on() -> None:
    class Scripted:
        """Runs whose figure is scripted: the third candidate is best."""

        asked: list[tuple[str, float]] = []  # noqa: RUF012

        def trained(self, name: str, settings: dict[str, Any], *, share: float) -> Any:
            self.asked.append((name, share))
            return Part(Path(name), settings, -abs(settings["n"] - 2))

        def best(self, parts: list[Any]) -> Any:
            return max(parts, key=lambda part: part.figure)

    parts = Scripted()
    settings, made = halving.chosen_plan(parts, [{"n": number} for number in range(5)])  # type: ignore[arg-type]
    assert settings == {"n": 2}
    assert len(made) == 5 + 3
    assert sum(share for _, share in parts.asked) == pytest.approx(halving.runs_of(5))


def test_what_is_given_is_not_varied() -> None:
    assert variants.variants("words", frozenset({"model.dropout"})) == [{}]
    assert len(variants.variants("words", frozenset())) == 2


def test_the_time_of_all_runs_is_forecast(tmp_path: Path) -> None:
    one = seqloom.plan(PAIRS, DEV, settings={**SETTINGS, "plan.effort": "normal"})
    found = seqloom.plan(PAIRS, DEV, settings=SETTINGS)
    assert found.seconds > one.seconds
    assert any(notice.startswith("best: about") for notice in found.notices)


def test_the_forecast_says_what_was_given_and_that_its_time_is_that_of_all_runs(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{one}\t{two}\n" for one, two in PAIRS), encoding="utf-8")
    given = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    result = CliRunner().invoke(app, ["plan", str(pairs), *given])
    assert result.exit_code == 0, result.output
    assert "all runs together take about" in " ".join(result.stdout.split())
    found = seqloom.plan(PAIRS, DEV, settings=SETTINGS)
    assert found.config.plan.effort == "best"
    assert "plan.minutes" not in found.given
    assert found.given >= SETTINGS.keys()
