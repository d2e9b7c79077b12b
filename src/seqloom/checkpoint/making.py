"""How a model was made, as metrics.json of its folder says it; this module does not need torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAKING = ("record", "mean_of", "ensemble", "best")
"""Entries of metrics.json that say how the model was made; all others are measurements."""
SHOWN_OTHERWISE = ("stated", "given", "plan")
"""Entries of a run's record that are not shown as they are. `given` holds the defaults that the plan replaced."""
CLASSES = "dev_classes"
"""The entry of metrics.json with the figures of each class, which have a table of their own."""


def making(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """How the model was made, as a flat mapping of facts: the settings that were given, those that were planned, each
    with its reason, the run's record, and each data file with its SHA-256."""
    record = metrics.get("record", {})
    plan = record.get("plan", {})
    stated = record.get("stated", {}).items()
    result = {f"given: {name}": ", ".join(map(str, each)) if isinstance(each, list) else each for name, each in stated}
    for choice in plan.get("choices", ()):
        for name, value in flattened(choice["settings"]).items():
            result[f"planned: {name}"] = f"{value}, as {choice['why']}"
    result |= flattened({name: value for name, value in record.items() if name not in SHOWN_OTHERWISE})
    result |= flattened(plan.get("facts", {}), "pairs: ")
    for name in ("notices", "warnings"):
        result |= {f"{name.removesuffix('s')} {at}": said for at, said in enumerate(record.get(name, ()), start=1)}
    for number, each in enumerate(plan.get("notes", ()), start=1):
        result[f"note on the plan {number}"] = each
    for each in record.get("data", ()):
        name = each.get("file") or f"{each.get('pairs', 0):,} pairs given in Python"
        result[f"{each['part']}: {name}"] = each.get("sha256", "read from standard input")
    if record.get("resumed"):
        result["resumed"] = ", ".join(str(each["started"]) for each in record["resumed"])
    members = (*metrics.get("mean_of", ()), *metrics.get("ensemble", {}).get("members", ()))
    for number, each in enumerate(members, start=1):
        result[f"member {number}: {each['folder']}"] = each.get("sha256", "given in Python")
    notes = (*metrics.get("notes", ()), *metrics.get("ensemble", {}).get("notes", ()))
    for number, note in enumerate(notes, start=1):
        result[f"note {number}"] = note
    return result


def flattened(values: Mapping[str, Any], prefix: str = "", *, lists: bool = False) -> dict[str, Any]:
    """Flatten nested mappings to one with dotted names; values that are not plain are left out, and lists unless they
    are asked for."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flattened(value, f"{prefix}{name}.", lists=lists)
        elif isinstance(value, bool | int | float | str) or (lists and isinstance(value, list | tuple)):
            result[f"{prefix}{name}"] = list(value) if isinstance(value, list | tuple) else value
    return result
