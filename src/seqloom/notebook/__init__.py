"""What a notebook shows of models, evaluations, predictions and training: tables of plain HTML, with no scripts and
nothing from elsewhere, that can be read on light and on dark pages.

The functions take the values that they show as they are, and import nothing of theirs.
"""

from __future__ import annotations

from seqloom.notebook.evaluation import evaluation_html, evaluation_text
from seqloom.notebook.html import bar, block, figure, line, table
from seqloom.notebook.live import Display, in_notebook
from seqloom.notebook.model import graph_html, graph_text, model_html, model_text
from seqloom.notebook.prediction import prediction_html, predictions_html

__all__ = [
    "Display",
    "bar",
    "block",
    "evaluation_html",
    "evaluation_text",
    "figure",
    "graph_html",
    "graph_text",
    "in_notebook",
    "line",
    "model_html",
    "model_text",
    "prediction_html",
    "predictions_html",
    "table",
]
