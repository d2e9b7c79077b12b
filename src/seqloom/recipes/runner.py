"""Run a recipe: train each of its models and evaluate it on its tests; finished models are not trained again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from seqloom.api import train_run
from seqloom.checkpoint.files import text_writer, write_folder
from seqloom.config import to_toml
from seqloom.errors import ConfigError
from seqloom.recipes.made import make
from seqloom.recipes.recipe import Part, Recipe
from seqloom.recipes.results import PartResult, Results
from seqloom.streams import forgiving
from seqloom.training.group import Place


def run_recipe(
    recipe: Recipe,
    output: Path,
    *,
    only: Iterable[str] = (),
    settings: Iterable[str] = (),
    progress: TextIO | None = None,
) -> Results:
    """Train every part, or those in `only`, evaluate it, and write `results.json` and `results.md` into `output`.

    A run that was interrupted is resumed; a part that is finished is only evaluated again. Raises ConfigError where a
    part was run with other settings before.
    """
    if Place.here().size > 1:
        raise ConfigError("a recipe runs in one process", hint="leave torchrun out; seqloom train runs under it")
    progress = None if progress is None else forgiving(progress)
    data, made = recipe.data_folder(), output / "data"
    parts = recipe.parts(data, only, settings, made)
    make((recipe.section.folds, recipe.section.phrases), data, made)
    for part in parts:
        _claim(output, part.name, to_toml(part.config))
    done: list[PartResult] = []
    for part in parts:
        _say(progress, f"== {part.name} ==")
        done.append(_run_part(part, output / part.name, progress))
        results = Results(recipe, done)
        values = json.dumps(results.to_json(), ensure_ascii=False, indent=2) + "\n"
        write_folder(output, {"results.json": text_writer(values), "results.md": text_writer(results.to_markdown())})
    return Results(recipe, done)


def _run_part(part: Part, folder: Path, progress: TextIO | None) -> PartResult:
    model = train_run(part.config, folder, progress=progress, resume=True)
    scores, seconds = {}, 0.0
    for test, entry in part.tests.items():
        measured = model.evaluate(entry)
        scores[test] = measured.scores
        seconds += measured.seconds
        _say(progress, f"test {test}: {'  '.join(map(str, measured.scores))}")
    return PartResult(part.name, scores, model.sizes()["weights"], model.metrics.get("training", {}), seconds)


def _claim(output: Path, name: str, settings: str) -> None:
    """Write a part's settings beside its folder; raises ConfigError where it was started with other settings."""
    path = output / f"{name}.toml"
    if not path.is_file():
        write_folder(output, {path.name: text_writer(settings)})
    elif path.read_text(encoding="utf-8") != settings:
        raise ConfigError(f"{name} was run with other settings before", where=str(path), hint="name another --output")


def _say(progress: TextIO | None, line: str) -> None:
    if progress is not None:
        progress.write(line + "\n")
