"""Calibrate the model of a finished run on its answers to the dev data, so that its answers have a confidence."""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.codecs import Labels
from seqloom.confidence import AnyCalibration, chosen_measure
from seqloom.confidence.fitting import FEWEST
from seqloom.errors import SeqloomError
from seqloom.learn_confidence import check_calibrates, confidence_from, label_confidence
from seqloom.prediction import Prediction
from seqloom.training.setup import Prepared

DATA = "the dev data of the training, which also chose the weights"


def calibrated(prepared: Prepared, answers: Sequence[Prediction]) -> tuple[AnyCalibration | None, str]:
    """Return the calibration of the model's current weights, and a sentence about it or about why there is none.

    It is fitted to the model's `answers` (with details) to the dev examples that are decoded for metrics, found with
    the search that the model will answer with. The first process fits. Without decoded dev examples there is neither.
    """
    count, search = len(prepared.dev_examples), prepared.config.search
    if not count:
        return None, ""
    if count < FEWEST:
        return None, (
            f"answers have no confidence: {count} dev answers are too few to calibrate it, {FEWEST} are needed; "
            "seqloom calibrate does it on other data"
        )
    codec = prepared.codecs.target
    measure = chosen_measure(prepared.config.measures)

    def fit() -> tuple[AnyCalibration | None, str]:
        try:
            check_calibrates(codec)
            if isinstance(codec, Labels):
                return _said(label_confidence(answers, prepared.dev_examples, codec, DATA))
            found = confidence_from(answers, prepared.dev_examples, search, measure, DATA)
        except SeqloomError as error:  # the model is worth keeping without
            return None, f"answers have no confidence: {error.message}"
        return _said(found)

    return prepared.group.from_first(fit)


def _said(found: AnyCalibration) -> tuple[AnyCalibration, str]:
    return found, found.sentence()
