"""What models of both engines have in common besides predicting: scores of given targets, evaluation, calibration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from seqloom.confidence import AnyCalibration, chosen_measure
from seqloom.config import build
from seqloom.data import Example, ReadReport, Source, given_files, pairs_as_examples
from seqloom.data.given import given_examples
from seqloom.evaluation import Evaluation, Watch, evaluate, read_evaluation
from seqloom.evaluation_config import EvaluationConfig
from seqloom.evenly import evenly
from seqloom.inference.predicting_model import Configuration, PredictingModel
from seqloom.inference.predictor import Answering, PairScore
from seqloom.learn_confidence import learn_confidence


class Table(Protocol):
    """A table that hands over its columns by Arrow's C stream: a frame of pandas or polars, a table of pyarrow."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        """A capsule with the stream."""


Pair = tuple[str, str] | Example
Pairs = str | Path | Sequence[Pair] | Sequence[str | Path]
Data = Pairs | Iterable[Pair | Mapping[str, Any]] | Table
"""Files of pairs, pairs, records, or a table: what `seqloom.train` and `Model.evaluate` take."""


class MeasuredConfiguration(Configuration, Protocol):
    """Settings, those of evaluations among them."""

    @property
    def evaluation(self) -> EvaluationConfig:
        """How predictions are evaluated."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The metrics that predictions are evaluated by, the main one first; empty where they are to be chosen."""


class MeasuredModel(PredictingModel):
    """A model whose answers and probabilities can be measured, whatever engine runs its network."""

    config: MeasuredConfiguration
    calibration: AnyCalibration | None

    def score(self, pairs: Data) -> Iterator[PairScore]:
        """How likely the model holds each target to be, given its source; natural logarithms."""
        self._check_measurable()
        examples = self._examples(pairs)
        return self.predictor.score((Source(example.source, example.tags), example.target) for example in examples)

    def evaluate(
        self,
        data: Data,
        *,
        source: str = "",
        target: str = "",
        tags: str = "",
        metrics: str | Sequence[str] | None = None,
        by: Answering | None = None,
        watch: Watch | None = None,
    ) -> Evaluation:
        """Figures on pairs, on a table of pairs, or on files of pairs that are read as the training files were.

        `source`, `target` and `tags` name columns, as for `seqloom.train`; without them, those of the training data
        are taken. `metrics` are names, or one text with commas between them; without them, the model is judged as in
        training. `by` answers instead of the model, where it only has a part in the answers. `watch` is called with
        what is being done, and how many of how many examples are done.
        """
        self._check_measurable()
        names = metrics or self.config.measures
        settings = build(EvaluationConfig, {**self.config.evaluation.model_dump(), "metrics": names})
        report = ReadReport(self.config.data.on_bad_line)
        columns = {name: given for name, given in {"source": source, "target": target, "tags": tags}.items() if given}
        examples = given_examples(data, self.config.data.replace(**columns), report)
        found = evaluate(by or self.predictor, examples, settings, watch)
        return replace(found, reading=(*report.sentences(), *found.reading))

    def with_confidence(self, pairs: Data, *, metric: str = "", limit: int = 0) -> Self:
        """The same model, calibrated: its answers have a `confidence`, the probability that they are right.

        It is fitted to the model's answers to these pairs, or to at most `limit` of them, evenly spaced. They should be
        pairs that the model was not trained on, such as a dev set. `metric` is what an answer is worth something by:
        without it exact match, or the model's main metric where that is one of sentences, such as BLEU. The confidence
        holds for the model's settings of search. Raises `DataError` if there are fewer than 20 answers.
        """
        self._check_measurable()
        examples = given_examples(pairs, self.config.data, ReadReport(self.config.data.on_bad_line))
        chosen = examples if not limit else [examples[row] for row in evenly(len(examples), limit)]
        name = ", ".join(given_files(pairs)) or "pairs given in Python"
        measure = metric or chosen_measure(self.config.measures)
        return self._with_calibration(learn_confidence(self.predictor, chosen, measure, name))

    @abstractmethod
    def _with_calibration(self, calibration: AnyCalibration) -> Self:
        """The same model with another calibration."""

    @abstractmethod
    def _check_measurable(self) -> None:
        """Raise an error where pairs cannot be read, or answers not measured, as in training."""

    def _examples(self, data: Data) -> Iterable[Example]:
        """The examples that are given, those with the same source apart."""
        if files := given_files(data):
            return read_evaluation(files, self.config.data.replace(group_by_source=False))
        return pairs_as_examples(data, ReadReport(self.config.data.on_bad_line), config=self.config.data)
