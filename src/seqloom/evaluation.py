"""How good predictions are: figures with their conventions, loss by teacher forcing, the worst examples.

examples = read_evaluation(["test.tsv"], data)
result = evaluate(predictor, examples, EvaluationConfig(metrics=("bleu", "chrf")))
compare_models(result, other)             paired bootstrap on the same examples
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from seqloom.config import Section
from seqloom.data import DataConfig, Example, ReadReport, Source, group_by_source, read_examples
from seqloom.errors import ConfigError, DataError
from seqloom.metrics import Comparison, Score, choose_metrics, compare, compute, metric, worst
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks

if TYPE_CHECKING:
    from seqloom.inference import Predictor


class EvaluationConfig(Section):
    """How predictions are judged."""

    metrics: tuple[str, ...] = ()
    """Names of measures, the main one first; empty chooses by what the targets look like."""
    worst: int = Field(default=5, ge=0)
    """How many of the worst examples are listed."""
    limit: int = Field(default=0, ge=0)
    """Judge only so many examples, from the first; 0 is all."""
    samples: int = Field(default=1000, ge=1)
    """Resamplings when two models are compared."""

    @field_validator("metrics")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                metric(name)
            except ConfigError as error:
                raise ValueError(f"{error.message}; {error.hint}") from None
        return names


@dataclass(frozen=True)
class BadAnswer:
    """An example the model does badly on; `value` is the main measure's figure for it alone."""

    source: str
    prediction: str
    references: tuple[str, ...]
    value: float
    where: str

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {**vars(self), "references": list(self.references)}


@dataclass(frozen=True)
class Evaluation:
    """What was measured on `examples`.

    `loss` is the mean negative log-likelihood in nats of a target token, end marks counted, under teacher forcing (of
    several accepted targets, the first); `seconds` is the time it took to find the predictions.
    """

    scores: tuple[Score, ...]
    loss: float
    tokens: int
    seconds: float
    worst: tuple[BadAnswer, ...]
    examples: tuple[Example, ...]
    predictions: tuple[Prediction, ...]

    @property
    def count(self) -> int:
        """Number of examples."""
        return len(self.examples)

    @property
    def perplexity(self) -> float:
        """e to the loss per token."""
        return math.exp(min(self.loss, 700.0))

    @property
    def texts(self) -> list[str]:
        """The predicted texts."""
        return [prediction.text for prediction in self.predictions]

    @property
    def references(self) -> list[tuple[str, ...]]:
        """The accepted targets of each example."""
        return [example.targets for example in self.examples]

    @property
    def remarks(self) -> Remarks:
        """What is to be said of the answers as a whole."""
        return Remarks.of(self.predictions)

    def __getitem__(self, name: str) -> float:
        """The figure of a measure, or `loss` or `perplexity`."""
        figures = {score.name: score.value for score in self.scores}
        return {"loss": self.loss, "perplexity": self.perplexity, **figures}[name]

    def to_json(self, *, predictions: bool = False) -> dict[str, Any]:
        """Plain values for a JSON file; with `predictions`, also every input with its answer."""
        values = {
            "scores": [score.to_json() for score in self.scores],
            "loss": self.loss,
            "perplexity": self.perplexity,
            "count": self.count,
            "tokens": self.tokens,
            "seconds": round(self.seconds, 3),
            "worst": [answer.to_json() for answer in self.worst],
            "remarks": self.remarks.to_json(),
        }
        if predictions:
            pairs = zip(self.examples, self.predictions, strict=True)
            values["predictions"] = [
                {"source": example.source, "references": list(example.targets), "prediction": answer.text}
                for example, answer in pairs
            ]
        return values


def read_evaluation(entries: Iterable[str], data: DataConfig, report: ReadReport | None = None) -> list[Example]:
    """The examples of some files, those with one source joined where the data say so."""
    report = ReadReport(data.on_bad_line) if report is None else report
    examples = read_examples(entries, data, report)
    return group_by_source(examples) if data.group_by_source else list(examples)


def evaluate(
    predictor: Predictor,
    examples: Sequence[Example],
    config: EvaluationConfig = EvaluationConfig(),  # noqa: B008 - a frozen value
) -> Evaluation:
    """Predict every example, measure the answers, and take the loss of the first accepted target of each."""
    chosen = tuple(examples[: config.limit or None])
    if not chosen:
        raise DataError("there must be at least one example to evaluate, not none")
    names = config.metrics or choose_metrics([example.target for example in chosen])
    sources = [Source(example.source, example.tags) for example in chosen]
    began = time.perf_counter()
    predictions = tuple(predictor.predict(sources))
    seconds = time.perf_counter() - began
    nll, tokens = 0.0, 0
    targets = [example.target for example in chosen]
    for scored in predictor.score(zip(sources, targets, strict=True)):
        nll -= scored.log_prob
        tokens += scored.tokens
    texts = [prediction.text for prediction in predictions]
    references = [example.targets for example in chosen]
    return Evaluation(
        scores=tuple(compute(names, texts, references)),
        loss=nll / max(1, tokens),
        tokens=tokens,
        seconds=seconds,
        worst=tuple(_worst(names[0], texts, chosen, config.worst)),
        examples=chosen,
        predictions=predictions,
    )


def compare_models(first: Evaluation, second: Evaluation, *, samples: int = 1000, seed: int = 0) -> list[Comparison]:
    """For each measure of the first evaluation, whether the second model truly differs (paired bootstrap)."""
    if first.examples != second.examples:
        raise DataError("two models are compared on the same examples")
    return [
        compare(score.name, first.texts, second.texts, first.references, samples=samples, seed=seed)
        for score in first.scores
    ]


def _worst(name: str, texts: Sequence[str], examples: Sequence[Example], count: int) -> list[BadAnswer]:
    found = worst(name, texts, [example.targets for example in examples], count)
    return [
        BadAnswer(
            examples[each.index].source, each.prediction, each.references, each.value, str(examples[each.index].origin)
        )
        for each in found
    ]
