"""The history of a run: losses and figures of each evaluation, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from seqloom.errors import DependencyError

SHOWN = 20
"""Rows that the text of a history shows at most."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class History(Sequence[Row]):
    """One row for each evaluation of a run, in order; without dev data, one for each report of the training loss.

    A row has `epoch`, `step` (updates so far), `train_loss` (mean since the row before; None where nothing was
    reported), `dev_loss` and `dev_perplexity`, the metrics of the dev answers by their names, `learning_rate`,
    `seconds` (training time so far), and whether it is the `best` of the run. Losses are in nats per target token.

    `history["dev_loss"]` is a column, `history[-1]` a row.
    """

    rows: tuple[Row, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> History: ...

    @overload
    def __getitem__(self, place: str) -> list[Any]: ...

    def __getitem__(self, place: int | slice | str) -> Row | History | list[Any]:
        if isinstance(place, str):
            if place not in self.columns:
                raise KeyError(f"{place}; there are {', '.join(self.columns) or 'no columns'}")
            return [row.get(place) for row in self.rows]
        return History(self.rows[place]) if isinstance(place, slice) else self.rows[place]

    def to_pandas(self) -> Any:
        """The history as a `pandas.DataFrame`."""
        try:
            import pandas  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 - optional package
        except ImportError:
            raise DependencyError("to_pandas needs the package pandas", hint="pip install pandas") from None
        return pandas.DataFrame([dict(row) for row in self.rows], columns=list(self.columns))

    def __repr__(self) -> str:
        """A table as text."""
        if not self.rows:
            return "History of no evaluations"
        names = [name for name in self.columns if name != "best"]
        rows = [[*(_shown(row.get(name)) for name in names), "best" * bool(row.get("best"))] for row in self.rows]
        left_out = max(0, len(rows) - SHOWN)
        shown = rows if not left_out else [*rows[: SHOWN // 2], ["…" for _ in rows[0]], *rows[-(SHOWN // 2) :]]
        table = [[*names, "weights"], *shown]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = ["  ".join(map(str.rjust, row, widths)).rstrip() for row in table]
        return "\n".join([*lines, *([f"({left_out:,} more rows are not shown)"] if left_out else [])])


def history_of(metrics: Mapping[str, Any], log: Path) -> History:
    """The history that a model's metrics hold, or else the one in the log beside the model."""
    if "history" in metrics:
        return History(tuple(metrics["history"]))
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return History()
    return logged(record for line in lines if (record := _record(line)))


def logged(records: Iterator[Row]) -> History:
    """The history in the records of a log; of several evaluations after the same update the first counts."""
    evaluations: dict[int, Row] = {}
    steps: dict[int, Row] = {}
    losses: list[float] = []
    last: Row = {}
    for record in records:
        if record["kind"] == "step":
            last = record
            losses.append(record["loss"])
            trained = {"epoch": record["epoch"], "step": record["step"], "train_loss": record["loss"]}
            steps[record["step"]] = {**trained, **_pace(record)}
        elif record["kind"] == "evaluation" and record["step"] not in evaluations:
            known = [loss for loss in losses if loss is not None]
            evaluations[record["step"]] = {
                "epoch": record["epoch"],
                "step": record["step"],
                "train_loss": sum(known) / len(known) if known else None,
                "dev_loss": record["loss"],
                "dev_perplexity": record["perplexity"],
                **record["metrics"],
                **_pace(last),
                "best": record["best"],
            }
            losses = []
    best = max((step for step, row in evaluations.items() if row["best"]), default=None)
    marked = ({**row, "best": step == best} for step, row in evaluations.items())
    return History(tuple(marked if evaluations else steps.values()))


def _pace(record: Row) -> dict[str, Any]:
    return {name: record.get(name) for name in ("learning_rate", "seconds")}


def _record(line: str) -> dict[str, Any]:
    """The record in a line of a log; empty where the line is incomplete or is about something else."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    known = isinstance(record, dict) and record.get("kind") in ("step", "evaluation")
    return record if known and {"epoch", "step", "loss"} <= record.keys() else {}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 0.01 else f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
