"""Confidence: the probability that an answer is right, learned from answers to data whose right answers are known.

    evidence(token_log_probs, ...)     what the search knows about its answer, as six numbers
    Calibration.confidence(evidence)   the probability, from 0 to 1
    fitted(evidences, values, ...)     a calibration learned from answers and from what each of them was worth
    reliability(confidences, values)   how far confidences can be trusted: calibration error, Brier score, coverage
    LabelProbabilities                 probabilities of labels beside the right ones: log loss, Brier score, AUROC

A model's own probability of its answer is no such probability: networks are trained to be sure or, with label
smoothing, never to be sure (Guo et al. 2017, "On calibration of modern neural networks"). A logistic regression of few
coefficients corrects it (Platt 1999, "Probabilistic outputs for support vector machines"), and the probabilities of
labels one temperature (`confidence.labels`). It lies in the model folder,
and every runtime computes it from what a search returns anyway. This package does not need torch.
"""

from __future__ import annotations

from seqloom.confidence.calibration import Calibration
from seqloom.confidence.evidence import Evidence, evidence
from seqloom.confidence.fitting import fitted
from seqloom.confidence.labels import LabelCalibration, fitted_labels
from seqloom.confidence.probabilities import LabelProbabilities
from seqloom.confidence.quality import chosen_measure, worth
from seqloom.confidence.reliability import Reliability, reliability

AnyCalibration = Calibration | LabelCalibration
"""The calibration of a model, whatever it answers with."""

__all__ = [
    "AnyCalibration",
    "Calibration",
    "Evidence",
    "LabelCalibration",
    "LabelProbabilities",
    "Reliability",
    "chosen_measure",
    "evidence",
    "fitted",
    "fitted_labels",
    "reliability",
    "worth",
]
