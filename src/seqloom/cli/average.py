"""seqloom average: average the weights of several models into a new model folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def average(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL MODEL...", help="Two or more model folders.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The new model folder.")],
) -> None:
    """Average the weights of several models.

    The models must have the same network and tokenizers. Usually they are runs with different seeds that were
    fine-tuned from one model.
    """
    from seqloom import api

    for sentence in api.average(models, output).metrics["notes"]:
        typer.echo(f"note: {sentence}", err=True)
    typer.echo(f"measure it: seqloom evaluate {shlex.quote(str(output))} DATA", err=True)
