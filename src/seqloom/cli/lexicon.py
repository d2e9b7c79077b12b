"""seqloom lexicon: write a pronunciation dictionary for words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import Engine, Int8, ModelArgument, Output, SettingOptions, Tags, Threads, with_tags

Least = Annotated[
    float | None,
    typer.Option(
        "--min-probability",
        metavar="P",
        min=0.0,
        max=1.0,
        help="Leave out pronunciations below this probability, that of a word's best one being 1; by default 0.01.",
    ),
]


def lexicon(
    model: ModelArgument,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Words, one on each line; - is standard input.", show_default=False)
    ] = "-",
    format: Annotated[  # noqa: A002 - the name of the option
        str, typer.Option("--format", metavar="NAME", help="mfa, kaldi, lexicon, sherpa or cmu.")
    ] = "mfa",
    output: Output = None,
    n_best: Annotated[
        int | None, typer.Option("--n-best", metavar="N", help="Number of pronunciations to ask for.")
    ] = None,
    min_probability: Least = None,
    base: Annotated[
        list[str] | None,
        typer.Option("--base", metavar="FILE", help="A dictionary whose words are left out; can be repeated."),
    ] = None,
    unreadable: Annotated[
        Path | None,
        typer.Option("--unreadable", metavar="FILE", help="Write words without an entry here, with the reason."),
    ] = None,
    settings: SettingOptions = None,
    tags: Tags = None,
    engine: Engine = "auto",
    int8: Int8 = False,
    threads: Threads = None,
) -> None:
    """Write a pronunciation dictionary.

    A word with letters that the model cannot read has no entry; such words are counted on standard error. Formats: mfa
    (Montreal Forced Aligner), kaldi (lexiconp.txt), lexicon (Kaldi's lexicon.txt), sherpa (lexicon.txt of sherpa-onnx)
    and cmu.
    """
    from seqloom.cli.predict import input_settings
    from seqloom.data import ReadReport, read_sources
    from seqloom.loading import load
    from seqloom.pronunciation import dictionary_format, known_words, make_dictionary
    from seqloom.pronunciation.making import LEAST

    form = dictionary_format(format)
    loaded = load(model, engine=engine, int8=int8 or None, threads=threads)
    settings = with_tags(settings, tags)
    chosen = loaded.with_settings(settings, n_best=n_best)
    data = chosen.config.data
    reading, based = ReadReport(data.on_bad_line), ReadReport()
    known = known_words(base or (), form, based)
    words = read_sources(file, input_settings(data, settings, file), reading)
    least = LEAST if min_probability is None else min_probability
    made = make_dictionary(chosen, words, form, known=known, least=least)
    _write(output, (f"{line}\n" for line in made.lines()))
    if unreadable is not None:
        _write(unreadable, (f"{word}\t{reason}\n" for word, reason in made.left_out))
    for sentence in (*based.sentences(), *reading.sentences(), *made.sentences()):
        typer.echo(f"note: {sentence}", err=True)


def _write(path: Path | None, lines: Iterable[str]) -> None:
    from seqloom.cli.predict import opened

    with opened(path) as stream:
        stream.writelines(lines)
