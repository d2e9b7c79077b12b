"""Lines → predictions and pairs → scores: order, number, windows, limits, details."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqloom.codecs import Codecs
from seqloom.config import build
from seqloom.data import Source
from seqloom.errors import ConfigError, DataError, SeqloomError
from seqloom.inference import predictor as inference
from seqloom.inference.predictor import PairScore, Predictor
from seqloom.inference.torch_engine import TorchEngine
from seqloom.model import ModelConfig, ModelState, Seq2Seq
from seqloom.prediction import Prediction
from seqloom.search import Hypothesis, ModelStepper, SearchConfig
from seqloom.text import UNK, Tokenizer, TokenizerConfig, train_tokenizer

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
LINES = ["abc", "", "a", "dcba bcd", "   ", "bb", "\t", "abcd" * 5, "a", ""]


class Watching(ModelStepper):
    """Remembers the shape of each batch of sources."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__(model)
        self.shapes: list[tuple[int, ...]] = []
        self.sources: list[list[int]] = []

    def start(self, source: Tensor, lengths: Tensor) -> ModelState:
        self.shapes.append(tuple(source.shape))
        self.sources += [row[:length] for row, length in zip(source.tolist(), lengths.tolist(), strict=True)]
        return super().start(source, lengths)


@pytest.fixture(scope="module")
def tokenizers() -> tuple[Tokenizer, Tokenizer]:
    source = train_tokenizer(["abcd "], TokenizerConfig(kind="character"), ("X", "Y"))
    return source, train_tokenizer(["A B C D E F"], TokenizerConfig(kind="word"))


@pytest.fixture(scope="module")
def model(tokenizers: tuple[Tokenizer, Tokenizer]) -> Seq2Seq:
    torch.manual_seed(4)
    made = Seq2Seq(build(ModelConfig, {"embedding": 8, "hidden": 8}), tokenizers[0].size, tokenizers[1].size).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.4)
    return made


class Maker:
    """Predictors over one model."""

    def __init__(self, model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
        self.model, self.tokenizers = model, tokenizers

    def __call__(self, *, reverse: bool = False, stepper: ModelStepper | None = None, **values: Any) -> Predictor:
        chosen = build(SearchConfig, {"beam": 2, "max_length_ratio": 1, "max_length_extra": 3, **values})
        engine = TorchEngine(self.model, stepper=stepper)
        return Predictor(engine, Codecs.of_text(*self.tokenizers, reverse_source=reverse), chosen)


@pytest.fixture(scope="module")
def make(model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]) -> Maker:
    return Maker(model, tokenizers)


def texts(predictions: Iterable[Prediction]) -> list[str]:
    return [each.text for each in predictions]


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(st.text("abcd ?\t", max_size=8), max_size=12), window=st.integers(1, 14), batch=st.integers(1, 5))
def test_each_line_has_its_own_answer_whatever_the_window_and_the_batch(
    make: Maker, lines: list[str], window: int, batch: int
) -> None:
    together = list(make(batch=batch).predict(lines, window=window))
    alone = [next(make().predict([line])) for line in lines]
    assert texts(together) == texts(alone)
    assert [each.score for each in together] == pytest.approx([each.score for each in alone], abs=1e-4)


def test_lines_keep_their_order_and_number(make: Maker) -> None:
    found = list(make(batch=3).predict(LINES))
    assert len(found) == len(LINES)
    assert found[2].text == found[8].text
    for line, prediction in zip(LINES, found, strict=True):
        if not line.strip():
            assert prediction == Prediction("", 0.0)


def test_sources_of_several_users_are_answered_together(make: Maker) -> None:
    predictor = make(batch=3)
    assert predictor.answer(LINES, prefix="A") == list(predictor.predict(LINES, prefix="A"))
    assert predictor.answer([Source("abc", ("X",))], details=True) == list(
        predictor.predict([Source("abc", ("X",))], details=True)
    )
    assert predictor.answer([]) == []
    with pytest.raises(DataError, match="must be a list of texts"):
        predictor.answer("abc")


def test_no_lines_give_no_predictions(make: Maker) -> None:
    assert not list(make().predict([]))
    assert not list(make().score([]))
    assert texts(make().predict(["", " "])) == ["", ""]


