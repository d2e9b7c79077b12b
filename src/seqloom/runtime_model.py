"""A model folder without PyTorch: its codecs, its settings of search, data and evaluation, and its graph."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.confidence import read_calibration
from seqloom.checkpoint.files import folder_path, place_of
from seqloom.checkpoint.lexicons import NAMES, read_lexicons
from seqloom.checkpoint.members import read_members
from seqloom.checkpoint.reading import check_files, read_codecs, read_config, read_manifest, read_plugins
from seqloom.checkpoint.shortlist import read_shortlist
from seqloom.codecs import OF_PARTS, Codecs
from seqloom.confidence import AnyCalibration
from seqloom.config import Section, build
from seqloom.data import DataConfig, Tagging
from seqloom.errors import ConfigError, EngineError, ModelFolderError, SeqloomError, install_command
from seqloom.evaluation_config import EvaluationConfig
from seqloom.inference.onnx_engine import OnnxEngine
from seqloom.inference.onnx_labels import OnnxLabelEngine
from seqloom.inference.onnx_tags import OnnxFrameEngine, OnnxTagEngine
from seqloom.inference.predictor import Predictor
from seqloom.lexicon import NOTHING_KNOWN, KnownAnswers
from seqloom.measured_model import MeasuredModel
from seqloom.notebook import graph_html, graph_text
from seqloom.plugins import Need, PluginWarning, check_needs
from seqloom.search import SearchConfig

AnyGraphEngine = OnnxEngine | OnnxLabelEngine | OnnxTagEngine | OnnxFrameEngine
"""An engine that runs a graph."""
FIXED = ("text", "model", "training")
"""Sections of a run's configuration that have no part in predicting and evaluating."""
MISSING = (
    "folder",
    "network",
    "metrics",
    "history",
    "notices",
    "shortlist",
    "with_shortlist",
    "save",
    "export",
    "sizes",
)
"""What a `seqloom.api.Model` has and a model without PyTorch has not; a test compares the list with the two classes."""


class RuntimeConfig(Section):
    """What of a run's configuration predictions and evaluations depend on."""

    data: DataConfig = DataConfig()
    """How inputs are read."""
    search: SearchConfig = SearchConfig()
    """How predictions are found."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """How predictions are evaluated."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The metrics that predictions are evaluated by, the main one first; empty where they are to be chosen."""
        return self.evaluation.metrics


