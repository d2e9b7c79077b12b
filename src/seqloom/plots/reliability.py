"""Reliability diagrams: how often answers are right that have a certain confidence (Guo et al. 2017, fig. 1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.confidence import Reliability
from seqloom.confidence.quality import EXACT
from seqloom.errors import DataError
from seqloom.plots.style import BLUE, GREY, VERMILION, heading, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

DOTTED: Any = {"color": GREY, "linestyle": (0, (1, 2)), "linewidth": 1.4}


def plot_reliability(found: Reliability | None, path: Path | str | None = None, *, title: str = "") -> Picture:
    """Plot what answers were worth by their confidence, in 15 bins of equal width; returns the figure, and writes it
    where a path is given.

    A bar ends at what the answers of a bin were worth, the line in it at their mean confidence: where the bar ends
    below the line, the model is too sure of itself. The lower panel counts the answers of each bin. `found` is
    `Evaluation.confidence` of any calibrated model, or `Evaluation.probabilities.reliability` of one that answers with
    labels; a `DataError` says where there is none.
    """
    if found is None:
        raise DataError(
            "there must be answers with a confidence to draw, not none",
            hint="seqloom calibrate gives a model confidence",
        )

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        figure.subplots_adjust(hspace=0.12)
        lows, widths = [each.low for each in found.bins], [each.high - each.low for each in found.bins]
        style: Any = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
        upper.bar(lows, [each.worth for each in found.bins], widths, color=BLUE, **style)
        upper.plot([0, 1], [0, 1], **DOTTED)
        means, ends = [each.confidence for each in found.bins], [each.high for each in found.bins]
        upper.hlines(means, lows, ends, color=VERMILION, linewidth=2.4, label="mean confidence")
        worth = "share of right answers" if found.measure == EXACT else f"mean {found.measure}, 0 to 1"
        upper.set(ylabel=worth, ylim=(0, 1.02), xlim=(0, 1))
        said = f"expected calibration error {found.calibration_error:.3f}\nBrier score {found.brier:.3f}"
        upper.text(0.03, 0.97, said, transform=upper.transAxes, va="top", fontsize=9)
        upper.legend(loc="upper left", bbox_to_anchor=(0.0, 0.86))
        lower.bar(lows, [each.answers for each in found.bins], widths, color=GREY, **style)
        lower.set(xlabel="confidence", ylabel="answers")
        lower.locator_params(axis="y", integer=True, nbins=3)
        lower.yaxis.set_major_formatter("{x:,.0f}")
        figure.align_ylabels([upper, lower])
        heading(upper, title)

    return render(path, (5.2, 5.4), draw, text=[title, found.measure])
