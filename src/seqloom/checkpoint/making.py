"""How a model was made, as metrics.json of its folder says it; this module does not need torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAKING = ("record", "mean_of", "ensemble", "best")
"""Entries of metrics.json that say how the model was made; all others are measurements."""
CLASSES = "dev_classes"
"""The entry of metrics.json with the figures of each class, which have a table of their own."""


def making(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """How the model was made, as a flat mapping of facts: the run's record, and each data file with its SHA-256."""
    record = metrics.get("record", {})
    result = flattened(record)
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


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to one with dotted names; lists and other values that are not plain are left out."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flattened(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float | str):
            result[f"{prefix}{name}"] = value
    return result
