"""What a sweep has tried: the figure of each trial in their order, and against each setting."""

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

COLUMNS = 3
PANEL, UPRIGHT = 26, 14
"""Characters that stand side by side under a panel, and one above the other."""
WIDE = 30
"""From this ratio of the largest to the smallest value on, a setting is drawn on a logarithmic axis."""


class Tried(Protocol):
    """A trial: done, pruned, failed or running."""

    @property
    def number(self) -> int:
        """Its place in the order."""

    @property
    def state(self) -> str:
        """What became of it."""

    @property
    def value(self) -> float | None:
        """Its figure, if it has one."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was chosen for it."""


def plot_trials(
    trials: Sequence[Tried],
    path: Path | str,
    *,
    measure: str,
    higher_is_better: bool = False,
    title: str = "",
) -> Path:
    """Writes the trials of a sweep as a picture.

    Above, the figure of each trial and the best one so far; a ring is a pruned trial, a cross on the floor one that
    failed. Below, one panel for each setting.
    """
    judged = [each for each in trials if each.value is not None and math.isfinite(each.value)]
    if not judged:
        raise DataError("there must be at least one trial with a figure, not none")
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
    """Labels side by side, on several lines where they must, or upright where a word has no room."""
    room = PANEL // len(labels)
    upright = any(len(word) > room for label in labels for word in label.split())
    texts = [_lines(label, UPRIGHT if upright else room) for label in labels]
    axes.set_xticks(range(len(labels)), texts, rotation=90 if upright else 0)
    axes.set_xlim(-0.5, len(labels) - 0.5)


def _lines(label: str, room: int) -> str:
    """A label in lines, which end at its commas first."""
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
