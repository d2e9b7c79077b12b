"""seqloom calibrate: learn how likely a model's answers are right, and store it in the model folder."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from seqloom.cli.options import Data, Json, ModelArgument, SettingOptions, try_predicting


def calibrate(
    model: ModelArgument,
    data: Data,
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="What an answer is worth: exact_match by default, or the main metric of a model of sentences.",
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", help="Answer only N pairs, evenly spaced; 0 answers all.", min=0)
    ] = 0,
    as_json: Json = False,
    settings: SettingOptions = None,
) -> None:
    """Calibrate a model on pairs that it was not trained on.

    Its answers then have a confidence, the probability that they are right, in every engine. Training does the same
    with its dev data. The confidence belongs to the settings of search that it was calibrated with.
    """
    from seqloom.api import load_torch
    from seqloom.checkpoint.confidence import add_calibration
    from seqloom.confidence.calibration import settings_of

    loaded = load_torch(model)
    chosen = loaded.with_settings(settings or ())
    found = chosen.with_confidence(data, metric=metric, limit=limit).calibration
    assert found is not None
    before = loaded.calibration
    if before is not None:
        error = f"its calibration error was {before.figures.calibration_error:.3f}"
        typer.echo(f"note: this replaces the calibration on {before.data}; {error}", err=True)
    path = add_calibration(model, found)
    if as_json:
        typer.echo(json.dumps(found.to_values(), ensure_ascii=False, indent=2))
    typer.echo(f"{path}: {found.sentence()}", err=True)
    own = settings_of(loaded.config.search)
    changed = [f"--set search.{name}={value}" for name, value in found.search.items() if value != own[name]]
    try_predicting(model, " ".join([*changed, "--min-confidence 0.9"]))
