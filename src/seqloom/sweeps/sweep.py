"""The definition of a sweep: a base configuration, a search space of settings, and how to search it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from seqloom.config import Section, build, laid_over, merged, read_toml
from seqloom.data.readers.lines import STDIN
from seqloom.errors import ConfigError, DataError
from seqloom.presets import PRESETS
from seqloom.sweeps.space import Space, read_space
from seqloom.training import RunConfig
from seqloom.training.config import with_plugins
from seqloom.training.device import choose_device
from seqloom.training.fine_tuning import adopted
from seqloom.training.provenance.record import data_files
from seqloom.training.runs import run_config, use_listed
from seqloom.training.stopping import MAIN

FIXED = (
    *("training.selection.on", "training.selection.limit", "training.selection.beam", "training.evaluate_every"),
    *("data.dev", "data.dev_count", "data.dev_fraction", "data.seed", "data.group_by_source"),
    *("data.format", "data.pattern", "data.header", "data.on_bad_line", "data.target", "data.references"),
)
"""Settings that must be the same in all trials, or their figures could not be compared: what is measured, on which dev
pairs, and when."""
TARGETS = ("text.target", "text.shared", "data.train", "training.start_from")
"""Settings that change the target symbols, and so the meaning of a loss per token."""


class SweepSection(Section):
    """The section `[sweep]` of a sweep's file."""

    base: str = ""
    """The configuration that the sections of this file change: a preset, or a TOML file beside this one or in the
    working folder."""
    name: str = ""
    """Name of the study in the storage; by default that of the file."""
    trials: int = Field(default=20, ge=1)
    """Number of trials."""
    seed: int = Field(default=1, ge=0)
    """Seed of the proposed settings; with one worker, the same seed gives the same proposals."""
    sampler: Literal["tpe", "random"] = "tpe"
    """How settings are proposed: `tpe` near good ones (Bergstra et al. 2011, §4), `random` at random."""
    startup: int = Field(default=5, ge=1)
    """Number of trials whose settings are drawn at random before tpe begins, and that must finish before median
    prunes."""
    pruner: Literal["median", "hyperband", "none"] = "median"
    """When a trial is ended early: `median` if it is worse than the median of the others at the same evaluation,
    `hyperband` by successive halving with several brackets (Li et al. 2018)."""
    warmup: int = Field(default=1, ge=1)
    """Number of evaluations that every trial gets before it may be pruned."""
    keep: Literal["best", "all"] = "best"
    """Which trials' folders are kept."""


@dataclass(frozen=True)
class Sweep:
    """The file of a sweep, validated; `run` holds the plain settings that every trial begins with."""

    path: Path
    section: SweepSection
    run: Mapping[str, Any]
    space: Space

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.section.name or self.path.stem

    @property
    def base(self) -> RunConfig:
        """The configuration without any chosen settings."""
        return self.config({})

    def config(self, choices: Mapping[str, Any]) -> RunConfig:
        """Return the configuration of a trial; raises `ConfigError` where the chosen settings contradict each other.

        What trials are compared by is given, so that no plan chooses another measure.
        """
        config = build(RunConfig, adopted(laid_over(self.run, choices)), where=str(self.path))
        selection = config.training.selection
        compared = config.training.replace(selection=selection.replace(on=selection.on))
        return with_plugins(config.replace(training=compared))

    def check(self) -> None:
        """Raise an error, before any trial, where data are missing, a file does not exist, or the device is not
        available."""
        config = self.base
        choose_device(config.training.device)
        data = config.data
        if not data.train:
            raise ConfigError("data.train must name at least one file of pairs", where=str(self.path))
        if not data.dev and not (data.dev_count and data.dev_fraction):
            raise ConfigError("a sweep needs dev data to compare its trials by", where=str(self.path))
        for each in data_files(config):
            if each.file == STDIN:
                raise ConfigError("a sweep reads its data for each trial: standard input can be read once only")
            if not Path(each.file).exists():
                raise DataError("the file does not exist", where=each.file)


def load_sweep(path: Path | str) -> Sweep:
    """The sweep in a TOML file: `[sweep]`, `[space]`, and the sections of a configuration, whose plugins are run."""
    path = Path(path)
    values = read_toml(path)
    section = build(SweepSection, values.pop("sweep", {}), where=str(path))
    space = read_space(values.pop("space", {}), str(path))
    run = merged(_base(section.base, path), values)
    use_listed(run)
    sweep = Sweep(path, section, run, space)
    _comparable(sweep)
    return sweep


def _base(name: str, beside: Path) -> dict[str, Any]:
    if not name:
        return {}
    if name in PRESETS:
        return merged({}, PRESETS[name])
    path = beside.parent / name
    if path.is_file():
        return read_toml(path)
    run_config(name)  # raises the error about a wrong name or file
    return read_toml(name)


def _comparable(sweep: Sweep) -> None:
    """Raise ConfigError where the space contains a setting on which the comparison of trials depends.

    A section that contains such a setting, and a part of such a setting, are refused, too.
    """
    base = sweep.base
    if base.training.selection.on == MAIN:
        raise ConfigError(
            "training.selection.on must name the figure that trials are compared by, not main",
            where=str(sweep.path),
            hint="loss, or the name of a metric",
        )
    fixed = FIXED if base.data.dev else (*FIXED, "data.train")
    targets = ("text", *TARGETS) if base.text.shared else TARGETS
    for name in sweep.space:
        held = next((each for each in fixed if _overlap(name, each)), None)
        if held is not None:
            part = "" if held == name else f" concerns {held}, which"
            reason = " while the dev pairs are a part of them" if held == "data.train" else ""
            raise ConfigError(
                f"space: {name}{part} must be the same in all trials{reason}, or they cannot be compared",
                where=str(sweep.path),
                hint=f"set it once, outside of [space]{', or name dev pairs in data.dev' if reason else ''}",
            )
        if base.training.selection.on == "loss" and any(_overlap(name, each) for each in targets):
            raise ConfigError(
                f"space: a loss per token does not compare trials that differ in {name}",
                where=str(sweep.path),
                hint="set training.selection.on to a metric of text, such as chrf",
            )


def _overlap(first: str, second: str) -> bool:
    """Whether two dotted names are the same setting, or one is a section that contains the other."""
    return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.")
