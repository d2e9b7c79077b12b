"""Measures of tags against counts by hand, which are those of conlleval and seqeval."""

from __future__ import annotations

import pytest

from seqloom.metrics import compute, compute_each, tag_metrics, tagging

TRUTH = ["B-PER I-PER O B-LOC", "O B-LOC O", "B-ORG I-ORG I-ORG", "O"]
ANSWERS = ["B-PER I-PER O B-ORG", "O B-LOC I-LOC", "B-ORG I-ORG I-ORG", "O"]
"""Of 4 spans 2 are found, the person and the organisation, and 4 are answered; 9 of 11 words have their tag."""


def test_spans_are_counted_as_conlleval_does() -> None:
    """seqeval 1.2.2 gives the same: precision, recall and F1 are 50 %, the accuracy of 11 words 9/11."""
    f1, accuracy = compute(["entity_f1", "token_accuracy"], ANSWERS, TRUTH)
    assert f1.value == pytest.approx(50)
    assert f1.details == {"precision": 50.0, "recall": 50.0, "right": 2, "answered": 4, "spans": 4}
    assert "spans:conlleval" in f1.signature
    assert accuracy.value == pytest.approx(100 * 9 / 11)
    assert accuracy.details == {"right": 9, "words": 11}


def test_each_example_has_its_own_figure() -> None:
    assert compute_each("entity_f1", ANSWERS, TRUTH) == pytest.approx([50, 0, 100, 100])
    assert compute_each("token_accuracy", ANSWERS, TRUTH) == pytest.approx([75, 200 / 3, 100, 100])


def test_of_several_targets_the_closest_counts() -> None:
    (f1,) = compute(["entity_f1"], ["B-X O"], [["O O", "B-X O"]])
    assert f1.value == 100


def test_without_spans_f1_is_0_or_all_right() -> None:
    (f1,) = compute(["entity_f1"], ["O O"], ["O B-X"])
    assert f1.value == 0
    assert compute_each("entity_f1", ["O O"], ["O O"]) == [100]


def test_types_and_tags_have_their_figures() -> None:
    found = tagging(["entity_f1"], ANSWERS, TRUTH)
    assert found is not None
    spans = {each.label: (each.support, each.predicted, each.right) for each in found.spans}
    assert spans == {"LOC": (2, 1, 0), "ORG": (1, 2, 1), "PER": (1, 1, 1)}
    tags = {each.label: (each.support, each.predicted, each.right) for each in found.tags}
    assert tags["O"] == (4, 3, 3)
    assert tags["I-LOC"] == (0, 1, 0)
    assert found.wrong == [(("B-LOC", "B-ORG"), 1), (("O", "I-LOC"), 1)]
    assert tagging(["bleu"], ANSWERS, TRUTH) is None


def test_tags_of_no_scheme_have_no_spans() -> None:
    found = tagging(["token_accuracy"], ["N V"], ["N N"])
    assert found is not None
    assert found.spans == ()
    assert tag_metrics(["N V"]) == ("token_accuracy", "exact_match")
    assert tag_metrics(["O B-X"]) == ("entity_f1", "token_accuracy")
