"""seqloom export: export a model as an ONNX graph that runs without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import try_predicting


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="A new folder with the graph and everything needed to run it."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Store weights in 8 bits: about a third of the size, faster.")
    ] = False,
) -> None:
    """Export a model with its whole search as one ONNX graph.

    The graph runs without PyTorch: in Python, in the browser, and in every language that has ONNX Runtime.
    """
    from seqloom.errors import ConfigError
    from seqloom.export import export_model

    if output is not None and output.exists() and not output.is_dir():
        raise ConfigError("the output must be a folder, not a file", where=str(output), hint="name a new folder")
    typer.echo("tracing the search, writing the graph and comparing it with the model: one to three minutes", err=True)
    graph = export_model(model, output, int8=int8)
    typer.echo(f"{graph}: {graph.stat().st_size / 1e6:.1f} MB", err=True)
    beside = "--engine onnx --int8" if int8 else "--engine onnx"  # the weights, which PyTorch would run
    try_predicting(graph.parent, "" if output is not None else beside)
