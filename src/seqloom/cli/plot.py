"""seqloom plot: draw attention maps and learning curves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.guard import beside
from seqloom.cli.options import ModelArgument, Tags, takes_plugins, with_tags

plot = typer.Typer(name="plot", help="Draw attention maps and learning curves.", no_args_is_help=True)

Picture = Annotated[
    Path, typer.Option("--output", metavar="FILE", help="The picture; the suffix chooses PNG, SVG or PDF.")
]


@plot.command()
@takes_plugins
def attention(
    model: ModelArgument,
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Inputs; each gets a map.", show_default=False)
    ],
    output: Picture = Path("attention.png"),
    tags: Tags = None,
) -> None:
    """Draw the attention weights between source and target tokens.

    Inputs are read like the lines of seqloom predict: for a model with tags, a tab separates the text from its tags.
    """
    from seqloom.api import load_torch
    from seqloom.data import plain_source
    from seqloom.plots import plot_attention
    from seqloom.remarks import Remarks

    settings = [*with_tags(None, tags), "search.known_answers=none"]
    loaded, remarks = load_torch(model).with_settings(settings), Remarks()
    answers = loaded.predict([plain_source(line, loaded.config.data) for line in inputs], alignments=True)
    plot_attention(answers, output)
    for answer in answers:
        remarks.add(answer)
    for sentence in remarks.sentences():
        typer.echo(f"note: {sentence}", err=True)
    with beside(output):
        typer.echo(output)


@plot.command()
def curves(
    run: Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or its log.jsonl.", show_default=False)],
    output: Picture = Path("curves.png"),
) -> None:
    """Draw the learning curves of a run."""
    from seqloom.plots import plot_curves

    plot_curves(run / "log.jsonl" if run.is_dir() else run, output)
    with beside(output):
        typer.echo(output)
