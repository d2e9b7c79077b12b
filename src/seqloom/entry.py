"""`train` and `plan`: from pairs to a model, by one run or by the many of the effort `best`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any, Literal, TextIO, overload

from seqloom.api import Model, train_run
from seqloom.best import forecast_best, given_before, parts_of, train_best
from seqloom.config import Settings, build, laid_over
from seqloom.data import given_files, listed_pairs
from seqloom.errors import ConfigError, in_python
from seqloom.measured_model import Data, Pair
from seqloom.notebook import in_notebook
from seqloom.plugins import use_all
from seqloom.training import Inputs, RunConfig
from seqloom.training.fine_tuning import adopted
from seqloom.training.forecast import Forecast, forecast
from seqloom.training.group import Place
from seqloom.training.reporters import Callback, EarlyStopping, log_notices
from seqloom.training.runs import run_config

BEST = "best"
"""The effort that makes many runs."""


def plan(
    data: Data | RunConfig | None = None,
    dev: Data | None = None,
    *,
    source: str = "",
    target: str = "",
    tags: str = "",
    epochs: int | None = None,
    minutes: float | None = None,
    effort: str | None = None,
    preset: str | None = None,
    settings: Settings = (),
) -> Forecast:
    """What `train` would choose for these pairs, why, and how long it would take here, without training.

    The arguments are those of `train`. Settings that are given stay as they are.
    """
    named = _named(source=source, target=target, tags=tags, epochs=epochs, minutes=minutes, effort=effort)
    config, inputs = _given(data, dev, preset, _once(settings, named))
    return forecasted(config, inputs)


def train(
    data: Data | RunConfig | None = None,
    dev: Data | None = None,
    output: Path | str | None = None,
    *,
    source: str = "",
    target: str = "",
    tags: str = "",
    epochs: int | None = None,
    minutes: float | None = None,
    effort: str | None = None,
    preset: str | None = None,
    settings: Settings = (),
    progress: TextIO | Literal["auto"] | bool | None = "auto",
    callbacks: Sequence[Callback | EarlyStopping] = (),
    overwrite: bool = False,
    resume: bool = False,
    plugins: Sequence[str] = (),
) -> Model:
    """Train a model on pairs.

    `data` is any of these:

    - a list, an iterator or an array of pairs `(source, target)` or `seqloom.data.Example`s
    - a table: a frame of pandas or polars, a table of pyarrow, a `Dataset` of Hugging Face, a list of dicts
    - a file of pairs, two parallel files (`"a.en,a.de"`), or a list of files
    - a TOML file or a `RunConfig`, which says everything about the run

    `dev` are pairs to select the best model by, in any of these forms but the last; without them, a part of the pairs
    is set aside. `source`, `target` and `tags` name the columns of tables and files; without them, columns with usual
    names are taken, and it is said which.

    `epochs` or `minutes` say how long to train, `effort` (`quick`, `normal`, `best`) how much to spend; without them,
    the length is chosen by the data. `settings` are all others, by dotted names: `{"model.hidden": 512}`.

    `progress` is a stream to show progress on, such as `sys.stderr`, for which True stands. `auto` shows a live table
    in a notebook and nothing elsewhere, False or None nothing anywhere. What is not shown is logged: warnings, which
    Python prints on standard error, and notices of what was chosen, at the level INFO of the logger `seqloom`; all of
    them are `model.notices` afterwards. `callbacks` are functions that are called with
    each report of the run (`seqloom.training.reports`); one that returns True ends the training. `EarlyStopping` may
    stand among them.

    Without an `output` folder, the model is only returned. A folder that holds a model is refused, unless `overwrite`
    replaces it; `resume` goes on with a run that was stopped there, of the same data. `plugins` are put to use first
    (see `seqloom.plugins.use`).

    Raises `DataError` for what is no pair of texts, with its row, `ConfigError` for settings that contradict each
    other, `TrainingError` for a callback that fails, and `KeyboardInterrupt` when the run was stopped.
    """
    use_all(plugins)
    named = _named(source=source, target=target, tags=tags, epochs=epochs, minutes=minutes, effort=effort)
    stopping = (each.settings for each in callbacks if isinstance(each, EarlyStopping))
    chosen = reduce(_once, stopping, _once(settings, named))
    own = [each for each in callbacks if not isinstance(each, EarlyStopping)]
    going_on = _folder(output, resume=resume)
    config, inputs = _given(data, dev, preset, chosen, going_on if resume else None)
    return _trained_there(config, output, inputs, shown_on(progress), own, resume=resume, overwrite=overwrite)


def _folder(output: Path | str | None, *, resume: bool) -> Path | None:
    """The output folder; raises `ConfigError` where one is needed and none is given."""
    if output is not None:
        return Path(output)
    if Place.here().size > 1 or resume:
        whose = "a run goes on in the folder it was begun in" if resume else "several processes need one that all see"
        raise ConfigError(f"an output folder is needed: {whose}", hint="name it with output=")
    return None


def _trained_there(
    config: RunConfig | None,
    output: Path | str | None,
    inputs: Inputs,
    progress: TextIO | None,
    callbacks: Sequence[Callback],
    *,
    resume: bool,
    overwrite: bool,
) -> Model:
    """Train in the output folder, or in one that is removed afterwards."""
    if output is not None:
        with in_words_of_python():
            return trained(config, output, inputs, progress, callbacks, resume=resume, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="seqloom-") as folder:
        try:
            return trained(config, Path(folder) / "model", inputs, progress, callbacks, overwrite=True)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped, and nothing is kept: name a folder with output= to go on later") from None


def shown_on(progress: TextIO | Literal["auto"] | bool | None) -> TextIO | None:
    """The stream to show progress on: of a notebook or where it is asked for, standard error."""
    if progress == "auto":
        return sys.stderr if in_notebook() else None
    if progress is None or isinstance(progress, bool):
        return sys.stderr if progress else None
    if isinstance(progress, str):
        raise ConfigError(f"progress must be a stream, True, False or 'auto', not {progress!r}")
    return progress


def forecasted(config: RunConfig, inputs: Inputs = Inputs()) -> Forecast:  # noqa: B008 - a frozen value
    """What training by a configuration would begin with, by as many runs as its effort asks for."""
    return (forecast_best if config.plan.effort == BEST else forecast)(config, inputs)


def trained(
    config: RunConfig | None,
    output: Path | str,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    progress: TextIO | None = None,
    callbacks: Sequence[Callback] = (),
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Model:
    """The model of a configuration, by as many runs as its effort asks for; None goes on as it was begun."""
    wanted = given_before(parts_of(output)) if config is None else config
    if wanted is None or wanted.plan.effort != BEST:
        ways = {"resume": resume, "overwrite": overwrite}
        heard = callbacks if progress is not None else [log_notices, *callbacks]
        return train_run(config, output, inputs=inputs, progress=progress, callbacks=heard, **ways)
    if callbacks:
        raise ConfigError("callbacks follow one run, and effort = best makes many", hint="leave them out")
    return train_best(wanted, output, inputs=inputs, progress=progress, resume=resume, overwrite=overwrite)


@contextmanager
def in_words_of_python() -> Iterator[None]:
    """Let what is said when a run is stopped name arguments of Python, as errors do."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(in_python(str(stopped))) from None


