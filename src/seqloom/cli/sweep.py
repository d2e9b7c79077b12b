"""seqloom sweep: many runs with drawn settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP", help="A TOML file with a [space].", show_default=False)],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder of the trials.")],
    trials: Annotated[
        int | None, typer.Option("--trials", metavar="N", min=1, help="How many there are to be, earlier ones counted.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option("--storage", metavar="URL", help="A storage of Optuna that several machines share.")
    ] = None,
) -> None:
    """Search for good settings.

    Ctrl-C stops; run again, the sweep goes on until there are enough trials. The best configuration is written to
    best.toml, which seqloom train takes.
    """
    from seqloom.cli import tables
    from seqloom.sweeps import load_sweep, run_sweep

    found = run_sweep(load_sweep(file), output, trials=trials, storage=storage, progress=sys.stderr)
    tables.trials(found)
    if found.best is not None:
        typer.echo(f"train the best again: seqloom train {output / 'best.toml'}", err=True)
