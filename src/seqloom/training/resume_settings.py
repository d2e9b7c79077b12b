"""Which settings may change when a run is resumed. Any other change is refused with an error that names the setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.config import differences, merged
from seqloom.errors import ConfigError
from seqloom.training.config import RunConfig

PASSING = {
    "training": ("device", "log_every", "samples", "checkpoint_every", "checkpoint_minutes", "keep_states"),
    "data": ("cache", "cache_above_mb"),
}
"""Settings that do not affect the model: where it is trained, and how often its training is reported and saved."""
LENGTH = ("epochs", "max_steps")
"""Settings of the length of a run, which may change when it is resumed although the weights depend on them."""
FREE: dict[str, tuple[str, ...] | None] = {
    "training": (*PASSING["training"], *LENGTH),
    "data": (*PASSING["data"], "test"),
    "search": None,
    "evaluation": None,
}
"""Settings that may change when a run is resumed, by section; None stands for the whole section."""


def kept(begun: Mapping[str, Any], resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain settings that a run is resumed with when no others are given.

    These are the settings it was started with (`begun`); those that may change are taken from `resolved`, because an
    earlier resumption may have changed them.
    """
    free = {
        section: {name: value for name, value in resolved.get(section, {}).items() if names is None or name in names}
        for section, names in FREE.items()
    }
    return {**merged(begun, free), **{name: free[name] for name, names in FREE.items() if names is None}}


def continued(begun: RunConfig, resolved: RunConfig, given: RunConfig, command: str) -> RunConfig:
    """Return the `resolved` settings of a run with the settings that may change taken from `given`.

    Raises ConfigError where another setting of `given` differs from `begun`, the settings that the run was started
    with; `command`, which resumes the run, is part of the hint.
    """
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
        free = new.model_fields_set if names is None else names
        changes[section] = old.replace(**{name: getattr(new, name) for name in free})
    if given.training.epochs == "auto":  # keep the length chosen at the start, or let max_steps alone count
        length = (
            {"epochs": 0} if given.training.max_steps else {each: getattr(resolved.training, each) for each in LENGTH}
        )
        changes["training"] = changes["training"].replace(**length)
    return resolved.replace(**changes, plugins=given.plugins)


def chosen_for(given: RunConfig, resolved: RunConfig) -> dict[str, Any]:
    """Return, by dotted name, the given value of each setting for which training chose another one, such as for
    `auto`."""
    first, second = given.model_dump(mode="json"), resolved.model_dump(mode="json")
    return {".".join(key): old for key, old, _ in differences(first, second)}


def check_finished(resolved: RunConfig, instead: Mapping[str, Any], given: RunConfig, folder: str) -> None:
    """Raise ConfigError where `given` has settings that would change the model of a finished run.

    `instead` is what `chosen_for` returned for the run: a value that training had replaced, such as `auto`, may be
    given again.
    """
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
