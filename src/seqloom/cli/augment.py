"""seqloom augment: make training pairs from unpaired text."""

from __future__ import annotations

import json
import shlex
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.options import Engine, Json, ModelArgument, SettingOptions, Tags, with_tags

if TYPE_CHECKING:
    from seqloom.synthetic.augment import Augmented


class Side(StrEnum):
    """Which side of the new pairs the text is."""

    source = "source"
    target = "target"


Texts = Annotated[
    list[str], typer.Argument(metavar="TEXT...", help="Files of unpaired text, one on each line; - is standard input.")
]
As = Annotated[
    Side,
    typer.Option("--as", help="The side of the new pairs that the text is; target needs a model of the opposite way."),
]
Pairs = Annotated[
    list[str] | None,
    typer.Option("--pairs", metavar="FILE", help="Pairs to write before the made ones; can be repeated."),
]
Best = Annotated[
    float, typer.Option("--best", metavar="SHARE", help="Keep this share of the pairs, those of the highest scores.")
]
MinScore = Annotated[
    float | None, typer.Option("--min-score", metavar="SCORE", help="Leave out answers with a lower score.")
]
MaxRatio = Annotated[
    float,
    typer.Option("--max-ratio", metavar="R", help="Leave out pairs with one side over R times as long; 0: none."),
]
DropCopies = Annotated[bool, typer.Option("--drop-copies", help="Leave out answers that repeat their input.")]


def augment(
    model: ModelArgument,
    files: Texts,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The file to write, .tsv or .jsonl.")],
    side: As = Side.source,
    mark: Annotated[str, typer.Option("--mark", metavar="TAG", help="Mark the pairs with this source-side tag.")] = "",
    tags: Tags = None,
    pairs: Pairs = None,
    best: Best = 1.0,
    min_score: MinScore = None,
    max_ratio: MaxRatio = 0.0,
    drop_copies: DropCopies = False,
    engine: Engine = "auto",
    as_json: Json = False,
    settings: SettingOptions = None,
) -> None:
    """Make training pairs from unpaired text, whose other side the model predicts.

    Text of the source side gets the model's answers as targets. With --as target, text of the target side gets sources
    from a model of the opposite direction (back-translation). Training takes the file beside the genuine pairs.
    """
    from seqloom.cli.predict import ended_in_order, input_settings
    from seqloom.data import DataConfig, ReadReport, read_examples, read_sources
    from seqloom.loading import load
    from seqloom.synthetic.augment import augment as make
    from seqloom.synthetic.filters import Filters

    settings = with_tags(settings, tags)
    filters = Filters(best, min_score, max_ratio, drop_copies)
    loaded = load(model, engine=engine).with_settings(settings, n_best=1)
    config = loaded.config.data
    report, genuine = ReadReport(config.on_bad_line), ReadReport()
    sources = (read_sources(file, input_settings(config, settings, file), report) for file in files)
    with ended_in_order():
        done = make(
            loaded,
            chain.from_iterable(sources),
            output,
            side=side.value,
            mark=mark,
            filters=filters,
            genuine=read_examples(pairs or (), DataConfig(), genuine),
        )
    if as_json:
        typer.echo(json.dumps(done.to_json(), ensure_ascii=False, indent=2))
    for sentence in (*genuine.sentences(), *report.sentences(), *done.sentences()):
        typer.echo(f"note: {sentence}", err=True)
    _conclude(
        done, output, tagged=bool(mark or config.tags or config.tag_from_name or config.fixed_tags), whole=bool(pairs)
    )


def _conclude(done: Augmented, output: Path, *, tagged: bool, whole: bool) -> None:
    """Say how many pairs there are and how to train on them."""
    before = f" after {done.genuine:,} given ones" if done.genuine else ""
    typer.echo(f"{output}: {done.tally.kept:,} pairs made of {done.tally.read:,} inputs{before}", err=True)
    marked = " --set data.tags=tags --set data.untagged=accept" if tagged else ""
    beside = "" if whole else "pairs.tsv "
    typer.echo(f"try it: seqloom train {beside}{shlex.quote(str(output))}{marked}", err=True)
