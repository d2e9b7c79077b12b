"""seqloom bench: measure the speed and memory of a model on this machine, with each engine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from seqloom.cli.options import Json, ModelArgument


def bench(
    model: ModelArgument,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Inputs, one on each line; by default random ones.", show_default=False),
    ] = None,
    count: Annotated[int, typer.Option("--count", metavar="N", help="Number of inputs.", min=1)] = 200,
    threads: Annotated[
        int,
        typer.Option(
            "--threads", metavar="N", help="Threads of PyTorch, or batches that a graph runs at a time.", min=1
        ),
    ] = 1,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="NAME", help="torch, onnx (the exported graphs), or auto for all that exist."),
    ] = "auto",
    as_json: Json = False,
) -> None:
    """Measure the speed of a model on this machine.

    The table has a row for each engine: PyTorch, the exported graph, and the graph with 8-bit weights. It shows the
    median and the 99th percentile of the time for one input, greedy and with a beam of 5; sentences and target tokens
    a second with a beam of 5 in batches of 32, as the median of three rounds; peak memory; and the size of the files
    that the engine reads. Loading is not counted. Each engine runs in a process of its own, whose memory includes
    Python and its libraries, and the engines are timed in turns.
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
