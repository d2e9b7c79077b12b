"""The model card (README.md of a model folder): what the model does, its size, its quality, and how to use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.checkpoint.format import FORMAT_VERSION
from seqloom.checkpoint.making import CLASSES, MAKING, flattened, making
from seqloom.confidence import AnyCalibration
from seqloom.config import Section, to_toml
from seqloom.ensemble_network import AnyEnsemble, own_weights, single_networks
from seqloom.label_ensemble import LabelEnsemble
from seqloom.model import parameter_count
from seqloom.networks import AnyNetwork
from seqloom.plugins import needs_of
from seqloom.tag_ensemble import FrameEnsemble, TagEnsemble


def model_card(
    config: Section, metrics: Mapping[str, Any], model: AnyNetwork, calibration: AnyCalibration | None = None
) -> str:
    """The text of the model card in Markdown."""
    count = parameter_count(own_weights(model))
    measured = {name: value for name, value in metrics.items() if name not in (*MAKING, CLASSES)}
    rows = [f"| {name} | {_shown(value)} |" for name, value in flattened(measured).items()]
    made = [f"| {_shown(name)} | {_shown(value)} |" for name, value in making(metrics).items()]
    facts = [f"- {name}: {value}" for name, value in _facts(config, metrics, model).items()]
    return "\n".join(
        [
            "# A Seqloom model",
            "",
            _introduction(model),
            "",
            f"- weights: {count:,}",
            f"- folder format: {FORMAT_VERSION}; every file's SHA-256 is in `manifest.json`",
            *facts,
            "",
            "## Measured",
            "",
            *(["| measure | value |", "|---|---|", *rows] if rows else ["Nothing yet."]),
            "",
            *([f"Its {calibration.sentence()}.", ""] if calibration else []),
            *_classes(metrics.get(CLASSES, {})),
            *_gains(metrics.get("best", {})),
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
            *_settings(model),
        ]
    )


def _classes(found: Mapping[str, Any]) -> list[str]:
    """The figures of each class on the dev data, as lines of Markdown."""
    if not found:
        return []
    rows = [
        f"| {_shown(each['label'])} | {each['support']:,} | {each['precision']:.2f} | {each['recall']:.2f} "
        f"| {each['f1']:.2f} |"
        for each in found["classes"]
    ]
    if "majority" in found:
        figures = (
            f"accuracy {found['accuracy']:.2f}, macro F1 {found['macro_f1']:.2f}; always answering "
            f"`{found['majority']}` has an accuracy of {found['majority_baseline']:.2f}"
        )
    else:  # several labels at once
        figures = f"micro F1 {found['micro_f1']:.2f}, macro F1 of labels {found['label_macro_f1']:.2f}"
    said = f"On the dev data, answered as the model answers: {figures}."
    head = ["| label | examples | precision | recall | F1 |", "|---|---|---|---|---|"]
    return ["## Each class", "", said, "", *head, *rows, ""]


def _gains(best: Mapping[str, Any]) -> list[str]:
    """What each part of a model of the effort `best` gained on the dev data, as lines of Markdown."""
    if not best:
        return []
    measure = str(best["measure"])
    rows = [f"| {_shown(row['part'])} | {row[measure]:.2f} |" for row in best["parts"]]
    kept = f"This folder holds: {best['kept']}. Several choices were made on these data, so new data will show less."
    return ["## What each part gained", "", f"| part | {measure} on dev |", "|---|---|", *rows, "", kept, ""]


def _introduction(model: AnyNetwork) -> str:
    """What the model does and which kind of encoder it has, or how many models an ensemble has and how they agree."""
    if isinstance(model, AnyEnsemble):
        return f"An ensemble of {len(model.shares)} models that read the source sequence and {_together(model)}."
    (network,) = single_networks(model)
    kind = network.config.encoder.kind
    reader = "A Transformer encoder" if kind == "transformer" else f"A {kind} encoder"
    if network.config.tagger is not None:
        tagger, pooling = network.config.tagger.kind, network.config.pooling
        whole = "" if pooling is None else f" The whole is pooled ({pooling.kind}) and gets one label."
        return f"{reader} reads the source, and each of its words gets a tag ({tagger}).{whole}"
    if network.config.pooling is None:
        return f"{reader} reads the source sequence, a recurrent decoder writes the target sequence."
    answers = "any number of labels" if network.config.answer == "labels" else "one label"
    return f"{reader} reads the source, which is pooled ({network.config.pooling.kind}) and answered with {answers}."


def _together(model: AnyEnsemble) -> str:
    """What the members of an ensemble do, and how they agree."""
    mean = "follows from the weighted geometric mean of their probabilities"
    if isinstance(model, LabelEnsemble):
        return f"answer with labels together: the probability of each {mean}"
    if isinstance(model, FrameEnsemble):
        return f"find its label and the tags of its words together: the probability of both {mean}"
    if isinstance(model, TagEnsemble):
        return f"find the tags of its words or symbols together: their probability {mean}"
    return f"write the target sequence together: each next symbol {mean}"


def _settings(model: AnyNetwork) -> list[str]:
    """The settings of the network, or of each member of an ensemble, as lines of Markdown."""
    networks = single_networks(model)
    titles = [f"member {number}" for number in range(1, len(networks) + 1)] if len(networks) > 1 else ["the model"]
    shown = [(title, to_toml(each.config).strip()) for title, each in zip(titles, networks, strict=True)]
    return [line for title, toml in shown for line in (f"## Settings of {title}", "", "```toml", toml, "```", "")]


def _facts(config: Section, metrics: Mapping[str, Any], model: AnyNetwork) -> dict[str, str]:
    """The data the model was trained on and its kinds of tokens, if the configuration has these sections; of an
    ensemble, its members with their shares."""
    facts = {}
    data, text = getattr(config, "data", None), getattr(config, "text", None)
    if isinstance(model, AnyEnsemble):
        listed = metrics.get("ensemble", {}).get("members", ())
        names = [str(each.get("folder")) for each in listed] or [""] * len(model.shares)
        for number, (share, name) in enumerate(zip(model.shares, names, strict=True), start=1):
            facts[f"member {number}"] = f"`{name}`, share {share:.4g}"
    for part in () if isinstance(model, AnyEnsemble) else ("train", "dev"):
        files = getattr(data, part, ())
        if files:
            facts[f"{part} data"] = ", ".join(f"`{file}`" for file in files)
    labelled = any(each.config.pooling is not None for each in single_networks(model))
    for side in ("source",) if labelled else ("source", "target"):
        kind = getattr(getattr(text, side, None), "kind", "")
        if kind:
            facts[f"{side} tokens"] = kind
    if needs := needs_of(config, *(each.config for each in single_networks(model))):
        facts["plugins that it needs"] = ", ".join(f"`{need.origin}` ({', '.join(need.members)})" for need in needs)
    return facts


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
