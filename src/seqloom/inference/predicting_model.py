"""The base class of loaded models (`Model`, `RuntimeModel`): predict, stream, change settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, Self

from seqloom.codecs import Codecs
from seqloom.config import Settings, build, laid_over, merged
from seqloom.data import DataConfig, Source
from seqloom.data.tagging import check_known
from seqloom.errors import ConfigError
from seqloom.inference.predictor import WINDOW, Predictor
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig
from seqloom.text import Tokenizer


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

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """A copy with some sections replaced by others, which have been checked."""


class PredictingModel(ABC):
    """A model that predicts lines, whatever engine runs its network."""

    codecs: Codecs
    config: Configuration

    @property
    @abstractmethod
    def predictor(self) -> Predictor:
        """The model at work."""

    @abstractmethod
    def _checked(self, values: dict[str, Any]) -> Configuration:
        """The configuration with these plain values of all sections; raises an error for one that cannot be changed."""

    @abstractmethod
    def _with_config(self, config: Any) -> Self:
        """The same model under another configuration, which has been checked."""

    @property
    def source_tokenizer(self) -> Tokenizer:
        """How the text of a source becomes ids."""
        return self.codecs.source.tokenizer

    @property
    def target_tokenizer(self) -> Tokenizer:
        """How ids become the text of an answer."""
        return self.codecs.target.tokenizer

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
        """The same model with other settings of search, evaluation or data; where `n_best` is wider, so is the beam.

        Settings of the search alone take some microseconds, so that a server can give each request its own.
        """
        settings = settings if isinstance(settings, Mapping | str) else list(settings)
        given = laid_over({}, settings)
        changes = {name: value for name, value in (("beam", beam), ("n_best", n_best)) if value is not None}
        if not given and not changes:
            return self
        if isinstance(n_best, int) and beam is None and n_best > self.config.search.beam:
            changes["beam"] = n_best
        asked = given.get("search", {})
        if given.keys() <= {"search"} and isinstance(asked, Mapping):
            search = _changed(self.config.search.model_dump(), asked, changes)
            checked = build(SearchConfig, search, within="search")
            return self._with_config(self.config.model_copy(update={"search": checked}))
        values = laid_over(self.config.model_dump(), settings)
        if isinstance(values["search"], Mapping):
            values["search"] = _changed(values["search"], {}, changes)
        config = self._checked(values)
        if config.data.reverse_target != self.config.data.reverse_target:
            raise ConfigError(
                f"data.reverse_target is fixed when a model is trained: this model writes its answers from their "
                f"{'end' if self.config.data.reverse_target else 'beginning'}",
                hint="change it for seqloom train",
            )
        if config.data.fixed_tags != self.config.data.fixed_tags:
            check_known(config.data.fixed_tags, self.source_tokenizer.tags)
        return self._with_config(config)


def _changed(search: Mapping[str, Any], asked: Mapping[str, Any], changes: Mapping[str, int]) -> dict[str, Any]:
    """Plain settings of the search with others laid over them, and with a beam and a number of answers that fit."""
    values = merged(merged(search, asked), changes)
    beam, several = changes.get("beam"), values["n_best"]
    if isinstance(beam, int) and isinstance(several, int) and "n_best" not in changes:
        values["n_best"] = min(several, beam)
    return values
