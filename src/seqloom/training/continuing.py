"""Which settings may change when a run goes on. What else is given must be as it was, or is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.config import differences, merged
from seqloom.errors import ConfigError
from seqloom.training.config import RunConfig

PASSING = {
    "training": ("device", "log_every", "checkpoint_every", "checkpoint_minutes", "keep_states"),
    "data": ("cache", "cache_above_mb"),
}
"""Settings that have no part in the model: where it is trained, how often that is reported and saved."""
LENGTH = ("epochs", "max_steps")
"""Settings that may change on the way although the weights depend on them."""
FREE: dict[str, tuple[str, ...] | None] = {
    "training": (*PASSING["training"], *LENGTH),
    "data": (*PASSING["data"], "test"),
    "search": None,
    "evaluation": None,
}
"""Settings that may change when a run goes on; None: the whole section."""


def kept(begun: Mapping[str, Any], resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Plain settings with which a run goes on by itself: those it was `begun` with, and what was changed on the way."""
    free = {
        section: {name: value for name, value in resolved.get(section, {}).items() if names is None or name in names}
        for section, names in FREE.items()
    }
    return {**merged(begun, free), **{name: free[name] for name, names in FREE.items() if names is None}}


def continued(begun: RunConfig, resolved: RunConfig, given: RunConfig, command: str) -> RunConfig:
    """The `resolved` settings of a run that was `begun` otherwise, with those of `given` that may change on the way."""
    for key, old, new in _differences(begun, given):
        free = FREE.get(key[0], ())
        if free is not None and key[1] not in free:
            raise ConfigError(
                f"{'.'.join(key)} must stay {old!r} when the run goes on, not {new!r}",
                hint=f"leave it as it was, as {command} does, or start again with --overwrite",
            )
    changes = {}
    for section, names in FREE.items():
        old, new = getattr(resolved, section), getattr(given, section)
        changes[section] = new if names is None else old.replace(**{name: getattr(new, name) for name in names})
    if given.training.epochs == "auto":  # the length that the run was begun with stays, or max_steps alone counts
        length = (
            {"epochs": 0} if given.training.max_steps else {each: getattr(resolved.training, each) for each in LENGTH}
        )
        changes["training"] = changes["training"].replace(**length)
    return resolved.replace(**changes, plugins=given.plugins)


def chosen_for(given: RunConfig, resolved: RunConfig) -> dict[str, Any]:
    """What was given, by dotted name, where the resolved settings say what was chosen instead."""
    first, second = given.model_dump(mode="json"), resolved.model_dump(mode="json")
    return {".".join(key): old for key, old, _ in differences(first, second)}


def check_finished(resolved: RunConfig, instead: Mapping[str, Any], given: RunConfig, folder: str) -> None:
    """Refuse what is given to a finished run and would change its model; `instead` is what `chosen_for` has noted."""
    for key, old, new in _differences(resolved, given):
        name = ".".join(key)
        noted = name in instead and instead[name] == new
        if not noted and key[1] not in PASSING.get(key[0], ()):
            raise ConfigError(
                f"the run is finished: {name} is {old!r} and cannot become {new!r}",
                where=folder,
                hint=f"train on in another folder with --set training.start_from={folder}, or start again with "
                "--overwrite",
            )


def _differences(first: RunConfig, second: RunConfig) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Where two configurations differ, but for where the files of plugins lie: their members are known by name."""
    one, other = (each.model_dump(mode="json", exclude={"plugins"}) for each in (first, second))
    return differences(one, other)
