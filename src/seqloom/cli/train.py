"""seqloom train: train a model on pairs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli import completion
from seqloom.cli.options import (
    EffortOption,
    EpochsOption,
    MinutesOption,
    SettingOptions,
    planning_settings,
    try_predicting,
)
from seqloom.cli.watching import start_torch

if TYPE_CHECKING:
    from seqloom.training import RunConfig
    from seqloom.training.group import Place

Files = list[str] | None


def train(
    arguments: Annotated[
        Files,
        typer.Argument(
            metavar="[FILE...] [CONFIG]",
            help='Training pairs: files, parallel files a.en,a.de, or patterns such as "*.tsv". CONFIG is a TOML file '
            "or the name of a preset.",
            show_default=False,
            autocompletion=completion.preset_or_file,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The model folder to write.")] = Path("model"),
    train: Annotated[
        Files, typer.Option("--train", metavar="FILE", help="More training pairs; can be repeated.")
    ] = None,
    dev: Annotated[
        Files,
        typer.Option("--dev", metavar="FILE", help="Development pairs, which select the best model; can be repeated."),
    ] = None,
    effort: EffortOption = None,
    minutes: MinutesOption = None,
    epochs: EpochsOption = None,
    settings: SettingOptions = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the folder.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model or run in the folder.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write curves for TensorBoard.")] = False,
) -> None:
    """Train a model on pairs.

    Settings that are not given are chosen for the pairs, and reported: seqloom plan shows them without training. Under
    torchrun, all processes train one model.
    """
    start_torch()
    from seqloom.best import train_best
    from seqloom.cli.given import told_apart
    from seqloom.errors import ConfigError
    from seqloom.plugins import options
    from seqloom.training import train as train_stream
    from seqloom.training.group import Place
    from seqloom.training.runs import follow_run, run_config

    if resume and overwrite:
        raise ConfigError("--resume goes on with a run, and --overwrite replaces it", hint="leave one of them out")
    config, files = told_apart(arguments or ())
    given, pairs = None, ([*files, *(train or ())], dev or ())
    settings = planning_settings(effort, minutes, settings, epochs)
    if config or any(pairs) or settings or not resume:
        given = run_config(config, files=pairs, settings=settings, going_on=output if resume else None)
    place, before = Place.here(), _begun(output, given) if resume else None
    _say_waiting(place)
    wanted = given or before
    if wanted is not None and wanted.plan.effort == "best":
        if tensorboard:
            raise ConfigError("--tensorboard is for one run, and --effort best makes many", hint="leave it out")
        train_best(wanted, output, progress=sys.stderr, resume=resume, overwrite=overwrite)
    else:
        stream = train_stream(given, output, resume=resume, overwrite=overwrite)
        follow_run(stream, output, progress=sys.stderr, tensorboard=tensorboard)
    if place.first:
        try_predicting(output, options())


def _say_waiting(place: Place) -> None:
    """Tell the user why nothing happens if the other processes were never launched."""
    if place.size > 1 and place.local_rank == 0:
        typer.echo(f"process {place.rank} of {place.size}: waiting for the others", err=True)


def _begun(output: Path, given: RunConfig | None) -> RunConfig | None:
    """The settings of a run with the effort best that was begun in the folder; refuses to go on with another effort."""
    from seqloom.best import given_before, parts_of
    from seqloom.errors import ConfigError
    from seqloom.training.states.folder import RunFolder

    run, before = RunFolder(output), given_before(parts_of(output))
    if before is not None and given is not None and given.plan.effort != "best" and not (run.begun or run.finished):
        hint = f"seqloom train --output {shlex.quote(str(output))} --resume goes on with it"
        raise ConfigError("what was begun here has the effort best", where=str(output), hint=hint)
    return before
