"""Which answers a person should look at: those of low confidence, and those with a mark that warns of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from seqloom.confidence import AnyCalibration
from seqloom.data import Source
from seqloom.errors import ConfigError
from seqloom.prediction import Prediction

HEADER = ("source", "target", "tags", "confidence", "reason", "input")


@dataclass
class Doubt:
    """Finds and counts the doubtful answers: those with a confidence below `least`, with unknown symbols, of shortened
    inputs, or at the length limit. An answer that was looked up is never doubtful."""

    least: float
    calibration: AnyCalibration
    reasons: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    doubtful: int = 0

    def look(self, number: int, source: Source, answer: Prediction, table: TextIO | None) -> list[str]:
        """Why an answer is doubtful, in words; empty if it is not. Counts it, and writes it to the table if there is
        one."""
        low = answer.confidence is not None and answer.confidence < self.least
        found = {
            f"confidence below {self.least:g}": low,
            "unknown symbols": bool(answer.unknown),
            "shortened input": answer.cut,
            "at the length limit": answer.at_limit,
        }
        said = [reason for reason, holds in found.items() if holds and answer.origin == "model"]
        self.answers += 1
        self.doubtful += bool(said)
        self.reasons.update(said)
        if table is not None and said:
            write_row(table, number, source, answer, said)
        return said

    def sentence(self) -> str:
        """How many answers are doubtful, and why."""
        why = ", ".join(f"{reason}: {count:,}" for reason, count in self.reasons.items())
        verb = "is" if self.doubtful == 1 else "are"
        return (
            f"{self.doubtful:,} of {self.answers:,} answers {verb} doubtful{f' ({why})' if why else ''}; "
            f"confidence is {self.calibration.meaning}"
        )


class Confident(Protocol):
    """What says of its answers how sure it is: a `Predictor`; a combination of models never does."""

    @property
    def calibration(self) -> AnyCalibration | None:
        """What turns a search into a confidence; None where answers have none."""

    @property
    def unsure(self) -> str:
        """Why answers have no confidence, where there is a reason."""


def doubt_about(
    predictor: Confident, least: float | None, prefix: str, table: Path | None, output: Path | None
) -> Doubt | None:
    """Doubt about the answers of a predictor below the confidence `least`; None where nobody asks for it.

    Raises `ConfigError` where the answers have no confidence, or where the table has no place of its own.
    """
    if least is None:
        if table is not None:
            raise ConfigError("--doubtful needs --min-confidence", hint="such as --min-confidence 0.9")
        return None
    if table is not None and (table == output or table == Path("-")):
        raise ConfigError("--doubtful needs a file of its own", where=str(table), hint="name another one")
    if predictor.calibration is None:
        raise ConfigError(
            predictor.unsure or "answers have no confidence: the model was not calibrated",
            hint="seqloom calibrate MODEL DATA, with the same settings of search and pairs it was not trained on",
        )
    if prefix:
        raise ConfigError("answers with a given beginning have no confidence", hint="leave out --prefix")
    return Doubt(least, predictor.calibration)


def columns(answer: Prediction, reasons: Sequence[str]) -> str:
    """The columns that are added to a line of output: the confidence, and `check` for a doubtful answer."""
    shown = "" if answer.confidence is None else f"{answer.confidence:.4f}"
    return f"\t{shown}\t{'check' if reasons else ''}"


def write_row(file: TextIO, number: int, source: Source, answer: Prediction, reasons: Sequence[str]) -> None:
    """Write a doubtful answer as a row of a table with the columns of `HEADER`; corrected, it can be read as pairs."""
    shown = "" if answer.confidence is None else f"{answer.confidence:.4f}"
    cells = (source.text, answer.text, ";".join(source.tags), shown, "; ".join(reasons), str(number))
    file.write("\t".join(map(_cell, cells)) + "\n")


def _cell(text: str) -> str:
    return text.replace("\t", " ").replace("\r", " ").replace("\n", " ")
