"""The base class of loaded models (`Model`, `RuntimeModel`): predict, stream, change settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from seqloom.codecs import OF_WORDS, Codecs
from seqloom.config import Settings, build, laid_over, merged
from seqloom.data import DataConfig, Example, ReadReport, Source, given_files, pairs_as_examples, read_examples
from seqloom.data.python_pairs import described
from seqloom.data.tagging import check_known
from seqloom.errors import ConfigError, DataError
from seqloom.inference.predictor import WINDOW, Predictor
from seqloom.lexicon import KnownAnswers, added, memorised, weighted_examples
from seqloom.lexicon.memorising import MIN_COUNT, MIN_SHARE, counted
from seqloom.prediction import Prediction, Predictions
from seqloom.search import SamplingConfig, SearchConfig
from seqloom.search.config import OF_LABELS
from seqloom.text import Tokenizer

Pairs = str | Path | Iterable[tuple[str, str] | Example] | Sequence[str | Path]
"""Pairs, or files of them."""
Exceptions = Pairs | Iterable[tuple[Any, ...] | Example]
"""Pairs, some of them with a weight as a third part, or files of them."""


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
    known: KnownAnswers

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

    @abstractmethod
    def _with_known(self, known: KnownAnswers) -> Self:
        """The same model with other known answers."""

    @property
    def source_tokenizer(self) -> Tokenizer:
        """How the text of a source becomes ids."""
        return self.codecs.source.tokenizer

    @property
    def target_tokenizer(self) -> Tokenizer:
        """How ids become the text of an answer."""
        return self.codecs.writer.tokenizer

    def predict(
        self,
        lines: Iterable[str | Source] | str | Source,
        *,
        beam: int | None = None,
        n_best: int | None = None,
        alignments: bool = False,
        prefix: str = "",
    ) -> Predictions:
        """One prediction for each line; a line alone may be given without a list.

        `alignments` adds tokens, their log-probabilities and the attention weights; every output begins with `prefix`.
        """
        if isinstance(lines, str | Source):
            lines = [lines]
        chosen = self.with_settings(beam=beam, n_best=n_best)
        return Predictions(chosen.stream(lines, alignments=alignments, prefix=prefix))

    def predict_one(
        self,
        line: str | Source,
        *,
        beam: int | None = None,
        n_best: int | None = None,
        alignments: bool = False,
        prefix: str = "",
    ) -> Prediction:
        """The prediction for one line; the arguments are those of `predict`."""
        given: object = line
        if not isinstance(given, str | Source):
            hint = "predict answers several lines" if isinstance(given, Iterable) else ""
            raise DataError(f"must be one text, not {described(given)}", where="line", hint=hint)
        (answer,) = self.predict([line], beam=beam, n_best=n_best, alignments=alignments, prefix=prefix)
        return answer

    def sample(
        self,
        lines: Iterable[str | Source] | str | Source,
        *,
        alignments: bool = False,
        prefix: str = "",
        **settings: Any,
    ) -> list[list[Prediction]]:
        """Answers drawn at random for each line (`seqloom.search.sample`); needs PyTorch.

        `settings` are those of `SamplingConfig`: `count`, `temperature`, `top_k`, `seed`.
        """
        lines = [lines] if isinstance(lines, str | Source) else list(lines)
        sampling = build(SamplingConfig, settings)
        return self.predictor.sample(lines, sampling, details=alignments, prefix=prefix)

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
        if self.codecs.spoken is None:
            _check_of_labels(given, beam, self.codecs.answer)
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

    def with_exceptions(self, pairs: Exceptions, *, match_case: bool | None = None) -> Self:
        """The same model with exceptions: sources that are answered as the pairs say, without asking the network.

        `pairs` are `(source, target)` or `(source, target, weight)`, `Example`s, whose tags count, or files of pairs,
        of which a further column of numbers holds weights. Several answers for one source are an n-best list, the
        heaviest first. They are added to the exceptions that there are; a source that is among these gets its new
        answers instead.

        A source is looked up as it is written, then in lower case, then as the only spelling that differs in nothing
        but case; with `match_case` as it is written and no more. Raises a `DataError` for what is not a pair.
        """
        _check_looked_up(self.codecs)
        report = ReadReport(self.config.data.on_bad_line)
        weighted = weighted_examples(pairs, self.config.data.of_inputs({}), report)
        exceptions, _ = added(self.known.exceptions, weighted, match_case=match_case)
        return self._with_known(replace(self.known, exceptions=exceptions))

    def with_memory(
        self, pairs: Pairs, *, min_count: int = MIN_COUNT, min_share: float = MIN_SHARE, match_case: bool | None = None
    ) -> Self:
        """The same model with a memory: sources that training pairs always rendered one way are answered that way.

        A source is memorised if its most frequent rendering occurs at least `min_count` times, and in at least
        `min_share` of its pairs. Exceptions come before the memory, and the memory before the network. With
        `match_case` None, case counts unless sources that differ only in case were rendered alike. Files are read as
        the training files were. Raises a `DataError` if there are no pairs.
        """
        _check_looked_up(self.codecs)
        report = ReadReport(self.config.data.on_bad_line)
        files = given_files(pairs)
        examples = (
            read_examples(files, self.config.data, report)
            if files
            else pairs_as_examples(pairs, report, config=self.config.data)
        )
        memory = memorised(counted(examples), min_count=min_count, min_share=min_share, match_case=match_case)
        return self._with_known(replace(self.known, memory=memory))


def _check_of_labels(given: Mapping[str, Any], beam: int | None, answer: str) -> None:
    """Refuse settings of a search by name, where answers are labels or tags and nothing is searched for."""
    search = given.get("search", {})
    names = [*(search if isinstance(search, Mapping) else ()), *(["beam"] if beam is not None else [])]
    strange = [name for name in names if name not in OF_LABELS]
    if strange:
        raise ConfigError(
            f"search.{strange[0]} is of models that write sequences, and this one answers with {answer}",
            hint=f"leave it out; its settings of search are {', '.join(OF_LABELS)}",
        )


def _check_looked_up(codecs: Codecs) -> None:
    """Refuse answers that are looked up, where answers are tags."""
    if codecs.answer in OF_WORDS:
        raise ConfigError("tags are found by the network alone: exceptions and a memory are of whole answers")


def _changed(search: Mapping[str, Any], asked: Mapping[str, Any], changes: Mapping[str, int]) -> dict[str, Any]:
    """Plain settings of the search with others laid over them, and with a beam and a number of answers that fit."""
    values = merged(merged(search, asked), changes)
    beam, several = changes.get("beam"), values["n_best"]
    if isinstance(beam, int) and isinstance(several, int) and "n_best" not in changes:
        values["n_best"] = min(several, beam)
    return values
