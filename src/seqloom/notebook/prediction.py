"""Predictions in a notebook: the answers of the n-best list, and where the network looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqloom.notebook.html import CELLS, block, heading, heat, line, table

if TYPE_CHECKING:
    from seqloom.prediction import Prediction

LISTED, MAPPED = 50, 5
"""The largest number of predictions that a list shows, and of those that it shows with their maps."""
END = "</s>"
"""The label of the end mark."""


def prediction_html(prediction: Prediction) -> str:
    """One prediction: its answers, best first, and its attention map where it carries one."""
    return block(
        heading(prediction.text),
        _answers(prediction) if prediction.alternatives else line(", ".join(_facts(prediction))),
        *map(line, _remarks(prediction)),
        _map(prediction),
    )


def predictions_html(predictions: Sequence[Prediction]) -> str:
    """A list of predictions: a table of sources, where they are known, and answers; maps of a few."""
    shown = predictions[:LISTED]
    sourced = any(each.source_tokens for each in shown)
    sure = any(each.confidence is not None for each in shown)
    names = [
        "",
        *(["source tokens"] if sourced else []),
        "answer",
        "remarks",
        "score",
        *(["confidence"] if sure else []),
    ]
    rows = [
        [
            number,
            *([" ".join(each.source_tokens)] if sourced else []),
            each.text,
            "; ".join([*_remarks(each), *_other(each)]),
            f"{each.score:.3f}",
            *([_sure(each)] if sure else []),
        ]
        for number, each in enumerate(shown)
    ]
    more = len(predictions) - len(shown)
    maps = [part for each in shown for part in (_map(each),) if part] if len(shown) <= MAPPED else []
    return block(
        table(names, rows, left=len(names) - 1 - sure),
        line(f"and {more:,} more") if more else "",
        *maps,
    )


def _answers(prediction: Prediction) -> str:
    every = (prediction, *prediction.alternatives)
    sure = prediction.confidence is not None
    names = ["", "answer", "score", *(["confidence"] if sure else [])]
    rows = [
        [place, each.text, f"{each.score:.3f}", *([_sure(each)] if sure else [])]
        for place, each in enumerate(every, start=1)
    ]
    return table(names, rows, left=2)


def _facts(prediction: Prediction) -> list[str]:
    sure = "" if prediction.confidence is None else f"confidence {_sure(prediction)}"
    return [each for each in (f"score {prediction.score:.3f}", sure) if each]


def _remarks(prediction: Prediction) -> list[str]:
    """What a reader should know of the answer."""
    known = f"looked up ({prediction.origin}), not written by the network" if prediction.origin != "model" else ""
    unknown = f"symbols that were never seen in training: {' '.join(prediction.unknown)}" if prediction.unknown else ""
    cut = "the end of the input was left out" if prediction.cut else ""
    limit = "as long as the search allows, perhaps incomplete" if prediction.at_limit else ""
    return [each for each in (known, unknown, cut, limit) if each]


def _other(prediction: Prediction) -> list[str]:
    others = [each.text for each in prediction.alternatives]
    return [f"or {', '.join(others[:3])}{' …' if len(others) > 3 else ''}"] if others else []


def _sure(prediction: Prediction) -> str:
    return "" if prediction.confidence is None else f"{prediction.confidence:.2f}"


def _map(prediction: Prediction) -> str:
    """The attention map, or a word on how to draw one that is too large for the page."""
    weights = prediction.alignment
    if weights is None or weights.ndim != 2 or not weights.size:
        return ""
    height, wide = weights.shape
    if height * wide > CELLS:
        return line(f"attention over {wide} × {height} tokens: draw it with seqloom.plots.plot_attention")
    rows, columns = (_named(names, count) for names, count in zip(_tokens(prediction), weights.shape, strict=True))
    return heat(columns, rows, weights.tolist())


def _tokens(prediction: Prediction) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return prediction.target_tokens, prediction.source_tokens


def _named(tokens: Sequence[str], count: int) -> list[str]:
    """One name for each row or column: tokens, and the end mark where it has a row of its own."""
    return [*tokens, *[END] * (count - len(tokens))][:count]
