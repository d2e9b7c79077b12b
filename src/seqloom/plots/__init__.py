"""Plots: matplotlib figures, which are also written as PNG, SVG or PDF where a path with such a suffix is given.

    plot_attention(prediction, "map.png")                      attention weights of target tokens over source tokens
    plot_curves("run/log.jsonl", "curves.png")                 learning curves: loss and dev metrics over the steps
    plot_quality_by_length(predictions, figures, "length.png") quality for different source lengths
    plot_lengths({"source": [...]}, "lengths.png")             histograms of lengths
    plot_length_counts({"words": {3: 20}}, "lengths.png")      histograms of lengths that are already counted
    plot_data({"words": {3: 20}}, "data.png", labels={...})    lengths, labels and characters of data, on one figure
    plot_trials(results.trials, "trials.png", measure="loss")  the trials of a sweep and their results

matplotlib is imported when a plot is drawn. Each function returns the figure, a `Picture`, which a notebook shows;
pyplot knows nothing of it. `MissingGlyphWarning` says which characters no installed font has.
"""

from __future__ import annotations

from seqloom.plots.attention import plot_attention
from seqloom.plots.curves import plot_curves, read_log
from seqloom.plots.data import plot_data
from seqloom.plots.fonts import MissingGlyphWarning
from seqloom.plots.lengths import plot_length_counts, plot_lengths, plot_quality_by_length
from seqloom.plots.trials import plot_trials

__all__ = [
    "MissingGlyphWarning",
    "plot_attention",
    "plot_curves",
    "plot_data",
    "plot_length_counts",
    "plot_lengths",
    "plot_quality_by_length",
    "plot_trials",
    "read_log",
]
