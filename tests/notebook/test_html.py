"""What a notebook shows: every text escaped, nothing loaded from elsewhere, well-formed HTML."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seqloom.notebook import prediction_html, table
from seqloom.notebook.html import CELLS, bar, heat
from seqloom.prediction import Prediction, Predictions
from shown_html import safe

EVIL = "<script>alert('x')</script>&\""


def answer(**given: Any) -> Prediction:
    weights = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
    values = {"source_tokens": ("a", EVIL), "target_tokens": ("x", " "), "alignment": weights, "confidence": 0.9}
    return Prediction(EVIL, -0.25, **{**values, **given})


def test_a_prediction_shows_its_answers_and_its_map() -> None:
    other = Prediction("<b>", -1.5)
    tree = safe(answer(alternatives=(other,))._repr_html_())
    assert tree.words.count(EVIL) == 3  # the heading, the first answer, and the name of a column
    assert {"<b>", "-1.500", "0.90", "␣"} <= set(tree.words)
    cells = [given for tag, given in tree.tags if tag == "td" and "title" in given]
    assert cells[0]["title"] == "x ← a: 0.75"
    assert "rgba(0,114,178,1.00)" in str(cells[0]["style"])
    assert "rgba(0,114,178,0.33)" in str(cells[1]["style"])


def test_remarks_stand_with_the_answer() -> None:
    said = " ".join(safe(answer(cut=True, unknown=("<q>",), at_limit=True, origin="memory")._repr_html_()).words)
    for word in ("left out", "<q>", "perhaps incomplete", "looked up (memory)"):
        assert word in said


def test_the_end_mark_and_large_maps() -> None:
    ending = answer(alignment=np.full((3, 2), 0.5, np.float32))
    assert "</s>" in safe(prediction_html(ending)).words
    side = int(CELLS**0.5) + 1
    large = answer(alignment=np.full((side, side), 0.1, np.float32))
    assert "plot_attention" in prediction_html(large)
    assert "0.10" not in prediction_html(large)
    safe(prediction_html(answer(alignment=None)))


def test_a_list_of_predictions_is_a_table() -> None:
    several = Predictions([answer(), answer(alternatives=(Prediction("second", -2.0),))])
    assert several == [answer(), answer(alternatives=(Prediction("second", -2.0),))]
    tree = safe(several._repr_html_())
    assert f"a {EVIL}" in tree.words
    assert "or second" in tree.words
    assert sum("title" in given for _, given in tree.tags) == 8
    many = safe(Predictions([answer(alignment=None)] * 60)._repr_html_())
    assert "and 10 more" in many.words
    safe(Predictions()._repr_html_())


def test_a_prediction_is_short_as_text() -> None:
    assert repr(Prediction("K AE T", -0.25)) == "Prediction('K AE T', score=-0.250)"
    more = answer(alternatives=(Prediction("b", -1.0),), origin="memory")
    assert repr(more).endswith("score=-0.250, confidence=0.90, origin='memory', 1 alternatives)")


@pytest.mark.parametrize(("share", "width"), [(-1, "0.0"), (0.5, "50.0"), (7, "100.0")])
def test_bars_stay_within_their_frame(share: float, width: str) -> None:
    assert f"width:{width}%" in bar(share)


def test_numbers_are_flush_right_and_directions_follow_the_script() -> None:
    tree = safe(table(("name", "value"), [("العربية", 1)]))
    cells = [str(given["style"]) for tag, given in tree.tags if tag == "td"]
    assert "text-align:left" in cells[0]
    assert "text-align:right" in cells[1]
    assert all(given == {"dir": "auto"} for tag, given in tree.tags if tag == "span")
    safe(heat([], [], []))
