"""seqloom exceptions: sources that a model answers as its user says, without asking the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.cli.options import Json, ModelArgument, SettingOptions, Tags, with_tags

if TYPE_CHECKING:
    from seqloom.data import DataConfig
    from seqloom.lexicon import Lexicon


def exceptions(
    model: ModelArgument,
    data: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATA]...",
            help="Files of sources and answers; a third column of numbers holds weights.",
            show_default=False,
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="SOURCE", help="Take this source out; can be repeated.", show_default=False),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take all earlier exceptions out.")] = False,
    match_case: Annotated[
        bool | None,
        typer.Option(
            "--match-case/--fold-case",
            help="Look sources up only as they are written, or in lower case, too; at first the latter.",
            show_default=False,
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Print the exceptions as lines that can be read back.")
    ] = False,
    as_json: Json = False,
    settings: SettingOptions = None,
    tags: Tags = None,
) -> None:
    """Add exceptions to a model: sources that are answered as a file says, before the network is asked.

    A source is looked up as it is written, then in lower case. Several answers for a source are an n-best list.
    """
    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.lexicons import put_lexicon, stored_lexicons
    from seqloom.cli.lexicons import reading_settings, show
    from seqloom.data import plain_source
    from seqloom.errors import ConfigError
    from seqloom.lexicon import EMPTY, without

    if not (data or remove or clear or listed or match_case is not None):
        raise ConfigError(
            "there must be something to do", hint="name files to add, or give --remove, --clear or --list"
        )
    before = stored_lexicons(model).exceptions
    lexicon = EMPTY if clear else before
    reading, done = reading_settings(model, with_tags(settings, tags)), dict[str, Any]()
    if remove:
        lexicon = without(
            lexicon, [(each.text, each.tags) for each in (plain_source(line, reading) for line in remove)]
        )
    if data:
        lexicon, done = _with_files(lexicon, data, reading, match_case)
    elif match_case is not None:
        lexicon = lexicon.changed(lexicon.entries(), match_case=match_case)
    if lexicon != before:
        put_lexicon(model, layout.EXCEPTIONS, lexicon)
    show(lexicon, model / layout.EXCEPTIONS, done, separator=reading.tag_separator, listed=listed, as_json=as_json)


def _with_files(
    lexicon: Lexicon, files: list[str], reading: DataConfig, match_case: bool | None
) -> tuple[Lexicon, dict[str, Any]]:
    """The lexicon with the pairs of some files, and what was added as plain values; says what is not plainly new."""
    from seqloom.cli.lexicons import in_files
    from seqloom.data import ReadReport
    from seqloom.lexicon import added, weighted_files

    report = ReadReport(reading.on_bad_line)
    with in_files(files):
        changed, additions = added(lexicon, weighted_files(files, reading, report), match_case=match_case)
    for sentence in (*report.sentences(), *additions.sentences()):
        typer.echo(f"note: {sentence}", err=True)
    return changed, {"added": additions.to_json()}
