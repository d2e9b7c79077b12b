"""Voting takes the answer that most models give."""

from __future__ import annotations

import pytest

from seqloom.api import Model
from seqloom.combining import ChosenPrediction, Voting
from seqloom.loading import load
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction
from several import LINES

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
Models = dict[str, Model]


def answers(*texts: tuple[str, float]) -> list[Prediction]:
    return [Prediction(text, score) for text, score in texts]


def listed(*texts: tuple[str, float]) -> Prediction:
    first, *others = answers(*texts)
    return Prediction(first.text, first.score, alternatives=tuple(others))


@pytest.fixture
def voting(three_models: Models) -> Voting:
    return Voting.of(three_models)


def test_most_votes_win(voting: Voting) -> None:
    found = voting.counted(answers(("x", -0.1), ("y", -2.0), ("y", -3.0)))
    best = found.chosen(["a", "b", "c"], [1, 1, 1], "votes", 3)
    assert isinstance(best, ChosenPrediction)
    assert (best.text, best.choice.value, best.choice.parts) == ("y", 2.0, {"a": 0.0, "b": 1.0, "c": 1.0})
    (other,) = best.alternatives
    assert isinstance(other, ChosenPrediction)
    assert (other.text, other.choice.parts) == ("x", {"a": 1.0, "b": 0.0, "c": 0.0})
    assert found.chosen(["a", "b", "c"], [3, 1, 1], "votes", 1).text == "x"


def test_scores_decide_where_votes_are_equal(voting: Voting) -> None:
    names, same = ["a", "b", "c"], [1.0, 1.0, 1.0]
    assert voting.counted(answers(("x", -0.9), ("y", -0.5), ("z", -0.2))).chosen(names, same, "votes", 1).text == "z"
    assert voting.counted(answers(("x", -0.1), ("y", -0.5), ("z", -0.2))).chosen(names, same, "votes", 1).text == "x"
    assert voting.counted(answers(("x", -0.5), ("y", -0.5), ("z", -0.5))).chosen(names, same, "votes", 1).text == "x"


def test_lists_vote_by_rank(three_models: Models) -> None:
    lists = [
        listed(("x", -0.1), ("y", -0.2), ("w", -0.4)),
        listed(("z", -0.1), ("y", -0.2)),
        listed(("w", -0.3), ("y", -0.3)),
    ]
    assert len(Voting.of(three_models, candidates=1).counted(lists).predictions) == 3
    found = Voting.of(three_models, candidates=3).counted(lists)
    votes = {each.text: row.tolist() for each, row in zip(found.predictions, found.values, strict=True)}
    third = pytest.approx(1 / 3)
    assert votes == {"x": [1, 0, 0], "y": [0.5, 0.5, 0.5], "w": [third, 0, 1], "z": [0, 1, 0]}
    assert found.chosen(["a", "b", "c"], [1, 1, 1], "votes", 1).text == "y"


def test_one_text_in_two_unicode_forms_is_one_answer(voting: Voting) -> None:
    found = voting.counted(answers(("x", -0.1), ("é", -2.0), ("e\u0301", -3.0)))
    assert found.chosen(["a", "b", "c"], [1, 1, 1], "votes", 1).text == "é"


def test_models_of_different_vocabularies_vote(three_models: Models) -> None:
    voting = Voting.of(three_models, [1, 1, 1.5])
    found = voting.with_settings(n_best=3).predict(LINES)
    own = {name: model.predict(LINES) for name, model in three_models.items()}
    for place, (line, best) in enumerate(zip(LINES, found, strict=True)):
        if not line.strip():
            assert best == Prediction("", 0.0)
            continue
        voted: dict[str, str] = {}
        for each in (best, *best.alternatives):
            assert isinstance(each, ChosenPrediction)
            voted |= {name: in_one_form(each.text) for name, vote in each.choice.parts.items() if vote}
        assert voted == {name: in_one_form(made[place].text) for name, made in own.items()}
        texts = {in_one_form(made[place].text) for made in own.values()}
        if len(texts) == 3:
            assert best.text == own["c"][place].text
    assert [each.text for each in voting.stream(LINES, window=1)] == [each.text for each in found]


def test_it_is_tuned_and_evaluated(three_models: Models) -> None:
    pairs = [(line, line) for line in ("ab", "abc", "dab", "cc", "bd", "cad")]
    for candidates in (1, 3):
        better = Voting.of(three_models, candidates=candidates).tuned(pairs)
        assert better.settings.tuning is not None
        assert better.evaluate(pairs)["cer"] == pytest.approx(better.settings.tuning.after)
        assert better.settings.tuning.after <= better.settings.tuning.before
    assert "each model votes for its 3 best answers, with 1/rank" in better.sentences()[0]


def test_graphs_vote_without_pytorch(exported_folder: object) -> None:
    models = {name: load(str(exported_folder), engine=name) for name in ("torch", "onnx")}
    (found,) = Voting.of(models).predict("abc")
    assert isinstance(found, ChosenPrediction)
    assert found.choice.parts == {"torch": 1.0, "onnx": 1.0}
    assert Voting.of(models).tuned([("abc", "abc")], metric="exact_match").settings.tuning is not None
