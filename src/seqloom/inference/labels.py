"""Make predictions for each source of a batch by a network of labels: probabilities of all labels, and a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.codecs import Codecs, Labels
from seqloom.confidence import LabelCalibration
from seqloom.confidence.labels import log_probabilities
from seqloom.data.padding import padded_sources
from seqloom.errors import ConfigError
from seqloom.inference.engine import LabelEngine, LabelScores
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import EOS, SPECIAL_TOKENS


class LabelAnswers:
    """Answers batches of sources with labels; what is asked for is the same for all of them. Without an engine,
    predictions are made of what another one has found (`made`).

    With a `calibration` the probabilities are those of the scores divided by its temperature, so that they can be
    trusted, and answers get a confidence. `details` adds the source's tokens, and the alignment where the network
    weighs the positions of the source.
    """

    width = 1

    def __init__(
        self,
        engine: LabelEngine | None,
        codecs: Codecs,
        search: SearchConfig,
        *,
        prefix: str = "",
        details: bool = False,
        calibration: LabelCalibration | None = None,
    ) -> None:
        if prefix:
            raise ConfigError(
                f"an answer of this model is a label, which has no beginning of its own to be given: {prefix!r}",
                hint="leave the prefix out",
            )
        assert isinstance(codecs.target, Labels)  # which is why the answers are made here
        self._engine, self._tokenizer, self._codec = engine, codecs.source.tokenizer, codecs.target
        self._calibration, self.details, self._several = calibration, details, codecs.answer == "labels"
        if self._several and search.n_best > 1:
            raise ConfigError(
                f"n_best lists answers of which one is right, and several labels are one answer; it must be 1, not "
                f"{search.n_best}",
                hint="the probabilities of all labels are part of each answer",
            )
        self._count = search.n_best
        self._temperature = 1.0 if calibration is None else calibration.temperature
        given = () if calibration is None else calibration.thresholds
        self._thresholds = np.array(given or [0.5] * len(self._codec.labels))

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""
        assert self._engine is not None
        return self.made(sources, self._engine.labels(*padded_sources([each.ids for each in sources])))

    def made(self, sources: Sequence[ReadSource], found: LabelScores) -> list[Prediction]:
        """The predictions from what a network says of the sources."""
        scores = found.scores.astype(np.float64)
        own = log_probabilities(scores, several=self._several)
        sure = own if self._temperature == 1 else log_probabilities(scores / self._temperature, several=self._several)
        rows = zip(sources, own, np.exp(sure), strict=True)
        make = self._set if self._several else self._one
        weights = found.weights if self.details else None
        return [
            make(source, log_probs, probabilities, None if weights is None else weights[row, : len(source.ids) + 1])
            for row, (source, log_probs, probabilities) in enumerate(rows)
        ]

    def _one(
        self, source: ReadSource, log_probs: NDArray[Any], probabilities: NDArray[Any], weights: NDArray[Any] | None
    ) -> Prediction:
        """The most probable label; the next ones are its alternatives."""
        ranked = np.argsort(-log_probs, kind="stable")
        listed = self._listed(probabilities)
        best, *others = ranked[: self._count].tolist()
        alternatives = tuple(self._labelled((place,), log_probs[place], source) for place in others)
        confidence = None if self._calibration is None else float(probabilities[best])
        answer = self._labelled((best,), log_probs[best], source, weights)
        return replace(answer, probabilities=listed, confidence=confidence, alternatives=alternatives)

    def _set(
        self, source: ReadSource, log_probs: NDArray[Any], probabilities: NDArray[Any], weights: NDArray[Any] | None
    ) -> Prediction:
        """All labels whose probability reaches their threshold; labels count as independent of each other."""
        chosen = probabilities >= self._thresholds
        absent = np.log(-np.expm1(np.minimum(log_probs, -1e-300)))
        total = float(np.where(chosen, log_probs, absent).sum())
        sure = float(np.where(chosen, probabilities, 1 - probabilities).prod())
        answer = self._labelled(np.flatnonzero(chosen).tolist(), total, source, weights)
        confidence = None if self._calibration is None else sure
        return replace(answer, probabilities=self._listed(probabilities), confidence=confidence)

    def _listed(self, probabilities: NDArray[Any]) -> dict[str, float]:
        """The probability of every label, the most probable first."""
        order = np.argsort(-probabilities, kind="stable").tolist()
        return {self._codec.labels[place]: float(probabilities[place]) for place in order}

    def _labelled(
        self, places: Sequence[int], log_prob: float, source: ReadSource, weights: NDArray[Any] | None = None
    ) -> Prediction:
        labels = tuple(self._codec.labels[place] for place in places)
        answer = Prediction(
            self._codec.written(labels), float(log_prob), labels=labels, cut=source.cut, unknown=source.unknown
        )
        if not self.details:
            return answer
        return replace(
            answer,
            source_tokens=(*source.tokens(self._tokenizer), SPECIAL_TOKENS[EOS]),
            target_tokens=(answer.text,),
            token_log_probs=(float(log_prob),),
            alignment=None if weights is None else weights[None].copy(),
        )
