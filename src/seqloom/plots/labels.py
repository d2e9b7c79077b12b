"""Labels for settings in plots and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def named(value: Any) -> str:
    """The value of a setting as text; a table of settings is written like `additive, heads 2`, with its kind first."""
    if isinstance(value, Mapping):
        return ", ".join(named(each) if key == "kind" else f"{key} {named(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(named, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shortest(names: Iterable[str]) -> dict[str, str]:
    """Shorten dotted names to as few of their last parts as keep them distinct.

    `model.encoder.layers`, for example, becomes `layers` if no other name ends with it.
    """
    names = list(dict.fromkeys(names))

    def shared(end: str, own: str) -> bool:
        return any(f".{name}".endswith(f".{end}") for name in names if name != own)

    short = {}
    for name in names:
        parts = name.split(".")
        ends = [".".join(parts[start:]) for start in reversed(range(len(parts)))]
        short[name] = next((end for end in ends if not shared(end, name)), name)
    return short
