"""The model folder: safetensors, TOML, tokenizer JSON and a manifest with hashes; written atomically, never pickle."""

from __future__ import annotations

from seqloom.checkpoint.format import FORMAT_VERSION, Manifest
from seqloom.checkpoint.store import LoadedModel, ModelFolder, load_model, save_model, verify

__all__ = ["FORMAT_VERSION", "LoadedModel", "Manifest", "ModelFolder", "load_model", "save_model", "verify"]
