"""seqloom data: inspect files of pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.cli.options import Json, Output, SettingOptions, takes_plugins

if TYPE_CHECKING:
    from seqloom.data import DataConfig, Inspection
    from seqloom.suspects import Suspects

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
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Also draw lengths, labels, characters into this file."),
    ] = None,
    as_json: Json = False,
    settings: SettingOptions = None,
) -> None:
    """Report on data, before training.

    The report shows how the files are read and what each column looks like, lengths, labels, repeated and contradicting
    pairs, characters, what dev and test data share with the data, and which tokenizers and measures training would
    choose. What looks wrong comes last, the worst first, with the settings that mend it.
    """
    from seqloom.config import Section, build, override
    from seqloom.data import DataConfig, VocabularyReport, columns_of, inspect, inspection_values
    from seqloom.planning import Outlook
    from seqloom.text.config import TextConfig

    class Reading(Section):
        data: DataConfig = DataConfig()
        text: TextConfig = TextConfig()

    config = build(Reading, override({}, settings or ()))
    found = inspect(files, config.data, against or ())
    outlook = Outlook.of(found.surveyed, config.text, config.given)
    known = VocabularyReport.of(found, outlook.text, written=outlook.facts.task != "tags")
    values = inspection_values(found, columns_of(files[0], config.data)) | {
        "encoding": config.data.encoding,
        "outlook": outlook.to_json(),
        "vocabulary": {"chosen": list(outlook.tokenizers), "files": known.to_json()},
    }
    values["warnings"] += known.sentences()
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
    else:
        from seqloom.cli.report_tables import report_tables

        report_tables(values)
    for sentence in values["notes"]:
        typer.echo(f"note: {sentence}", err=True)
    if plot is not None:
        _draw(found, plot)
        typer.echo(plot, err=as_json)


def _draw(found: Inspection, path: Path) -> None:
    """Draw lengths, labels and characters; lengths of labels say nothing and are left out."""
    from seqloom.plots import plot_data

    labels = found.labels
    counts = {"{} length ({})".format(*name.split()): each.counts for name, each in found.lengths.items()}
    lengths = {name: each for name, each in counts.items() if not labels or not name.startswith("target")}
    characters = {side: each.counts for side, each in found.characters.items() if not labels or side == "source"}
    plot_data(lengths, path, labels=labels, characters=characters, title=", ".join(found.entries))


@data.command()
@takes_plugins
def suspects(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...", help='Files of pairs, a.en,a.de, or patterns such as "*.tsv".', show_default=False
        ),
    ],
    folds: Annotated[
        int,
        typer.Option("--folds", metavar="N", min=0, help="Number of folds; 0 trains no model and only makes checks."),
    ] = 5,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="M", help="Time for all training; by default by the number of pairs."),
    ] = None,
    above: Annotated[
        float, typer.Option("--above", metavar="Z", help="List pairs from this score on, in standard deviations.")
    ] = 2.0,
    output: Output = None,
    as_json: Json = False,
    settings: SettingOptions = None,
) -> None:
    """List pairs that the rest of the data contradicts, most suspicious first.

    Small models are trained, each without one fold of the pairs, and judge the pairs of that fold. Ctrl-C stops; the
    same command goes on. Listed are score, file, line, source, target, tags, what the model expected, and the reasons.
    """
    from seqloom.cli.predict import opened
    from seqloom.config import Section, build, override
    from seqloom.data import DataConfig, ReadReport, read_examples
    from seqloom.errors import DataError
    from seqloom.suspects import find_suspects

    class Reading(Section):
        data: DataConfig = DataConfig()

    def say(sentence: str) -> None:
        typer.echo(sentence, err=True)

    if folds:
        from seqloom.suspects.settings import quick_config

        config = quick_config(settings or ())
        reading = config.data
    else:
        config, reading = None, build(Reading, override({}, settings or ())).data
    report = ReadReport(reading.on_bad_line)
    pairs = list(read_examples(files, reading, report))
    if not pairs:
        raise DataError("there must be at least one pair to look at", where=", ".join(files))
    for sentence in report.sentences():
        say(f"note: {sentence}")
    found = find_suspects(pairs, folds=folds, config=config, minutes=minutes, above=above, say=say)
    with opened(output) as stream:
        stream.writelines(_table(found, reading) if not as_json else [_json(found.to_json())])
    for sentence in found.sentences():
        say(f"note: {sentence}")


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def _table(found: Suspects, config: DataConfig) -> Iterator[str]:
    """The lines of a table of suspects, with a header."""
    from seqloom.cli.predict import one_line

    columns = ("score", "file", "line", "source", "target", "tags", "expected", "reasons")
    yield "\t".join(columns) + "\n"
    for each in found.listed:
        values = each.to_json()
        values |= {"tags": config.tag_separator.join(each.pair.tags), "reasons": "; ".join(each.reasons)}
        cells = ("" if values[name] is None else str(values[name]) for name in columns)
        yield "\t".join(one_line(cell).replace("\t", " ") for cell in cells) + "\n"
