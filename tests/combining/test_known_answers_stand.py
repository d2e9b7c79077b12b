"""What a model looked up stands, however a combination chooses among the network's answers."""

from __future__ import annotations

import pytest

from seqloom.api import Model
from seqloom.combining import BayesRisk, ChosenPrediction, Combination, Rescoring, Voting
from seqloom.errors import ConfigError

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
LINES = ["abcd", "", "dd", "aab"]


def combinations(models: dict[str, Model]) -> list[Combination]:
    first = models["a"]
    sampling = {"count": 5}
    made = [Rescoring.of(models), Voting.of(models), BayesRisk.of(first, "cer")]
    return [*made, BayesRisk.of(first, "cer", sampling=sampling)]


def test_what_was_looked_up_stands(three_models: dict[str, Model]) -> None:
    exceptions = [("dd", "x y"), ("dd", "z")]
    knowing = {**three_models, "a": three_models["a"].with_exceptions(exceptions)}
    for plain, combined in zip(combinations(three_models), combinations(knowing), strict=True):
        found = combined.with_settings(n_best=2).predict(LINES, alignments=True)
        (alone,) = knowing["a"].predict(["dd"], n_best=2, alignments=True)
        assert (found[2].text, found[2].origin) == (alone.text, "exception")
        assert [each.text for each in found[2].alternatives] == [each.text for each in alone.alternatives]
        assert not isinstance(found[2], ChosenPrediction)
        others = plain.with_settings(n_best=2).predict(LINES, alignments=True)
        assert [found[place].text for place in (0, 1, 3)] == [others[place].text for place in (0, 1, 3)]
        assert isinstance(found[0], ChosenPrediction)
        assert "choice" not in found[2].to_json()


def test_any_voter_may_know(three_models: dict[str, Model]) -> None:
    knowing = {**three_models, "b": three_models["b"].with_exceptions([("dd", "x y")])}
    (found,) = Voting.of(knowing).predict("dd")
    assert (found.text, found.origin) == ("x y", "exception")
    tuned = Rescoring.of(knowing).tuned([("dd", "dd"), ("ab", "ab")])
    assert tuned.settings.tuning is not None


def test_answers_of_a_combination_have_no_confidence(three_models: dict[str, Model]) -> None:
    from seqloom.cli.doubt import doubt_about  # noqa: PLC0415

    for each in combinations(three_models):
        with pytest.raises(ConfigError, match="answers of a combination have no confidence"):
            doubt_about(each.predictor, 0.5, "", None, None)
