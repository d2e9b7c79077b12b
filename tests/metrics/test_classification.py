"""The figures of classes, against scikit-learn and against counting by hand."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, matthews_corrcoef, precision_recall_fscore_support

from seqloom.errors import DataError
from seqloom.metrics import ClassificationReport, classification, metric

LABELS = st.sampled_from(["a", "b", "c", "d d"])


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truths, answers = zip(*pairs, strict=True)
    found = ClassificationReport.of(answers, truths)
    labels = [each.label for each in found.classes]
    assert sorted(labels) == sorted({*truths, *answers})
    official = precision_recall_fscore_support(truths, answers, labels=labels, zero_division=0)
    ours = zip(*((each.precision, each.recall, each.f1) for each in found.classes), strict=True)
    for mine, theirs in zip(ours, official, strict=False):
        assert mine == pytest.approx(tuple(100 * theirs))
    assert [each.support for each in found.classes] == list(official[3])
    assert found.accuracy == pytest.approx(100 * accuracy_score(truths, answers))
    assert found.macro_f1 == pytest.approx(metric("macro_f1").compute(answers, truths).value)
    matrix = confusion_matrix(truths, answers, labels=[*labels, "another"])[:-1, :-1]  # of one label it warns
    ours_matrix = [[found.confusion.get((truth, answer), 0) for answer in labels] for truth in labels]
    assert ours_matrix == matrix.tolist()
    assert found.baseline == pytest.approx(100 * max(map(truths.count, truths)) / len(truths))
    if len(labels) > 1:  # of one label it warns
        assert found.matthews == pytest.approx(matthews_corrcoef(truths, answers))
    assert found.to_json()["matthews"] == found.matthews
    json.dumps(found.to_json())


def test_the_largest_class_comes_first_and_strange_answers_last() -> None:
    found = ClassificationReport.of(["x", "b", "a", "b"], ["a", "b", "b", "b"])
    assert [each.label for each in found.classes] == ["b", "a", "x"]
    assert found.confused == (("a", "x", 1), ("b", "a", 1))
    assert found.to_json()["confused"] == [
        {"truth": "a", "answer": "x", "count": 1},
        {"truth": "b", "answer": "a", "count": 1},
    ]
    assert found.majority.label == "b"
    assert found.baseline == 75


def test_any_accepted_label_is_right_and_forms_do_not_matter() -> None:
    found = ClassificationReport.of(["b", "e\u0301", "c"], [["a", "b"], ["é"], ["a", "b"]])
    assert {(each.label, each.support, each.right) for each in found.classes} == {
        ("b", 1, 1),
        ("é", 1, 1),
        ("a", 1, 0),
        ("c", 0, 0),
    }
    with pytest.raises(DataError, match="at least one prediction"):
        ClassificationReport.of([], [])


@pytest.mark.parametrize(
    ("answers", "truths", "said"),
    [
        ("aaab", "aabb", []),
        (
            "aaaa",
            "aaab",
            ["no better than always answering 'a'", "unbalanced: 'a' has 3 of 4", "1 of the 2 labels: 'b' (1"],
        ),
        ("bbab", "aaab", ["worse than always answering 'a', the most frequent label (75.00)", "unbalanced"]),
        ("aabbx", "aabbb", ["1 answer is a label that no example has: 'x'"]),
        ("abaa", "aaaa", ["all 4 examples have the label 'a'"]),
        ("ab" * 9 + "cd", "ab" * 9 + "cc", ["1 answer is a label that no example has: 'd'"]),
        (
            "ab" * 10 + "c",
            "ab" * 10 + "c",
            ["'a' has 10 of 21 examples, 'c' 1; accuracy says little of the small ones"],
        ),
    ],
)
def test_what_accuracy_hides_is_said(answers: str, truths: str, said: list[str]) -> None:
    sentences = list(ClassificationReport.of(list(answers), list(truths)).sentences())
    assert len(sentences) == len(said)
    for sentence, words in zip(sentences, said, strict=True):
        assert words in sentence


def test_only_answers_that_are_labels_have_classes() -> None:
    labels, words = [["x"], ["y"]] * 20, [[f"w{n}"] for n in range(40)]
    texts = [each[0] for each in labels]
    assert classification(("cer",), texts, labels) is not None  # the targets look like labels
    assert classification(("cer",), texts, words) is None
    assert classification(("accuracy",), texts, words) is not None
    assert classification(("cer", "macro_f1"), texts[:2], labels[:2]) is not None
    assert classification(("cer",), texts[:2], labels[:2]) is None
