"""seqloom data: inspect files of pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import Json, SettingOptions, takes_plugins

data = typer.Typer(name="data", help="Inspect files of pairs.", no_args_is_help=True)


@data.callback()
def room() -> None:
    """Inspect files of pairs."""


@data.command()
@takes_plugins
def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...", help='Files of pairs, a.en,a.de, or patterns such as "*.tsv".', show_default=False
        ),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="FILE", help="Dev or test pairs to compare with; can be repeated."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Also draw the lengths into this file.")
    ] = None,
    as_json: Json = False,
    settings: SettingOptions = None,
) -> None:
    """Report on data.

    The report shows lengths, repeated pairs, odd characters, pairs shared with dev and test data, and what the
    vocabularies that training would choose cannot read or write. Warnings come last.
    """
    from seqloom.config import Section, build, override
    from seqloom.data import DataConfig, VocabularyReport, inspect, inspection_values
    from seqloom.text.config import TextConfig

    class Reading(Section):
        data: DataConfig = DataConfig()
        text: TextConfig = TextConfig()

    config = build(Reading, override({}, settings or ()))
    found = inspect(files, config.data, against or ())
    known = VocabularyReport.of(files, config.data, config.text, against or ())
    values = inspection_values(found)
    values |= {"vocabulary": known.to_json(), "warnings": [*values["warnings"], *known.sentences()]}
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
    else:
        from seqloom.cli import tables

        tables.inspection(values)
    for sentence in values["notes"]:
        typer.echo(f"note: {sentence}", err=True)
    if plot is not None:
        from seqloom.plots import plot_length_counts

        counts = {"{} length ({})".format(*name.split()): each.counts for name, each in found.lengths.items()}
        typer.echo(plot_length_counts(counts, plot), err=as_json)
