"""Plots of a sweep: the result of each trial in their order, and results by the value of each setting."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Protocol

from seqloom.errors import DataError
from seqloom.plots.labels import named
from seqloom.plots.style import BLUE, GREY, VERMILION, heading, readable, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

COLUMNS = 3
"""Number of panels in a row."""
PANEL, UPRIGHT = 26, 14
"""Number of characters that fit under a panel horizontally, and in a vertical label."""
WIDE = 30
"""A setting has a logarithmic axis if its largest value is at least this many times the smallest."""


class Tried(Protocol):
    """A trial of a sweep, as the plot needs it."""

    @property
    def number(self) -> int:
        """The number of the trial."""

    @property
    def state(self) -> str:
        """The state: `done`, `pruned`, `failed`, `running` or `waiting`."""

    @property
    def value(self) -> float | None:
        """The result of the trial, or None if it has none."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The values of the settings that were tried."""


def plot_trials(
    trials: Sequence[Tried],
    path: Path | str | None = None,
    *,
    measure: str,
    higher_is_better: bool = False,
    title: str = "",
) -> Picture:
    """Plot the trials of a sweep; returns the figure, and writes it where a path is given.

    The upper panel shows the result of each trial and the best result so far. A ring is a pruned trial, a cross at the
    bottom a failed one. Below there is one panel for each setting, with the results by its value.
    """
    judged = [each for each in trials if each.value is not None and math.isfinite(each.value)]
    if not judged:
        raise DataError("there must be at least one trial with a result to draw, not none")
    names = list(dict.fromkeys(name for each in trials for name in each.settings))
    rows = math.ceil(len(names) / COLUMNS)

    def draw(figure: Figure) -> None:
        grid = figure.add_gridspec(1 + rows, COLUMNS, height_ratios=[1.4, *[1.0] * rows])
        figure.set_layout_engine("constrained", hspace=0.06, wspace=0.04)
        top = figure.add_subplot(grid[0, :])
        _in_order(top, trials, judged, higher_is_better=higher_is_better)
        top.set_ylabel(readable([measure])[0])
        heading(top, title)
        for place, name in enumerate(names):
            axes = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS], sharey=top)
            _by_setting(axes, name, judged)
            axes.tick_params(labelleft=place % COLUMNS == 0)

    values = [str(each.settings.get(name, "")) for each in trials for name in names]
    return render(path, (7.2, 2.9 + 1.9 * rows), draw, text=[title, measure, *names, *values])


def _in_order(axes: Axes, trials: Sequence[Tried], judged: Sequence[Tried], *, higher_is_better: bool) -> None:
    done = [each for each in judged if each.state == "done"]
    if done:
        best = list(accumulate((each.value or 0.0 for each in done), max if higher_is_better else min))
        axes.step([each.number for each in done], best, where="post", color=GREY, linewidth=1.2, label="best so far")
    _dots(axes, [each.number for each in judged], judged)
    failed = [each.number for each in trials if each.state == "failed"]
    if failed:
        floor = axes.get_xaxis_transform()
        axes.plot(failed, [0.03] * len(failed), "x", color=VERMILION, markersize=5, transform=floor, label="failed")
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.03, y=0.14)
    axes.set_xlabel("trial")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.2)


def _by_setting(axes: Axes, name: str, judged: Sequence[Tried]) -> None:
    having = [each for each in judged if name in each.settings]
    values = [each.settings[name] for each in having]
    numbers = [float(each) for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) == len(values):
        _dots(axes, numbers, having)
        if numbers and min(numbers) > 0 and max(numbers) >= WIDE * min(numbers):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
    else:
        words = [named(each) for each in values]
        labels = sorted(set(words))
        _dots(axes, [labels.index(each) for each in words], having)
        _ticks(axes, readable(labels, longest=32))
    axes.set_xlabel(readable([name], longest=36)[0], fontsize=8)


def _ticks(axes: Axes, labels: Sequence[str]) -> None:
    """Set the labels of an axis: horizontal, on several lines if necessary, or vertical if a word does not fit."""
    room = PANEL // len(labels)
    upright = any(len(word) > room for label in labels for word in label.split())
    texts = [_lines(label, UPRIGHT if upright else room) for label in labels]
    axes.set_xticks(range(len(labels)), texts, rotation=90 if upright else 0)
    axes.set_xlim(-0.5, len(labels) - 0.5)


def _lines(label: str, room: int) -> str:
    """Break a label into lines, if possible after its commas."""
    if len(label) <= room:
        return label
    return "\n".join(line for part in re.split("(?<=,) ", label) for line in wrap(part, room, break_long_words=False))


def _dots(axes: Axes, places: Sequence[float], trials: Sequence[Tried]) -> None:
    for state, face in (("done", BLUE), ("pruned", "white")):
        chosen = [(x, each.value or 0.0) for x, each in zip(places, trials, strict=True) if each.state == state]
        if chosen:
            axes.plot(
                [x for x, _ in chosen],
                [value for _, value in chosen],
                "o",
                color=BLUE,
                markerfacecolor=face,
                markersize=4.5,
                label=state,
            )
