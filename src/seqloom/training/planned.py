"""Apply a plan to the settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.config import build, laid_over
from seqloom.errors import ConfigError
from seqloom.planning import Facts, Plan, make_plan
from seqloom.training.config import RunConfig

OPEN = "auto"
"""The value of a setting that is left open, as if it were not given."""


def given_settings(config: RunConfig) -> frozenset[str]:
    """Return the dotted names of the settings that were given, but for those that are given as `auto`."""
    return frozenset(name for name in config.given if _value(config, name) != OPEN)


def planned(config: RunConfig, facts: Facts) -> tuple[RunConfig, Plan]:
    """Return the configuration with the settings that were not given chosen for pairs like these, and the plan.

    A run that starts from a trained model has its network, and learns differently: nothing is chosen for it.
    """
    given = given_settings(config)
    if config.training.start_from:
        return config, Plan()
    values = config.model_dump()

    def fits(settings: Mapping[str, Any]) -> bool:
        try:
            build(RunConfig, laid_over(values, settings))
        except ConfigError:
            return False
        return True

    plan = make_plan(facts, given, config.plan.effort, fits)
    tuned = config.plan.tune_search
    if tuned == OPEN:
        tuned = config.plan.effort != "none" and not given & {"search.beam", "search.alpha", "search.length_penalty"}
    settings = {"plan.tune_search": tuned, **plan.settings}
    return build(RunConfig, laid_over(values, settings)), plan


def _value(config: RunConfig, name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value
