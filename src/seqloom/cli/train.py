"""seqloom train: train a model on pairs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import EffortOption, MinutesOption, SettingOptions, planning_settings, try_predicting

Files = list[str] | None


def train(
    config: Annotated[
        str | None, typer.Argument(metavar="CONFIG", help="A TOML file, or the name of a preset.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The model folder to write.")] = Path("model"),
    train: Annotated[Files, typer.Option("--train", metavar="FILE", help="Training pairs; can be repeated.")] = None,
    dev: Annotated[
        Files,
        typer.Option("--dev", metavar="FILE", help="Development pairs, which select the best model; can be repeated."),
    ] = None,
    effort: EffortOption = None,
    minutes: MinutesOption = None,
    settings: SettingOptions = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in the folder.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model or run in the folder.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write curves for TensorBoard.")] = False,
) -> None:
    """Train a model on pairs.

    Settings that are not given are chosen for the pairs, and reported: seqloom plan shows them without training. Under
    torchrun, all processes train one model.
    """
    from seqloom.best import given_before, parts_of, train_best
    from seqloom.errors import ConfigError
    from seqloom.plugins import options
    from seqloom.training import train as train_stream
    from seqloom.training.group import Place
    from seqloom.training.runs import follow_run, run_config
    from seqloom.training.states.folder import RunFolder

    given = None
    settings = planning_settings(effort, minutes, settings)
    if config or train or dev or settings or not resume:
        files = (train or (), dev or ())
        given = run_config(config, files=files, settings=settings, going_on=output if resume else None)
    place, run = Place.here(), RunFolder(output)
    before = given_before(parts_of(output)) if resume else None
    if before is not None and given is not None and given.plan.effort != "best" and not (run.begun or run.finished):
        hint = f"seqloom train --output {shlex.quote(str(output))} --resume goes on with it"
        raise ConfigError("what was begun here has the effort best", where=str(output), hint=hint)
    if place.size > 1 and place.local_rank == 0:  # tells the user why nothing happens if the others were never launched
        typer.echo(f"process {place.rank} of {place.size}: waiting for the others", err=True)
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
