"""seqloom ensemble: put several models together to one that predicts with all of them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import Json
from seqloom.errors import ConfigError


def ensemble(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL MODEL...", help="Model folders.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The new model folder.")],
    weights: Annotated[
        str,
        typer.Option(
            "--weights", metavar="1,2,1", help="How much each model counts, in their order; 0 leaves one out."
        ),
    ] = "",
    tune: Annotated[
        str,
        typer.Option("--tune", metavar="DATA", help="Dev pairs on which the weights are tuned."),
    ] = "",
    select: Annotated[
        int,
        typer.Option(
            "--select",
            metavar="N",
            min=0,
            help="With --tune: select up to N members, one after the other, a model more than once if it helps.",
        ),
    ] = 0,
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics",
            metavar="NAMES",
            help="With --tune: measures, the one that decides first; by default the model's.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Put several models together to one that predicts with all of them.

    The models must have the same vocabularies; their networks may differ. Each symbol follows from the weighted
    geometric mean of their probabilities. The new folder can do what every model can, exporting included; it is as
    large and as slow as its members together.
    """
    from seqloom import ensembles

    if len(models) < 2:
        raise ConfigError(f"an ensemble needs several models, and there is one: {models[0]}", hint="name two or more")
    if (select or metrics) and not tune:
        raise ConfigError("--select and --metrics are for dev pairs, and none are given", hint="name them with --tune")
    made = ensembles.ensemble(
        models, output, _numbers(weights), tune=tune or None, select=select, metrics=metrics or None
    )
    if as_json:
        typer.echo(json.dumps(made.metrics["ensemble"], ensure_ascii=False, indent=2))
    for sentence in made.metrics["ensemble"]["notes"]:
        typer.echo(f"note: {sentence}", err=True)
    for number, member in enumerate(made.metrics["ensemble"]["members"], start=1):
        typer.echo(f"member {number}: {member['folder']}, share {member['share']:.3g}", err=True)
    typer.echo(f"measure it: seqloom evaluate {shlex.quote(str(output))} DATA", err=True)


def _numbers(weights: str) -> list[float] | None:
    """The numbers that are given with commas between them; None where there are none."""
    if not weights:
        return None
    try:
        return [float(each) for each in weights.split(",")]
    except ValueError:
        raise ConfigError(
            f"--weights must be numbers with commas between them, not {weights!r}", hint="--weights 1,2,1"
        ) from None
