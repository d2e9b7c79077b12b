"""Why a model answers as it does: what becomes of the answer when a part of the source is left out.

Leaving out is an explanation that holds for every network, as it asks the network itself (Li, Monroe & Jurafsky 2016,
«Understanding neural networks through representation erasure», equation 1); attention weights, which say where a
network looked, stand beside it (`Prediction.alignment`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.codecs import OF_PARTS
from seqloom.data import Source
from seqloom.errors import DataError
from seqloom.inference.predicting_model import PredictingModel
from seqloom.inference.tags import LEAST
from seqloom.prediction import Prediction
from seqloom.text.splitting import words_of


@dataclass(frozen=True)
class LeftOut:
    """One part of a source, the answer without it, and how much less likely that makes the first answer.

    `change` is the natural logarithm of the probability of the first answer without the part, minus that with it, so
    that it is negative where the part spoke for the answer; None where no probability is known.
    """

    part: str
    answer: str
    change: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        change = None if self.change is None else round(self.change, 4)
        return {"part": self.part, "answer": self.answer, "change": change}


@dataclass(frozen=True)
class Explanation:
    """The answer to a source, with its tokens and the attention where the network has one, and what leaving out does.

    `unit` says what the parts are: `word`, or `character` where the source is one word.
    """

    source: Source
    answer: Prediction
    unit: str
    without: tuple[LeftOut, ...]

    @property
    def looked_at(self) -> list[tuple[str, float]]:
        """Each source token with the mean of its attention weights over the answer; empty without attention."""
        if self.answer.alignment is None:
            return []
        return list(zip(self.answer.source_tokens, self.answer.alignment.mean(axis=0).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "source": self.source.text,
            "tags": list(self.source.tags),
            "answer": self.answer.to_json(),
            "unit": self.unit,
            "without": [each.to_json() for each in self.without],
        }


def explain(model: PredictingModel, source: str | Source) -> Explanation:
    """Answer a source, and answer it again without each of its words, or characters where it is one word.

    The network is asked even where an answer is known without it. Changes are of the label's probability, or of the
    log-probability of the written answer. Raises a `DataError` for a source of nothing but white
    space.
    """
    given = source if isinstance(source, Source) else Source(source)
    unit, parts = _parts(given.text)
    if not parts:
        raise DataError("there must be a text to explain, not white space alone")
    network = model.with_settings(["search.known_answers=none"])
    space = " " if unit == "word" else ""
    shorter = [Source(space.join([*parts[:row], *parts[row + 1 :]]), given.tags) for row in range(len(parts))]
    answer, *others = network.predict([given, *shorter], alignments=True)
    changes = _changes(network, answer, [answer, *others], [given, *shorter])
    return Explanation(
        given,
        answer,
        unit,
        tuple(LeftOut(part, other.text, change) for part, other, change in zip(parts, others, changes, strict=True)),
    )


def _parts(text: str) -> tuple[str, Sequence[str]]:
    """What is left out of a text in turn."""
    words = words_of(text)
    return ("word", words) if len(words) != 1 else ("character", list(words[0]))


def _changes(
    model: PredictingModel, answer: Prediction, answers: Sequence[Prediction], sources: Sequence[Source]
) -> list[float | None]:
    """How much less likely the first answer becomes with each source but the first."""
    kind = model.codecs.answer
    unknown: list[float | None] = [None] * (len(sources) - 1)
    if answer.probabilities and kind != "frame":
        likely = [_of_labels(answer.labels, each, several=kind == "labels") for each in answers]
    elif kind in OF_PARTS:  # what is left has no answer of the same parts
        return unknown
    else:
        likely = [each.log_prob for each in model.predictor.score([(each, answer.text) for each in sources])]
    return [each - likely[0] for each in likely[1:]]


def _of_labels(labels: Sequence[str], answer: Prediction, *, several: bool) -> float:
    """The log-probability of labels, and of no others where several may be right."""
    sure = [answer.probabilities.get(label, 0.0) for label in labels]
    if several:
        sure += [1 - value for label, value in answer.probabilities.items() if label not in labels]
    return math.fsum(math.log(max(value, LEAST)) for value in sure)
