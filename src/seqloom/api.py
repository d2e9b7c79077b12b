"""Seqloom from Python: `train` makes a `Model`, which predicts, scores and is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TextIO

from seqloom.checkpoint import ModelToStore, load_model, save_model
from seqloom.checkpoint.files import folder_path, place_of
from seqloom.codecs import Codecs
from seqloom.confidence import AnyCalibration
from seqloom.config import build
from seqloom.data import (
    Tagging,
)
from seqloom.ensemble_network import own_weights, single_networks
from seqloom.errors import ConfigError
from seqloom.export import export_model
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.learn_shortlist import CANDIDATES, FREQUENT, learn_shortlist
from seqloom.lexicon import NOTHING_KNOWN, KnownAnswers
from seqloom.measured_model import Data, MeasuredModel
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


@dataclass(frozen=True)
class Model(MeasuredModel):
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

    def _with_calibration(self, calibration: AnyCalibration) -> Self:
        """The same model with another calibration."""
        return replace(self, calibration=calibration)

    def _check_measurable(self) -> None:
        """Nothing is lacking: a model is loaded with all plugins that it needs."""

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

    def export(self, output: Path | str | None = None, *, int8: bool = False) -> Path:
        """Write the model with its search as one ONNX graph, which runs without PyTorch; return the path of the graph.

        Without `output` the graph joins the folder that the model was trained to or loaded from, whose other files stay
        as they are. With it a new folder gets the graph and all that is needed to run it, with this model's settings.
        `int8` stores weights in 8 bits. The graph is compared with the model before it is written. Raises `ConfigError`
        where there is no such folder, where `output` holds something, and for what cannot be exported.
        """
        if output is not None:
            with TemporaryDirectory() as place:
                self.save(Path(place) / "model")
                return export_model(Path(place) / "model", output, int8=int8)
        if not self.folder:
            raise ConfigError("the model is in no folder that a graph could join", hint='name a new one: export("new")')
        return export_model(self.folder, int8=int8)

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