ARGUMENTS = {
    "source": "data.source",
    "target": "data.target",
    "tags": "data.tags",
    "epochs": "training.epochs",
    "minutes": "plan.minutes",
    "effort": "plan.effort",
}
"""Arguments of `train` and `plan`, and the settings that they give."""


def _named(**arguments: Any) -> dict[str, Any]:
    """The settings that arguments give; those that are None or empty give none."""
    return {ARGUMENTS[name]: value for name, value in arguments.items() if value is not None and value != ""}


def _once(settings: Settings, more: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with `more` of them, by dotted names; raises `ConfigError` where both give the same one."""
    given = laid_over({}, settings)
    for name in more:
        there: Any = given
        for part in name.split("."):
            there = there.get(part) if isinstance(there, Mapping) else None
        if there is not None:
            argument = next((f"{short}=" for short, long in ARGUMENTS.items() if long == name), "EarlyStopping")
            raise ConfigError(f"{argument} and the settings both give {name}", hint="give one of them")
    return laid_over(given, more)


@overload
def _given(data: Any, dev: Any, preset: str | None, settings: Settings) -> tuple[RunConfig, Inputs]: ...


@overload
def _given(
    data: Any, dev: Any, preset: str | None, settings: Settings, going_on: Path | None
) -> tuple[RunConfig | None, Inputs]: ...


def _given(
    data: Any, dev: Any, preset: str | None, settings: Settings, going_on: Path | None = None
) -> tuple[RunConfig | None, Inputs]:
    """The configuration of what was given in Python, and the pairs that are not in files.

    To go on with a run, whose folder is `going_on`, nothing need be given: the configuration is None then.
    """
    files = _files(data), _files(dev)
    if going_on is not None and data is None and dev is None and not preset and not settings:
        return None, Inputs()
    config = _config(data, files, preset, settings, going_on)
    said: list[str] = []

    def listed(given: Any, name: str, files: Sequence[str]) -> list[Pair] | None:
        if given is None or isinstance(given, RunConfig) or files or _is_toml(given):
            return None
        pairs, how = listed_pairs(given, name, config.data)
        said.extend(how)
        return pairs

    train, held_out = listed(data, "training pairs", files[0]), listed(dev, "dev pairs", files[1])
    return config, Inputs(train, held_out, said=tuple(said))


def _is_toml(given: Any) -> bool:
    return isinstance(given, str | Path) and str(given).endswith(".toml")


def _files(given: Any) -> list[str]:
    return [] if _is_toml(given) else given_files(given)


def _config(
    data: Any,
    files: tuple[Sequence[str], Sequence[str]],
    preset: str | None,
    settings: Settings,
    going_on: Path | None = None,
) -> RunConfig:
    """The configuration of what was given in Python; `files` are those of training and dev pairs."""
    name = str(data) if _is_toml(data) else None
    if preset and (name or isinstance(data, RunConfig)):
        raise ConfigError("either a preset or a configuration, not both")
    if not isinstance(data, RunConfig):
        return run_config(name or preset, files=files, settings=settings, going_on=going_on)
    own = data.replace(data=data.data.replace(dev=tuple(files[1]))) if files[1] else data
    return own if not settings else build(RunConfig, adopted(laid_over(own.given_values, settings)))
