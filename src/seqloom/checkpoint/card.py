"""The model card (README.md of a model folder): what the model does, its size, its quality, and how to use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from seqloom.checkpoint.format import FORMAT_VERSION
from seqloom.config import Section, to_toml
from seqloom.model import parameter_count
from seqloom.plugins import needs_of

MAKING = ("record", "mean_of")
"""Entries of metrics.json that say how the model was made; all others are measurements."""


def model_card(config: Section, metrics: Mapping[str, Any], model: nn.Module) -> str:
    """The text of the model card in Markdown."""
    count = parameter_count(model)
    measured = {name: value for name, value in metrics.items() if name not in MAKING}
    rows = [f"| {name} | {_shown(value)} |" for name, value in flattened(measured).items()]
    made = [f"| {_shown(name)} | {_shown(value)} |" for name, value in making(metrics).items()]
    facts = [f"- {name}: {value}" for name, value in _facts(config).items()]
    return "\n".join(
        [
            "# A Seqloom model",
            "",
            f"{_reader(config)} reads the source sequence, a recurrent decoder writes the target sequence.",
            "",
            f"- weights: {count:,}",
            f"- folder format: {FORMAT_VERSION}; every file's SHA-256 is in `manifest.json`",
            *facts,
            "",
            "## Measured",
            "",
            *(["| measure | value |", "|---|---|", *rows] if rows else ["Nothing yet."]),
            "",
            *(["## How it was made", "", "| fact | value |", "|---|---|", *made, ""] if made else []),
            "## Use",
            "",
            "```python",
            "import seqloom",
            "",
            'model = seqloom.load("FOLDER")',
            'model.predict(["..."])',
            "```",
            "",
            "```",
            "seqloom predict FOLDER input.txt",
            "seqloom evaluate FOLDER test.tsv",
            "seqloom show FOLDER",
            *(["seqloom reproduce FOLDER"] if made else []),
            "```",
            "",
            "## Settings of the model",
            "",
            "```toml",
            to_toml(getattr(config, "model", config)).strip(),
            "```",
            "",
        ]
    )


def making(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """How the model was made, as a flat mapping of facts: the run's record, and each data file with its SHA-256."""
    record = metrics.get("record", {})
    result = flattened(record)
    for each in record.get("data", ()):
        name = each.get("file") or f"{each.get('pairs', 0):,} pairs given in Python"
        result[f"{each['part']}: {name}"] = each.get("sha256", "read from standard input")
    if record.get("resumed"):
        result["resumed"] = ", ".join(str(each["started"]) for each in record["resumed"])
    for number, each in enumerate(metrics.get("mean_of", ()), start=1):
        result[f"member {number}: {each['folder']}"] = each["sha256"]
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


def _reader(config: Section) -> str:
    """What kind of encoder the model has."""
    kind = getattr(getattr(getattr(config, "model", config), "encoder", None), "kind", "recurrent")
    return "A Transformer encoder" if kind == "transformer" else f"A {kind} encoder"


def _facts(config: Section) -> dict[str, str]:
    """The data the model was trained on and its kinds of tokens, if the configuration has these sections."""
    facts = {}
    data, text = getattr(config, "data", None), getattr(config, "text", None)
    for part in ("train", "dev"):
        files = getattr(data, part, ())
        if files:
            facts[f"{part} data"] = ", ".join(f"`{file}`" for file in files)
    for side in ("source", "target"):
        kind = getattr(getattr(text, side, None), "kind", "")
        if kind:
            facts[f"{side} tokens"] = kind
    if needs := needs_of(config):
        facts["plugins that it needs"] = ", ".join(f"`{need.origin}` ({', '.join(need.members)})" for need in needs)
    return facts


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
