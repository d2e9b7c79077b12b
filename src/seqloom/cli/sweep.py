"""seqloom sweep: search for good settings with many runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="A TOML file with a table [space].", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder for the trials.")],
    trials: Annotated[
        int | None, typer.Option("--trials", metavar="N", min=1, help="Total number of trials, including earlier ones.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option("--storage", metavar="URL", help="An Optuna storage that several machines share.")
    ] = None,
    drop: Annotated[
        list[int] | None,
        typer.Option("--drop", metavar="TRIAL", help="Give up a running trial of a lost machine; can be repeated."),
    ] = None,
) -> None:
    """Search for good settings.

    Ctrl-C stops the sweep; the same command resumes it until there are enough trials. The best configuration is
    written to best.toml, which can be given to seqloom train.
    """
    from seqloom.cli import tables
    from seqloom.cli.guard import beside
    from seqloom.sweeps import load_sweep, run_sweep

    found = run_sweep(load_sweep(file), output, trials=trials, storage=storage, drop=drop or (), progress=sys.stderr)
    with beside(output):
        tables.trials(found)
    if found.best is not None:
        typer.echo(f"train the best again: seqloom train {shlex.quote(str(output / 'best.toml'))}", err=True)
