"""Plots: matplotlib figures, which are also written as PNG, SVG or PDF where a path with such a suffix is given.

    plot_attention(prediction, "map.png")                      attention weights of target tokens over source tokens
    plot_curves("run/log.jsonl", "curves.png")                 learning curves: loss and dev metrics over the steps
    plot_quality_by_length(predictions, figures, "length.png") quality for different source lengths
    plot_lengths({"source": [...]}, "lengths.png")             histograms of lengths
    plot_length_counts({"words": {3: 20}}, "lengths.png")      histograms of lengths that are already counted
    plot_data({"words": {3: 20}}, "data.png", labels={...})    lengths, labels and characters of data, on one figure
    plot_trials(results.trials, "trials.png", measure="loss")  the trials of a sweep and their results
    plot_confusion(evaluation.labels, "confusion.png")         which labels are taken for which
    plot_reliability(evaluation.confidence, "reliable.png")    how often answers of a certain confidence are right
    plot_roc(evaluation.probabilities, "roc.png")              true by false positive rates of labels
    plot_precision_recall(evaluation.probabilities, "pr.png")  precision by recall of labels

matplotlib is imported when a plot is drawn. Each function returns the figure, a `Picture`, which a notebook shows;
pyplot knows nothing of it. `MissingGlyphWarning` says which characters no installed font has.
"""

from __future__ import annotations

from seqloom.plots.attention import plot_attention
from seqloom.plots.confusion import plot_confusion
from seqloom.plots.curves import plot_curves, read_log
from seqloom.plots.data import plot_data
from seqloom.plots.fonts import MissingGlyphWarning
from seqloom.plots.label_curves import plot_precision_recall, plot_roc
from seqloom.plots.lengths import plot_length_counts, plot_lengths, plot_quality_by_length
from seqloom.plots.reliability import plot_reliability
from seqloom.plots.trials import plot_trials

__all__ = [
    "MissingGlyphWarning",
    "plot_attention",
    "plot_confusion",
    "plot_curves",
    "plot_data",
    "plot_length_counts",
    "plot_lengths",
    "plot_precision_recall",
    "plot_quality_by_length",
    "plot_reliability",
    "plot_roc",
    "plot_trials",
    "read_log",
]
