"""How candidates are ranked, and how weights are tuned: by hand, and against the metric of the chosen texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.combining.choice import Candidates, Choice, ChosenPrediction
from seqloom.combining.tuning import tuned_weights
from seqloom.errors import DataError
from seqloom.metrics import compute
from seqloom.prediction import Prediction

WORDS = ["a b", "a c", "b", "a b c", "c c"]


def candidates(texts: list[str], values: list[list[float]], ties: list[list[float]] | None = None) -> Candidates:
    table = np.array(values, dtype=np.float64)
    return Candidates(
        tuple(Prediction(text, -1.0) for text in texts), table, np.zeros_like(table) if ties is None else np.array(ties)
    )


def test_the_weighted_sum_ranks_then_ties_then_the_order() -> None:
    found = candidates(["a", "b", "c"], [[-1, -3], [-2, -1], [-2.5, -0.5]])
    assert found.ranked([1, 0]) == [0, 1, 2]
    assert found.ranked([0, 1]) == [2, 1, 0]
    assert found.ranked([1, 1]) == [1, 2, 0]
    assert candidates(["a", "b"], [[1, 0], [0, 1]]).ranked([1, 1]) == [0, 1]
    assert candidates(["a", "b"], [[1, 0], [0, 1]], [[-2, 0], [0, -1]]).ranked([1, 1]) == [1, 0]
    assert candidates(["a", "b"], [[0.1 + 0.2, 0], [0.3, 0]]).ranked([1, 1]) == [0, 1]  # equal but for rounding


def test_a_choice_says_what_each_model_gave() -> None:
    found = candidates(["a", "b", "c"], [[-1, -3], [-2, -1], [-2.5, -0.5]])
    best = found.chosen(["x", "y"], [1, 0.6], "rescoring", 2)
    assert isinstance(best, ChosenPrediction)
    assert [each.text for each in (best, *best.alternatives)] == ["b", "a"]
    assert best.choice == Choice("rescoring", best.choice.value, {"x": -2.0, "y": -1.0})
    assert best.choice.value == pytest.approx(-2.6)
    values = best.to_json()
    assert values["choice"] == {"by": "rescoring", "value": -2.6, "parts": {"x": -2.0, "y": -1.0}}
    (other,) = values["alternatives"]
    assert other["choice"] == {"by": "rescoring", "value": -2.8, "parts": {"x": -1.0, "y": -3.0}}
    assert isinstance(best.alternatives[0], ChosenPrediction)
    assert best.confidence is None
    assert list(values)[-1] == "alternatives"
    assert "alternatives" not in found.chosen(["x", "y"], [1, 0.6], "rescoring", 1).to_json()


examples = st.integers(2, 4).flatmap(
    lambda size: st.lists(
        st.tuples(
            st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True),
            st.lists(st.floats(-3, 0, width=16), min_size=4 * size, max_size=4 * size),
            st.sampled_from(WORDS),
        ),
        min_size=1,
        max_size=6,
    ).map(lambda rows: (size, rows))
)


@settings(max_examples=25, deadline=None)
@given(drawn=examples, name=st.sampled_from(["wer", "exact_match", "macro_f1"]))
def test_tuned_weights_are_never_worse_and_the_figures_are_the_metrics(drawn: tuple[int, list[Any]], name: str) -> None:
    size, rows = drawn
    found = [
        candidates(texts, [values[place * size : (place + 1) * size] for place in range(len(texts))])
        for texts, values, _ in rows
    ]
    truths = [[truth] for _, _, truth in rows]
    weights, tuning = tuned_weights(found, truths, [1.0] * size, name)

    def figure(by: list[float]) -> float:
        texts = [some.predictions[some.ranked(by)[0]].text for some in found]
        return compute([name], texts, truths)[0].value

    assert tuning.before == pytest.approx(figure([1.0] * size))
    assert tuning.alone == pytest.approx(figure([1.0] + [0.0] * (size - 1)))
    assert tuning.after == pytest.approx(figure(list(weights)))
    worse = -1 if name == "wer" else 1
    assert tuning.after * worse >= tuning.before * worse - 1e-6
    assert max(weights) == 1
    assert all(weight >= 0 for weight in weights)
    if name != "macro_f1":
        assert tuning.best_possible * worse >= tuning.after * worse - 1e-6


def test_a_model_that_knows_better_gets_the_weight() -> None:
    found = [candidates(["wrong", "right"], [[-1.0, -2.0], [-1.2, -0.5]]) for _ in range(5)]
    found += [candidates(["right", "wrong"], [[-0.2, -2.0], [-2.2, -1.9]]) for _ in range(5)]
    weights, tuning = tuned_weights(found, [["right"]] * 10, [1.0, 0.0], "exact_match")
    assert (tuning.alone, tuning.before, tuning.after, tuning.best_possible) == (50, 50, 100, 100)
    assert weights[1] > 0
    assert "exact_match 100.00" in tuning.sentence()
    kept, again = tuned_weights(found, [["right"]] * 10, weights, "exact_match")
    assert kept == weights  # what is not strictly better changes nothing
    assert again.before == again.after


def test_there_must_be_examples() -> None:
    with pytest.raises(DataError, match="at least one dev example"):
        tuned_weights([], [], [1.0, 1.0], "wer")
