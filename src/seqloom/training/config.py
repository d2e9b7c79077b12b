"""Settings of training, and of a whole run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from seqloom.config import Section, number_or_auto
from seqloom.data.batching import BatchConfig
from seqloom.data.config import DataConfig
from seqloom.errors import ConfigError
from seqloom.evaluation import EvaluationConfig
from seqloom.model import ModelConfig
from seqloom.nn.precision import Wanted
from seqloom.plugins import needs_of, require
from seqloom.search import SearchConfig
from seqloom.text.config import TextConfig
from seqloom.training.stopping import SelectionConfig
from seqloom.training.updates.health import HealthConfig
from seqloom.training.updates.optim import OptimiserConfig
from seqloom.training.updates.schedules import ScheduleConfig


class TrainingConfig(Section):
    """How the weights are found."""

    epochs: int | Literal["auto"] = "auto"
    """Passes over the training pairs; 0 counts updates only. `auto` is as many as make thousands of updates, by the
    number of pairs, or 0 where max_steps is set."""
    max_steps: int = Field(default=0, ge=0)
    """Updates after which to stop; 0 counts epochs only. With both, whichever comes first."""
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    """Probability mass moved from the right symbol to all symbols alike (Szegedy et al. 2016, §7)."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients make one update."""
    precision: Wanted = "auto"
    """Number format of matrix products; auto takes the fastest one that is safe on this machine, and float32 the faster
    of torch's two float32 paths on a processor, which float32-default and float32-onednn name."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay of an exponential moving average of the weights, which is then evaluated and kept; 0 off."""
    evaluate_every: int = Field(default=0, ge=0)
    """Updates between dev evaluations; 0 evaluates after each epoch."""
    checkpoint_every: int = Field(default=0, ge=0)
    """Updates between saved states to resume from, beside those of each evaluation; 0 none."""
    checkpoint_minutes: float = Field(default=10.0, ge=0)
    """Minutes of the clock after which the state is saved at the latest; 0 waits for the next evaluation."""
    keep_states: int = Field(default=2, ge=1)
    """How many saved states stay on the disk."""
    log_every: int = Field(default=50, ge=1)
    """Updates between reports of the loss."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Everything random follows from it."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU where there is one."""
    deterministic: bool = False
    """Ask for reproducible kernels on a GPU, which may be slower; on a CPU a seed always gives the same weights."""
    start_from: str = ""
    """A model folder to start from: its weights, its settings of model and text, its tokenizers. New symbols of the
    data join a character or word vocabulary."""
    freeze: tuple[str, ...] = ()
    """Parts of the network whose weights stay as they are: source_embedding, encoder, target_embedding, attention,
    bridge, readout, decoder, or a module by its path, such as encoder.layers.0."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """AdamW."""
    schedule: ScheduleConfig = ScheduleConfig()
    """Learning rate over time."""
    batch: BatchConfig = BatchConfig()
    """How pairs are put together."""
    selection: SelectionConfig = SelectionConfig()
    """Which weights become the model, and when to stop early."""
    health: HealthConfig = HealthConfig()
    """Numbers that go wrong."""

    @field_validator("epochs", mode="plain")
    @classmethod
    def _number(cls, epochs: Any) -> int | Literal["auto"]:
        return number_or_auto(epochs)

    @property
    def passes(self) -> int:
        """The epochs, once they are known."""
        assert self.epochs != "auto", "the epochs are planned before training begins"
        return self.epochs

    @model_validator(mode="after")
    def _consistent(self) -> TrainingConfig:
        if not self.epochs and not self.max_steps:
            raise ValueError("epochs or max_steps must be above 0, or training never ends")
        if self.ema and self.selection.average_best > 1:
            raise ValueError("ema and selection.average_best both average the weights: choose one")
        return self


class RunConfig(Section):
    """Everything about one run: what it reads, how it cuts text, the model, its training, its search, its figures."""

    plugins: tuple[str, ...] = ()
    """Plugins whose members the settings name: Python files, such as mine.py, or names of installed plugins. They are
    run where a configuration of yours is read, but not by themselves where a model folder is."""
    data: DataConfig = DataConfig()
    """Files of pairs."""
    text: TextConfig = TextConfig()
    """Strings to symbols."""
    model: ModelConfig = ModelConfig()
    """The network."""
    training: TrainingConfig = TrainingConfig()
    """How its weights are found."""
    search: SearchConfig = SearchConfig()
    """How predictions are found."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """How predictions are judged."""

    @field_validator("plugins")
    @classmethod
    def _in_use(cls, plugins: tuple[str, ...]) -> tuple[str, ...]:
        try:
            require(plugins)
        except ConfigError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return plugins

    @property
    def measures(self) -> tuple[str, ...]:
        """What answers are judged by, the main measure first; empty before training has chosen."""
        return self.evaluation.metrics or self.training.selection.decoded

    @property
    def dev_search(self) -> SearchConfig:
        """How the answers of dev evaluations are found."""
        return self.search.replace(beam=self.training.selection.beam or self.search.beam, n_best=1)

    @model_validator(mode="after")
    def _consistent(self) -> RunConfig:
        if self.model.share_embeddings and not self.text.shared:
            raise ValueError("model.share_embeddings needs text.shared = true: one vocabulary for both sides")
        return self


def with_plugins(config: RunConfig) -> RunConfig:
    """The configuration with `plugins` naming just those whose members it uses: files as they were given, others by
    name."""
    return config.replace(plugins=tuple(need.file or need.name for need in needs_of(config)))
