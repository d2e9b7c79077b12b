"""`train` and `plan`: from pairs to a model, by one run or by the many of the effort `best`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from seqloom.api import Model, Pair, Pairs, train_run
from seqloom.best import forecast_best, train_best
from seqloom.config import Settings, build, laid_over
from seqloom.data import given_files, listed_pairs
from seqloom.errors import ConfigError
from seqloom.plugins import use_all
from seqloom.training import Inputs, RunConfig
from seqloom.training.fine_tuning import adopted
from seqloom.training.forecast import Forecast, forecast
from seqloom.training.group import Place
from seqloom.training.reporters import Reporter
from seqloom.training.runs import run_config

BEST = "best"
"""The effort that makes many runs."""


def plan(
    pairs: Pairs | RunConfig | None = None,
    dev: Pairs | None = None,
    *,
    preset: str | None = None,
    settings: Settings = (),
) -> Forecast:
    """What `train` would choose for these pairs, why, and how long it would take here, without training.

    The arguments are those of `train`. Settings that are given stay as they are.
    """
    inputs, files = _inputs(pairs, dev)
    return forecasted(_config(pairs, files, preset, settings), inputs)


def train(
    pairs: Pairs | RunConfig | None = None,
    dev: Pairs | None = None,
    output: Path | str | None = None,
    *,
    preset: str | None = None,
    settings: Settings = (),
    progress: TextIO | None = None,
    reporters: Sequence[Reporter] = (),
    overwrite: bool = False,
    plugins: Sequence[str] = (),
) -> Model:
    """Train on pairs, on a file of pairs (or two parallel ones, `a.en,a.de`) or a list of them, or as a TOML file or
    `RunConfig` says.

    Without `dev`, a part of the pairs is set aside. `settings` are dotted: `{"model.hidden": 512}`. `progress` is a
    stream to show it on, such as `sys.stderr`. Without an `output` folder, the model is only returned. `plugins` are
    put to use first (see `seqloom.plugins.use`).
    """
    use_all(plugins)
    inputs, files = _inputs(pairs, dev)
    if output is None and Place.here().size > 1:
        raise ConfigError("several processes need an output folder that all of them see", hint="name one with output=")
    config = _config(pairs, files, preset, settings)
    if output is not None:
        return trained(config, output, inputs=inputs, progress=progress, reporters=reporters, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="seqloom-") as folder:
        place = Path(folder) / "model"
        return trained(config, place, inputs=inputs, progress=progress, reporters=reporters, overwrite=True)


def forecasted(config: RunConfig, inputs: Inputs = Inputs()) -> Forecast:  # noqa: B008 - a frozen value
    """What training by a configuration would begin with, by as many runs as its effort asks for."""
    return (forecast_best if config.plan.effort == BEST else forecast)(config, inputs)


def trained(
    config: RunConfig,
    output: Path | str,
    *,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    progress: TextIO | None = None,
    reporters: Sequence[Reporter] = (),
    overwrite: bool = False,
) -> Model:
    """The model of a configuration, by as many runs as its effort asks for."""
    if config.plan.effort != BEST:
        return train_run(config, output, inputs=inputs, progress=progress, reporters=reporters, overwrite=overwrite)
    if reporters:
        raise ConfigError("reporters follow one run, and plan.effort = best makes many", hint="leave them out")
    return train_best(config, output, inputs=inputs, progress=progress, overwrite=overwrite)


def _config(
    pairs: Any, files: tuple[Sequence[str], Sequence[str]], preset: str | None, settings: Settings
) -> RunConfig:
    """The configuration of what was given in Python; `files` are those of training and dev pairs."""
    name = str(pairs) if isinstance(pairs, str | Path) and str(pairs).endswith(".toml") else None
    if preset and (name or isinstance(pairs, RunConfig)):
        raise ConfigError("either a preset or a configuration, not both")
    if not isinstance(pairs, RunConfig):
        return run_config(name or preset, files=files, settings=settings)
    own = pairs.replace(data=pairs.data.replace(dev=tuple(files[1]))) if files[1] else pairs
    return own if not settings else build(RunConfig, adopted(laid_over(own.given_values, settings)))


def _inputs(pairs: Any, dev: Pairs | None) -> tuple[Inputs, tuple[Sequence[str], Sequence[str]]]:
    """What was given as pairs in Python, and what as files."""

    def files(given: Any) -> list[str]:
        return [] if isinstance(given, str | Path) and str(given).endswith(".toml") else given_files(given)

    def listed(given: Any, name: str) -> list[Pair] | None:
        if given is None or isinstance(given, RunConfig) or given_files(given):
            return None
        return listed_pairs(given, name)

    return Inputs(listed(pairs, "training pairs"), listed(dev, "dev pairs")), (files(pairs), files(dev))
