"""An evaluation in a notebook: figures, figures by part, worst examples and remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.notebook.html import block, figure, heading, line, table

if TYPE_CHECKING:
    from seqloom.evaluation import Evaluation


def evaluation_text(evaluation: Evaluation) -> str:
    """An evaluation in one line."""
    figures = [f"{score.name} {score.value:.2f}" for score in evaluation.scores]
    figures = [*figures, f"loss {evaluation.loss:.3f}"]
    return f"Evaluation({evaluation.count:,} examples: {', '.join(figures)})"


def evaluation_html(evaluation: Evaluation) -> str:
    """The figures, with those of each part where there are some, the worst examples and the remarks."""
    better = {True: "higher is better", False: "lower is better"}
    rows = [(score.name, better[score.higher_is_better], f"{score.value:.2f}") for score in evaluation.scores]
    losses = [("loss", "lower is better", figure(evaluation.loss))]
    parts = [
        table(("measure", "", "value"), [*rows, *losses], left=2),
        _by_part(evaluation),
        _worst(evaluation),
        *(line(f"note: {note}") for note in evaluation.notes),
    ]
    return block(heading(f"{evaluation.count:,} examples"), *parts)


def _by_part(evaluation: Evaluation) -> str:
    by = evaluation.by
    if by is None:
        return ""
    names = [score.name for score in evaluation.scores]
    rows = [
        (row.name, f"{row.count:,}", *(f"{score.value:.2f}" for score in row.scores), figure(row.loss.per_token))
        for row in by.rows
    ]
    return table((str(by.kind), "examples", *names, "loss"), rows)


def _worst(evaluation: Evaluation) -> str:
    if not evaluation.worst:
        return ""
    rows = [
        ("; ".join((bad.source, *bad.tags)), bad.prediction, " | ".join(bad.references), f"{bad.value:.2f}", bad.where)
        for bad in evaluation.worst
    ]
    measure = evaluation.scores[0].name
    return heading("worst") + table(("source", "answer", "right", measure, "where"), rows, left=3)
