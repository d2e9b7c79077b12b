"""Calibrate a model: answer pairs whose right answers are known, and fit the confidence of answers to what they were
worth."""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.confidence import Calibration, Reliability, evidence, fitted, reliability, worth
from seqloom.confidence.calibration import settings_of
from seqloom.data import Example, Source
from seqloom.inference.predictor import Answering, Predictor
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig


def learn_confidence(predictor: Predictor, examples: Sequence[Example], measure: str, data: str) -> Calibration:
    """Answer the examples as the predictor does, and fit a calibration for its search to the answers.

    `measure` is the metric by which answers are worth something, `data` names the examples. Raises `DataError` if there
    are too few answers.
    """
    sources = [Source(example.source, example.tags) for example in examples]
    answers = list(predictor.predict(sources, details=True))
    return confidence_from(answers, examples, predictor.search, measure, data)


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
