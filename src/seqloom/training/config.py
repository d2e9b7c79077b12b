"""Configuration sections of training (`TrainingConfig`) and of a whole run (`RunConfig`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from seqloom.config import Section
from seqloom.data.batching import BatchConfig, number_or_auto
from seqloom.data.config import DataConfig
from seqloom.errors import ConfigError
from seqloom.evaluation_config import EvaluationConfig
from seqloom.model import ModelConfig
from seqloom.nn.precision import Wanted
from seqloom.planning.config import PlanConfig
from seqloom.plugins import needs_of, require
from seqloom.search import SearchConfig
from seqloom.text.config import TextConfig
from seqloom.training.stopping import SelectionConfig
from seqloom.training.updates.health import HealthConfig
from seqloom.training.updates.optim import OptimiserConfig
from seqloom.training.updates.schedules import ScheduleConfig


class TrainingConfig(Section):
    """How the network is trained: length, loss, precision, checkpoints, optimiser and schedule."""

    epochs: int | Literal["auto"] = "auto"
    """Number of passes over the training pairs; with 0, only max_steps ends the run. `auto` chooses a number from the
    number of training pairs so that the run makes thousands of updates, or 0 where max_steps is set."""
    max_steps: int = Field(default=0, ge=0)
    """Number of updates after which training stops; with 0, only the epochs count. With both, training stops at
    whichever comes first."""
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    """Label smoothing: the probability mass that is moved from the correct symbol to all symbols equally (Szegedy et
    al. 2016, §7)."""
    class_weights: Literal["none", "balanced"] = "none"
    """How much each label counts where model.answer = label: `none` counts every example alike, `balanced` every label,
    so that a label with few examples is not neglected."""
    focal: float = Field(default=0.0, ge=0, le=10)
    """Focus γ of the focal loss where answers are labels: examples that are answered right already count for less (Lin
    et al. 2017, "Focal loss for dense object detection", eq. 4, where 2 is best); 0 is the plain cross-entropy."""
    r_drop: float = Field(default=0.0, ge=0)
    """R-Drop: every pair goes through the network twice with different dropout, and the divergence of the two
    predictions is added to the loss with this weight (α of Liang et al. 2021, eq. 4; they take 5 for translation). An
    update takes about twice as long. 0 turns it off."""
    accumulate: int = Field(default=1, ge=1)
    """Gradient accumulation: the number of batches whose gradients are added up for one update."""
    precision: Wanted = "auto"
    """Number format of matrix products (mixed precision). `auto` takes the fastest one that is safe on this machine. On
    a CPU, `float32` takes the faster of torch's two float32 paths, which float32-default and float32-onednn name."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay of an exponential moving average of the weights; the average is what is evaluated and kept. 0 turns it
    off."""
    evaluate_every: int = Field(default=0, ge=0)
    """Number of updates between evaluations on the dev data; 0 evaluates after each epoch."""
    checkpoint_every: int = Field(default=0, ge=0)
    """Number of updates between saved states to resume from, in addition to the one after each evaluation; 0 saves no
    additional ones."""
    checkpoint_minutes: float = Field(default=10.0, ge=0)
    """Longest time in minutes between two saved states; with 0, no state is saved because of the time."""
    keep_states: int = Field(default=2, ge=1)
    """How many saved states stay on the disk."""
    log_every: int = Field(default=50, ge=1)
    """Number of updates between reports of the training loss."""
    samples: int = Field(default=3, ge=0)
    """How many dev pairs each evaluation shows with the model's answer, always the same ones; 0 shows none."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Seed of all random numbers of training."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device to compute on; `auto` takes a GPU where there is one."""
    deterministic: bool = False
    """Ask torch for deterministic kernels on a GPU, which may be slower; on a CPU the same seed always gives the same
    weights."""
    start_from: str = ""
    """Model folder to fine-tune: training starts from its weights, its settings of model and text, and its tokenizers.
    New symbols in the data are added to a character or word vocabulary."""
    freeze: tuple[str, ...] = ()
    """Parts of the network whose weights are not trained: source_embedding, encoder, target_embedding, attention,
    bridge, readout, decoder, or the path of a module, such as encoder.layers.0."""
    optimiser: OptimiserConfig = OptimiserConfig()
    """The optimiser, AdamW."""
    schedule: ScheduleConfig = ScheduleConfig()
    """How the learning rate changes during training."""
    batch: BatchConfig = BatchConfig()
    """How pairs are grouped into batches."""
    selection: SelectionConfig = SelectionConfig()
    """Which weights become the model, and early stopping."""
    health: HealthConfig = HealthConfig()
    """What happens when the loss or a gradient is not finite."""

    @field_validator("epochs", mode="plain")
    @classmethod
    def _number(cls, epochs: Any) -> int | Literal["auto"]:
        return number_or_auto(epochs)

    @property
    def passes(self) -> int:
        """The number of epochs as an integer; only available once `auto` has been replaced."""
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
    """Everything about one run: its data, tokenization, model, training, search and evaluation."""

    plugins: tuple[str, ...] = ()
    """Plugins whose members the settings name: Python files, such as mine.py, or names of installed plugins. They are
    run where a configuration of yours is read, but not by themselves where a model folder is."""
    plan: PlanConfig = PlanConfig()
    """How settings that are not given are chosen."""
    data: DataConfig = DataConfig()
    """Files of training, dev and test pairs, and how they are read."""
    text: TextConfig = TextConfig()
    """How text is cut into symbols."""
    model: ModelConfig = ModelConfig()
    """The network."""
    training: TrainingConfig = TrainingConfig()
    """How the network is trained."""
    search: SearchConfig = SearchConfig()
    """How predictions are searched for."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """How predictions are evaluated."""

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
        """The metrics that predictions are evaluated by, the main one first; empty until they are chosen at the start
        of training."""
        return self.evaluation.metrics or self.training.selection.decoded

    @property
    def dev_search(self) -> SearchConfig:
        """The search settings of dev evaluations: those of `search`, with the beam of `training.selection` where it is
        set."""
        return self.search.replace(beam=self.training.selection.beam or self.search.beam, n_best=1)

    @model_validator(mode="after")
    def _consistent(self) -> RunConfig:
        if self.model.share_embeddings and not self.text.shared:
            raise ValueError("model.share_embeddings needs text.shared = true: one vocabulary for both sides")
        model = self.model
        if self.training.r_drop and not any(
            (model.dropout, model.embedding_dropout, model.source_word_dropout, model.target_word_dropout)
        ):
            raise ValueError(
                "training.r_drop compares two passes that differ by their dropout, and without dropout they are the "
                "same: raise model.dropout, or leave r_drop out"
            )
        if self.model.encoder.longest is not None:
            self._check_source_lengths(self.model.encoder.longest)
        return self

    def _check_source_lengths(self, longest: int) -> None:
        """Refuse limits that let sources through which are longer than the encoder's table of positions."""
        limits = {"data": self.data.max_source_length, "search": self.search.max_source_length}
        for section, limit in limits.items():
            if not 0 < limit < longest:  # the end mark has a position, too
                raise ValueError(
                    f"{section}.max_source_length = {limit} allows sources that are longer than the encoder's "
                    f"{longest} learned positions, of which the end mark takes one: "
                    f"set it between 1 and {longest - 1}, or raise model.encoder.max_positions"
                )


def with_plugins(config: RunConfig) -> RunConfig:
    """The configuration with `plugins` naming just those whose members it uses: files as they were given, others by
    name."""
    return config.replace(plugins=tuple(need.file or need.name for need in needs_of(config)))
