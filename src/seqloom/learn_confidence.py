"""Calibrate a model: answer pairs whose right answers are known, and fit the confidence of answers to what they were
worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqloom.codecs import OF_WORDS, Labels
from seqloom.codecs.pair import TargetCodec
from seqloom.confidence import (
    AnyCalibration,
    Calibration,
    LabelCalibration,
    Reliability,
    evidence,
    fitted,
    fitted_labels,
    reliability,
    worth,
)
from seqloom.confidence.calibration import settings_of
from seqloom.data import Example, Source
from seqloom.errors import ConfigError
from seqloom.inference.predictor import Answering, Predictor
from seqloom.inference.tags import LEAST
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig


def learn_confidence(predictor: Predictor, examples: Sequence[Example], measure: str, data: str) -> AnyCalibration:
    """Answer the examples as the predictor does, and fit a calibration for its search to the answers.

    `measure` is the metric by which answers are worth something, `data` names the examples. Raises `DataError` if there
    are too few answers.
    """
    sources = [Source(example.source, example.tags) for example in examples]
    codec = predictor.codecs.target
    check_calibrates(codec)
    if isinstance(codec, Labels):
        return label_confidence(list(predictor.uncalibrated.predict(sources)), examples, codec, data)
    answers = list(predictor.predict(sources, details=True))
    return confidence_from(answers, examples, predictor.search, measure, data)


def check_calibrates(codec: TargetCodec) -> None:
    """Refuse answers that have tags, which have no confidence as a whole, with a `ConfigError`."""
    if codec.answer in OF_WORDS:
        raise ConfigError("a calibration is of whole answers, and each tag has a probability of its own, the model's")


def label_confidence(
    answers: Sequence[Prediction], examples: Sequence[Example], codec: Labels, data: str
) -> LabelCalibration:
    """Fit a temperature, and thresholds where there are several labels, to the answers of a model without calibration.

    Examples that the network did not answer are left out. Of several accepted targets the first counts.
    """
    known = [(answer, example) for answer, example in zip(answers, examples, strict=True) if answer.probabilities]
    several = codec.answer == "labels"
    places = {label: place for place, label in enumerate(codec.labels)}
    scores = np.empty((len(known), len(places)))
    given = np.zeros(scores.shape, bool)
    for row, (answer, example) in enumerate(known):
        probabilities = np.array([answer.probabilities[label] for label in codec.labels])
        odds = np.log(np.maximum(probabilities, LEAST))  # of one label as good as its scores
        scores[row] = odds - np.log(np.maximum(1 - probabilities, LEAST)) if several else odds
        for label in codec.parts(example.target):
            if label in places:
                given[row, places[label]] = True
    groups = [(example.source, example.tags) for _, example in known]
    return fitted_labels(scores, given, several=several, data=data, groups=groups)


def confidence_from(
    answers: Sequence[Prediction], examples: Sequence[Example], search: SearchConfig, measure: str, data: str
) -> Calibration:
    """Fit a calibration to answers that a search has found for the examples, with their details.

    Examples with an empty input are left out: nothing is searched for there.
    """
    known = [(answer, example) for answer, example in zip(answers, examples, strict=True) if answer.token_log_probs]
    values = worth(measure, [each.text for each, _ in known], [each.targets for _, each in known]) if known else []
    features = [
        evidence(each.token_log_probs, unread=each.cut or bool(each.unknown), at_limit=each.at_limit)
        for each, _ in known
    ]
    groups = [(example.source, example.tags) for _, example in known]
    return fitted(features, values, measure, settings_of(search), data=data, groups=groups)


def tested_confidence(
    predictor: Answering, answers: Sequence[Prediction], references: Sequence[Sequence[str]]
) -> Reliability | None:
    """Compare the confidences of answers with what the answers are worth; None where the predictor gives none."""
    calibration = predictor.calibration
    if calibration is None:
        return None
    values = worth(calibration.measure, [answer.text for answer in answers], references)
    return reliability(calibration.measure, [answer.confidence for answer in answers], values)
