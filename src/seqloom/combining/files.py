"""A combination as a file, which names its models and holds its settings; it stands where a command wants a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import output_file
from seqloom.checkpoint.reading import read_manifest
from seqloom.combining.base import Combination
from seqloom.combining.bayes_risk import BayesRisk
from seqloom.combining.rescoring import Rescoring
from seqloom.combining.settings import BayesRiskSettings, CombinationSettings, RescoringSettings, VotingSettings
from seqloom.combining.voting import Voting
from seqloom.config import build, read_toml, to_toml
from seqloom.errors import ConfigError, suggestion
from seqloom.loading import load
from seqloom.measured_model import MeasuredModel

SUFFIX = ".toml"
COMBINATIONS: Mapping[str, tuple[type[CombinationSettings], type[Combination]]] = {
    "rescoring": (RescoringSettings, Rescoring),
    "votes": (VotingSettings, Voting),
    "bayes_risk": (BayesRiskSettings, BayesRisk),
}
"""The ways to choose answers, by the name that stands in a file as `by`."""


def save_combination(combination: Combination, path: Path | str) -> None:
    """Write a combination to a TOML file; folders of models become relative to the folder of the file.

    Raises a `ConfigError` where a model was given without its folder.
    """
    path, settings = Path(path), combination.settings
    for name in settings.models:
        if not Path(name).is_dir():
            raise ConfigError(
                f"a combination is written with the folders of its models, and {name!r} is none",
                hint="name the models by their folders when you combine them, such as Rescoring.of(['a', 'b'])",
            )
    if path.suffix != SUFFIX:
        raise ConfigError(f"a combination is a TOML file, whose name ends in {SUFFIX}, not {path.name!r}")
    folders = tuple(Path(os.path.relpath(name, path.resolve().parent)).as_posix() for name in settings.models)
    digests = tuple(map(_digest, settings.models))
    with output_file(path) as stream:
        stream.write(to_toml(settings.replace(models=folders, digests=digests)).encode("utf-8"))


def load_combination(path: Path | str, *, engine: str = "auto", **options: Any) -> Combination:
    """Read a combination and load its models by `seqloom.load`, which takes the `engine` and its `options`.

    Models that have been trained anew since the file was written are named in `Combination.changed`.

    Raises a `ConfigError` that names the file for settings that it cannot have, and a `ModelFolderError` for a model
    that is not where the file says.
    """
    settings = read_combination(path)
    models = tuple(load(folder, engine=engine, **options) for folder in settings.models)
    for name, model in zip(settings.models, models, strict=True):
        model.codecs.refuse_tags("a combination of models", str(name))
    pairs = zip(settings.models, settings.digests, strict=False)
    changed = tuple(name for name, digest in pairs if digest and _digest(name) != digest)
    return COMBINATIONS[settings.by][1](models, settings, changed)


def read_combination(path: Path | str) -> CombinationSettings:
    """The settings in a file, in which the folders of the models are paths from where the program runs."""
    path = Path(path)
    values = read_toml(path)
    kind = str(values.get("by", ""))
    if kind not in COMBINATIONS:
        names = ", ".join(COMBINATIONS)
        raise ConfigError(
            f"is not a combination of models: `by` must be one of {names}, not {kind!r}",
            where=str(path),
            hint=suggestion(kind, COMBINATIONS) if kind else "seqloom combine writes such files",
        )
    settings = build(COMBINATIONS[kind][0], values, where=str(path))
    return settings.replace(models=tuple(str(path.parent / name) for name in settings.models))


def load_any(path: Path | str, **options: Any) -> MeasuredModel | Combination:
    """The model in a folder, or the combination in a file: whatever answers."""
    return load_combination(path, **options) if is_combination(path) else load(path, **options)


def is_combination(path: Path | str) -> bool:
    """Whether a path is that of a combination's file and not of a model folder."""
    return Path(path).suffix == SUFFIX and not Path(path).is_dir()


def _digest(folder: str) -> str:
    """The SHA-256 of a model's weights, or of its graph where it has no weights, as its manifest lists them."""
    files = read_manifest(Path(folder)).files
    names = (layout.WEIGHTS, layout.GRAPH, layout.GRAPH_INT8)
    return next((files[name].sha256 for name in names if name in files), "")
