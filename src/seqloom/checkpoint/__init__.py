"""The model folder: safetensors, TOML, tokenizer JSON and a manifest with hashes; written atomically, never pickle.

Reading what needs no torch (`checkpoint.reading`) does not import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.checkpoint.format import FORMAT_VERSION, Manifest
from seqloom.checkpoint.reading import verify
from seqloom.lazy import lazily

if TYPE_CHECKING:
    from seqloom.checkpoint.store import ModelToStore, StoredModel, load_model, save_model
else:
    __getattr__ = lazily(
        __name__,
        dict.fromkeys(("ModelToStore", "StoredModel", "load_model", "save_model"), "seqloom.checkpoint.store"),
    )

__all__ = ["FORMAT_VERSION", "Manifest", "ModelToStore", "StoredModel", "load_model", "save_model", "verify"]
