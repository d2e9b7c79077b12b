"""Pictures, written as PNG, SVG or PDF by the suffix of the path. matplotlib is imported when one is drawn.

plot_attention(prediction, "map.png")                      which source token each target token looked at
plot_curves("run/log.jsonl", "curves.png")                 loss and dev metrics against the step
plot_quality_by_length(predictions, figures, "length.png") where long inputs hurt
plot_lengths({"source": [...]}, "lengths.png")             how long the data are
plot_length_counts({"words": {3: 20}}, "lengths.png")      the same of lengths that were counted
plot_trials(results.trials, "trials.png", measure="loss")  what a sweep has tried and found
"""

from __future__ import annotations

from seqloom.plots.attention import plot_attention
from seqloom.plots.curves import plot_curves, read_log
from seqloom.plots.lengths import plot_length_counts, plot_lengths, plot_quality_by_length
from seqloom.plots.trials import plot_trials

__all__ = [
    "plot_attention",
    "plot_curves",
    "plot_length_counts",
    "plot_lengths",
    "plot_quality_by_length",
    "plot_trials",
    "read_log",
]
