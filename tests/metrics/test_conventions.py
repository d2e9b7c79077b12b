"""Figures against the libraries that define them, and against values worked out by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer

from seqloom.metrics import metric
from seqloom.metrics.rouge_words import RougeWords
from seqloom.metrics.text_form import in_one_form

PREDICTIONS = ["The cat sat on the mat.", "A dog, running fast!", "Il n'y a pas de 3.5% ici", "hello"]
REFERENCES = ["The cat is on the mat.", "a dog running very fast!", "Il n'y a que 3.5 % ici", "hello there"]
FURTHER = ["A cat sat on the mat.", "One dog is running fast!", "Il y a 3.5% ici", "hello"]
BOTH = list(zip(REFERENCES, FURTHER, strict=True))


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("bleu", sacrebleu.BLEU()),
        ("bleu_lower", sacrebleu.BLEU(lowercase=True)),
        ("bleu_tokenized", sacrebleu.BLEU(tokenize="none")),
        ("bleu:char", sacrebleu.BLEU(tokenize="char")),
        ("chrf", sacrebleu.CHRF()),
        ("chrf++", sacrebleu.CHRF(word_order=2)),
        ("ter", sacrebleu.TER()),
    ],
)
def test_corpus_figures_and_signatures_are_those_of_sacrebleu(
    name: str, official: sacrebleu.metrics.base.Metric
) -> None:
    one = metric(name).compute(PREDICTIONS, REFERENCES)
    assert one.value == pytest.approx(official.corpus_score(PREDICTIONS, [REFERENCES]).score)
    assert one.signature == f"{official.get_signature()}|form:nfc"
    two = metric(name).compute(PREDICTIONS, BOTH)
    assert two.value == pytest.approx(official.corpus_score(PREDICTIONS, [REFERENCES, FURTHER]).score)
    assert two.signature == f"{official.get_signature()}|form:nfc"
    uneven = metric(name).compute(PREDICTIONS, [BOTH[0], *((text,) for text in REFERENCES[1:])])
    assert uneven.value == pytest.approx(
        official.corpus_score(PREDICTIONS, [REFERENCES, [FURTHER[0], None, None, None]]).score  # type: ignore[list-item]
    )
    assert "nrefs:var" in uneven.signature


def test_sentence_bleu_uses_effective_order() -> None:
    alone = metric("bleu").per_example(PREDICTIONS, REFERENCES)
    assert alone == pytest.approx([sacrebleu.sentence_bleu(*pair).score for pair in _sentences()])


def _sentences() -> list[tuple[str, list[str]]]:
    return [(prediction, [reference]) for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True)]


def test_tokenised_lower_cased_bleu_is_that_of_the_moses_scripts() -> None:
    raw = ["Ein Mann, „der“ den Hut (3.5%) trägt.", "Das Geht's U-Bahn-Fahrer!"]
    by_script = ['ein mann , " der " den hut ( 3.5 % ) trägt .', "das geht ' s u-bahn-fahrer !"]
    answers = ["Ein Mann, der den Hut (3.5%) trägt.", "das geht 's U-Bahn-Fahrer!"]
    answers_by_script = ["ein mann , der den hut ( 3.5 % ) trägt .", "das geht ' s u-bahn-fahrer !"]
    score = metric("bleu_tokenized_lower:de").compute(answers, raw)
    assert score.value == pytest.approx(metric("bleu_tokenized").compute(answers_by_script, by_script).value)
    assert 0 < score.value < 100
    assert "case:lc|tok:moses-de-sacremoses" in score.signature
    assert "tok:none" not in score.signature


def test_edit_rates_by_hand() -> None:
    predictions, references = ["a b c", "x", ""], ["a c", "x y z", "q"]
    assert metric("wer").compute(predictions, references).value == pytest.approx(100 * 4 / 6)
    assert metric("per").compute(["K AE1 T", "D AO G"], ["K AH0 T", "D AO G Z"]).value == pytest.approx(100 * 2 / 7)
    assert metric("cer").compute(["kitten"], ["sitting"]).value == pytest.approx(100 * 3 / 7)
    assert metric("wer").compute(["a b c d"], ["x"]).value == pytest.approx(400)


def test_the_nearest_reference_counts() -> None:
    score = metric("per").compute(["A B"], [["A B C", "Q", "A X"]])
    assert score.details == {"edits": 1.0, "reference_length": 3.0}


@given(st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_edit_distance_is_symmetric_and_rapidfuzz_s(left: str, right: str) -> None:
    forth, back = (metric("cer").compute([a], [b]).details["edits"] for a, b in ((left, right), (right, left)))
    left, right = map(in_one_form, (left, right))
    assert forth == back == Levenshtein.distance(left, right)
    if right:
        assert metric("cer").compute([left], [right]).value == pytest.approx(100 * forth / len(right))


def test_exact_match_and_error_rate_add_up() -> None:
    predictions, references = ["a", " b ", "C", "d"], [["x", "a"], ["b"], ["c"], ["e"]]
    assert metric("exact_match").compute(predictions, references).value == 50
    assert metric("error_rate").compute(predictions, references).value == 50
    assert metric("error_rate").compute(predictions, references).details == {"wrong": 2.0, "examples": 4.0}
    assert metric("exact_match").per_example(predictions, references) == [100, 100, 0, 0]


def test_macro_f1_by_hand() -> None:
    truths = ["pos", "pos", "neg", "neg", "mid", "neg"]
    guesses = ["pos", "neg", "neg", "neg", "pos", "neg"]
    # pos: 1 of 2 found, 1 spurious → 1/2; neg: 3 found, 1 spurious → 6/7; mid: never found → 0
    score = metric("macro_f1").compute(guesses, truths)
    assert score.value == pytest.approx(100 * (1 / 2 + 6 / 7 + 0) / 3)
    assert score.details == {"labels": 3.0}
    assert metric("accuracy").compute(guesses, truths).value == pytest.approx(100 * 4 / 6)


def test_macro_f1_of_many_labels_takes_little_memory() -> None:
    size, measured = 200_000, metric("macro_f1")
    truths = [f"label {number % 5000}" for number in range(size)]
    guesses = [text if number % 2 else "label 0" for number, text in enumerate(truths)]
    tracemalloc.start()
    rows = measured.statistics(guesses, [(text,) for text in truths])
    figure = measured.value(measured.total(rows, np.ones(size)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # examples × labels would be 24 GB
    # odd labels are always right, even ones but 0 never; of 0, found 40 times, 99 960 are spurious
    assert figure == pytest.approx(100 * (2500 + 80 / (80 + 99_960)) / 5000)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=20))
def test_macro_f1_is_the_mean_of_label_f1(pairs: list[tuple[str, str]]) -> None:
    figures = []
    for label in {label for pair in pairs for label in pair}:
        hits = sum(guess == truth == label for guess, truth in pairs)
        marked = sum((guess == label) + (truth == label) for guess, truth in pairs)
        figures.append(2 * hits / marked)
    guesses, truths = zip(*pairs, strict=True)
    assert metric("macro_f1").compute(guesses, truths).value == pytest.approx(100 * sum(figures) / len(figures))


@pytest.mark.parametrize("name", ["rouge1", "rouge2", "rougeL"])
def test_rouge_is_the_mean_of_rouge_score(name: str) -> None:
    scorer = RougeScorer([name], use_stemmer=True)
    expected = [
        scorer.score_multi(list(pair), text)[name].fmeasure for pair, text in zip(BOTH, PREDICTIONS, strict=True)
    ]
    assert metric(name).compute(PREDICTIONS, BOTH).value == pytest.approx(100 * sum(expected) / len(expected))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cats, sleeping", ["the", "cat", "sleep"]),
        ("Élève naïf n° 5", ["l", "ve", "na", "f", "n", "5"]),
        ("кошка сидит на коврике.", ["кошка", "сидит", "на", "коврике"]),
        ("القط على السجادة", ["القط", "على", "السجادة"]),
        ("बिल्ली चटाई पर है।", ["बिल्ली", "चटाई", "पर", "है"]),
        ("我喜欢学习。", ["我", "喜", "欢", "学", "习"]),
        ("แมวดำ", ["แ", "ม", "ว", "ดำ"[0], "ดำ"[1]]),
        ("COVID-19ワクチン meetings", ["covid", "19", "ワ", "ク", "チ", "ン", "meet"]),
        ("ở đó", ["ở", "đó"]),
        ("?! 😀", ["?!", "😀"]),
        ("", []),
    ],
)
def test_rouge_words_of_all_scripts(text: str, words: list[str]) -> None:
    assert RougeWords("a test").tokenize(text) == words


@pytest.mark.parametrize("name", ["rouge1", "rougeL"])
@given(st.text(min_size=1, max_size=20).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_rouge_of_a_text_with_itself_is_100(name: str, text: str) -> None:
    score = metric(name).compute([text], [text])
    assert score.value == pytest.approx(100)
    assert "tok:rouge-score-latin,unicode-words-elsewhere" in score.signature


@given(st.lists(st.text("abcXYZ019 éßñ.,-'ſøŁ²½µ–“", min_size=1, max_size=20), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
def test_rouge_of_latin_texts_is_rouge_score_s(texts: list[str]) -> None:
    scorer, (one, two) = RougeScorer(["rouge1", "rougeL"], use_stemmer=True), map(in_one_form, texts)
    if not all(any(char in "abcxyz019" for char in text.lower()) for text in (one, two)):
        return  # rouge_score finds no word
    for name, expected in scorer.score(two, one).items():
        assert metric(name).compute([one], [two]).value == pytest.approx(100 * expected.fmeasure)


def test_rouge_counts_words_of_other_scripts() -> None:
    predictions, references = ["кошка сидит дома", "我 喜欢"], ["кошка спит дома", "我喜欢你"]
    # 2 of 3 words both ways; 3 of 3 and 3 of 4 characters
    assert metric("rouge1").compute(predictions, references).value == pytest.approx(100 * (2 / 3 + 6 / 7) / 2)


def test_rouge_stems() -> None:
    assert metric("rouge1").compute(["meetings scheduled"], ["meeting scheduling"]).value == pytest.approx(100)
