"""seqloom shortlist: learn a vocabulary shortlist from pairs and store it in the model folder."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from seqloom.cli.options import ModelArgument, try_predicting


def shortlist(
    model: ModelArgument,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...", help="Files of pairs, usually the training data, or parallel files: a.en,a.de."
        ),
    ],
    candidates: Annotated[
        int | None,
        typer.Option("--candidates", metavar="N", help="Largest number of target words for each source word.", min=1),
    ] = None,
    frequent: Annotated[
        int | None,
        typer.Option("--frequent", metavar="K", help="Number of frequent words that every answer may use.", min=0),
    ] = None,
) -> None:
    """Learn a vocabulary shortlist: which target words go with which source words.

    With search.shortlist=true a search uses only these words, which is faster if the target vocabulary is large.
    """
    from seqloom.api import load_torch
    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.reading import read_manifest
    from seqloom.checkpoint.shortlist import add_shortlist
    from seqloom.data import ReadReport, read_examples
    from seqloom.learn_shortlist import CANDIDATES, FREQUENT

    loaded = load_torch(model)
    settings = loaded.config.data
    report = ReadReport(settings.on_bad_line)
    examples = read_examples(data, settings, report)
    learned = loaded.with_shortlist(
        examples,
        candidates=CANDIDATES if candidates is None else candidates,
        frequent=FREQUENT if frequent is None else frequent,
    ).shortlist
    assert learned is not None
    for sentence in report.sentences():
        typer.echo(f"note: {sentence}", err=True)
    path = add_shortlist(model, learned)
    known = int(learned.candidates.any(1).sum())
    typer.echo(
        f"{path}: up to {learned.candidates.shape[1]} target words for each of {known:,} source words, and "
        f"{len(learned.frequent)} for all; {path.stat().st_size / 1e6:.1f} MB",
        err=True,
    )
    if not read_manifest(model).files.keys().isdisjoint((layout.GRAPH, layout.GRAPH_INT8)):
        typer.echo(
            "the exported graph is older than the shortlist; export it again: "
            f"seqloom export {shlex.quote(str(model))}",
            err=True,
        )
    try_predicting(model, "--set search.shortlist=true")
