"""Heat maps of the attention weights of each target token over the source tokens (as Bahdanau et al. 2015, fig. 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DataError
from seqloom.plots.style import GREY, HEAT, readable, render, width
from seqloom.prediction import Prediction

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

CELL, LONGEST_SIDE = 0.34, 14.0
"""The usual size of a cell and the largest side of a map, in inches; cells of larger maps shrink."""
WIDEST, TALLEST = 20.0, 200.0
"""The largest width of a grid of several columns, and the largest height of a picture, in inches."""

END = "</s>"
"""The label of the end mark."""


def plot_attention(
    predictions: Prediction | Sequence[Prediction], path: Path | str | None = None, *, title: str = "", columns: int = 2
) -> Picture:
    """Plot the attention weights of one prediction, or of several in a grid with up to `columns` columns; returns
    the figure, and writes it where a path is given.

    Source tokens are at the top and target tokens at the left; a darker cell means a larger weight. Cells have the same
    size in all panels and shrink for long sequences. If labels would overlap, only every n-th is written. Long
    sequences stand in fewer columns. An empty answer has one row without weights, ∅. A `DataError`
    says how many predictions fit in one picture.
    """
    several = [predictions] if isinstance(predictions, Prediction) else list(predictions)
    if not several:
        raise DataError("there must be at least one prediction to draw, not none")
    panels = [_Panel(prediction) for prediction in several]
    longest = max(max(panel.weights.shape) for panel in panels)
    cell = min(CELL, LONGEST_SIDE / longest)
    columns = max(1, min(columns, len(panels), int(WIDEST / max(panel.size(cell)[0] for panel in panels))))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    widths = [max(row[c].size(cell)[0] for row in rows if c < len(row)) for c in range(columns)]
    heights = [max(panel.size(cell)[1] for panel in row) for row in rows]
    if sum(heights) > TALLEST:
        fit = sum(total <= TALLEST for total in accumulate(heights)) * columns
        raise DataError(
            f"one picture has room for the first {fit} of these predictions, not for {len(panels)}",
            hint="draw them in several pictures",
        )
    page = (sum(widths) + 0.9, sum(heights))

    def draw(figure: Figure) -> None:
        top = page[1]
        largest = max(float(panel.weights.max()) for panel in panels) or 1.0
        for row, height in zip(rows, heights, strict=True):
            left = 0.0
            for panel, wide in zip(row, widths, strict=False):
                panel.draw(figure, (left, top), page, cell, largest)
                left += wide
            top -= height
        _scale(figure, panels[0], page, (sum(widths), cell, largest))
        if title:
            figure.suptitle(readable([title], longest=120)[0], x=0, y=1, ha="left", va="bottom")

    tokens = [token for panel in panels for token in (*panel.prediction.source_tokens, *panel.prediction.target_tokens)]
    return render(path, page, draw, text=[*tokens, title])


class _Panel:
    """One heat map with its labels and weights; all sizes are in inches."""

    def __init__(self, prediction: Prediction) -> None:
        if prediction.alignment is None and prediction.tags:
            raise DataError(
                "the model must write its answers, step by step, to have attention to draw, and this one chooses tags",
                hint="seqloom predict --json has the probability of each tag, seqloom evaluate which are confused",
            )
        if prediction.alignment is None:
            raise DataError(
                "the prediction must carry an alignment to be drawn",
                hint="ask for alignments when predicting; a decoder that attends to nothing (attend = none) has none",
            )
        self.prediction = prediction
        self.weights: NDArray[np.float64] = np.asarray(prediction.alignment, dtype=np.float64)
        targets = prediction.target_tokens
        if self.weights.ndim == 2 and not len(self.weights) and set(targets) <= {END}:  # an empty answer
            self.weights, targets = np.zeros((1, self.weights.shape[1])), ("",)
        if self.weights.ndim != 2 or not self.weights.size:
            raise DataError(
                f"the alignment must have at least one row and one column, not the shape {self.weights.shape}"
            )
        self.rows = _labels(targets, self.weights.shape[0], "target")
        self.columns = _labels(prediction.source_tokens, self.weights.shape[1], "source")

    def slanted(self, cell: float) -> bool:
        """Whether the labels at the top are too wide to be horizontal and must be slanted."""
        return max(map(width, self.columns)) * _font_size(cell) / 72 > 0.95 * cell

    def slants(self, label: str, cell: float) -> bool:
        """Whether a label at the top is slanted: the end mark alone where it is the only wide one, so that letters are
        upright, as they are read."""
        others = [each for each in self.columns if each != END]
        upright = bool(others) and max(map(width, others)) * _font_size(cell) / 72 <= 0.95 * cell
        return self.slanted(cell) and (label == END or not upright)

    def margins(self, cell: float) -> tuple[float, float, float]:
        """The space for labels at the left, at the top and at the right of the cells."""
        inch = _font_size(cell) / 72
        left = max(map(width, self.rows)) * inch + 0.12
        if not self.slanted(cell):
            return left, inch + 0.14, 0.1
        lengths = [width(label) * inch for label in self.columns]
        across, up = math.cos(math.radians(55)), math.sin(math.radians(55))
        room = [(len(lengths) - place - 0.5) * cell for place in range(len(lengths))]
        right = max(length * across - space for length, space in zip(lengths, room, strict=True))
        return left, max(lengths) * up + 0.2, max(right, 0.1)

    def size(self, cell: float) -> tuple[float, float]:
        """The width and height with labels and the gap to other panels."""
        left, above, right = self.margins(cell)
        height, wide = self.weights.shape
        return left + wide * cell + right + 0.25, above + height * cell + 0.3

    def draw(
        self, figure: Figure, corner: tuple[float, float], page: tuple[float, float], cell: float, largest: float
    ) -> None:
        """Draw the panel with its upper left corner at `corner`, measured from the lower left corner of the page."""
        left, above, _ = self.margins(cell)
        height, wide = (count * cell for count in self.weights.shape)
        box = (corner[0] + left, corner[1] - above - height, wide, height)
        axes = figure.add_axes((box[0] / page[0], box[1] / page[1], box[2] / page[0], box[3] / page[1]))
        edges = [np.arange(count + 1) - 0.5 for count in self.weights.shape]
        line = 0.6 if cell > 0.12 else 0.0
        axes.pcolormesh(
            edges[1],
            edges[0],
            self.weights,
            cmap=_colours(),
            vmin=0,
            vmax=largest,
            edgecolors="#eef1f4",
            linewidth=line,
        )
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color("#c9ced4")
        size = _font_size(cell)
        step = math.ceil(size * 1.15 / 72 / cell - 1e-9)
        axes.set_yticks(range(0, len(self.rows), step), self.rows[::step], fontsize=size)
        axes.set_xticks(range(0, len(self.columns), step), self.columns[::step], fontsize=size)
        axes.tick_params(length=0, pad=3, top=True, labeltop=True, bottom=False, labelbottom=False)
        if self.slanted(cell):
            for label in filter(lambda each: self.slants(each.get_text(), cell), axes.get_xticklabels()):
                label.set(rotation=55, ha="left", va="bottom", rotation_mode="anchor")


def _scale(figure: Figure, panel: _Panel, page: tuple[float, float], sizes: tuple[float, float, float]) -> None:
    """Draw the colour bar at the right of all panels, level with the cells of the first one."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import Normalize  # noqa: PLC0415

    left, cell, largest = sizes
    height = min(max(panel.weights.shape[0] * cell, 0.7), 2.2)
    bottom = page[1] - panel.margins(cell)[1] - height
    axes = figure.add_axes((left / page[0], bottom / page[1], 0.12 / page[0], height / page[1]))
    bar = figure.colorbar(ScalarMappable(Normalize(0, largest), _colours()), cax=axes)
    bar.set_label("attention weight", fontsize=8, color=GREY)
    bar.set_ticks([0, largest], labels=["0", f"{largest:.2f}".rstrip("0").rstrip(".")])
    bar.ax.tick_params(length=2, labelsize=8)
    bar.outline.set_visible(False)


def _colours() -> LinearSegmentedColormap:
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

    return LinearSegmentedColormap.from_list("seqloom", HEAT)


def _font_size(cell: float) -> float:
    return min(9.5, max(5.5, cell * 72 * 0.62))


def _labels(tokens: Sequence[str], count: int, side: str) -> list[str]:
    """One label for each row or column; the end mark is added or removed if the numbers then agree."""
    named = [*tokens, END] if len(tokens) + 1 == count else list(tokens)
    if len(named) - 1 == count and named[-1] == END:
        del named[-1]
    if len(named) != count:
        raise DataError(f"the alignment must have one entry for each {side} token, not {count} for {len(tokens)}")
    return readable(named)
