"""Sweeps of runs so tiny that a trial takes a tenth of a second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from toy import copied, write_pairs

if TYPE_CHECKING:
    from seqloom.sweeps import SweepResults

SWEEP = """
[sweep]
trials = 4
seed = 3
startup = 2
{sweep}
[data]
train = ["train.tsv"]
dev = ["dev.tsv"]
[model]
embedding = 4
hidden = 8
[model.encoder]
layers = 1
[model.decoder]
layers = 1
[training]
epochs = 2
precision = "float32-default"
device = "cpu"
selection = {{ limit = 0 }}
batch = {{ tokens = 400 }}
{training}
[space]
"model.embedding" = {{ choices = [4, 6] }}
"training.optimiser.learning_rate" = {{ low = 1e-3, high = 0.1, log = true }}
{space}
"""


@pytest.fixture
def desk_of_sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked_shapes: None) -> Path:
    """The working folder, with pairs to sweep over."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "train.tsv", copied(60))
    write_pairs(tmp_path / "dev.tsv", copied(10, seed=2))
    return tmp_path


def swept(output: str, *, sweep: str = "", training: str = "", space: str = "", **options: Any) -> SweepResults:
    """What comes out of a sweep of tiny runs."""
    from seqloom.sweeps import load_sweep, run_sweep  # noqa: PLC0415 - most tests need no Optuna

    Path("sweep.toml").write_text(SWEEP.format(sweep=sweep, training=training, space=space), encoding="utf-8")
    return run_sweep(load_sweep("sweep.toml"), output, **options)


def tried(results: SweepResults) -> list[tuple[Any, ...]]:
    """The trials without what differs each time."""
    return [(each.state, each.value, dict(each.settings)) for each in results.trials]
