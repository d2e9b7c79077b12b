"""seqloom example: write a small data set that is made by rules, to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli import completion


def example(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Its name; without one, the examples are listed.",
            show_default=False,
            autocompletion=completion.example,
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="The folder to write into; by default the name of the example."),
    ] = None,
) -> None:
    """Write a small data set to try things with.

    The names are g2p, labels, tags, dates, translation, inflection, spelling and transliteration. Each writes
    train.tsv, dev.tsv, test.tsv and inputs to predict from, and prints the commands that train on them. All are made by
    rules: good figures on them prove nothing about real data.
    """
    from seqloom.examples import EXAMPLES, WARNING, commands, write

    if not name:
        width = max(map(len, EXAMPLES))
        for each in EXAMPLES.values():
            typer.echo(f"{each.name:{width}}  {each.title}")
        return
    folder = write(name, output or Path(name))
    typer.echo(f"{folder}: {EXAMPLES[name].title}. {WARNING}", err=True)
    typer.echo("next:", err=True)
    for command in commands(name, folder):
        typer.echo(f"  {command}", err=True)
