"""Seqloom from Python: `train` makes a `Model`, which predicts, scores and is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self, TextIO

from seqloom.checkpoint import ModelToStore, load_model, save_model
from seqloom.checkpoint.files import folder_path, place_of
from seqloom.codecs import Codecs
from seqloom.confidence import AnyCalibration, chosen_measure
from seqloom.config import build
from seqloom.data import (
    Example,
    ReadReport,
    Source,
    Tagging,
    given_files,
    pairs_as_examples,
)
from seqloom.data.given import given_examples
from seqloom.ensemble_network import own_weights, single_networks
from seqloom.errors import ConfigError
from seqloom.evaluation import Evaluation, Watch, evaluate, read_evaluation
from seqloom.evaluation_config import EvaluationConfig
from seqloom.evenly import evenly
from seqloom.inference.predicting_model import PredictingModel
from seqloom.inference.predictor import Answering, PairScore, Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.learn_confidence import learn_confidence
from seqloom.learn_shortlist import CANDIDATES, FREQUENT, learn_shortlist
from seqloom.lexicon import NOTHING_KNOWN, KnownAnswers
from seqloom.model import SingleNetwork, parameter_count
from seqloom.networks import AnyNetwork, writing
from seqloom.notebook import model_html, model_text
from seqloom.planning import Plan
from seqloom.search import Shortlist
from seqloom.training import Inputs, RunConfig
from seqloom.training import train as train_stream
from seqloom.training.device import choose_device
from seqloom.training.history import History, history_of
from seqloom.training.interrupt import EndRequest
from seqloom.training.model_average import free_folder, mean_model
from seqloom.training.reporters import Callback, CallbackReporter
from seqloom.training.runs import follow_run
from seqloom.training.states.folder import LOG
from seqloom.training.updates.freezing import frozen_count


class Table(Protocol):
    """A table that hands over its columns by Arrow's C stream: a frame of pandas or polars, a table of pyarrow."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        """A capsule with the stream."""


Pair = tuple[str, str] | Example
Pairs = str | Path | Sequence[Pair] | Sequence[str | Path]
Data = Pairs | Iterable[Pair | Mapping[str, Any]] | Table
"""Files of pairs, pairs, records, or a table: what `seqloom.train` and `Model.evaluate` take."""


