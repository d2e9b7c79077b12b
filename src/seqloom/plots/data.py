"""A picture of data before training: lengths, labels and characters on one figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.errors import DataError
from seqloom.plots.lengths import draw_histogram
from seqloom.plots.style import BLUE, CYCLE, GREY, VERMILION, heading, readable, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

LABELS, CHARACTERS = 15, 40
"""How many labels, and how many characters of a side, have a bar, the most frequent ones."""
NAME = 28
"""Number of characters of a label that are shown."""
PANEL = 2.3
"""Height of a panel in inches."""


def plot_data(
    lengths: Mapping[str, Mapping[int, int]],
    path: Path | str | None = None,
    *,
    labels: Mapping[str, int] | None = None,
    characters: Mapping[str, Mapping[str, int]] | None = None,
    title: str = "",
) -> Picture:
    """Plot what data are like; returns the figure.

    `lengths` holds, under the label of its axis, the number of texts of each length. `labels` are the numbers of pairs
    of each label, and `characters` those of the characters of each side. The left column has the lengths and the
    labels, the right one the characters, on a logarithmic scale.
    """
    if not lengths or not all(lengths.values()):
        raise DataError("there must be at least one length under each name to draw, not none")
    left, right = [*lengths, *(["labels"] if labels else [])], [*(characters or {})]
    rows = max(len(left), len(right))

    def draw(figure: Figure) -> None:
        grid = figure.subplots(rows, 2 if right else 1, squeeze=False)
        figure.subplots_adjust(hspace=0.6, wspace=0.24)
        for axes, name, colour in zip(grid[:, 0], left, CYCLE * rows, strict=False):
            if name in lengths:
                draw_histogram(axes, readable([name], longest=60)[0], lengths[name], colour)
            else:
                _labels(axes, labels or {})
        for axes, name in zip(grid[:, 1] if right else [], right, strict=False):
            _characters(axes, name, (characters or {})[name])
        for column, names in zip(grid.T, (left, right), strict=False):
            for axes in column[len(names) :]:
                axes.set_visible(False)
        heading(grid[0, 0], title)

    texts = [title, *lengths, *(labels or {}), *("".join(_frequent(each)) for each in (characters or {}).values())]
    return render(path, (11.6 if right else 7.2, PANEL * rows + 0.4), draw, text=texts)


def _labels(axes: Axes, labels: Mapping[str, int]) -> None:
    """A bar for each label, the most frequent at the top; the rest is one bar."""
    ordered = sorted(labels.items(), key=lambda each: -each[1])
    bars = ordered[:LABELS]
    names = readable([name for name, _ in bars], longest=NAME)
    counts = [count for _, count in bars]
    if len(ordered) > LABELS:
        names.append(f"{len(ordered) - LABELS:,} others together")
        counts.append(sum(count for _, count in ordered[LABELS:]))
    places = range(len(counts))
    axes.barh(places, counts, color=VERMILION, height=0.72)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", labelsize=max(5.5, min(9, 80 / len(counts))))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params(axis="x", integer=True)
    axes.set(xlabel=f"pairs of each of {len(ordered):,} labels")


def _characters(axes: Axes, side: str, counts: Mapping[str, int]) -> None:
    """A bar for each of the most frequent characters, and a word on the others."""
    names = _frequent(counts)
    axes.bar(range(len(names)), [counts[name] for name in names], color=BLUE, width=0.76)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xticks(range(len(names)), readable(names))
    axes.tick_params(axis="x", labelsize=7.5, length=0)
    axes.grid(visible=False, axis="x")
    axes.margins(x=0.01)
    once = sum(count == 1 for count in counts.values())
    said = f"{len(counts):,} different, {once:,} only once"
    axes.annotate(
        said,
        (1, 1),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=GREY,
    )
    axes.set(xlabel=f"characters of the {side}s", ylabel="occurrences")


def _frequent(counts: Mapping[str, int]) -> list[str]:
    """The characters that have a bar, the most frequent first."""
    return sorted(counts, key=lambda name: (-counts[name], name))[:CHARACTERS]