def test_weights_that_make_no_finite_score_are_refused(tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    model = Seq2Seq(build(ModelConfig, {"embedding": 8, "hidden": 8}), tokenizers[0].size, tokenizers[1].size).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(math.nan)
    for beam in (1, 3):
        with pytest.raises(SeqloomError, match="finite score, and one has none\nhint: weights"):
            list(Maker(model, tokenizers)(beam=beam).predict(["ab"]))


@pytest.mark.parametrize(
    ("setting", "value", "most"),
    [
        ("beam", 100_000, 1000),
        ("alpha", 50, 10),
        ("alpha", math.inf, 10),
        ("max_length_ratio", math.inf, 10_000),
        ("max_length_extra", 10**9, 100_000),
    ],
)
def test_settings_of_a_search_have_bounds(setting: str, value: float, most: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{setting}: must be less than or equal to {most}( or .auto.)?, not"):
        build(SearchConfig, {setting: value})


def test_an_answer_as_long_as_the_search_allows_says_so(make: Maker) -> None:
    """The limit counts the end mark of the source; what a model would write beyond it is not known."""
    loose, tight = make(max_length_extra=30), make(max_length_ratio=0, max_length_extra=1)
    found = list(loose.predict(LINES, details=True))
    for prediction, line in zip(found, LINES, strict=True):
        written = max(0, len(prediction.target_tokens) - 1)
        assert prediction.at_limit == (bool(line.strip()) and written >= len(line) + 1 + 30)
    for prediction, free in zip(tight.predict(LINES, details=True), found, strict=True):
        if len(free.target_tokens) > 2:
            assert prediction.at_limit == (len(prediction.target_tokens) == 2)


class Repeating:
    """An engine whose beam holds one text twice, as the unknown token leaves no trace in it."""

    threads = 1

    def search(
        self, source: Any, lengths: Any, config: SearchConfig, *, prefix: Any = (), alignments: bool = False
    ) -> list[list[Hypothesis]]:
        del lengths, prefix, alignments
        found = [((4,), -0.1), ((4, UNK), -0.2), ((5,), -0.3), ((UNK, 4), -0.4), ((4, 5), -0.5)]
        return [[Hypothesis(ids, score, ()) for ids, score in found[: config.n_best]] for _ in source]

    def sample(self, *given: Any, **options: Any) -> list[list[Hypothesis]]:
        raise AssertionError

    def score(self, sources: Any, targets: Any) -> list[tuple[float, ...]]:
        raise AssertionError


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_list_of_answers_holds_different_texts_each_with_its_best_score(
    tokenizers: tuple[Tokenizer, Tokenizer], count: int
) -> None:
    predictor = Predictor(Repeating(), Codecs.of_text(*tokenizers), SearchConfig(beam=5, n_best=count))
    (found,) = predictor.predict(["abcd"])
    answers = [(each.text, each.score) for each in (found, *found.alternatives)]
    first, second = tokenizers[1].decode([[4], [5]])
    assert answers == [(first, -0.1), (second, -0.3), (f"{first} {second}", -0.5)][:count]


def test_a_prefix_that_cannot_be_written_is_refused_by_name(make: Maker) -> None:
    (answer,) = make(max_length_extra=9).predict(["abcd"], prefix="A B")
    assert answer.text.startswith("A B")
    for prefix in ("A x", "x", "A  B", " A", "A "):
        with pytest.raises(SeqloomError, match=re.escape(repr(prefix))):
            list(make().predict(["abcd"], prefix=prefix))


def test_a_long_line_is_cut_and_says_so(make: Maker) -> None:
    predictor = make(max_source_length=6)
    long, exact, short = predictor.predict(["abcdabcdabcd", "abcdab", "ab"], details=True)
    assert (long.cut, exact.cut, short.cut) == (True, False, False)
    assert (long.text, long.source_tokens) == (exact.text, exact.source_tokens)
    assert len(long.source_tokens) == 7


def test_a_line_of_many_symbols_is_answered(make: Maker) -> None:
    (found,) = make(max_source_length=50, beam=1).predict(["abcd" * 25_000])
    assert found.cut


def test_lines_are_read_a_window_at_a_time(make: Maker) -> None:
    read: list[int] = []

    def lines() -> Iterator[str]:
        for number in range(10):
            read.append(number)
            yield "ab"

    answers = make().predict(lines(), window=4)
    assert not read
    next(answers)
    assert len(read) == 4
    for _ in range(3):
        next(answers)
    assert len(read) == 4
    next(answers)
    assert len(read) == 8
    assert len(list(answers)) == 5
    one = make().predict(lines(), window=1)
    read.clear()
    next(one)
    assert read == [0]


def test_details_belong_together(make: Maker, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    for line, found in zip(LINES, make().predict(LINES, details=True), strict=True):
        if not line.strip():
            continue
        assert found.source_tokens == (*line, "</s>")
        assert found.target_tokens[-1] == "</s>"
        assert len(found.token_log_probs) == len(found.target_tokens)
        assert found.score == pytest.approx(sum(found.token_log_probs) / len(found.token_log_probs), abs=1e-5)
        assert found.alignment is not None
        assert found.alignment.shape == (len(found.target_tokens) - 1, len(found.source_tokens))
        assert found.alignment.sum(1) == pytest.approx(1.0, abs=1e-5)
    again = list(make().predict(LINES, details=True))
    assert again == list(make().predict(LINES, details=True)), "predictions can be compared"
    assert len(set(again)) < len(again)
    (bare,) = make().predict(["abc"])
    assert (bare.alignment, bare.source_tokens, bare.token_log_probs) == (None, (), ())


def test_outputs_begin_with_the_prefix(make: Maker) -> None:
    for line, found in zip(LINES, make(beam=3).predict(LINES, prefix="D A"), strict=True):
        assert found.text.startswith("D A") == bool(line.strip())


def test_an_n_best_list_is_ordered_and_without_repeats(make: Maker) -> None:
    for line, found in zip(LINES, make(beam=4, n_best=4).predict(LINES, details=True), strict=True):
        if not line.strip():
            assert not found.alternatives
            continue
        every = [found, *found.alternatives]
        assert len(every) == 4
        assert len({each.target_tokens for each in every}) == 4
        scores = [each.score for each in every]
        assert scores == sorted(scores, reverse=True)
        assert all(each.alignment is not None and not each.alternatives for each in found.alternatives)
    best = next(make(beam=4).predict(["abc"]))
    assert best.alternatives == ()


@pytest.mark.parametrize("reverse", [False, True])
def test_scores_are_those_that_the_search_gives_its_own_output(make: Maker, reverse: bool) -> None:
    predictor = make(beam=3, reverse=reverse)
    lines = [line for line in LINES if line.strip()]
    found = list(predictor.predict(lines, details=True))
    assert sum("<unk>" not in each.target_tokens for each in found) > 1
    pairs = [(line, each.text) for line, each in zip(lines, found, strict=True)]
    for prediction, score in zip(found, predictor.score(pairs), strict=True):
        if "<unk>" not in prediction.target_tokens:  # which no text says
            assert score.token_log_probs == pytest.approx(prediction.token_log_probs, abs=1e-4)
            assert score.tokens == len(prediction.target_tokens)
            assert score.log_prob / score.tokens == pytest.approx(prediction.score, abs=1e-4)


def test_pairs_with_empty_sides_have_scores(make: Maker) -> None:
    pairs = [("", "A B"), ("abc", ""), ("", ""), ("ab", "A B C D"), ("  ", "A")]
    scores = list(make().score(pairs))
    assert [each.tokens for each in scores] == [3, 1, 1, 5, 2]
    for pair, score in zip(pairs, scores, strict=True):
        assert score.log_prob == pytest.approx(sum(score.token_log_probs))
        assert score.log_prob < 0
        (alone,) = make().score([pair])
        assert score.token_log_probs == pytest.approx(alone.token_log_probs, abs=1e-4)


def test_scoring_meets_the_vocabulary_a_part_at_a_time(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("abc", "A B C D"), ("a", "F"), ("dd", "A A A A A A"), ("abcd", "B")]
    whole = list(make().score(pairs))
    sizes: list[int] = []
    readout: Any = make.model.decoder.readout
    logits = readout.logits

    def watched(features: Tensor) -> Tensor:
        sizes.append(len(features))
        found: Tensor = logits(features)
        return found

    monkeypatch.setattr("seqloom.nn.readout.AT_ONCE", 3)
    monkeypatch.setattr(readout, "logits", watched)
    for part, one in zip(make().score(pairs), whole, strict=True):
        assert part.token_log_probs == pytest.approx(one.token_log_probs, abs=1e-5)
    assert max(sizes) == 3
    assert sum(sizes) == sum(one.tokens for one in whole)


def test_scoring_is_streamed(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "WINDOW", 2)
    read: list[int] = []

    def pairs() -> Iterator[tuple[str, str]]:
        for number in range(6):
            read.append(number)
            yield "ab", "A B"

    scores = make().score(pairs())
    assert isinstance(next(scores), PairScore)
    assert len(read) == 2
    assert len(list(scores)) == 5


def test_batches_stay_within_their_limits(make: Maker, model: Seq2Seq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "TOKENS", 60)
    stepper = Watching(model)
    lines = ["ab" * size for size in (1, 2, 1, 14, 3, 5, 1, 1, 1, 8, 2, 2)]
    assert len(list(make(beam=3, batch=4, stepper=stepper).predict(lines))) == len(lines)
    assert sum(rows for rows, _ in stepper.shapes) == len(lines)
    assert all(rows <= 4 and (rows == 1 or rows * width * 3 <= 60) for rows, width in stepper.shapes)
    assert any(rows == 4 for rows, _ in stepper.shapes)
    widths = [width for _, width in stepper.shapes]
    assert widths == sorted(widths, reverse=True)


def test_tags_stand_before_the_source(make: Maker, model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]) -> None:
    stepper = Watching(model)
    source = Source("abc", ("Y", "nowhere"))
    plain, tagged, empty = make(stepper=stepper).predict(["abc", source, Source("", ("X",))], details=True)
    tokenizer = tokenizers[0]
    ids = tokenizer.encode(["abc"])[0]
    assert sorted(stepper.sources) == sorted([[*ids, 2], [*tokenizer.tag_ids(["Y", "nowhere"]), *ids, 2]])
    assert tagged.source_tokens == ("<Y>", "<unk:nowhere>", "a", "b", "c", "</s>")
    assert (tagged.unknown, plain.unknown) == (("<nowhere>",), ())
    assert plain.source_tokens == ("a", "b", "c", "</s>")
    assert empty == Prediction("", 0.0)


def test_a_reversed_source_leaves_its_tags_in_front(
    make: Maker, model: Seq2Seq, tokenizers: tuple[Tokenizer, Tokenizer]
) -> None:
    stepper = Watching(model)
    predictor = make(reverse=True, stepper=stepper)
    (found,) = predictor.predict([Source("abcd", ("X",))], details=True)
    tokenizer = tokenizers[0]
    assert stepper.sources == [[*tokenizer.tag_ids(["X"]), *tokenizer.encode(["dcba"])[0], 2]]
    assert found.source_tokens == ("<X>", "d", "c", "b", "a", "</s>")
    assert next(predictor.predict(["abc"])).text == next(make().predict(["cba"])).text


def test_a_stepper_takes_the_models_place(make: Maker, model: Seq2Seq) -> None:
    class Only(ModelStepper):
        """Writes one word, then ends."""

        def step(self, tokens: Tensor, state: ModelState) -> tuple[Tensor, ModelState, Tensor | None]:
            log_probs = torch.full((len(tokens), 10), -9.0)
            log_probs[torch.arange(len(tokens)), torch.where(tokens == 1, 5, 2)] = -0.1
            return log_probs, state, None

    (found,) = make(beam=1, stepper=Only(model)).predict(["abc"], details=True)
    assert found.text == "B"
    assert found.alignment is None


def test_a_predictor_leaves_the_precision_of_products_as_it_was(make: Maker) -> None:
    before = torch.get_float32_matmul_precision()
    answers = make().predict(["ab", "cd"], window=1)
    next(answers)
    assert torch.get_float32_matmul_precision() == before
