"""Confidences: features by hand, a fit that recovers what is known, and figures against counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confident import answers, made_up
from seqloom.confidence import Evidence, chosen_measure, evidence, fitted, reliability, worth
from seqloom.confidence.calibration import Calibration, settings_of
from seqloom.confidence.evidence import LEAST, MOST
from seqloom.confidence.fitting import FEWEST
from seqloom.errors import DataError, ModelFolderError
from seqloom.search import SearchConfig

SEARCH = settings_of(SearchConfig())
log_probs = st.lists(st.floats(-1e4, 0), min_size=1, max_size=40)


def odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_evidence_is_log_odds_of_probabilities() -> None:
    found = evidence([math.log(0.5), math.log(0.8), math.log(0.9)], unread=True, at_limit=False)
    wanted = (odds(0.36), odds(0.36 ** (1 / 3)), odds(0.5), math.log(3), 1.0, 0.0)
    assert found == pytest.approx(wanted)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log_probs=log_probs, unread=st.booleans(), at_limit=st.booleans())
def test_every_answer_has_a_finite_confidence_between_0_and_1(
    log_probs: list[float], unread: bool, at_limit: bool
) -> None:
    known = evidence(log_probs, unread=unread, at_limit=at_limit)
    assert all(odds(LEAST) - 1e-9 <= value <= odds(MOST) + 1e-9 for value in known[:3])
    assert 0 < made_up().confidence(known) < 1


def test_the_confidence_is_a_logistic_regression() -> None:
    calibration, known = made_up(), Evidence(1.0, 2.0, 3.0, 4.0, 0.0, 1.0)
    score = 0.25 + 0.9 * 1 + 0.4 * 2 + 0.3 * 3 - 0.2 * 4 - 2.0
    assert calibration.confidence(known) == pytest.approx(1 / (1 + math.exp(-score)))
    assert calibration.confidence(Evidence(-1e3, 0, 0, 0, 0, 0)) == pytest.approx(0)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.0])
def test_a_fit_recovers_how_probabilities_were_distorted(sharpness: float) -> None:
    """Of a model that is too sure or not sure enough, by the same factor in all its log-odds."""
    evidences, values = answers(3000, sharpness)
    found = fitted(evidences, values, "exact_match", SEARCH, data="made up")
    new, true = answers(3000, sharpness, seed=2)
    wanted = [1 / (1 + math.exp(-sharpness * known.answer)) for known in new]
    assert np.mean(np.abs(np.array([found.confidence(known) for known in new]) - wanted)) < 0.03
    measured = reliability("exact_match", [found.confidence(known) for known in new], true)
    assert measured is not None
    assert measured.calibration_error < 0.04
    assert found.figures.calibration_error < 0.04
    assert found.figures.brier == pytest.approx(measured.brier, abs=0.02)
    if sharpness != 1:
        assert found.figures.raw_calibration_error > 2 * found.figures.calibration_error
        assert found.figures.raw_brier > found.figures.brier


def test_with_few_answers_a_fit_stays_near_the_probability_of_the_model() -> None:
    for value in (0.0, 1.0):
        evidences, _ = answers(FEWEST)
        found = fitted(evidences, [value] * FEWEST, "exact_match", SEARCH, data="made up")
        sure = [found.confidence(known) for known in evidences]
        assert all(math.isfinite(weight) for weight in found.weights)
        assert (max(sure) < 0.5) if value == 0 else (min(sure) > 0.5)
        assert found.weights.unread == found.weights.at_limit == 0, "nothing was seen of these"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.lists(st.tuples(log_probs, st.floats(0, 1)), min_size=FEWEST, max_size=60))
def test_any_answers_can_be_fitted_and_a_fit_is_a_minimum(data: list[tuple[list[float], float]]) -> None:
    evidences = [evidence(each, unread=len(each) > 20, at_limit=len(each) == 1) for each, _ in data]
    values = [value for _, value in data]
    for measure in ("exact_match", "chrf"):
        found = fitted(evidences, values, measure, SEARCH, data="made up")
        best = cost(found, evidences, values)
        for name in Evidence._fields:
            for step in (-0.01, 0.01):
                weights = found.weights._replace(**{name: getattr(found.weights, name) + step})
                other = Calibration(measure, found.intercept, weights, SEARCH, "made up", found.figures)
                assert cost(other, evidences, values) >= best - 1e-6


def cost(calibration: Calibration, evidences: Sequence[Evidence], values: Sequence[float]) -> float:
    """What a fit minimises: the cross-entropy and the distance from the prior."""
    whole = calibration.measure == "exact_match"
    prior = Evidence(float(whole), float(not whole), 0, 0, 0, 0)
    distance = (calibration.intercept / 3) ** 2 + sum(
        (weight - mean) ** 2 for weight, mean in zip(calibration.weights, prior, strict=True)
    )
    entropy = 0.0
    for known, value in zip(evidences, values, strict=True):
        score = calibration.intercept + sum(w * x for w, x in zip(calibration.weights, known, strict=True))
        entropy += float(np.logaddexp(0, score)) - value * score
    return entropy + distance / 2


def test_cross_validation_keeps_a_group_together() -> None:
    """Each answer stands there five times: figures are no better than those of an answer that was left out."""
    evidences, values = answers(42, sharpness=0.2)
    once = fitted(evidences, values, "exact_match", SEARCH, data="", groups=range(42)).figures
    five = fitted(evidences * 5, values * 5, "exact_match", SEARCH, data="", groups=[*range(42)] * 5).figures
    leaked = fitted(evidences * 5, values * 5, "exact_match", SEARCH, data="").figures
    assert leaked.brier < five.brier
    assert once.answers * 5 == five.answers
    with pytest.raises(DataError, match="at least 20 answers, not 19"):
        fitted(evidences[:19], values[:19], "exact_match", SEARCH, data="")


def test_figures_are_counts() -> None:
    found = reliability("exact_match", [0.95, 0.9, None, 0.2, 0.21], [1, 0, 1, 0, 1], shares=(0.5, 1.0))
    assert found is not None
    assert (found.answers, found.without) == (4, 1)
    assert [(each.answers, each.worth) for each in found.bins] == [(1, 0), (1, 1), (1, 0), (1, 1)]
    assert found.calibration_error == pytest.approx((0.05 + 0.9 + 0.2 + 0.79) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.9**2 + 0.2**2 + 0.79**2) / 4)
    half, whole = found.coverage
    assert (half.answers, half.least, half.worth) == (2, 0.9, 0.5)
    assert (whole.answers, whole.least, whole.worth) == (4, 0.2, 0.5)
    assert reliability("exact_match", [None], [1.0]) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs=st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=1, max_size=50))
def test_bins_hold_every_answer_once(pairs: list[tuple[float, float]]) -> None:
    found = reliability("exact_match", [sure for sure, _ in pairs], [value for _, value in pairs])
    assert found is not None
    assert sum(each.answers for each in found.bins) == len(pairs)
    assert all(each.low - 1e-9 <= each.confidence <= each.high + 1e-9 for each in found.bins)
    assert 0 <= found.calibration_error <= 1
    assert found.coverage[-1].worth == pytest.approx(found.worth)


def test_the_worth_of_answers() -> None:
    texts, references = ["a b c d e", "a b c d x", "y"], [["a b c d e", "z"], ["a b c d e"], ["a b c d e"]]
    assert worth("exact_match", texts, references) == [1, 0, 0]
    assert worth("error_rate", texts, references) == [1, 0, 0]
    assert worth("wer", texts, references) == pytest.approx([1, 0.8, 0])
    first, second, third = worth("chrf", texts, references)
    assert first == 1 > second > third


@pytest.mark.parametrize(
    ("measures", "chosen"),
    [
        ((), "exact_match"),
        (("error_rate", "per"), "exact_match"),
        (("accuracy", "macro_f1"), "exact_match"),
        (("chrf", "exact_match"), "exact_match"),
        (("bleu", "chrf"), "bleu"),
        (("bleu:zh", "chrf"), "bleu:zh"),
        (("rougeL", "rouge1"), "rougeL"),
    ],
)
def test_what_a_confidence_is_about_follows_from_the_measures(measures: tuple[str, ...], chosen: str) -> None:
    assert chosen_measure(measures) == chosen


def test_a_calibration_is_read_as_it_was_written() -> None:
    calibration = made_up()
    assert Calibration.from_values(calibration.to_values(), "x") == calibration
    values = calibration.to_values()
    for broken in (
        {**values, "format": 2},
        {**values, "intercept": "far"},
        {**values, "intercept": math.inf},
        {**values, "weights": {**values["weights"], "luck": 1.0}},
        {name: value for name, value in values.items() if name != "figures"},
    ):
        with pytest.raises(ModelFolderError, match=r"(?s)confidence\.json: .*hint: calibrate the model again"):
            Calibration.from_values(broken, "confidence.json")


def test_a_calibration_belongs_to_a_search() -> None:
    calibration = made_up(SearchConfig(beam=3))
    assert calibration.mismatch(SearchConfig(beam=3, n_best=2, batch=1, max_source_length=9)) == ""
    said = calibration.mismatch(SearchConfig(beam=1, alpha=0.5))
    assert said == "search.beam is 1 and was 3, search.alpha is 0.5 and was 1.0"
    older = {name: value for name, value in calibration.search.items() if name != "alpha"}
    other = Calibration("exact_match", 0, calibration.weights, older, "", calibration.figures)
    assert other.mismatch(SearchConfig(beam=3)) == "", "a setting that is newer than the calibration has its default"
    assert other.mismatch(SearchConfig(beam=3, alpha=0.5)) == "search.alpha is 0.5 and was 1.0"


@pytest.mark.parametrize(("worth", "said"), [(0.0, "none of them is right"), (1.0, "all of them are right"), (0.5, "")])
def test_a_calibration_on_answers_that_are_all_alike_says_so(worth: float, said: str) -> None:
    found = made_up()
    sentence = replace(found, figures=replace(found.figures, worth=worth)).sentence()
    assert (", so that the confidences cannot tell right answers from wrong ones" in sentence) == bool(said)
    assert said in sentence