@dataclass(frozen=True)
class RuntimeModel(MeasuredModel):
    """A trained model that predicts and scores by ONNX Runtime.

    `lacking` says why pairs cannot be read, or answers not measured, as in training: a plugin is not in use.
    """

    engine: AnyGraphEngine = field(repr=False)
    codecs: Codecs
    config: RuntimeConfig = field(repr=False)
    calibration: AnyCalibration | None = field(repr=False, default=None)
    known: KnownAnswers = field(repr=False, default=NOTHING_KNOWN)
    lacking: SeqloomError | None = field(repr=False, default=None, compare=False)

    def __repr__(self) -> str:
        return graph_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: sizes and the file of the graph."""
        return graph_html(self)

    def _checked(self, values: dict[str, Any]) -> RuntimeConfig:
        """The configuration with these plain values, if they are of sections that predictions depend on."""
        for name in FIXED:
            if name in values:
                hint = "settings of search, evaluation and data can change; for others load the folder with PyTorch"
                raise ConfigError(f"{name} has no part in an exported model", hint=hint)
        return build(RuntimeConfig, values)

    def _with_config(self, config: RuntimeConfig) -> Self:
        """The same model under another configuration, which has been checked."""
        return replace(self, config=config, codecs=self.codecs.turned(**config.data.reversed))

    def _with_known(self, known: KnownAnswers) -> Self:
        """The same model with other known answers."""
        return replace(self, known=known)

    def _with_calibration(self, calibration: AnyCalibration) -> Self:
        """The same model with another calibration."""
        return replace(self, calibration=calibration)

    def _check_measurable(self) -> None:
        """Raise the error that says which plugin is not in use, if one is lacking."""
        if self.lacking is not None:
            raise self.lacking

    @property
    def predictor(self) -> Predictor:
        """The model at work."""
        tagging = Tagging.of(self.config.data)
        return Predictor(self.engine, self.codecs, self.config.search, tagging, self.calibration, self.known)

    def __getattr__(self, name: str) -> Any:
        if name in MISSING:
            raise EngineError(
                f"{name} needs PyTorch: an exported graph predicts, scores and is evaluated",
                hint=f'{install_command("train")}, and load the folder with engine="torch"',
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def load_graph(folder: Path | str, *, int8: bool | None = None, threads: int = 1) -> RuntimeModel:
    """The exported model in a folder; each file that it reads is checked against its hash first.

    `int8` chooses the graph with weights of 8 bits or the one in float32; None takes float32 where there are both.
    `threads` batches are predicted at a time, each on one processor core.
    """
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, not {threads}")
    folder = folder_path(folder)
    manifest = read_manifest(folder)
    graph = _graph(folder, manifest.files, int8)
    optional = (layout.SHORTLIST, layout.MEMBERS, layout.CONFIDENCE, *NAMES)
    listed = [name for name in optional if name in manifest.files]
    check_files(folder, manifest, (layout.CONFIG, *manifest.codecs.names, graph, *listed))
    values = read_config(folder)
    known = {name: values[name] for name in RuntimeConfig.model_fields if name in values}
    lacking = _lacking(folder, read_plugins(folder, manifest.files))
    if lacking is not None:
        known |= {"data": {**known["data"], "format": "auto"}, "evaluation": {**known["evaluation"], "metrics": []}}
    config = build(RuntimeConfig, known, where=str(folder / layout.CONFIG))
    codecs = read_codecs(folder, manifest.codecs, values)
    attends = _attends(folder, manifest.files, values)
    shortlist = read_shortlist(folder, manifest.files, codecs.source.size, codecs.target.size)
    path = place_of(folder, graph)
    engine: AnyGraphEngine
    if codecs.answer == "frame":
        engine = OnnxFrameEngine(path, threads=threads)
    elif codecs.answer in OF_PARTS:
        engine = OnnxTagEngine(path, threads=threads)
    elif codecs.spoken is None:
        engine = OnnxLabelEngine(path, several=codecs.answer == "labels", threads=threads)
    else:
        engine = OnnxEngine(path, attends=attends, threads=threads, shortlist=shortlist)
    calibration = read_calibration(folder, manifest.files)
    return RuntimeModel(engine, codecs, config, calibration, read_lexicons(folder, manifest.files), lacking)


def _lacking(folder: Path, needs: Iterable[Need]) -> SeqloomError | None:
    """Why pairs cannot be read, or answers not measured, as in training; the graph itself needs no plugin."""
    wanted = [need for need in needs if need.has("reader") or need.has("metric")]
    try:
        for sentence in check_needs(wanted, str(folder)):
            warnings.warn(sentence, PluginWarning, stacklevel=3)
    except SeqloomError as error:
        return error
    return None


def _attends(folder: Path, names: Container[str], values: Mapping[str, Any]) -> bool:
    """Whether the model in a folder, or any member of the ensemble in it, looks at the source."""
    if members := read_members(folder, names):
        return any(each.attends for each in members)
    return bool(values.get("model", {}).get("decoder", {}).get("attend") != "none")


def _graph(folder: Path, files: Mapping[str, object], int8: bool | None) -> str:
    """The name of the graph to run."""
    kinds = {layout.GRAPH: False, layout.GRAPH_INT8: True}
    wanted = [name for name, small in kinds.items() if int8 in (None, small)]
    found = [name for name in wanted if name in files]
    if not found:
        option = " --int8" if int8 else ""
        raise ModelFolderError(
            f"has no exported graph ({' or '.join(wanted)})",
            where=str(folder),
            hint=f"where PyTorch is installed: seqloom export {shlex.quote(str(folder))}{option}",
        )
    return found[0]
