"""Curves of labels over all thresholds on their probabilities: ROC, and precision by recall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqloom.confidence import LabelProbabilities
from seqloom.errors import DataError
from seqloom.metrics.probabilities import Curve, precision_recall, roc
from seqloom.plots.style import CYCLE, GREY, heading, readable, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

NAMED = len(CYCLE)
"""Up to so many labels have a colour and a name; of more, the others are pale."""
SIZE = (5.4, 5.2)
NAME = 24
"""Number of characters of a label that are shown."""


def plot_roc(found: LabelProbabilities | None, path: Path | str | None = None, *, title: str = "") -> Picture:
    """Plot the true positive rate by the false positive rate of each label over all thresholds, with the area under it
    (AUROC); returns the figure, and writes it where a path is given.

    The dotted line is guessing. Of two labels of which one is right both curves are mirrored, and that of the rarer one
    is drawn. `found` is `Evaluation.probabilities`; a `DataError` says where there is nothing to draw.
    """
    curves = _curves_of(found, roc)

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (1, 2)), linewidth=1.4, zorder=1)
        _draw(axes, curves, "default", "AUROC")
        axes.set(xlabel="false positive rate", ylabel="true positive rate")

    return render(path, SIZE, _framed(draw, title), text=_texts(curves, title))


def plot_precision_recall(
    found: LabelProbabilities | None, path: Path | str | None = None, *, title: str = ""
) -> Picture:
    """Plot the precision by the recall of each label over all thresholds, with the average precision (AP), which rare
    labels need (Davis & Goadrich 2006); what is drawn is as in `plot_roc`."""
    curves = _curves_of(found, precision_recall)

    def draw(axes: Axes) -> None:
        _draw(axes, curves, "steps-pre", "AP")
        axes.set(xlabel="recall", ylabel="precision")

    return render(path, SIZE, _framed(draw, title), text=_texts(curves, title))


def _curves_of(
    found: LabelProbabilities | None, make: Callable[[NDArray[np.float64], NDArray[np.bool_]], Curve | None]
) -> list[tuple[str, Curve]]:
    """The curves of the labels that have one, that of the most frequent label first; of two labels of which one is
    right, that of the rarer one."""
    if found is None:
        raise DataError(
            "there must be probabilities of labels to draw, not none", hint="only a model of labels has some"
        )
    order = np.argsort(-found.given.sum(0), kind="stable").tolist()
    if len(order) == 2 and not found.several:
        order = order[1:]
    made = ((found.labels[place], make(found.probabilities[:, place], found.given[:, place])) for place in order)
    curves = [(name, curve) for name, curve in made if curve is not None]
    if not curves:
        raise DataError("no label has examples with it and examples without it, so that there is no curve")
    return curves


def _draw(axes: Axes, curves: list[tuple[str, Curve]], style: Literal["default", "steps-pre"], area: str) -> None:
    """The curves, in colour and named with their areas, behind them those that are too many, pale."""
    pale = [
        axes.plot(curve.x, curve.y, drawstyle=style, color=GREY, alpha=0.35, linewidth=0.9)[0]
        for _, curve in curves[NAMED:]
    ]
    names = readable([name for name, _ in curves[:NAMED]], longest=NAME)
    named = [
        (axes.plot(curve.x, curve.y, drawstyle=style, color=colour, linewidth=1.5)[0], f"{name}  {curve.area:.3f}")
        for name, (_, curve), colour in zip(names, curves, CYCLE, strict=False)
    ]
    others = [(line, f"{len(pale):,} others") for line in pale[:1]]
    handles, said = zip(*named, *others, strict=True)
    axes.legend(handles, said, title=area, loc="lower right" if area == "AUROC" else "lower left")


def _framed(fill: Callable[[Axes], None], title: str) -> Callable[[Figure], None]:
    """Draws on one square pair of axes from 0 to 1."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        fill(axes)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_aspect("equal")
        heading(axes, title)

    return draw


def _texts(curves: list[tuple[str, Curve]], title: str) -> list[str]:
    return [*(name for name, _ in curves[:NAMED]), title]
