"""seqloom evaluate: measure a model on a file of pairs, or compare two models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli import completion
from seqloom.cli.options import Answers, Engine, Int8, Json, SettingOptions, Tags, with_tags
from seqloom.cli.watching import if_seen, watched

if TYPE_CHECKING:
    from seqloom.combining import Combination
    from seqloom.evaluation import Evaluation
    from seqloom.measured_model import MeasuredModel


def evaluate(
    model: Answers,
    data: Annotated[
        list[str],
        typer.Argument(metavar="DATA...", help="Files of pairs; parallel files are a.en,a.de.", show_default=False),
    ],
    metrics: Annotated[
        str,
        typer.Option(
            "--metrics",
            metavar="NAMES",
            help="Names such as bleu,chrf; by default the metrics of the training run.",
            autocompletion=completion.metrics,
        ),
    ] = "",
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="MODEL", help="A second model or combination to compare with.")
    ] = None,
    by_tag: Annotated[
        bool, typer.Option("--by-tag", help="Figures by first tag, such as a language (by default for several files).")
    ] = False,
    as_json: Json = False,
    settings: SettingOptions = None,
    tags: Tags = None,
    engine: Engine = "auto",
    int8: Int8 = False,
) -> None:
    """Measure a model on pairs.

    With a second model, both are compared by paired bootstrap.
    """
    from seqloom.cli import tables

    settings = [*with_tags(settings, tags), *(["evaluation.by=tag"] if by_tag else [])]
    with watched(f"loading {model}") as watch:
        first = _loaded(model, settings, engine, int8=int8)
        second = None if compare is None else _loaded(compare, settings, engine, int8=int8)
        watch("reading the pairs")
        files = [Path(each) for each in data]  # paths, also where there is no file
        measured = first.evaluate(files, metrics=metrics, watch=if_seen(watch))
        if second is not None:
            used = tuple(score.name for score in measured.scores)
            other = second.evaluate(measured.examples, metrics=used, watch=if_seen(watch))
    _say(measured)
    if second is None:
        if as_json:
            typer.echo(json.dumps(measured.to_json(predictions=True), ensure_ascii=False, indent=2))
        else:
            tables.evaluation(measured)
        return
    _say(other, "second model: ")
    _show_compared(measured, other, first.config.evaluation.samples, as_json=as_json)


def _show_compared(first: Evaluation, second: Evaluation, samples: int, *, as_json: bool) -> None:
    """Print how two models differ on the same examples."""
    from seqloom.cli import tables
    from seqloom.evaluation import compare_losses, compare_models

    differences, losses = compare_models(first, second, samples=samples), compare_losses(first, second)
    if as_json:
        values = {
            "first": first.to_json(),
            "second": second.to_json(),
            "comparison": [difference.to_json() for difference in differences],
            "losses": losses.to_json(),
        }
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
    else:
        tables.comparison(differences, losses, first.count)


def _loaded(path: Path, settings: Sequence[str], engine: str, *, int8: bool) -> MeasuredModel | Combination:
    from seqloom.combining import load_any

    return load_any(path, engine=engine, int8=int8 or None).with_settings(settings)


def _say(measured: Evaluation, whose: str = "") -> None:
    for sentence in measured.notes:
        typer.echo(f"note: {whose}{sentence}", err=True)
