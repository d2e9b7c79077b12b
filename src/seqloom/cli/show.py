"""seqloom show: show the contents of a model folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seqloom.cli.options import Answers, Json

if TYPE_CHECKING:
    from seqloom.confidence import AnyCalibration


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
    shown = _with_torch(model) if find_spec("torch") else _without_torch(model)
    if as_json:
        values = {
            "sizes": shown.sizes,
            "metrics": shown.metrics,
            "confidence": None if shown.calibration is None else shown.calibration.to_values(),
            "config": shown.config,
        }
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
        return
    from seqloom.checkpoint.making import CLASSES, MAKING, making
    from seqloom.cli import tables

    tables.facts("Sizes", shown.sizes)
    others = (*MAKING, CLASSES)  # the model card has a table of the classes
    tables.facts("Measured", tables.flat({name: each for name, each in shown.metrics.items() if name not in others}))
    if shown.calibration is not None:
        found = shown.calibration
        facts = {
            "measure": found.measure,
            "data": found.data,
            **vars(found.figures),
            **tables.flat(found.search, "search."),
        }
        tables.facts("Confidence", facts)
    tables.facts("Made", making(shown.metrics))
    data = shown.config.get("data", {})
    tables.facts("Data", {name: ", ".join(data.get(name, ())) or "-" for name in ("train", "dev", "test")})
    typer.echo(shown.toml)


@dataclass(frozen=True)
class _Shown:
    """What is shown of a model folder: sizes, figures, calibration, and settings as plain values and as TOML."""

    sizes: Mapping[str, int]
    metrics: Mapping[str, Any]
    calibration: AnyCalibration | None
    config: Mapping[str, Any]
    toml: str


def _with_torch(folder: Path) -> _Shown:
    from seqloom.api import load_torch
    from seqloom.config import to_toml

    loaded = load_torch(folder)
    values = loaded.config.model_dump(mode="json")
    return _Shown(loaded.sizes(), loaded.metrics, loaded.calibration, values, to_toml(loaded.config))


def _without_torch(folder: Path) -> _Shown:
    """What the files of the folder say: the weights are counted, not loaded."""
    from math import prod

    from safetensors import safe_open

    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.confidence import read_calibration
    from seqloom.checkpoint.files import place_of
    from seqloom.checkpoint.reading import read_codecs, read_config, verify

    manifest = verify(folder)
    config = read_config(folder)
    codecs = read_codecs(folder, manifest.codecs, config)
    with safe_open(place_of(folder, layout.WEIGHTS), framework="numpy") as weights:
        count = sum(prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    sizes = {"weights": count, **codecs.sizes}
    text = place_of(folder, layout.METRICS).read_text(encoding="utf-8")
    metrics = layout.read_json_object(text, str(folder / layout.METRICS))
    calibration = read_calibration(folder, manifest.files)
    toml = place_of(folder, layout.CONFIG).read_text(encoding="utf-8")
    return _Shown(sizes, metrics, calibration, config, toml)
