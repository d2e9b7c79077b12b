"""The effort `best` where answers are labels: several seeds and their ensemble, calibrated, in one direction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import seqloom
from labelling import SETTINGS, labelled
from seqloom.best import pipeline, variants
from seqloom.label_ensemble import LabelEnsemble

GIVEN: dict[str, Any] = {
    **{name: value for name, value in SETTINGS.items() if name not in ("plan.effort", "model.answer")},
    "plan.effort": "best",
    "training.epochs": 0,
    "training.max_steps": 40,
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few parts."""
    monkeypatch.setattr(pipeline, "SEEDS", 2)
    monkeypatch.setattr(variants, "OF_LABELS", ({"model.pooling.kind": "max"},))


def test_the_best_of_labels_is_an_ensemble_or_one_of_its_members(tmp_path: Path) -> None:
    model = seqloom.train(labelled(300), labelled(60, 2), tmp_path / "model", settings=GIVEN)
    gains = model.metrics["best"]
    named = [row["part"] for row in gains["parts"] if not row["part"].startswith("plan tried")]
    assert named == ["one model, mean of seeds", "one model, the best", "ensemble"]
    assert sorted(each.name for each in (tmp_path / "model-parts").iterdir() if each.is_dir()) == [
        "ensemble",
        "plan-0-round-1",
        "plan-1-round-1",
        "seed-1",
        "seed-2",
    ]
    joined = seqloom.load(tmp_path / "model-parts" / "ensemble")
    assert isinstance(joined.network, LabelEnsemble)
    assert joined.calibration is not None
    assert gains["kept"] in ("seed-1", "seed-2") or gains["kept"].startswith("ensemble of")
    assert model.predict("a good film")[0].confidence is not None
    measure, dev = gains["measure"], str(tmp_path / "model-parts" / "dev.jsonl")
    figures = {row["part"]: row[measure] for row in gains["parts"]}
    kept = "ensemble" if gains["kept"].startswith("ensemble of") else "one model, the best"
    assert model.evaluate(dev, metrics=measure)[measure] == pytest.approx(figures[kept], abs=1e-3)


def test_the_forecast_counts_the_parts_of_labels() -> None:
    found = seqloom.plan(labelled(300), settings=GIVEN)
    assert found.config.model.answer == "label"
    assert any("2 models and their ensemble" in each for each in found.notices)
