"""seqloom predict: lines → answers, one for each line, as they come."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seqloom.cli.options import Json, ModelFolder, Output, Settings

if TYPE_CHECKING:
    from seqloom.data import DataConfig


def predict(
    model: ModelFolder,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Inputs, one a line; - is standard input.", show_default=False)
    ] = "-",
    output: Output = None,
    beam: Annotated[int | None, typer.Option("--beam", metavar="K", help="Width of the search; 1 is greedy.")] = None,
    n_best: Annotated[int | None, typer.Option("--n-best", metavar="N", help="Answers for each line.")] = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="What every answer begins with.")] = "",
    as_json: Json = False,
    settings: Settings = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="torch, onnx, or auto: torch where it is installed.")
    ] = "auto",
    int8: Annotated[bool, typer.Option("--int8", help="The exported graph with weights of 8 bits.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="Batches at a time, each on a core; onnx only.")
    ] = None,
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="N", help="Lines read before the first is answered.", min=1),
    ] = None,
) -> None:
    """Answer each line.

    With several answers to a line, each is a line of three columns: number, score, text.
    """
    from seqloom.data import ReadReport, read_sources
    from seqloom.inference.predictor import WINDOW
    from seqloom.loading import load
    from seqloom.remarks import Remarks

    remarks = Remarks()
    loaded = load(model, engine=engine, int8=int8 or None, threads=threads)
    chosen = loaded.with_settings(settings or (), beam=beam, n_best=n_best)
    report = ReadReport(chosen.config.data.on_bad_line)
    sources = read_sources(file, input_settings(chosen.config.data, settings or (), file), report)
    several = chosen.config.search.n_best > 1
    with opened(output) as stream:
        if window is None:
            window = 1 if file == "-" and sys.stdin.isatty() else WINDOW
        answers = chosen.stream(sources, alignments=as_json, prefix=prefix, window=window)
        for number, answer in enumerate(answers, start=1):
            remarks.add(answer)
            if as_json:
                stream.write(json.dumps(answer.to_json(), ensure_ascii=False) + "\n")
            elif several:
                for each in (answer, *answer.alternatives):
                    stream.write(f"{number}\t{each.score:.4f}\t{one_line(each.text)}\n")
            else:
                stream.write(one_line(answer.text) + "\n")
            stream.flush()
    for sentence in (*report.sentences(), *remarks.sentences()):
        typer.echo(f"note: {sentence}", err=True)


def input_settings(config: DataConfig, settings: Sequence[str], file: str) -> DataConfig:
    """How the inputs are read; where the format of the training files does not hold for them, that is said."""
    from seqloom.config import laid_over
    from seqloom.data.readers import format_of

    chosen = config.of_inputs(laid_over({}, settings).get("data", {}))
    plain = format_of(file, chosen, "lines") == "lines"
    if plain and config.format not in (chosen.format, "parallel", "pattern"):
        said = (
            f"plain lines are read; with --set data.format={config.format} the columns or fields of the training files"
        )
        typer.echo(f"note: {said}", err=True)
    return chosen


def one_line(text: str) -> str:
    """The text without line breaks, so that lines out match lines in."""
    return text.replace("\r", " ").replace("\n", " ")


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that takes the place of an old one when all answers are there."""
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
def ended_in_order() -> Iterator[None]:
    """Let a request to end (SIGTERM) end this process by way of its `finally` clauses, so that no half file is left."""

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
