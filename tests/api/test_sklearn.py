"""The estimator of scikit-learn: cloned, searched over, in a pipeline, pickled, and checked by scikit-learn."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from seqloom.errors import ConfigError, DataError
from seqloom.sklearn import SequenceEstimator
from toy import SETTINGS, copied

QUICK = {name: value for name, value in SETTINGS.items() if name not in ("plan.effort", "training.epochs")}
SOURCES, TARGETS = map(list, zip(*copied(300), strict=True))


CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_valid_tag_types",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
)
"""The checks of scikit-learn that fit nothing. The others give arrays of numbers, which is no text to learn from."""


def estimator(**parameters: Any) -> SequenceEstimator:
    return SequenceEstimator(
        **{"epochs": 6, "effort": "none", "settings": QUICK, "metric": "exact_match", **parameters}
    )


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learn_checks_it(name: str) -> None:
    getattr(estimator_checks, name)("SequenceEstimator", SequenceEstimator())


def test_scikit_learn_runs_none_of_its_checks_of_numbers() -> None:
    """The tags say that the input is text in one dimension; every check that fits an estimator gives numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        estimator_checks.check_estimator(SequenceEstimator())


@pytest.fixture(scope="module")
def fitted() -> SequenceEstimator:
    return estimator(random_state=3).fit(SOURCES, np.array(TARGETS))


def test_it_is_fitted_predicts_and_scores(fitted: SequenceEstimator) -> None:
    answers = fitted.predict(["abc", "d"])
    assert answers.shape == (2,)
    assert answers.dtype == np.dtype(object)
    assert list(answers) == [answer.text for answer in fitted.model_.predict(["abc", "d"])]
    assert fitted.model_.config.training.seed == 3
    (score,) = fitted.model_.evaluate(copied(40, 3), metrics="exact_match").scores
    sources, targets = zip(*copied(40, 3), strict=True)
    assert fitted.score(sources, targets) == pytest.approx(score.value)
    rate = clone(fitted).set_params(metric="cer")
    rate.model_ = fitted.model_
    assert rate.score(sources, targets) <= 0


def test_it_is_pickled_with_its_model_as_files(fitted: SequenceEstimator) -> None:
    held = pickle.dumps(fitted)
    again = pickle.loads(held)
    assert again.get_params() == fitted.get_params()
    assert list(again.predict(["abc", "ba"])) == list(fitted.predict(["abc", "ba"]))
    assert b"torch" not in held.split(b"model_files")[0]
    state = fitted.__getstate__()
    state["model_files"] = {"../outside": b""}
    with pytest.raises(DataError, match="must lie in its folder"):
        SequenceEstimator().__setstate__(state)


def test_it_can_be_cloned_and_searched_over_in_a_pipeline() -> None:
    few, wanted = SOURCES[:60], TARGETS[:60]
    assert clone(estimator()).get_params() == estimator().get_params()
    scores = cross_val_score(estimator(epochs=1), few, wanted, cv=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, estimator(epochs=1))
    search = GridSearchCV(pipeline, {"sequenceestimator__epochs": [1, 2]}, cv=2).fit(few, wanted)
    assert search.best_params_["sequenceestimator__epochs"] in (1, 2)
    assert len(search.predict(["ABC"])) == 1


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(NotFittedError, match="not fitted yet: call fit"):
        SequenceEstimator().predict(["a"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        estimator().fit(["a"], ["b", "c"])
    with pytest.raises(DataError, match="must be texts in one dimension"):
        estimator().fit(np.zeros((3, 2)), ["a", "b", "c"])
    with pytest.raises(DataError, match="the source must be text, not int 3"):
        estimator().fit([3], ["a"])
    with pytest.raises(ConfigError, match="epochs= and the settings both give"):
        estimator(settings={"training.epochs": 1}).fit(["a"], ["b"])
