"""Write the model folder that a run leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seqloom.checkpoint import ModelToStore, save_model
from seqloom.confidence import AnyCalibration
from seqloom.training.run import Run
from seqloom.training.setup import Prepared
from seqloom.training.states.progress import Progress


def model_folder(
    prepared: Prepared, progress: Progress, figures: Mapping[str, Any], facts: Mapping[str, Any]
) -> ModelToStore:
    """Return the contents of the model folder: current weights, tokenizers, configuration, `figures`, and facts on
    training."""
    training = {
        **facts,
        "step": progress.step,
        "tokens": progress.tokens,
        "skipped": progress.health.skipped,
        "seconds": round(progress.seconds, 1),
        "pairs": len(prepared.train),
        "device": prepared.device.type,
        "processes": prepared.group.size,
        "precision": prepared.precision.describe(),
    }
    config = prepared.config
    decoded = {"examples": len(prepared.dev_examples), "of": len(prepared.dev_rows), "beam": config.dev_search.beam}
    judged = {**figures, **({"dev_decoded": decoded} if prepared.dev_examples else {})}
    return ModelToStore(prepared.model, prepared.codecs, config, {**judged, "training": training})


def install(run: Run, figures: dict[str, Any], *, finished: bool, calibration: AnyCalibration | None = None) -> None:
    """Write the model's current weights, with `figures` and the calibration of its confidences, into the output folder;
    only the first process does."""
    if run.group.first:
        facts = {"finished": finished, "epoch": run.epoch}
        contents = model_folder(run.prepared, run.progress, {**figures, "record": run.record}, facts)
        save_model(run.folder.output, replace(contents, calibration=calibration))
