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
        "unwritable": 0,
        "unscored": 0,
        "unwritable_symbols": {},
        "exceptions": 0,
        "memory": 0,
    }


def test_targets_that_cannot_be_written_are_said() -> None:
    remarks = Remarks()
    for lost in ((), ("ß", "é"), ("é",)):
        remarks.note(cut=False, unknown=(), unwritable=lost)
    assert remarks.sentences() == [
        "2 of 3 targets have symbols that the model cannot write, so that loss and perplexity count the unknown token "
        "there, such as 'é', 'ß' (2 in all): input 2, 3"
    ]
    assert remarks.to_json()["unwritable_symbols"] == {"é": 2, "ß": 1}


def test_targets_that_no_answer_can_be_are_said() -> None:
    remarks = Remarks()
    remarks.note(cut=False, unknown=())
    remarks.note(cut=False, unknown=(), unwritable=("rage",), unscored=True)
    assert remarks.sentences() == [
        "1 of 2 targets can never be an answer of this model, and have no part in loss and perplexity, such as 'rage' "
        "(1 in all): input 2"
    ]
    assert remarks.to_json()["unscored"] == 1


def test_a_single_input_has_its_end() -> None:
    (said,) = Remarks.of([Prediction("a", 0.0, cut=True)]).sentences()
    assert said == "1 of 1 inputs is longer than search.max_source_length and lost its end: input 1"
