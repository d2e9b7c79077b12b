"""seqloom plot: draw attention maps, learning curves, and pictures of evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.guard import beside
from seqloom.cli.options import ModelArgument, Tags, takes_plugins, with_tags

plot = typer.Typer(name="plot", help="Draw attention maps, learning curves and evaluations.", no_args_is_help=True)

if TYPE_CHECKING:
    from seqloom.evaluation import Evaluation

Picture = Annotated[
    Path, typer.Option("--output", metavar="FILE", help="The picture; the suffix chooses PNG, SVG or PDF.")
]


Pairs = Annotated[
    list[str], typer.Argument(metavar="DATA...", help="Files of pairs that the model answers.", show_default=False)
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
    from seqloom.errors import ConfigError
    from seqloom.plots import plot_attention
    from seqloom.remarks import Remarks

    if not all(line.strip() for line in inputs):
        raise ConfigError("an input must not be empty: there is nothing to look at")
    for line in filter(_is_file, inputs):
        typer.echo(f"note: {line} is a file, but inputs are texts: its name is drawn, not its lines", err=True)
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
    from seqloom.errors import ModelFolderError
    from seqloom.plots import plot_curves

    if not run.exists():
        raise ModelFolderError("the model folder does not exist", where=str(run))
    plot_curves(run / "log.jsonl" if run.is_dir() else run, output)
    with beside(output):
        typer.echo(output)


@plot.command()
@takes_plugins
def confusion(model: ModelArgument, data: Pairs, output: Picture = Path("confusion.png"), tags: Tags = None) -> None:
    """Draw which labels are taken for which."""
    from seqloom.plots import plot_confusion

    plot_confusion(_evaluated(model, data, tags).labels, output)
    with beside(output):
        typer.echo(output)


@plot.command()
@takes_plugins
def reliability(
    model: ModelArgument, data: Pairs, output: Picture = Path("reliability.png"), tags: Tags = None
) -> None:
    """Draw how often answers are right that have a certain confidence.

    Any calibrated model has confidence; of one that answers with labels the probabilities are drawn.
    """
    from seqloom.plots import plot_reliability

    found = _evaluated(model, data, tags)
    plot_reliability(found.confidence if found.probabilities is None else found.probabilities.reliability, output)
    with beside(output):
        typer.echo(output)


@plot.command()
@takes_plugins
def roc(model: ModelArgument, data: Pairs, output: Picture = Path("roc.png"), tags: Tags = None) -> None:
    """Draw the ROC curve of each label."""
    from seqloom.plots import plot_roc

    plot_roc(_evaluated(model, data, tags).probabilities, output)
    with beside(output):
        typer.echo(output)


@plot.command("precision-recall")
@takes_plugins
def precision_recall(
    model: ModelArgument, data: Pairs, output: Picture = Path("precision-recall.png"), tags: Tags = None
) -> None:
    """Draw the precision of each label by its recall."""
    from seqloom.plots import plot_precision_recall

    plot_precision_recall(_evaluated(model, data, tags).probabilities, output)
    with beside(output):
        typer.echo(output)


def _is_file(text: str) -> bool:
    """Whether there is a file with this name; a text may be too long for a name, or hold what no name can."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _evaluated(model: Path, data: list[str], tags: list[str] | None) -> Evaluation:
    """The model's answers to the pairs, compared with what is right; what should be known is said."""
    from seqloom.loading import load

    found = load(model).with_settings(with_tags(None, tags)).evaluate([Path(each) for each in data])
    for sentence in found.notes:
        typer.echo(f"note: {sentence}", err=True)
    return found
