"""seqloom bench: how fast a model answers on this machine, by each of its engines."""

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
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", help="Threads of PyTorch; batches at a time of a graph.", min=1)
    ] = 1,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="torch, onnx (the graphs), or auto: all that there are.")
    ] = "auto",
    as_json: Json = False,
) -> None:
    """Time a model on this machine.

    A row an engine: PyTorch, the exported graph, the graph with weights of 8 bits. Median and 99th percentile of the
    time for one input, greedy and with a beam of 5; sentences and target tokens a second with a beam of 5 in batches
    of 32, the median of three rounds; peak memory; size of the files that the engine reads. Loading is not counted.
    Each engine has a process of its own, whose resident memory is counted with Python and its libraries; they are
    timed in turns.
    """
    from seqloom.bench import measure, offers

    offered, missing = offers(model, engine)
    for each in missing:
        hint = f"; {each.hint}" if each.hint else ""
        typer.echo(f"not measured: {each.where}{': ' if each.where else ''}{each.message}{hint}", err=True)
    speeds = measure(model, offered, file, count=count, threads=threads)
    if as_json:
        typer.echo(json.dumps([speed.to_json() for speed in speeds], indent=2))
        return
    from seqloom.cli import tables

    tables.speeds(speeds)
