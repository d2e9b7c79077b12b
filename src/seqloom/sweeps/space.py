"""The search space of a sweep: a range or a list of values for each of some settings, which are named with dots."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from seqloom.config import Section, build, known_keys
from seqloom.errors import ConfigError, suggestion
from seqloom.training import RunConfig

if TYPE_CHECKING:
    from optuna.trial import Trial

Number = int | float
Space = Mapping[str, "Dimension"]


class Dimension(Section):
    """The values that one setting may take: `choices`, or numbers from `low` to `high`, both included."""

    choices: tuple[Any, ...] = ()
    """The values to choose from, of any type; a table stands for a section of settings."""
    low: Number | None = None
    """The smallest number; where low, high and step are integers, all values are integers."""
    high: Number | None = None
    """The largest number."""
    log: bool = False
    """Whether numbers are drawn uniformly on a logarithmic scale."""
    step: Number | None = Field(default=None, gt=0)
    """The distance between neighbouring values, counted from `low`."""

    @model_validator(mode="after")
    def _one_kind(self) -> Dimension:
        if bool(self.choices) == (self.low is not None or self.high is not None):
            raise ValueError("either choices, or low and high")
        if self.choices and (self.log or self.step is not None):
            raise ValueError("log and step go with low and high")
        if self.choices:
            return self
        if self.low is None or self.high is None or self.low > self.high:
            raise ValueError(f"low and high are both wanted, low first, not {self.low} and {self.high}")
        if not all(math.isfinite(each) for each in (self.low, self.high, self.step or 0)):
            raise ValueError("low, high and step must be finite numbers")
        if self.log and self.step is not None:
            raise ValueError("either log or step")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range must lie above 0, not begin at {self.low}")
        return self

    @property
    def nearest(self) -> tuple[str, ...]:
        """Where `high` is not a whole number of steps from `low`: the nearest values below and above it that are."""
        if self.step is None:
            return ()
        low, high, step = (Decimal(str(each)) for each in (self.low, self.high, self.step))
        below = low + (high - low) // step * step
        return () if below == high else tuple(str(each) for each in (below, below + step))

    @property
    def whole(self) -> bool:
        """Whether all values are integers."""
        return all(isinstance(each, int) for each in (self.low, self.high, *([] if self.step is None else [self.step])))

    def suggest(self, trial: Trial, name: str) -> Any:
        """Return the value that Optuna proposes for the setting `name`."""
        if self.choices:
            return self.value(trial.suggest_categorical(name, [_label(each) for each in self.choices]))
        assert self.low is not None
        assert self.high is not None
        if self.whole:
            step = 1 if self.step is None else int(self.step)
            return trial.suggest_int(name, int(self.low), int(self.high), step=step, log=self.log)
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def value(self, stored: Any) -> Any:
        """Return the value for what Optuna stores, which is a JSON text for lists and tables."""
        return next((each for each in self.choices if _label(each) == stored), stored)


def read_space(table: Mapping[str, Any], where: str) -> dict[str, Dimension]:
    """Read a `[space]` table, whose dotted names may be quoted keys or nested tables.

    Raises ConfigError for an unknown setting or a range that is not valid.
    """
    space: dict[str, Dimension] = {}
    for name, values in _flattened(table, where):
        path = name.split(".")
        known = known_keys(RunConfig, path[:-1])
        if path[-1] not in known:
            hint = suggestion(path[-1], known, before="".join(f"{each}." for each in path[:-1]))
            raise ConfigError(f"space: {name} is not a setting", where=where, hint=hint)
        try:
            space[name] = build(Dimension, values)
        except ConfigError as error:
            raise ConfigError(f"space: {name}: {error.message}", where=where, hint=error.hint) from None
        if ends := space[name].nearest:
            said = f"space: {name}: low and high are both included, but steps of {values['step']} from {values['low']}"
            raise ConfigError(
                f"{said} miss {values['high']}", where=where, hint=f"high = {ends[0]}, or high = {ends[1]}"
            )
    if not space:
        raise ConfigError(
            "a sweep needs a table [space]", where=where, hint='"model.hidden" = { choices = [128, 256, 512] }'
        )
    return space


def choose(space: Space, trial: Trial) -> dict[str, Any]:
    """Return a value for each setting, as Optuna proposes them for a trial."""
    return {name: dimension.suggest(trial, name) for name, dimension in space.items()}


def chosen(space: Space, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that Optuna has stored of a trial; those that were not yet proposed are missing."""
    return {name: space[name].value(value) for name, value in stored.items() if name in space}


def _label(value: Any) -> Any:
    """Return the form in which Optuna stores a value: lists and tables as JSON text."""
    plain = isinstance(value, bool | int | float | str)
    return value if plain else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _flattened(table: Mapping[str, Any], where: str, prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, values in table.items():
        if not isinstance(values, Mapping):
            raise ConfigError(
                f"space: {prefix}{name} must be a table, not {values!r}",
                where=where,
                hint="{ low = 0.1, high = 0.5 } or { choices = [1, 2] }",
            )
        if values.keys() & Dimension.model_fields.keys():
            yield f"{prefix}{name}", values
        else:
            yield from _flattened(values, where, f"{prefix}{name}.")
