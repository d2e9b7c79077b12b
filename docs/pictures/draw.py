"""Draws the pictures of the documents: `python docs/pictures/draw.py [FOLDER] [--png]`.

Every picture is a white card with dark ink, so that it reads on a light page and on a dark one. The same version of
matplotlib draws the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from seqloom.nn.attention.normalise import NORMALISERS

INK, PALE, BLUE, AMBER, GREEN, ROSE = "#1f2937", "#eef1f5", "#2563eb", "#c2660a", "#15803d", "#be123c"
TINTS = {INK: PALE, BLUE: "#dbe7ff", AMBER: "#fdebd3", GREEN: "#d8f3e0", ROSE: "#fde0e6"}
UNIT = 0.36  # inches
Point = tuple[float, float]

mpl.use("Agg")
mpl.rcParams.update(
    {
        "svg.hashsalt": "seqloom",
        "mathtext.fontset": "stix",
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "lines.linewidth": 1.8,
    }
)


class Sheet:
    """A card to draw on, in units of which a small box is one high."""

    def __init__(self, width: float, height: float) -> None:
        self.figure, self.axes = plt.subplots(figsize=(width * UNIT, height * UNIT))
        self.axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.axis("off")
        self.figure.subplots_adjust(0, 0, 1, 1)
        self._patch(
            FancyBboxPatch(
                (0.1, 0.1),
                width - 0.2,
                height - 0.2,
                boxstyle="round,pad=0,rounding_size=0.3",
                fc="white",
                ec="#d4d8de",
                lw=1,
            )
        )

    def _patch(self, patch: Any) -> None:
        self.axes.add_patch(patch)

    def box(self, x: float, y: float, label: str, color: str = INK, *, w: float = 1.7, h: float = 1.1) -> None:
        """A box around (x, y)."""
        style = "round,pad=0,rounding_size=0.18"
        self._patch(
            FancyBboxPatch((x - w / 2, y - h / 2), w, h, boxstyle=style, fc=TINTS[color], ec=color, lw=1.3, zorder=3)
        )
        self.text(x, y, label)

    def frame(self, x: float, y: float, w: float, h: float) -> None:
        """A large pale box whose lower left corner is (x, y)."""
        self._patch(
            FancyBboxPatch(
                (x, y), w, h, boxstyle="round,pad=0,rounding_size=0.4", fc="#f8fafc", ec="#9aa3af", lw=1.1, zorder=1
            )
        )

    def node(self, x: float, y: float, label: str, color: str = INK) -> None:
        """A circle: an operation on vectors."""
        self._patch(Circle((x, y), 0.42, fc="white", ec=color, lw=1.3, zorder=3))
        self.text(x, y, label)

    def bar(self, x: float, y: float, w: float, h: float, color: str) -> None:
        """A filled rectangle: a vector or a matrix, lower left corner at (x, y)."""
        self._patch(Rectangle((x, y), w, h, fc=TINTS[color], ec=color, lw=1.3, zorder=3))

    def text(self, x: float, y: float, label: str, *, size: float = 10, color: str = INK, at: str = "center") -> None:
        """A word or a formula."""
        self.axes.text(x, y, label, ha=at, va="center", fontsize=size, color=color, zorder=5)

    def arrow(self, *points: Point, color: str = INK, dashed: bool = False) -> None:
        """A line through the points that ends in a head."""
        line: dict[str, Any] = {"color": color, "lw": 1.3, "ls": "--" if dashed else "-", "zorder": 2}
        for start, end in pairwise(points[:-1]):
            self.axes.plot([start[0], end[0]], [start[1], end[1]], solid_capstyle="round", **line)
        self._patch(
            FancyArrowPatch(
                points[-2],
                points[-1],
                arrowstyle="-|>",
                mutation_scale=9,
                shrinkA=0,
                shrinkB=0,
                **line,
            )
        )


def rnn() -> Any:
    """Three steps of a simple recurrent network."""
    sheet = Sheet(13.5, 5.6)
    for step, x in enumerate((3.4, 6.9, 10.4), start=1):
        sheet.box(x, 2.8, f"$h_{step}$", BLUE)
        sheet.text(x, 0.7, f"$x_{step}$")
        sheet.text(x, 4.95, f"$y_{step}$")
        sheet.arrow((x, 1.1), (x, 2.2))
        sheet.arrow((x, 3.4), (x, 4.6))
        sheet.text(x + 0.4, 1.6, "$W$", color=AMBER)
        sheet.arrow((x - 2.55, 2.8), (x - 0.9, 2.8))
        sheet.text(x - 1.75, 3.2, "$U$", color=AMBER)
    sheet.arrow((11.3, 2.8), (12.9, 2.8))
    sheet.text(0.55, 2.8, "$h_0$")
    return sheet.figure


def lstm() -> Any:
    """The way of memory and output through an LSTM."""
    sheet = Sheet(16.4, 9)
    sheet.frame(1.5, 1.1, 13.4, 6.9)
    sheet.arrow((0.9, 6.9), (3.0, 6.9), color=GREEN)
    sheet.arrow((3.95, 6.9), (7.75, 6.9), color=GREEN)
    sheet.arrow((8.65, 6.9), (15.5, 6.9), color=GREEN)
    sheet.axes.plot([0.9, 11], [2, 2], color=INK, lw=1.3, zorder=2)
    sheet.axes.plot([2.4, 2.4], [0.7, 2], color=INK, lw=1.3, zorder=2)
    for x, label in ((3.5, r"$f$: $\sigma$"), (6, r"$i$: $\sigma$"), (8.2, "$g$: tanh"), (11, r"$o$: $\sigma$")):
        sheet.arrow((x, 2), (x, 2.95))
        sheet.box(x, 3.5, label, BLUE, w=1.8)
    sheet.node(3.5, 6.9, r"$\odot$", GREEN)
    sheet.node(8.2, 6.9, "+", GREEN)
    sheet.node(8.2, 5.3, r"$\odot$")
    sheet.arrow((3.5, 4.1), (3.5, 6.45))
    sheet.arrow((6, 4.1), (6, 5.3), (7.75, 5.3))
    sheet.arrow((8.2, 4.1), (8.2, 4.85))
    sheet.arrow((8.2, 5.75), (8.2, 6.45))
    sheet.arrow((13.2, 6.9), (13.2, 5.9), color=GREEN)
    sheet.box(13.2, 5.3, "tanh", w=1.6)
    sheet.arrow((13.2, 4.7), (13.2, 3.95))
    sheet.node(13.2, 3.5, r"$\odot$")
    sheet.arrow((11.95, 3.5), (12.75, 3.5))
    sheet.arrow((13.2, 3.05), (13.2, 2), (15.5, 2))
    for x, y, label in (
        (0.62, 7.35, "$c_{t-1}$"),
        (15.75, 7.35, "$c_t$"),
        (0.62, 2.45, "$h_{t-1}$"),
        (15.75, 2.45, "$h_t$"),
        (2.4, 0.45, "$x_t$"),
    ):
        sheet.text(x, y, label)
    return sheet.figure


def gru() -> Any:
    """The way of the state through a GRU whose reset gate acts after the product."""
    sheet = Sheet(16.4, 9)
    sheet.frame(1.5, 1.1, 13.4, 6.9)
    sheet.arrow((0.9, 6.9), (8.75, 6.9), color=GREEN)
    sheet.arrow((9.65, 6.9), (12.75, 6.9), color=GREEN)
    sheet.arrow((13.65, 6.9), (15.5, 6.9), color=GREEN)
    sheet.axes.plot([2.4, 2.4], [0.7, 2], color=INK, lw=1.3, zorder=2)
    sheet.axes.plot([2.4, 12.4], [2, 2], color=INK, lw=1.3, zorder=2)
    sheet.axes.plot([2.1, 2.1, 9.2], [6.9, 1.6, 1.6], color=GREEN, lw=1.3, zorder=2)
    for x, label in ((3.6, r"$r$: $\sigma$"), (9.2, r"$z$: $\sigma$")):
        sheet.arrow((x - 0.2, 2), (x - 0.2, 2.95))
        sheet.arrow((x + 0.2, 1.6), (x + 0.2, 2.95), color=GREEN)
        sheet.box(x, 3.5, label, BLUE, w=1.8)
    sheet.arrow((6.4, 1.6), (6.4, 2.95), color=GREEN)
    sheet.box(6.4, 3.5, r"$U_n h + c_n$", AMBER, w=2.6)
    sheet.node(6.4, 5.3, r"$\odot$")
    sheet.arrow((6.4, 4.1), (6.4, 4.85))
    sheet.arrow((3.6, 4.1), (3.6, 5.3), (5.95, 5.3))
    sheet.node(9.2, 6.9, r"$\odot$", GREEN)
    sheet.arrow((9.2, 4.1), (9.2, 6.45))
    sheet.text(9.5, 5.9, "$z$", color=BLUE, at="left")
    sheet.box(12.4, 3.5, "$n$: tanh", BLUE, w=2)
    sheet.arrow((12.4, 2), (12.4, 2.95))
    sheet.arrow((6.85, 5.3), (10.9, 5.3), (10.9, 3.5), (11.35, 3.5))
    sheet.node(13.2, 5.3, r"$\odot$")
    sheet.arrow((13.2, 4.1), (13.2, 4.85))
    sheet.arrow((9.2, 4.65), (11.9, 4.65), (11.9, 5.3), (12.75, 5.3), color=BLUE)
    sheet.text(12.2, 5.65, "$1-z$", color=BLUE, size=8.5)
    sheet.arrow((13.2, 5.75), (13.2, 6.45))
    sheet.node(13.2, 6.9, "+", GREEN)
    for x, y, label in ((0.62, 7.35, "$h_{t-1}$"), (15.75, 7.35, "$h_t$"), (2.4, 0.45, "$x_t$")):
        sheet.text(x, y, label)
    return sheet.figure


def layer_norm() -> Any:
    """Where a layer-normalised LSTM normalises."""
    sheet = Sheet(17.4, 5.4)
    for y, source, product in ((3.9, "$x_t$", "$W$"), (1.5, "$h_{t-1}$", "$U$")):
        sheet.text(0.9, y, source)
        sheet.arrow((1.5, y), (2.3, y))
        sheet.box(3, y, product, AMBER, w=1.3)
        sheet.arrow((3.7, y), (4.5, y))
        sheet.box(5.2, y, "LN", ROSE, w=1.3)
    sheet.node(7.2, 2.7, "+")
    sheet.arrow((5.9, 3.9), (7.2, 3.9), (7.2, 3.15))
    sheet.arrow((5.9, 1.5), (7.2, 1.5), (7.2, 2.25))
    sheet.text(6.2, 2.7, "$b$")
    sheet.arrow((6.4, 2.7), (6.75, 2.7))
    sheet.arrow((7.65, 2.7), (8.3, 2.7))
    sheet.box(9.4, 2.7, "$i, f, g, o$", BLUE, w=2.1)
    sheet.arrow((10.5, 2.7), (11.1, 2.7))
    sheet.box(11.8, 2.7, "$c_t$", GREEN, w=1.3)
    sheet.arrow((12.5, 2.7), (13.1, 2.7))
    sheet.box(13.8, 2.7, "LN", ROSE, w=1.3)
    sheet.arrow((14.5, 2.7), (15.2, 2.7))
    sheet.text(14.85, 3.15, "tanh", size=7.5)
    sheet.node(15.65, 2.7, r"$\odot$")
    sheet.arrow((9.4, 2.1), (9.4, 1.2), (15.65, 1.2), (15.65, 2.25))
    sheet.text(12.5, 1.55, "$o$", color=BLUE)
    sheet.arrow((16.1, 2.7), (16.6, 2.7))
    sheet.text(16.95, 2.7, "$h_t$")
    return sheet.figure


def bidirectional() -> Any:
    """Two recurrences over one source."""
    sheet = Sheet(14, 6.9)
    places = (2.6, 5.6, 8.6, 11.6)
    for step, x in enumerate(places, start=1):
        sheet.text(x, 0.6, f"$x_{step}$")
        sheet.box(x - 0.7, 2.1, rf"$\overrightarrow{{h}}_{step}$", BLUE, w=1.1)
        sheet.box(x + 0.7, 4.2, rf"$\overleftarrow{{h}}_{step}$", AMBER, w=1.1)
        sheet.arrow((x - 0.1, 0.95), (x - 0.7, 1.5))
        sheet.arrow((x + 0.1, 0.95), (x + 0.7, 3.6))
        sheet.arrow((x - 0.7, 2.7), (x - 0.12, 5.7))
        sheet.arrow((x + 0.7, 4.8), (x + 0.12, 5.7))
        sheet.text(x, 6.15, f"$h_{step}$")
    for left, right in pairwise(places):
        sheet.arrow((left - 0.1, 2.1), (right - 1.3, 2.1), color=BLUE)
        sheet.arrow((right + 0.1, 4.2), (left + 1.3, 4.2), color=AMBER)
    return sheet.figure


def vector() -> Any:
    """The whole source in one vector."""
    sheet = Sheet(16.4, 5.4)
    source, target = ("$x_3$", "$x_2$", "$x_1$"), ("<s>", "$y_1$", "$y_2$")
    for index, label in enumerate(source):
        x = 1.8 + 2.3 * index
        sheet.box(x, 2.7, "", BLUE, w=1.3)
        sheet.text(x, 0.7, label)
        sheet.arrow((x, 1.1), (x, 2.1))
        if index:
            sheet.arrow((x - 1.6, 2.7), (x - 0.7, 2.7), color=BLUE)
    sheet.arrow((7.1, 2.7), (7.65, 2.7), color=GREEN)
    sheet.bar(7.7, 1.95, 0.5, 1.5, GREEN)
    sheet.text(7.95, 4.0, "$v$", color=GREEN)
    sheet.arrow((8.25, 2.7), (9.05, 2.7), color=GREEN)
    for index, label in enumerate(target):
        x = 9.8 + 2.3 * index
        sheet.box(x, 2.7, "", AMBER, w=1.3)
        sheet.text(x, 0.7, label)
        sheet.arrow((x, 1.1), (x, 2.1))
        sheet.arrow((x, 3.3), (x, 4.3))
        sheet.text(x, 4.75, f"$y_{index + 1}$" if index < 2 else "</s>")
        if index:
            sheet.arrow((x - 1.6, 2.7), (x - 0.7, 2.7), color=AMBER)
    return sheet.figure


def _memory(sheet: Sheet, places: Sequence[float], weights: Sequence[float], y: float) -> None:
    """Source positions, and their weights as bars in a frame."""
    sheet.frame(places[0] - 0.75, y + 0.75, places[-1] - places[0] + 1.8, 1.75)
    for step, (x, weight) in enumerate(zip(places, weights, strict=True), start=1):
        sheet.box(x, y, rf"$h_{step}$", BLUE, w=1.3)
        sheet.bar(x - 0.3, y + 0.9, 0.6, 1.5 * weight, GREEN)
        sheet.text(x + 0.62, y + 1.1, rf"$\alpha_{step}$", size=8)


def before() -> Any:
    """Bahdanau: the previous state queries, the context enters the cell."""
    sheet = Sheet(14.4, 7.4)
    _memory(sheet, (2, 4.2, 6.4, 8.6), (0.2, 0.9, 0.5, 0.15), 1.1)
    sheet.arrow((5.4, 3.65), (5.4, 4.5), color=GREEN)
    sheet.node(5.4, 4.95, r"$\Sigma$", GREEN)
    sheet.text(4.45, 4.95, "$c_t$", color=GREEN)
    sheet.box(10.2, 6.2, "$s_{t-1}$", AMBER)
    sheet.box(12.6, 6.2, "$s_t$", AMBER)
    sheet.arrow((11.1, 6.2), (11.7, 6.2), color=AMBER)
    sheet.arrow((5.85, 4.95), (12.3, 4.95), (12.3, 5.6), color=GREEN)
    sheet.arrow((10.6, 5.6), (10.6, 2.7), (9.75, 2.7), color=ROSE)
    sheet.text(12.9, 3.4, "$y_{t-1}$")
    sheet.arrow((12.9, 3.8), (12.9, 5.6))
    sheet.text(11.3, 3.4, "query", size=8, color=ROSE)
    return sheet.figure


def feed() -> Any:
    """Luong: the new state queries, the attentional vector is fed to the next step."""
    sheet = Sheet(16.4, 8.6)
    _memory(sheet, (1.6, 3.6, 5.6, 7.6), (0.15, 0.8, 0.45, 0.2), 1.1)
    sheet.arrow((4.6, 3.65), (4.6, 4.5), color=GREEN)
    sheet.node(4.6, 4.95, r"$\Sigma$", GREEN)
    for x, step in ((10.6, "t"), (14.2, "t+1")):
        sheet.box(x, 3, f"$h_{{{step}}}$", AMBER)
        sheet.arrow((x - 0.2, 1.1), (x - 0.2, 2.4))
    sheet.text(10.4, 0.7, "$y_{t-1}$")
    sheet.text(14, 0.7, "$y_t$")
    sheet.arrow((11.5, 3), (13.3, 3), color=AMBER)
    sheet.arrow((9.7, 3), (8.7, 3), color=ROSE)
    sheet.text(9.15, 3.4, "query", size=8, color=ROSE)
    sheet.box(10.6, 6, r"$\tilde{h}_t$", GREEN)
    sheet.arrow((10.6, 3.6), (10.6, 5.4), color=AMBER)
    sheet.arrow((5.05, 4.95), (10.1, 4.95), (10.1, 5.4), color=GREEN)
    sheet.text(7, 5.35, "$c_t$", color=GREEN)
    sheet.arrow((10.6, 6.6), (10.6, 7.5))
    sheet.text(10.6, 7.95, r"softmax $\to\ y_t$")
    sheet.arrow((11.5, 6), (12.4, 6), (12.4, 1.7), (14.4, 1.7), (14.4, 2.4), color=GREEN, dashed=True)
    sheet.text(13.8, 5.2, "input feeding", size=8, color=GREEN)
    return sheet.figure


def scores() -> Any:
    """The operands of the score functions."""
    sheet = Sheet(19.2, 5.2)
    names = ("dot", "general", "concat / additive", "scaled dot", "location")
    for index, name in enumerate(names):
        sheet.text(2 + 3.8 * index, 4.6, name, size=9)
    sheet.bar(1.1, 2.5, 1.3, 0.3, AMBER)
    sheet.bar(2.6, 2.0, 0.3, 1.3, BLUE)
    sheet.bar(4.5, 2.5, 1, 0.3, AMBER)
    sheet.bar(5.65, 2.0, 1.3, 1.3, GREEN)
    sheet.bar(7.1, 2.0, 0.3, 1.3, BLUE)
    sheet.bar(8.2, 2.5, 0.9, 0.3, GREEN)
    sheet.text(9.5, 2.65, "tanh", size=7.5)
    sheet.bar(9.95, 2.0, 0.9, 1.3, GREEN)
    sheet.bar(11, 2.65, 0.3, 1.0, AMBER)
    sheet.bar(11, 1.6, 0.3, 1.0, BLUE)
    sheet.bar(12.3, 2.0, 0.5, 1.3, GREEN)
    sheet.bar(12.9, 2.5, 0.3, 0.3, AMBER)
    sheet.bar(13.55, 2.0, 0.5, 1.3, GREEN)
    sheet.bar(14.15, 2.5, 0.3, 0.3, BLUE)
    sheet.text(13.4, 1.4, r"$/\sqrt{d}$", size=9)
    sheet.bar(16.2, 1.7, 1.3, 1.9, GREEN)
    sheet.bar(17.7, 2.0, 0.3, 1.3, AMBER)
    for x, label in (
        (2, r"$h_t^{\top}\bar{h}_s$"),
        (5.95, r"$h_t^{\top} W_a \bar{h}_s$"),
        (9.75, r"$v_a^{\top}\tanh(W_a[h_t;\bar{h}_s])$"),
        (13.4, r"$(W_q h_t)^{\top}(W_k \bar{h}_s)$"),
        (17.1, "$W_a h_t$"),
    ):
        sheet.text(x, 0.75, label, size=9)
    return sheet.figure


def between() -> Any:
    """The lowest decoder layer queries, all layers above read the context."""
    sheet = Sheet(14.2, 8.2)
    for y, label in ((1.6, "layer 1"), (4.4, "layer 2"), (6.2, "layer 3")):
        for x in (8, 11.8):
            sheet.box(x, y, label, AMBER, w=2)
        sheet.arrow((9.05, y), (10.75, y), color=AMBER)
    sheet.box(3.2, 3, "attention", GREEN, w=2.6)
    sheet.box(3.2, 1, "encoder", BLUE, w=2.6)
    sheet.arrow((3.2, 1.6), (3.2, 2.4), color=BLUE)
    sheet.arrow((6.95, 1.6), (5.9, 1.6), (5.9, 2.8), (4.55, 2.8), color=ROSE)
    sheet.text(5.9, 1.2, "query", size=8, color=ROSE)
    sheet.arrow((4.55, 3.25), (7.6, 3.25), (7.6, 3.8), color=GREEN)
    sheet.arrow((4.55, 3.25), (6.2, 3.25), (6.2, 6.2), (6.95, 6.2), color=GREEN)
    sheet.text(5.4, 3.6, "$c_t$", color=GREEN)
    for x in (8, 11.8):
        sheet.arrow((x + 0.3, 2.2), (x + 0.3, 3.8))
        sheet.arrow((x + 0.3, 5), (x + 0.3, 5.6))
        sheet.arrow((x + 0.3, 6.8), (x + 0.3, 7.5))
        sheet.arrow((x, 0.5), (x, 1.0))
    return sheet.figure


def _plot(width: float = 5.4, height: float = 2.5) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(width, height), facecolor="white")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def normalisers() -> Any:
    """The weight of one of two positions against the difference of their scores."""
    figure, axes = _plot()
    scores = torch.linspace(-3, 3, 301)
    pairs = torch.stack([scores, torch.zeros_like(scores)], -1)
    for (name, function), color in zip(NORMALISERS.items(), (BLUE, AMBER, GREEN), strict=True):
        axes.plot(scores, function(pairs)[:, 0], color=color, label=name)
    axes.set(xlabel=r"$e_1 - e_2$", ylabel=r"$\alpha_1$")
    axes.legend(frameon=False)
    return figure


def smoothing() -> Any:
    """A target of five symbols, plain and smoothed."""
    figure, axes = _plot(5.4, 2.2)
    for shift, epsilon, color in ((-0.18, 0.0, AMBER), (0.18, 0.1, BLUE)):
        target = np.full(5, epsilon / 5)
        target[2] += 1 - epsilon
        axes.bar(np.arange(5) + shift, target, 0.34, color=color, label=rf"$\varepsilon = {epsilon}$")
    axes.set(ylabel="$q(v)$", xticks=range(5), xticklabels=["$v_1$", "$v_2$", "$y$", "$v_4$", "$v_5$"])
    axes.legend(frameon=False)
    return figure


def beam() -> Any:
    """A beam of two over three steps."""
    sheet = Sheet(15, 7)
    sheet.box(1.3, 3.5, "<s>", w=1.5)
    columns = {
        4.6: [(5.8, "a  −0.4", True), (4.3, "b  −1.2", True), (2.8, "c  −2.3", False)],
        8.4: [(6.1, "a a  −2.6", False), (4.9, "a b  −0.7", True), (3.0, "b a  −1.6", True), (1.6, "b c  −2.9", False)],
        12.7: [(5.5, "a b </s>  −0.9", True), (4.1, "a b c  −2.2", False), (2.4, "b a </s>  −1.8", True)],
    }
    for x, entries in columns.items():
        for y, label, kept in entries:
            ends = "</s>" in label
            sheet.box(x, y, label, (GREEN if ends else BLUE) if kept else INK, w=3.6 if ends else 2.5, h=0.9)
    for y, _, _ in columns[4.6]:
        sheet.arrow((2.1, 3.5), (3.3, y))
    for start, end in ((5.8, 6.1), (5.8, 4.9), (4.3, 3.0), (4.3, 1.6)):
        sheet.arrow((5.9, start), (7.1, end))
    for start, end, x in ((4.9, 5.5, 10.85), (4.9, 4.1, 11.4), (3.0, 2.4, 10.85)):
        sheet.arrow((9.7, start), (x, end))
    return sheet.figure


def penalty() -> Any:
    """What a log-probability is divided by."""
    figure, axes = _plot()
    lengths = np.arange(1, 41)
    axes.plot(lengths, lengths, color=AMBER, label=r"average, $\alpha = 1$")
    for alpha, color in ((1.0, BLUE), (0.6, GREEN), (0.2, ROSE)):
        axes.plot(lengths, ((5 + lengths) / 6) ** alpha, color=color, label=rf"gnmt, $\alpha = {alpha}$")
    axes.set(xlabel="tokens, end mark included", ylabel="divisor", ylim=(0, 12))
    axes.legend(frameon=False)
    return figure


PICTURES: dict[str, Callable[[], Any]] = {
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "layer-norm": layer_norm,
    "bidirectional": bidirectional,
    "vector": vector,
    "before": before,
    "feed": feed,
    "scores": scores,
    "between": between,
    "normalisers": normalisers,
    "smoothing": smoothing,
    "beam": beam,
    "penalty": penalty,
}


def main(arguments: Sequence[str]) -> None:
    suffix = ".png" if "--png" in arguments else ".svg"
    folders = [Path(argument) for argument in arguments if not argument.startswith("-")]
    folder = folders[0] if folders else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        figure = draw()
        plain = not figure.axes[0].axison
        if not plain:
            figure.tight_layout()
        metadata = {"Date": None} if suffix == ".svg" else {}
        figure.savefig(folder / f"{name}{suffix}", dpi=110, metadata=metadata, transparent=plain)
        plt.close(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
