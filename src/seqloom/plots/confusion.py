"""Confusion matrices: which labels are taken for which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DataError
from seqloom.metrics import ClassificationReport, SeveralLabelsReport
from seqloom.plots.style import GREY, HEAT, INK, heading, readable, render, width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

LABELS = 30
"""How many labels have a row and a column, the largest ones; the others are one more."""
CELL = 0.44
"""Side of a cell in inches; where there are more than `NUMBERED` labels it is smaller, without counts in the cells."""
NUMBERED = 20
NAME = 20
"""Number of characters of a label that are shown."""


def plot_confusion(
    found: ClassificationReport | SeveralLabelsReport | None, path: Path | str | None = None, *, title: str = ""
) -> Picture:
    """Plot how many examples of each label (rows) are answered with each label (columns); returns the figure, and
    writes it where a path is given.

    A cell is the darker, the larger its share of the row, so that rare labels can be read beside frequent ones. `found`
    are the figures of classes of an evaluation, `Evaluation.labels`; a `DataError` says where there is nothing to draw.
    """
    if not isinstance(found, ClassificationReport):
        what = "they are several at once" if isinstance(found, SeveralLabelsReport) else "they are none"
        raise DataError(
            f"a confusion matrix is of answers that are one label, and here {what}",
            hint="the figures of each label say what is missed" if found is not None else "",
        )
    names, counts = _counts(found)
    labels = readable(names, longest=NAME)
    sums = counts.sum(1, keepdims=True)
    shares = np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)
    numbered = len(names) <= NUMBERED
    size, longest = CELL if numbered else 0.7 * CELL, max(map(width, labels)) * 9 / 72
    side = size * len(names) + longest + 0.9

    def draw(figure: Figure) -> None:
        from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

        axes = figure.subplots()
        colours = LinearSegmentedColormap.from_list("seqloom", HEAT)
        axes.pcolormesh(shares, cmap=colours, vmin=0, vmax=1, edgecolors="#eef1f4", linewidth=0.6)
        axes.invert_yaxis()
        axes.set_aspect("equal")
        axes.grid(visible=False)
        places = np.arange(len(names)) + 0.5
        axes.set_yticks(places, labels)
        axes.set_xticks(places, labels)
        if longest > 0.95 * size:
            for label in axes.get_xticklabels():
                label.set(rotation=55, ha="right", rotation_mode="anchor")
        axes.tick_params(length=0)
        axes.set(xlabel="answered", ylabel="true")
        for row, column in zip(*np.nonzero(counts), strict=True) if numbered else ():
            said = f"{int(counts[row, column]):,}"
            colour = "white" if shares[row, column] > 0.5 else INK if row == column else GREY
            place, font = (float(column) + 0.5, float(row) + 0.5), min(9.0, 34 / len(said))
            axes.text(*place, said, ha="center", va="center", fontsize=font, color=colour)
        heading(axes, title)

    return render(path, (side, side), draw, text=[*names, title])


def _counts(found: ClassificationReport) -> tuple[list[str], NDArray[np.float64]]:
    """The names of rows and columns, and the counts of true labels (rows) by answered ones."""
    names = [each.label for each in found.classes]
    kept = names if len(names) <= LABELS else names[: LABELS - 1]
    places, rest = {name: place for place, name in enumerate(kept)}, len(kept)
    others = [f"{len(names) - rest:,} others"] if rest < len(names) else []
    counts = np.zeros((rest + len(others),) * 2)
    for (truth, answer), count in found.confusion.items():
        counts[places.get(truth, rest), places.get(answer, rest)] += count
    return [*kept, *others], counts
