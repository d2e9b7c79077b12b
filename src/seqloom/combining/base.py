"""What all combinations have in common: they answer, change settings, and are evaluated, as a model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from seqloom.codecs import Codecs
from seqloom.combining.choice import unwritable, unwritable_in_words
from seqloom.combining.settings import CombinationSettings
from seqloom.config import Settings
from seqloom.data import Source, inputs_as_sources
from seqloom.inference.predicting_model import PredictingModel
from seqloom.loading import load
from seqloom.prediction import Prediction

if TYPE_CHECKING:
    from seqloom.api import Model, Pairs
    from seqloom.evaluation import Evaluation
    from seqloom.inference.predictor import PairScore

WINDOW = 256
"""Inputs whose candidates are collected before the first of them is answered."""
Models = Mapping[str, PredictingModel] | Sequence[PredictingModel | str | Path]
"""Models by name, or models and model folders. Models without a name are called "model 1", "model 2" and so on."""


@dataclass(frozen=True)
class Combination(ABC):
    """Answers inputs by choosing among candidates. It is a value: other settings make another combination."""

    models: tuple[PredictingModel, ...]
    settings: CombinationSettings
    changed: tuple[str, ...] = ()
    """Names of models that are no longer those with which the combination was written."""

    calibration: ClassVar[None] = None
    """Answers have no confidence: a calibration knows only answers that one model chose by itself."""
    unsure: ClassVar[str] = (
        "answers of a combination have no confidence: models are calibrated for answers that they choose by themselves"
    )

    @abstractmethod
    def answer(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Prediction]:
        """One prediction for each source, in order; a source of white space alone gets an empty one."""

    @abstractmethod
    def how(self) -> list[str]:
        """How answers are chosen, as sentences."""

    def sentences(self) -> list[str]:
        """How answers are chosen, and which models have changed, as sentences for a user."""
        return [
            *self.how(),
            *(f"{name} has been trained anew since the combination was written" for name in self.changed),
        ]

    @property
    def first(self) -> PredictingModel:
        """The model whose settings say how data are read, how many answers are wanted, and what measures them."""
        return self.models[0]

    @property
    def config(self) -> Any:
        """The configuration of the first model."""
        return self.first.config

    def to_json(self) -> dict[str, Any]:
        """The settings as plain values for a JSON file."""
        return self.settings.model_dump(mode="json", exclude_none=True)

    def with_settings(self, settings: Settings = (), *, beam: int | None = None, n_best: int | None = None) -> Self:
        """The same combination with other settings of search, evaluation or data in each of its models."""
        given = settings if isinstance(settings, Mapping | str) else list(settings)
        return replace(self, models=tuple(each.with_settings(given, beam=beam, n_best=n_best) for each in self.models))

    def predict(
        self, lines: Iterable[str | Source] | str | Source, *, alignments: bool = False, prefix: str = ""
    ) -> list[Prediction]:
        """One prediction for each line, as `Model.predict` gives it; each says in `choice` why it was chosen."""
        lines = [lines] if isinstance(lines, str | Source) else lines
        return list(self.stream(lines, alignments=alignments, prefix=prefix))

    def stream(
        self, lines: Iterable[str | Source], *, alignments: bool = False, prefix: str = "", window: int = WINDOW
    ) -> Iterator[Prediction]:
        """Predictions in order while lines are still being read, `window` at a time, but at most 256."""
        sources = iter(inputs_as_sources(lines))
        while chunk := list(islice(sources, min(window, WINDOW))):
            yield from self.answer(chunk, details=alignments, prefix=prefix)

    def evaluate(self, data: Pairs, *, metrics: str | Sequence[str] | None = None) -> Evaluation:
        """Figures on pairs or files of pairs, as `Model.evaluate` gives them.

        Data are read, and metrics chosen, as the first model says. Loss and perplexity are those of the first model,
        because a choice among answers has none of its own; a remark says so. They need PyTorch.
        """
        model: Model = self.first  # type: ignore[assignment]  # a model without PyTorch refuses in words
        measured = model.evaluate(data, metrics=metrics, by=_Answering(self, model))
        lost = Counter(name for answer in measured.predictions for name in unwritable(answer))
        alone = "loss and perplexity are those of the first model alone"
        said = [*self.sentences(), alone, *unwritable_in_words(lost)]
        return replace(measured, reading=(*measured.reading, *said))


class _Answering:
    """A combination in the place of a predictor."""

    def __init__(self, combination: Combination, model: Model) -> None:
        self._combination, self._scorer = combination, model.predictor

    calibration: None = None
    unsure: str = ""

    @property
    def codecs(self) -> Codecs:
        return self._scorer.codecs

    def predict(self, lines: Iterable[str | Source]) -> Iterator[Prediction]:
        return self._combination.stream(lines)

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        return self._scorer.score(pairs)


def named(models: Models) -> dict[str, PredictingModel]:
    """Models by name; folders are loaded."""
    if isinstance(models, Mapping):
        return dict(models)
    return {
        (str(each) if isinstance(each, str | Path) else f"model {number}"): (
            load(each) if isinstance(each, str | Path) else each
        )
        for number, each in enumerate(models, start=1)
    }


def is_blank(source: Source) -> bool:
    """Whether there is nothing to answer: an empty text, or white space alone."""
    return not source.text.strip()