@dataclass(frozen=True)
class Model(PredictingModel):
    """A trained model with the codecs of its two sides, its configuration and what was measured when it was trained.

    `metrics` are the final figures, `history` the losses and figures of all evaluations, as a table.
    """

    network: AnyNetwork = field(repr=False)
    codecs: Codecs
    config: RunConfig = field(repr=False)
    metrics: Mapping[str, Any] = field(repr=False, default_factory=dict)
    shortlist: Shortlist | None = field(repr=False, default=None)
    calibration: AnyCalibration | None = field(repr=False, default=None)
    known: KnownAnswers = field(repr=False, default=NOTHING_KNOWN)
    history: History = field(repr=False, default=History())
    folder: str = field(repr=False, default="", compare=False, kw_only=True)

    def __repr__(self) -> str:
        return model_text(self, self.folder)

    def _repr_html_(self) -> str:
        """What a notebook shows: kind, sizes, training data and main figures."""
        return model_html(self, self.folder)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was said when it was trained: warnings first, then notices, then the settings that were chosen."""
        record = self.metrics.get("record", {})
        plan = Plan.of_json(record.get("plan", {}))
        return (*record.get("warnings", ()), *record.get("notices", ()), *plan.notes, *plan.sentences())

    def score(self, pairs: Data) -> Iterator[PairScore]:
        """How likely the model holds each target to be, given its source; natural logarithms."""
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
        names = metrics or self.config.measures
        settings = build(EvaluationConfig, {**self.config.evaluation.model_dump(), "metrics": names})
        report = ReadReport(self.config.data.on_bad_line)
        columns = {name: given for name, given in {"source": source, "target": target, "tags": tags}.items() if given}
        examples = given_examples(data, self.config.data.replace(**columns), report)
        found = evaluate(by or self.predictor, examples, settings, watch)
        return replace(found, reading=(*report.sentences(), *found.reading))

    def with_shortlist(self, pairs: Data, *, candidates: int = CANDIDATES, frequent: int = FREQUENT) -> Self:
        """The same model with a list of target words for each source word, which `search.shortlist` keeps answers to.

        It is learned from pairs such as those of the training: up to `candidates` target words for a source word, and
        the `frequent` most frequent ones for all.
        """
        device = choose_device(self.config.training.device)
        network = writing(self.network, "a shortlist").to(device).eval()
        examples = self._examples(pairs)
        learned = learn_shortlist(network, examples, self.codecs, candidates=candidates, frequent=frequent)
        return replace(self, shortlist=learned)

    def with_confidence(self, pairs: Data, *, metric: str = "", limit: int = 0) -> Self:
        """The same model, calibrated: its answers have a `confidence`, the probability that they are right.

        It is fitted to the model's answers to these pairs, or to at most `limit` of them, evenly spaced. They should be
        pairs that the model was not trained on, such as a dev set. `metric` is what an answer is worth something by:
        without it exact match, or the model's main metric where that is one of sentences, such as BLEU. The confidence
        holds for the model's settings of search. Raises `DataError` if there are fewer than 20 answers.
        """
        examples = test_examples(pairs, self.config, ReadReport(self.config.data.on_bad_line))
        chosen = examples if not limit else [examples[row] for row in evenly(len(examples), limit)]
        name = ", ".join(given_files(pairs)) or "pairs given in Python"
        measure = metric or chosen_measure(self.config.measures)
        return replace(self, calibration=learn_confidence(self.predictor, chosen, measure, name))

    def _checked(self, values: dict[str, Any]) -> RunConfig:
        """The configuration with these plain values, in which what is fixed when a model is trained has not changed."""
        config = build(RunConfig, values)
        for name in ("text", "model"):
            if getattr(config, name) != getattr(self.config, name):
                raise ConfigError(f"{name} is fixed when a model is trained", hint="change it for seqloom train")
        return config

    def _with_config(self, config: RunConfig) -> Self:
        """The same model under another configuration, which has been checked."""
        return replace(self, config=config, codecs=self.codecs.turned(**config.data.reversed))

    def _with_known(self, known: KnownAnswers) -> Self:
        """The same model with other known answers."""
        return replace(self, known=known)

    def save(self, folder: Path | str, *, overwrite: bool = False) -> None:
        """Write the model folder, whole or not at all.

        A folder that holds something is refused; with `overwrite` the model in it is replaced, other files stay.
        """
        if not overwrite:
            free_folder(folder, "name a new folder, or save with overwrite=True")
        parts = self.shortlist, self.calibration, self.known
        metrics = {**self.metrics, **({"history": [dict(row) for row in self.history]} if self.history else {})}
        contents = ModelToStore(self.network, self.codecs, self.config, metrics, *parts)
        save_model(folder, contents)

    def sizes(self) -> dict[str, int]:
        """How large the model is."""
        weights, networks = parameter_count(own_weights(self.network)), single_networks(self.network)
        frozen = (
            frozen_count(networks[0], self.config.training.freeze) if isinstance(self.network, SingleNetwork) else 0
        )
        return {
            **({"members": len(networks)} if len(networks) > 1 else {}),
            "weights": weights,
            **({"trained weights": weights - frozen} if frozen else {}),
            **self.codecs.sizes,
            **{name: len(lexicon) for name, lexicon in vars(self.known).items() if lexicon},
        }

    @property
    def predictor(self) -> Predictor:
        """The model at work, on the device of `training.device` and without dropout."""
        device, here = choose_device(self.config.training.device), next(self.network.parameters()).device
        if self.network.training or here.type != device.type:
            self.network.to(device).eval()
        engine = torch_engine(self.network, device, shortlist=self.shortlist)
        tagging = Tagging.of(self.config.data)
        return Predictor(engine, self.codecs, self.config.search, tagging, self.calibration, self.known)

    def _examples(self, data: Data) -> Iterable[Example]:
        if files := given_files(data):
            return read_evaluation(files, self.config.data.replace(group_by_source=False))
        return pairs_as_examples(data, ReadReport(self.config.data.on_bad_line), config=self.config.data)


def test_examples(data: Data, config: RunConfig, report: ReadReport) -> list[Example]:
    """Pairs, or files of them that are read as training files are; grouped by their source where `data` says so."""
    return given_examples(data, config.data, report)


def load_torch(folder: Path | str) -> Model:
    """The model in a folder, with PyTorch; every file is checked against its hash first."""
    loaded = load_model(folder)
    config = build(RunConfig, loaded.config, where=str(Path(folder) / "config.toml"))
    parts = loaded.shortlist, loaded.calibration, loaded.known
    history = history_of(loaded.metrics, place_of(folder_path(folder), LOG))
    return Model(loaded.model, loaded.codecs, config, loaded.metrics, *parts, history=history, folder=str(folder))


def average(models: Sequence[Path | str], output: Path | str | None = None) -> Model:
    """The model whose weights are the mean of those in several model folders with the same network and tokenizers.

    With `output`, a new folder, it is written there; it has not been measured.
    """
    folder = None if output is None else free_folder(output)
    mean = mean_model(models)
    config = build(RunConfig, mean.config.model_dump())
    model = Model(mean.model, mean.codecs, config, mean.metrics)
    if folder is not None:
        model.save(folder)
    return model


def train_run(
    config: RunConfig | None,
    output: Path | str,
    *,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    progress: TextIO | None = None,
    callbacks: Sequence[Callback] = (),
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
) -> Model:
    """Train as `config` says, show it, call the `callbacks` with each report, and return the model in `output`.

    Raises KeyboardInterrupt, with how to go on as its text, when the run was stopped and saved.
    """
    end = EndRequest()
    reporters = [CallbackReporter(callback, end) for callback in callbacks]
    stream = train_stream(config, output, inputs=inputs, resume=resume, overwrite=overwrite, end=end)
    follow_run(stream, output, progress=progress, reporters=reporters, tensorboard=tensorboard)
    return load_torch(output)
