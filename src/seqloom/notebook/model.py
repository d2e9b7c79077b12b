"""A model in one line, and as a table in a notebook: kind, sizes, data, main figure and folder. Nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.notebook.html import block, facts, figure, heading

if TYPE_CHECKING:
    from seqloom.api import Model
    from seqloom.runtime_model import RuntimeModel


def model_facts(model: Model, folder: str) -> dict[str, str]:
    """What is worth knowing of a model at first sight, by name."""
    sizes = model.sizes()
    dev = model.metrics.get("dev", {})
    main = [name for name in (*model.config.measures, "loss") if isinstance(dev.get(name), int | float)]
    values = {
        "kind": _kind(model),
        "size": f"{sizes['weights']:,} weights, {model.codecs.described}",
        "trained on": _trained_on(model.metrics, model.config.data.train),
        "on dev": ", ".join(f"{name} {figure(float(dev[name]))}" for name in dict.fromkeys(main)),
        "known answers": ", ".join(f"{sizes[each]:,} ({each})" for each in ("exceptions", "memory") if each in sizes),
        "folder": folder if folder and Path(folder).exists() else "",
    }
    return {name: value for name, value in values.items() if value}


def model_text(model: Model, folder: str) -> str:
    """A model in one line."""
    values = model_facts(model, folder)
    told = [value if name == "kind" else f"{name}: {value}" for name, value in values.items()]
    return f"Model({'; '.join(told)})"


def model_html(model: Model, folder: str) -> str:
    """A model as a table."""
    return block(heading("Seqloom model"), facts(model_facts(model, folder)))


def graph_facts(model: RuntimeModel) -> dict[str, str]:
    """What is worth knowing of an exported model, by name."""
    return {
        "kind": "exported graph, run by ONNX Runtime without PyTorch",
        "size": model.codecs.described,
        "file": str(model.engine.path),
    }


def graph_text(model: RuntimeModel) -> str:
    """An exported model in one line."""
    return f"RuntimeModel({'; '.join(graph_facts(model).values())})"


def graph_html(model: RuntimeModel) -> str:
    """An exported model as a table."""
    return block(heading("Seqloom model"), facts(graph_facts(model)))


def _kind(model: Model) -> str:
    members = model.sizes().get("members", 1)
    if members > 1:
        return f"ensemble of {members} models"
    config = model.config.model
    encoder = config.encoder.kind
    reader = f"{config.cell.kind} encoder" if encoder == "recurrent" else f"{encoder} encoder"
    if config.answer not in ("auto", "sequence"):
        return f"{reader}, answer {config.answer}, width {config.hidden}"
    looks = f"{config.attention.kind} attention" if config.attention is not None else "no attention"
    return f"{reader}, {config.cell.kind} decoder, {looks}, width {config.hidden}"


def _trained_on(metrics: Mapping[str, Any], files: tuple[str, ...]) -> str:
    """The files or the number of pairs that the run's record names, or else the files of the settings."""
    parts = [each for each in metrics.get("record", {}).get("data", ()) if each.get("part") == "train"]
    named = [each.get("file") or f"{each.get('pairs', 0):,} pairs given in Python" for each in parts]
    listed = [Path(each).name if "/" in each else each for each in named or files]
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
