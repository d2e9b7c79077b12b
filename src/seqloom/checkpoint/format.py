"""What lies in a model folder and how its manifest vouches for it.

    manifest.json            format and version, the package that wrote it, the codec of each side and its file, size
                             and SHA-256 of every other file
    config.toml              every setting, with what training chose from the data
    model.safetensors        each distinct tensor once; tied weights are tied again by the configuration
    tokenizer.json           the codec of both sides where both are text and share a tokenizer, or
    tokenizer.source.json, tokenizer.target.json
    metrics.json             what was measured
    README.md                the model card
    shortlist.safetensors    which target words go with which source words, where that was learned
    members.json             of an ensemble: each member's network and its share; their weights are in model.safetensors
    confidence.json          how the search's probabilities become confidences, where the model was calibrated
    exceptions.jsonl         answers that a user has given for some sources, where there are any
    memory.jsonl             answers that were memorised from training pairs, where there are any
    plugins.json             which plugins the model needs, where it needs any: names and hashes, never their code
    model.onnx               the network and its search as one graph, where it was exported
    model.int8.onnx          the same with weights of 8 bits

Other entries of the folder (a run's `log.jsonl` and `resume/`) are nobody's business here and stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from seqloom.codecs.files import CodecFiles
from seqloom.errors import ModelFolderError

FORMAT = "seqloom-model"
FORMAT_VERSION = 2
"""Since 2 embeddings and the matrix of general attention are held in another scale: weights of 1 would mislead."""

MANIFEST = "manifest.json"
CONFIG = "config.toml"
WEIGHTS = "model.safetensors"
METRICS = "metrics.json"
CARD = "README.md"
SHORTLIST = "shortlist.safetensors"
MEMBERS = "members.json"
EXCEPTIONS = "exceptions.jsonl"
MEMORY = "memory.jsonl"
PLUGINS = "plugins.json"
CONFIDENCE = "confidence.json"
GRAPH = "model.onnx"
GRAPH_INT8 = "model.int8.onnx"

REQUIRED = (CONFIG, WEIGHTS, METRICS)


@cache
def _installed() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - who reads a folder need not know

    return version("seqloom")


@dataclass(frozen=True)
class FileRecord:
    """What the manifest knows of one file."""

    sha256: str
    bytes: int

    @classmethod
    def of(cls, path: Path) -> FileRecord:
        """The record of the file as it lies on the disk."""
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(digest, path.stat().st_size)


@dataclass(frozen=True)
class Manifest:
    """Names, sizes and hashes of the files of a model folder, and which of them hold the codecs of its two sides."""

    files: Mapping[str, FileRecord]
    codecs: CodecFiles
    format_version: int = FORMAT_VERSION
    package_version: str = field(default_factory=_installed)

    @property
    def graph_alone(self) -> bool:
        """Whether the folder holds an exported graph without the weights that it was made from."""
        return WEIGHTS not in self.files and not {GRAPH, GRAPH_INT8}.isdisjoint(self.files)

    def to_json(self) -> str:
        """The text of manifest.json."""
        files = {name: {"sha256": record.sha256, "bytes": record.bytes} for name, record in sorted(self.files.items())}
        head = {"format": FORMAT, "format_version": self.format_version, "package_version": self.package_version}
        return json.dumps({**head, "codecs": self.codecs.to_values(), "files": files}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> Manifest:
        """The manifest in `text`; refuses what is not ours and versions this package does not read."""
        values = read_json_object(text, where)
        if values.get("format") != FORMAT:
            raise ModelFolderError(
                f"must be the manifest of a Seqloom model, not {values.get('format')!r}", where=where
            )
        found = values.get("format_version")
        if found != FORMAT_VERSION:
            raise ModelFolderError(
                f"must have format version {FORMAT_VERSION}, not {found!r} (seqloom {values.get('package_version')})",
                where=where,
                hint=_other_version(found),
            )
        try:
            files = {
                str(name): FileRecord(str(record["sha256"]), int(record["bytes"]))
                for name, record in values["files"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ModelFolderError("the manifest must list sha256 and bytes of each file", where=where) from None
        stated = values.get("codecs")
        codecs = CodecFiles.of_earlier(files) if stated is None else CodecFiles.from_values(stated, where)
        for name in (*files, *codecs.names):
            if Path(name).name != name:
                raise ModelFolderError(f"a manifest names files of its own folder only, not {name!r}", where=where)
        return cls(files, codecs, FORMAT_VERSION, str(values.get("package_version", "")))


def _other_version(found: Any) -> str:
    """What to do with a folder of another version."""
    if isinstance(found, int) and found < FORMAT_VERSION:
        return "train it again: since then embeddings and general attention hold their weights in another scale"
    return "install the version of seqloom that wrote it, or a newer one"


def read_json_object(text: str, where: str) -> dict[str, Any]:
    """The JSON object in `text`, or an error that names the file."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelFolderError(f"must be JSON: {error}", where=where) from None
    if not isinstance(values, dict):
        raise ModelFolderError("must be a JSON object", where=where)
    return values
