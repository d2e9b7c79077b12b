"""What all combinations have in common: they answer, change settings, and are evaluated, as a model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from seqloom.codecs import Codecs
from seqloom.combining.choice import ChosenPrediction
from seqloom.combining.settings import CombinationSettings
from seqloom.config import Settings
from seqloom.data import Source, inputs_as_sources
from seqloom.loading import load
from seqloom.measured_model import MeasuredModel, Pairs
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks

if TYPE_CHECKING:
    from seqloom.evaluation import Evaluation, Watch
    from seqloom.inference.predictor import PairScore

WINDOW = 256
"""Inputs whose candidates are collected before the first of them is answered."""
Models = Mapping[str, MeasuredModel] | Sequence[MeasuredModel | str | Path]
"""Models by name, or models and model folders. Models without a name are called "model 1", "model 2" and so on."""


@dataclass(frozen=True)
class Combination(ABC):
    """Answers inputs by choosing among candidates. It is a value: other settings make another combination."""

    models: tuple[MeasuredModel, ...]
    settings: CombinationSettings
    changed: tuple[str, ...] = ()
    """Names of models that are no longer those with which the combination was written."""

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
    def first(self) -> MeasuredModel:
        """The model whose settings say how data are read, how many answers are wanted, and what measures them."""
        return self.models[0]

    @property
    def config(self) -> Any:
        """The configuration of the first model."""
        return self.first.config

    @property
    def predictor(self) -> CombinedPredictor:
        """The combination at work."""
        return CombinedPredictor(self)

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

    def evaluate(
        self, data: Pairs, *, metrics: str | Sequence[str] | None = None, watch: Watch | None = None
    ) -> Evaluation:
        """Figures on pairs or files of pairs, as `Model.evaluate` gives them.

        Data are read, and metrics chosen, as the first model says. Loss and perplexity are those of the first model,
        because a choice among answers has none of its own; a remark says so.
        """
        measured = self.first.evaluate(data, metrics=metrics, by=self.predictor, watch=watch)
        remarks = ChoiceRemarks.on(self)
        for each in measured.predictions:
            remarks.add(each)
        own = set(measured.remarks.sentences())
        said = [sentence for sentence in remarks.sentences() if sentence not in own]
        alone = "loss and perplexity are those of the first model alone"
        return replace(measured, reading=(*measured.reading, *said, alone), unsure="")


class CombinedPredictor:
    """A combination at work, in the place of a `Predictor`; loss and codecs are those of the first model."""

    calibration: None = None
    """Answers have no confidence: a calibration knows only answers that one model chose by itself."""
    unsure = "answers of a combination have no confidence: a model is calibrated for answers that it chose by itself"

    def __init__(self, combination: Combination) -> None:
        self._combination, self._scorer = combination, combination.first.predictor

    @property
    def codecs(self) -> Codecs:
        """The codecs of the first model."""
        return self._scorer.codecs

    def predict(self, lines: Iterable[str | Source], *, window: int = WINDOW) -> Iterator[Prediction]:
        """One prediction a line, in order, for `window` lines at a time."""
        return self._combination.stream(lines, window=window)

    def answer(self, sources: Sequence[Source]) -> list[Prediction]:
        """One prediction for each source, in order."""
        return self._combination.answer(sources)

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        """The first model's log-probability of each given target."""
        return self._scorer.score(pairs)


@dataclass
class ChoiceRemarks(Remarks):
    """What a user should know about answers, and about how a combination has chosen them, if they are of one."""

    chosen: list[str] = field(default_factory=list)
    """How answers were chosen, as sentences."""
    strange: Counter[str] = field(default_factory=Counter)
    """How many answers have symbols that a model cannot write, by its name."""

    @classmethod
    def on(cls, answering: object) -> Self:
        """Remarks on the answers of a model or of a combination."""
        return cls(chosen=answering.sentences() if isinstance(answering, Combination) else [])

    def add(self, prediction: Prediction) -> None:
        """Count one more prediction."""
        super().add(prediction)
        if isinstance(prediction, ChosenPrediction):
            self.strange.update(prediction.choice.unwritable.keys())

    def sentences(self) -> list[str]:
        """How answers were chosen, and a sentence for each kind of remark."""
        strange = [
            f"{count:,} {'answer has' if count == 1 else 'answers have'} symbols that {name} cannot write, for which "
            "its log-probability counts the unknown token"
            for name, count in self.strange.items()
        ]
        return [*self.chosen, *super().sentences(), *strange]


def named(models: Models) -> dict[str, MeasuredModel]:
    """Models by name; folders are loaded."""
    found = dict(models) if isinstance(models, Mapping) else _loaded(models)
    for name, model in found.items():
        model.codecs.refuse_tags("a combination of models", name)
    return found


def _loaded(models: Sequence[MeasuredModel | str | Path]) -> dict[str, MeasuredModel]:
    return {
        (str(each) if isinstance(each, str | Path) else f"model {number}"): (
            load(each) if isinstance(each, str | Path) else each
        )
        for number, each in enumerate(models, start=1)
    }


def is_blank(source: Source) -> bool:
    """Whether there is nothing to answer: an empty text, or white space alone."""
    return not source.text.strip()
