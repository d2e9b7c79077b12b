"""seqloom show: show the contents of a model folder."""

from __future__ import annotations

import json

import typer

from seqloom.cli.options import Answers, Json


def show(model: Answers, as_json: Json = False) -> None:
    """Show the contents of a model folder.

    Shows sizes, evaluation figures, how the model was made, its data files and its settings. Of a combination's file,
    it shows the settings.
    """
    from seqloom.combining.files import is_combination, read_combination
    from seqloom.config import to_toml

    if is_combination(model):
        settings = read_combination(model)
        values = settings.model_dump(mode="json", exclude_none=True)
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2) if as_json else to_toml(settings))
        return
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
    from seqloom.checkpoint.card import CLASSES, MAKING, making

    others = (*MAKING, CLASSES)  # the model card has a table of the classes
    tables.facts("Measured", tables.flat({name: each for name, each in loaded.metrics.items() if name not in others}))
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
    typer.echo(to_toml(loaded.config))
