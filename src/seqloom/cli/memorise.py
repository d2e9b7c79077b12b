"""seqloom memorise: answer from memory what training pairs always rendered one way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.options import Json, ModelArgument

if TYPE_CHECKING:
    from seqloom.data import DataConfig
    from seqloom.lexicon import Lexicon
    from seqloom.tune_memory import Tuning


def memorise(
    model: ModelArgument,
    data: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATA]...",
            help="Files of pairs, usually the training data, or parallel files: a.en,a.de.",
            show_default=False,
        ),
    ] = None,
    min_count: Annotated[
        int | None,
        typer.Option("--min-count", metavar="N", help="How often a source must be rendered the same way; 2.", min=1),
    ] = None,
    min_share: Annotated[
        float | None,
        typer.Option("--min-share", metavar="P", help="In which share of its pairs; 1.0, which is always."),
    ] = None,
    tune: Annotated[
        str | None,
        typer.Option(
            "--tune", metavar="DEV", help="Choose by these pairs whether to memorise, and the least count and share."
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the memory out.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Print what is memorised.")] = False,
    as_json: Json = False,
) -> None:
    """Memorise what training pairs always rendered one way, so that the network is asked about the rest only.

    Exceptions come before the memory. With --tune, the memory is kept only where it makes answers to dev pairs better.
    """
    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.lexicons import put_lexicon, stored_lexicons
    from seqloom.cli import tables
    from seqloom.cli.lexicons import show, training_settings
    from seqloom.errors import ConfigError
    from seqloom.lexicon import EMPTY

    if not data and (tune or min_count or min_share):
        raise ConfigError("--tune, --min-count and --min-share need pairs to memorise", hint="name their files")
    if not (data or clear or listed):
        raise ConfigError("there must be something to do", hint="name files of pairs, or give --list or --clear")
    reading = training_settings(model)
    memory, tuning = stored_lexicons(model).memory, None
    if clear:
        memory = EMPTY
    if data:
        memory, tuning = _learned(model, data, reading, (min_count, min_share, tune))
    if data or clear:
        put_lexicon(model, layout.MEMORY, memory)
    done: dict[str, Any] = {} if tuning is None else {"tuning": tuning.to_json()}
    if tuning is not None and not as_json:
        tables.memory(tuning)
    show(memory, model / layout.MEMORY, done, separator=reading.tag_separator, listed=listed, as_json=as_json)


def _learned(
    model: Path, data: list[str], reading: DataConfig, how: tuple[int | None, float | None, str | None]
) -> tuple[Lexicon, Tuning | None]:
    """The memory of some files, with its least count, its least share and the dev pairs that it is tuned on."""
    from seqloom.cli.lexicons import in_files
    from seqloom.data import ReadReport, read_examples
    from seqloom.lexicon import EMPTY, memorised
    from seqloom.lexicon.memorising import MIN_COUNT, MIN_SHARE, counted

    min_count, min_share, dev = how
    report = ReadReport(reading.on_bad_line)
    with in_files(data):
        renderings = counted(read_examples(data, reading, report))
    _note(report.sentences())
    if dev is None:
        least = MIN_COUNT if min_count is None else min_count
        memory = memorised(renderings, min_count=least, min_share=MIN_SHARE if min_share is None else min_share)
        rare, varied = memory.facts.get("rare", len(renderings)), memory.facts.get("varied", 0)
        _note(
            [f"{len(renderings):,} sources were read: {rare:,} are too rare, {varied:,} were rendered in several ways"]
        )
        return memory, None
    from seqloom.api import load_torch
    from seqloom.tune_memory import SHARES, tune_memory

    measured = load_torch(model).with_settings({"search.known_answers": "exceptions"}).evaluate(dev)
    _note(f"dev pairs: {sentence}" for sentence in measured.notes)
    least_share = min(SHARES) if min_share is None else min_share
    best, tuning = tune_memory(renderings, measured, least=min_count or 1, least_share=least_share)
    return EMPTY if best is None else best, tuning


def _note(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(f"note: {sentence}", err=True)
