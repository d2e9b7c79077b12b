"""Learning curves from the log of a run: training loss, dev loss and dev metrics over the steps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DataError
from seqloom.plots.style import BLUE, CYCLE, GREY, VERMILION, heading, readable, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

LogRecord = Mapping[str, Any]
"""One entry of a log."""
Series = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Steps and the values at these steps."""


def read_log(path: Path | str) -> list[dict[str, Any]]:
    """Read the records of a `log.jsonl`; an incomplete last line, as a killed run leaves it, is ignored."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        hint = "" if path.exists() else "an exported folder has none: name the folder that training wrote"
        raise DataError(f"the log of the run cannot be read: {error.strerror}", where=str(path), hint=hint) from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line) if line.strip() else {}
        except json.JSONDecodeError:
            if number == len(lines):
                break
            raise DataError("must be a line of JSON", where=f"{path}:{number}") from None
        if not isinstance(record, dict):
            raise DataError("must be a JSON object", where=f"{path}:{number}")
        records.append(record)
    return records


def plot_curves(log: Path | str | Iterable[LogRecord], path: Path | str | None = None, *, title: str = "") -> Picture:
    """Plot the learning curves of a run from its `log.jsonl` or from its records; returns the figure, and
    writes it where a path is given.

    The upper panel shows the cross-entropy per token: the training loss as logged (pale) and smoothed, and the dev loss
    with a dot at each evaluation. Below there is one panel for each dev metric. A dotted line marks the best model. If
    a resumed run logged a step twice, the later record is used.
    """
    records = read_log(log) if isinstance(log, Path | str) else list(log)
    steps, evaluations = _latest(records, "step"), _latest(records, "evaluation")
    if not steps and not evaluations:
        raise DataError("the log must hold at least one record of a step or an evaluation, not none")
    names = list(dict.fromkeys(name for record in evaluations for name in record.get("metrics") or {}))
    best = next((record for record in reversed(evaluations) if record.get("best")), None)
    ratios = [1.35, *(1.0 for _ in names)]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        _losses(panels[0], steps, evaluations)
        for axes, name, colour in zip(panels[1:], names, _colours(len(names)), strict=True):
            _metric(axes, name, colour, evaluations, best)
        for axes in panels:
            if best is not None:
                axes.axvline(float(best["step"]), color=GREY, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)
            axes.margins(x=0.02)
            axes.xaxis.set_major_formatter("{x:,.0f}")
        panels[-1].locator_params(axis="x", integer=True)
        if len({record["step"] for record in (*steps, *evaluations)}) == 1:
            only = (steps or evaluations)[0]["step"]
            panels[-1].set_xlim(only - 1, only + 1)
        panels[-1].set_xlabel("step")
        figure.align_ylabels(list(panels))
        heading(panels[0], title)

    return render(path, (7.2, 1.9 * sum(ratios) + 0.5), draw, text=[title, *names])


def _losses(axes: Axes, steps: Sequence[LogRecord], evaluations: Sequence[LogRecord]) -> None:
    trained, judged = _series(steps, "loss"), _series(evaluations, "loss")
    if trained[0].size:
        many = trained[0].size > 20
        marker, label, alpha = (None, None, 0.25) if many else ("o", "training", 1.0)
        axes.plot(*trained, color=BLUE, alpha=alpha, linewidth=1, marker=marker, markersize=3, label=label)
        if many:
            axes.plot(trained[0], smoothed(trained[1]), color=BLUE, label="training (smoothed)")
    if judged[0].size:
        axes.plot(*judged, color=VERMILION, marker="o", markersize=4, label="dev")
    finite = np.concatenate([trained[1], judged[1]])
    finite = finite[np.isfinite(finite)]
    if finite.size > 20:  # leave out the high losses of the first steps, which would flatten the rest
        low, high = float(finite.min()), float(np.quantile(finite, 0.99))
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low) + 1e-9)
    axes.set_ylabel("loss per token")
    axes.legend(loc="upper right")


def _metric(axes: Axes, name: str, colour: str, evaluations: Sequence[LogRecord], best: LogRecord | None) -> None:
    scores = [{"step": record["step"], **(record.get("metrics") or {})} for record in evaluations]
    axes.plot(*_series(scores, name), color=colour, marker="o", markersize=4)
    axes.set_ylabel(readable([name])[0])
    axes.margins(y=0.12)
    chosen = _number((best.get("metrics") or {}).get(name)) if best is not None else math.nan
    if best is not None and math.isfinite(chosen):
        axes.plot([best["step"]], [chosen], color=colour, marker="o", markersize=8, markeredgecolor="white", zorder=4)
        note = f"{chosen:.2f} at the best step, {best['step']:,}"
        axes.set_title(note, loc="right", fontsize=9, fontweight="normal", color=GREY, pad=4)


def smoothed(values: NDArray[np.float64], share: float = 0.03) -> NDArray[np.float64]:
    """The centred moving average over the given share of the curve; NaN values are ignored."""
    reach = max(1, round(len(values) * share / 2))
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    start = np.clip(np.arange(len(values)) - reach, 0, None)
    stop = np.clip(np.arange(len(values)) + reach + 1, None, len(values))
    number = counts[stop] - counts[start]
    return np.where(number > 0, (sums[stop] - sums[start]) / np.maximum(number, 1), np.nan)


def _latest(records: Iterable[LogRecord], kind: str) -> list[LogRecord]:
    """The records of one kind ordered by step, with only the last record of each step."""
    by_step = {record["step"]: record for record in records if record.get("kind") == kind and "step" in record}
    return [by_step[step] for step in sorted(by_step)]


def _series(records: Sequence[LogRecord], key: str) -> Series:
    pairs = [(record["step"], _number(record[key])) for record in records if key in record]
    table = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _number(value: object) -> float:
    """The value as a float if it is a finite number, otherwise NaN."""
    usable = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if usable and isinstance(value, int | float) else math.nan


def _colours(count: int) -> list[str]:
    others = [colour for colour in CYCLE if colour not in (BLUE, VERMILION)]
    return [others[index % len(others)] for index in range(count)]
