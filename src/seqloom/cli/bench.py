"""seqloom bench: how fast a model answers on this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from seqloom.cli.options import Json, ModelFolder


def bench(
    model: ModelFolder,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="Inputs to answer, one a line; by default made-up ones.", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many inputs.", min=1)] = 200,
    threads: Annotated[int, typer.Option("--threads", metavar="N", help="Threads of torch; 0: as torch likes.")] = 1,
    as_json: Json = False,
) -> None:
    """Time a model on this machine.

    Greedy answers one by one, then beam 5 in batches of 32.
    """
    from seqloom.api import load
    from seqloom.bench import measure_decoding

    speeds = measure_decoding(load(model), file, count=count, threads=threads)
    if as_json:
        typer.echo(json.dumps([speed.to_json() for speed in speeds], indent=2))
        return
    from seqloom.cli import tables

    tables.speeds(speeds)
