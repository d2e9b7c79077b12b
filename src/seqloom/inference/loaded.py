"""What every loaded model can do, with torch or without: answer lines, under settings of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self

from seqloom.config import Settings, laid_over, merged
from seqloom.data import DataConfig, Source
from seqloom.inference.predictor import WINDOW, Predictor
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig


class Configuration(Protocol):
    """Settings, those of data and search among them."""

    @property
    def data(self) -> DataConfig:
        """How inputs are read."""

    @property
    def search(self) -> SearchConfig:
        """How predictions are found."""

    def model_dump(self) -> dict[str, Any]:
        """Plain values."""


class Answers(ABC):
    """A model that predicts lines."""

    config: Configuration

    @property
    @abstractmethod
    def predictor(self) -> Predictor:
        """The model at work."""

    @abstractmethod
    def _configured(self, values: dict[str, Any]) -> Self:
        """The same model under other settings, all of them given as plain values."""

    def predict(
        self,
        lines: Iterable[str | Source] | str | Source,
        *,
        beam: int | None = None,
        n_best: int | None = None,
        alignments: bool = False,
        prefix: str = "",
    ) -> list[Prediction]:
        """One prediction for each line; a line alone may be given without a list.

        `alignments` adds tokens, their log-probabilities and the attention weights; every output begins with `prefix`.
        """
        if isinstance(lines, str | Source):
            lines = [lines]
        chosen = self.with_settings(beam=beam, n_best=n_best)
        return list(chosen.stream(lines, alignments=alignments, prefix=prefix))

    def stream(
        self, lines: Iterable[str | Source], *, alignments: bool = False, prefix: str = "", window: int = WINDOW
    ) -> Iterator[Prediction]:
        """Predictions in order while lines are still being read, `window` at a time: memory stays bounded."""
        return self.predictor.predict(lines, details=alignments, prefix=prefix, window=window)

    def with_settings(self, settings: Settings = (), *, beam: int | None = None, n_best: int | None = None) -> Self:
        """The same model with other settings of search, evaluation or data; where `n_best` is wider, so is the beam."""
        search = self.config.search
        if isinstance(n_best, int) and beam is None and n_best > search.beam:
            beam = n_best
        changes = {name: value for name, value in (("beam", beam), ("n_best", n_best)) if value is not None}
        values = merged(laid_over(self.config.model_dump(), settings), {"search": changes} if changes else {})
        if isinstance(beam, int) and n_best is None:
            values["search"]["n_best"] = min(values["search"]["n_best"], beam)
        return self._configured(values)
