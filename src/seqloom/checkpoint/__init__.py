"""Model folders (checkpoints): saving, loading and verifying them.

A folder holds the weights as safetensors, the configuration as TOML, tokenizers as JSON, and a manifest with the hash
of every file. It is written atomically, and nothing in it is a pickle. `checkpoint.reading` reads what does not need
torch and does not import it.
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
