"""seqloom combine: write a file that chooses among the answers of models, and answers like a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.options import Json, ModelArgument, SettingOptions, takes_plugins

if TYPE_CHECKING:
    from seqloom.combining import Combination
    from seqloom.combining.weighted import Weighted

combine = typer.Typer(
    name="combine",
    help="Choose among answers by several models or by a metric; the file that is written answers like a model.",
    no_args_is_help=True,
)

Folders = Annotated[list[Path], typer.Argument(metavar="MODEL...", help="Model folders.", show_default=False)]
File = Annotated[
    Path, typer.Option("--output", metavar="FILE", help="The TOML file of the combination.", show_default=False)
]
Weights = Annotated[
    str,
    typer.Option("--weights", metavar="NUMBERS", help="A weight for each model, such as 1,0.5.", show_default=False),
]
Tune = Annotated[
    str,
    typer.Option("--tune", metavar="DATA", help="Dev pairs on which weights are chosen; not the test data."),
]
Metric = Annotated[
    str,
    typer.Option("--metric", metavar="NAME", help="The metric to tune by; by default the first model's main metric."),
]


@combine.command()
@takes_plugins
def rescore(
    models: Folders,
    output: File,
    weights: Weights = "",
    tune: Tune = "",
    metric: Metric = "",
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", help="Size of the first model's n-best list.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """Rank the n-best list of the first model by the log-probabilities of all models.

    Their vocabularies may differ, and so may the directions in which they write.
    """
    from seqloom.combining import Rescoring

    made = Rescoring.of(folders(models), **given(weights), candidates=candidates)
    write(tuned(made, tune, metric), output, as_json=as_json)


@combine.command()
@takes_plugins
def vote(
    models: Folders,
    output: File,
    weights: Weights = "",
    tune: Tune = "",
    metric: Metric = "",
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", help="Answers that each model votes for, with 1/rank.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Take the answer that most models give; where votes are equal, scores decide.

    The models may have different vocabularies.
    """
    from seqloom.combining import Voting

    made = Voting.of(folders(models), **given(weights), candidates=candidates)
    write(tuned(made, tune, metric), output, as_json=as_json)


@combine.command()
@takes_plugins
def mbr(
    model: ModelArgument,
    output: File,
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="The metric that compares answers.", show_default=False)
    ],
    settings: SettingOptions = None,
    as_json: Json = False,
) -> None:
    """Take the answer that is expected to be best by a metric (minimum Bayes risk).

    It is compared with the n-best list (--set candidates=10), or with samples (--set sampling.count=50, and
    sampling.temperature, sampling.top_k, sampling.seed).
    """
    from seqloom.combining import BayesRisk
    from seqloom.config import laid_over

    write(BayesRisk.of(model, metric, **laid_over({}, settings or ())), output, as_json=as_json)


def folders(models: list[Path]) -> list[str]:
    """The folders as texts, each of which is given once."""
    from seqloom.errors import ConfigError

    names = [str(each) for each in models]
    if len(set(names)) < len(names):
        raise ConfigError("each model may be named once only", where=", ".join(names))
    return names


def given(weights: str) -> dict[str, Any]:
    """The weights, if there are any."""
    return {"weights": weights} if weights else {}


def tuned(made: Weighted, data: str, metric: str) -> Weighted:
    """The combination with weights that are best on the dev data, where some are named."""
    from seqloom.errors import ConfigError

    if metric and not data:
        raise ConfigError(f"--metric {metric} chooses how weights are tuned, and there is no --tune")
    return made.tuned(data, metric=metric) if data else made


def write(made: Combination, output: Path, *, as_json: bool) -> None:
    """Write the file and say what it holds."""
    from seqloom.combining import save_combination

    save_combination(made, output)
    if as_json:
        typer.echo(json.dumps(made.to_json(), ensure_ascii=False, indent=2))
        return
    for sentence in made.sentences():
        typer.echo(sentence)
