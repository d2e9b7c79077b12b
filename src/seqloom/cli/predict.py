"""seqloom predict: answer each input line, as a stream."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seqloom.cli.options import (
    Answers,
    Doubtful,
    Engine,
    Int8,
    Json,
    MinConfidence,
    Output,
    SettingOptions,
    Tags,
    Threads,
    with_tags,
)

if TYPE_CHECKING:
    from seqloom.data import DataConfig
    from seqloom.prediction import Prediction
    from seqloom.search.config import SearchConfig


def predict(
    model: Answers,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Inputs, one on each line; - is standard input.", show_default=False)
    ] = "-",
    output: Output = None,
    beam: Annotated[int | None, typer.Option("--beam", metavar="K", help="Beam width; 1 is greedy search.")] = None,
    n_best: Annotated[
        int | None, typer.Option("--n-best", metavar="N", help="Number of answers for each line.")
    ] = None,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="Text with which every answer must begin.")
    ] = "",
    min_confidence: MinConfidence = None,
    doubtful: Doubtful = None,
    as_json: Json = False,
    settings: SettingOptions = None,
    tags: Tags = None,
    engine: Engine = "auto",
    int8: Int8 = False,
    threads: Threads = None,
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="N", help="Lines to read before the first is answered.", min=1),
    ] = None,
) -> None:
    """Predict an answer for each line.

    With several answers for each line, the output has three columns: number of the input, score, text. With
    --min-confidence two columns follow: the confidence of the best answer, and the word check if it is doubtful.
    """
    from seqloom.cli.doubt import doubt_about
    from seqloom.cli.tag_tables import coloured
    from seqloom.combining import ChoiceRemarks, load_any
    from seqloom.data import ReadReport, read_sources

    loaded = load_any(model, engine=engine, int8=int8 or None, threads=threads)
    settings = with_tags(settings, tags)
    chosen = loaded.with_settings(settings, beam=beam, n_best=n_best)
    report, remarks = ReadReport(chosen.config.data.on_bad_line), ChoiceRemarks.on(chosen)
    sources, again = tee(read_sources(file, input_settings(chosen.config.data, settings, file), report))
    doubt = doubt_about(chosen.predictor, min_confidence, prefix, doubtful, output)
    window = _read_ahead(file, window)
    several, wider = chosen.config.search.n_best > 1, list[str]()
    columns = "" if as_json else _columns(several=several, marked=doubt is not None and doubtful is None)
    with opened(output) as stream, table(doubtful) as rows:
        answers = chosen.stream(sources, alignments=as_json, prefix=prefix, window=window)
        for number, (answer, source) in enumerate(zip(answers, again, strict=False), start=1):
            if number == 1:  # an input or a setting that is refused has no answers
                _announce(columns)
                wider = _wider(answer, loaded.config.search, chosen.config.search) if beam is None else []
            remarks.add(answer)
            reasons = None if doubt is None else doubt.look(number, source, answer, rows)
            shown = reasons if as_json or rows is None else None
            marked = "" if as_json else coloured(source.text, answer, output)
            stream.write(marked or _shown(number, answer, shown, as_json=as_json, several=several))
            stream.flush()
    for sentence in (*report.sentences(), *remarks.sentences(), *([doubt.sentence()] if doubt else []), *wider):
        typer.echo(f"note: {sentence}", err=True)


def _columns(*, several: bool, marked: bool) -> str:
    """What stands in the columns of the output; empty where it is the answer alone."""
    if several:
        return f"columns: number of the input, score, answer{', confidence of the best, check' if marked else ''}"
    return "columns: answer, confidence, check" if marked else ""


def _announce(columns: str) -> None:
    """Say what stands in the columns, if there are several."""
    if columns:
        typer.echo(columns, err=True)


def _wider(answer: Prediction, own: SearchConfig, chosen: SearchConfig) -> list[str]:
    """A sentence where several answers are searched more widely than a model's only answer, which may be another."""
    from seqloom.combining import ChosenPrediction

    most = chosen.n_best
    if not own.beam < most == chosen.beam or answer.labels or isinstance(answer, ChosenPrediction):
        return []
    return [
        f"{most} answers need a beam of {most}, and the model answers with one of {own.beam} (search.beam): the first "
        "of several may differ from its only answer"
    ]


def _read_ahead(file: str, window: int | None) -> int:
    """How many lines are read before the first is answered: one at a terminal, where it is said what is waited for."""
    from seqloom.inference.predictor import WINDOW

    typed = file == "-" and sys.stdin.isatty()
    if typed:
        typer.echo("type inputs, one a line; each is answered at once; Ctrl-D ends", err=True)
    return window or (1 if typed else WINDOW)


def _shown(number: int, answer: Prediction, reasons: list[str] | None, *, as_json: bool, several: bool) -> str:
    """The lines of output for an answer; with `reasons` to doubt it, of which there may be none, they say so, too."""
    if as_json:
        values = answer.to_json() | ({} if reasons is None else {"doubtful": reasons})
        return json.dumps(values, ensure_ascii=False) + "\n"
    from seqloom.cli.doubt import columns

    marks = "" if reasons is None else columns(answer, reasons)
    if not several:
        return f"{one_line(answer.text)}{marks}\n"
    first = f"{number}\t{_rank(answer):.4f}\t{one_line(answer.text)}{marks}\n"
    others = (f"{number}\t{_rank(each):.4f}\t{one_line(each.text)}" for each in answer.alternatives)
    return first + "".join(f"{line}{'' if reasons is None else 2 * chr(9)}\n" for line in others)


def _rank(answer: Prediction) -> float:
    """What gave an answer its place in the list: its score, or the value of a combination's choice."""
    from seqloom.combining import ChosenPrediction

    return answer.choice.value if isinstance(answer, ChosenPrediction) else answer.score


def input_settings(config: DataConfig, settings: Sequence[str], file: str) -> DataConfig:
    """The settings for reading inputs; prints a note if the format of the training files does not apply to them."""
    from seqloom.config import laid_over
    from seqloom.data.readers import format_of

    chosen = config.of_inputs(laid_over({}, settings).get("data", {}))
    plain = format_of(file, chosen, "lines") == "lines"
    if plain and config.format not in (chosen.format, "parallel", "pattern"):
        said = f"inputs are read as plain lines; --set data.format={config.format} reads them like the training files"
        typer.echo(f"note: {said}", err=True)
    return chosen


def one_line(text: str) -> str:
    """The text without line breaks, so that there is one output line for each input line."""
    return text.replace("\r", " ").replace("\n", " ")


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """Open the output: standard output, or a file that replaces an old one only when all answers are written."""
    if path is None or path == Path("-"):
        yield sys.stdout
        return
    from seqloom.checkpoint.files import output_file

    with ended_in_order(), output_file(path) as stream:
        text = TextIOWrapper(stream, encoding="utf-8", newline="\n")
        yield text
        text.flush()
        text.detach()


@contextmanager
def table(path: Path | None) -> Iterator[TextIO | None]:
    """Open the table of doubtful answers and write its header, if there is to be one."""
    if path is None:
        yield None
        return
    from seqloom.cli.doubt import HEADER

    with opened(path) as stream:
        stream.write("\t".join(HEADER) + "\n")
        yield stream


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Make SIGTERM raise `SystemExit`, so that `finally` clauses run and no temporary file is left."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
