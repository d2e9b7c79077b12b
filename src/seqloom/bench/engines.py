"""The inference engines that can run a model folder on this machine."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.format import Manifest
from seqloom.checkpoint.reading import read_manifest
from seqloom.errors import ConfigError, ModelFolderError, SeqloomError, missing_package, suggestion
from seqloom.loading import ENGINES


@dataclass(frozen=True)
class Offer:
    """An engine: the arguments of `load` that select it, and the file in the model folder that only this engine
    reads."""

    name: str
    engine: str
    int8: bool | None
    file: str


KNOWN = (
    Offer("PyTorch", "torch", None, layout.WEIGHTS),
    Offer("float32 graph", "onnx", False, layout.GRAPH),
    Offer("8-bit graph", "onnx", True, layout.GRAPH_INT8),
)
"""All engines."""


def offers(folder: Path | str, engine: str = "auto") -> tuple[list[Offer], list[SeqloomError]]:
    """Return the engines that can be run, and for each of the others the reason why not.

    `engine` is as in `load`, with `auto` for all engines. Raises the first reason where none can be run.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"engine must be one of {', '.join(ENGINES)}, not {engine!r}", hint=suggestion(engine, ENGINES)
        )
    folder = Path(folder)
    manifest = read_manifest(folder)
    found, missing = [], []
    for offer in KNOWN:
        if engine in ("auto", offer.engine):
            fault = _fault(folder, manifest, offer)
            if fault is None:
                found.append(offer)
            else:
                missing.append(fault)
    if not found:
        raise missing[0]
    return found, missing


def size_of(manifest: Manifest, offer: Offer) -> int:
    """Return the size in bytes of the files that the engine reads: settings, tokenizers, and its weights or graph."""
    read = (layout.CONFIG, *manifest.codecs.names, offer.file)
    return sum(record.bytes for name, record in manifest.files.items() if name in read)


def _fault(folder: Path, manifest: Manifest, offer: Offer) -> SeqloomError | None:
    """Return why an engine cannot be run; None where it can."""
    if offer.file in manifest.files:
        absent = offer.engine == "torch" and find_spec("torch") is None
        return missing_package("torch", "train", "the engine PyTorch") if absent else None
    option = " --int8" if offer.int8 else ""
    exports = offer.engine == "onnx" and layout.WEIGHTS in manifest.files
    hint = f"seqloom export {shlex.quote(str(folder))}{option}" if exports else ""
    return ModelFolderError(f"has no {offer.file}", where=str(folder), hint=hint)
