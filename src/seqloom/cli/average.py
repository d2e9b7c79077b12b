"""seqloom average: several model folders → one with the mean of their weights."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def average(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL MODEL...", help="Model folders.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="A new folder, which becomes the model.")],
) -> None:
    """Average the weights of several models.

    They must have the same network and tokenizers: runs with other seeds that start from one model, as a rule.
    """
    from seqloom import api

    api.average(models, output)
    typer.echo(f"measure it: seqloom evaluate {shlex.quote(str(output))} DATA", err=True)
