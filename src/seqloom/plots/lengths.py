"""Plots of sequence lengths, and of quality by source length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DataError
from seqloom.plots.style import BLUE, CYCLE, GREY, heading, readable, render
from seqloom.prediction import Prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture


def plot_quality_by_length(
    sources: Sequence[Prediction] | Sequence[int],
    values: Sequence[float],
    path: Path | str | None = None,
    *,
    label: str = "quality",
    title: str = "",
    buckets: int = 8,
) -> Picture:
    """Plot the mean quality of examples by source length; returns the figure, and writes it where a path is given.

    `sources` are predictions (whose source tokens are counted) or lengths; `values` are the values of the examples, as
    from a metric's `per_example`. Examples are divided by length into at most `buckets` groups of about the same size.
    Error bars show the 95 % confidence interval of the mean (1.96 standard errors); below each group is its number of
    examples.
    """
    lengths = np.asarray([len(s.source_tokens) if isinstance(s, Prediction) else s for s in sources], dtype=np.int64)
    figures = np.asarray(values, dtype=np.float64)
    if len(lengths) != len(figures):
        raise DataError(f"there must be one figure for each source, not {len(figures)} for {len(lengths)}")
    if not len(lengths):
        raise DataError("there must be at least one example to draw, not none")
    groups = bucketed(lengths, buckets)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        means = [figures[group].mean() for group in groups]
        errors = [1.96 * figures[group].std(ddof=1) / len(group) ** 0.5 if len(group) > 1 else 0.0 for group in groups]
        axes.errorbar(
            range(len(groups)), means, yerr=errors, color=BLUE, marker="o", markersize=6, capsize=3, elinewidth=1.3
        )
        names = [_span(int(lengths[group].min()), int(lengths[group].max())) for group in groups]
        axes.set_xticks(range(len(groups)), names)
        axes.grid(visible=False, axis="x")
        axes.margins(x=0.06, y=0.12)
        for place, group in enumerate(groups):
            axes.annotate(
                f"n = {len(group):,}",
                (place, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                color=GREY,
            )
        low, high = axes.get_ylim()
        axes.set_ylim(low - 0.08 * (high - low), high)
        axes.set(xlabel="source length (tokens)", ylabel=readable([label])[0])
        heading(axes, title)

    return render(path, (7.2, 3.8), draw, text=[label, title])


def plot_lengths(lengths: Mapping[str, Sequence[int]], path: Path | str | None = None, *, title: str = "") -> Picture:
    """Plot histograms of lengths, with one panel for each name, such as `source` and `target`; returns the
    figure, and writes it where a path is given.

    The longest 0.5 % are collected in the last bar, so that a few outliers do not compress the rest. The median and the
    99th percentile are marked.
    """
    counts = {f"{name} length (tokens)": Counter(each) for name, each in lengths.items()}
    return plot_length_counts(counts, path, title=title)


def plot_length_counts(
    counts: Mapping[str, Mapping[int, int]], path: Path | str | None = None, *, title: str = ""
) -> Picture:
    """Plot histograms from the number of texts of each length; names are labels of the panels, as in `plot_lengths`."""
    if not counts or not all(counts.values()):
        raise DataError("there must be at least one length under each name to draw, not none")

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(counts), 1, squeeze=False)[:, 0]
        figure.subplots_adjust(hspace=0.55)
        for axes, (name, each), colour in zip(panels, counts.items(), CYCLE * len(counts), strict=False):
            draw_histogram(axes, readable([name], longest=60)[0], each, colour)
        heading(panels[0], title)

    return render(path, (7.2, 2.1 * len(counts) + 0.4), draw, text=[title, *counts])


def bucketed(lengths: NDArray[np.int64], buckets: int) -> list[NDArray[np.int64]]:
    """Sort examples by length and divide their indices into at most `buckets` groups; equal lengths stay together."""
    order = np.argsort(lengths, kind="stable")
    cuts = np.searchsorted(lengths[order], np.quantile(lengths, np.linspace(0, 1, buckets + 1)[1:-1]), side="right")
    return [group for group in np.split(order, np.unique(cuts)) if len(group)]


def draw_histogram(axes: Axes, label: str, counts: Mapping[int, int], colour: str) -> None:
    """Draw the number of texts of each length, the longest 0.5 % in the last bar; median and 99 % are marked."""
    lengths = np.array(sorted(counts), np.int64)
    numbers = np.array([counts[int(length)] for length in lengths], np.int64)
    low, limit = int(lengths[0]), _reached(lengths, numbers, 0.995)
    step = max(1, -(-(limit - low + 1) // 60))
    edges = np.arange(low, limit + step + 1, step) - 0.5
    axes.hist(
        np.minimum(lengths, edges[-1] - 0.5),
        bins=edges.tolist(),
        weights=numbers,
        color=colour,
        edgecolor="white",
        linewidth=0.6,
    )
    median, most = (_reached(lengths, numbers, share) for share in (0.5, 0.99))
    if median == most:
        _mark(axes, median, f"median, 99 %: {median:,}", right=True)
    else:  # if they are close, the median's label is placed at its left
        _mark(axes, median, f"median: {median:,}", right=(most - median) > 0.2 * (edges[-1] - edges[0]))
        _mark(axes, most, f"99 %: {most:,}", right=True)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.18)
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel=label, ylabel="examples")


def _mark(axes: Axes, place: int, words: str, *, right: bool) -> None:
    axes.axvline(place, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2)
    axes.annotate(
        words,
        (place, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 if right else -4, -2),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=8,
        color=GREY,
    )


def _reached(lengths: NDArray[np.int64], numbers: NDArray[np.int64], share: float) -> int:
    """The smallest length such that at least this share of the examples is not longer."""
    reached = np.cumsum(numbers)
    return int(lengths[np.searchsorted(reached, share * reached[-1])])


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"
