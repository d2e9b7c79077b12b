"""What is said of answers as a whole."""

from __future__ import annotations

from seqloom.prediction import Prediction
from seqloom.remarks import Remarks


def test_nothing_is_said_of_answers_without_faults() -> None:
    assert Remarks.of([Prediction("a", 0.0)] * 3).sentences() == []


def test_each_kind_is_said_once_with_numbers_of_inputs() -> None:
    answers = [Prediction("a", 0.0)] + [Prediction("b", 0.0, cut=True, unknown=("x", "y"), at_limit=True)] * 7
    cut, unknown, limit = Remarks.of(answers).sentences()
    assert cut == (
        "7 of 8 inputs are longer than search.max_source_length and lost their end: input 2, 3, 4, 5, 6 and 2 more"
    )
    assert "'x', 'y' (2 in all)" in unknown
    assert limit.startswith("7 of 8 answers end at the length limit")


def test_json_gives_every_count() -> None:
    remarks = Remarks.of([Prediction("b", 0.0, unknown=("x",)), Prediction("b", 0.0, unknown=("x", "y"))])
    assert remarks.to_json() == {
        "answers": 2,
        "cut": 0,
        "unknown": 2,
        "unknown_symbols": {"x": 2, "y": 1},
        "at_limit": 0,
    }
