"""seqloom show: show the contents of a model folder."""

from __future__ import annotations

import json

import typer

from seqloom.cli.options import Json, ModelArgument


def show(model: ModelArgument, as_json: Json = False) -> None:
    """Show the contents of a model folder.

    Shows sizes, evaluation figures, how the model was made, its data files and its settings.
    """
    from seqloom.api import load_torch

    loaded = load_torch(model)
    if as_json:
        values = {
            "sizes": loaded.sizes(),
            "metrics": loaded.metrics,
            "confidence": None if loaded.calibration is None else loaded.calibration.to_values(),
            "config": loaded.config.model_dump(mode="json"),
        }
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
        return
    from seqloom.cli import tables

    tables.facts("Sizes", loaded.sizes())
    from seqloom.checkpoint.card import MAKING, making

    tables.facts("Measured", tables.flat({name: each for name, each in loaded.metrics.items() if name not in MAKING}))
    if loaded.calibration is not None:
        found = loaded.calibration
        facts = {
            "measure": found.measure,
            "data": found.data,
            **vars(found.figures),
            **tables.flat(found.search, "search."),
        }
        tables.facts("Confidence", facts)
    tables.facts("Made", making(loaded.metrics))
    data = loaded.config.data
    tables.facts("Data", {name: ", ".join(getattr(data, name)) or "-" for name in ("train", "dev", "test")})
    from seqloom.config import to_toml

    typer.echo(to_toml(loaded.config))
