"""Every metric of the table: bounds, identity, order of the corpus, refusals."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.errors import ConfigError, DataError, DependencyError
from seqloom.metrics import METRICS, compute, metric

WORD = st.text("abcde", min_size=1, max_size=5)
SENTENCE = st.lists(WORD, min_size=4, max_size=7).map(" ".join)
CORPUS = st.lists(st.tuples(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3)), min_size=1, max_size=6)
EACH = pytest.mark.parametrize("name", METRICS)


@EACH
@given(corpus=CORPUS)
@settings(max_examples=15, deadline=None)
def test_figures_keep_their_bounds(name: str, corpus: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*corpus, strict=True)
    score = metric(name).compute(predictions, references)
    assert score.value >= 0
    if score.higher_is_better:
        assert score.value <= 100 + 1e-9
    alone = metric(name).per_example(predictions, references)
    assert len(alone) == len(predictions)
    assert min(alone) >= 0


@EACH
@given(texts=st.lists(SENTENCE, min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_identity_is_perfect(name: str, texts: list[str]) -> None:
    measured = metric(name)
    perfect = 100 if measured.higher_is_better else 0
    other = ["x y z w q"] * len(texts)
    assert measured.compute(texts, texts).value == pytest.approx(perfect)
    assert measured.compute(texts, list(zip(other, texts, strict=True))).value == pytest.approx(perfect)
    assert measured.per_example(texts, texts) == pytest.approx([perfect] * len(texts))


@EACH
@given(corpus=CORPUS, data=st.data())
@settings(max_examples=15, deadline=None)
def test_order_of_the_corpus_does_not_matter(
    name: str, corpus: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(corpus))
    before, after = (metric(name).compute(*zip(*each, strict=True)) for each in (corpus, shuffled))
    assert before.value == pytest.approx(after.value)
    assert before.signature == after.signature


@EACH
def test_empty_answers_are_measured(name: str) -> None:
    words = "B-a B-b B-c B-d"  # which measures of tags take for spans
    score = metric(name).compute(["", words], [words, words])
    assert 0 <= score.value <= 100
    assert metric(name).compute([""], [["B-a B-b", "B-c B-d"]]).value == (0 if score.higher_is_better else 100)


@EACH
def test_bad_corpora_are_refused(name: str) -> None:
    measured = metric(name)
    with pytest.raises(DataError, match="at least one prediction"):
        measured.compute([], [])
    with pytest.raises(DataError, match="not 2 and 1"):
        measured.compute(["a", "b"], ["a"])
    with pytest.raises(DataError, match="number 2"):
        measured.compute(["a", "b"], [["a"], []])
    with pytest.raises(DataError, match="lists"):
        measured.compute("a", ["a"])


def test_compute_keeps_the_order_of_names() -> None:
    scores = compute(["chrf", "bleu:zh", "cer"], ["a b"], ["a b"])
    assert [score.name for score in scores] == ["chrf", "bleu:zh", "cer"]
    assert str(scores[2]) == "cer 0.00"
    assert scores[2].to_json()["details"] == {"edits": 0.0, "reference_length": 3.0}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("blue", "did you mean bleu?"),
        ("accurracy", "did you mean accuracy?"),
        ("bleu:spm", "known: 13a"),
        ("bleu_tokenized_lower:xx", "known: as"),
        ("wer:de", "takes nothing after a colon"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        compute([name], ["a"], ["a"])


@pytest.mark.parametrize(
    ("name", "module"),
    [("bleu", "sacrebleu.metrics"), ("bleu_tokenized_lower", "sacremoses"), ("rouge1", "rouge_score.rouge_scorer")],
)
def test_a_missing_package_is_named(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DependencyError, match=rf"the metric {name} needs .*\n.*\[metrics\]"):
        compute([name], ["a"], ["a"])
