"""A model folder with an exported graph → predictions, by ONNX Runtime; no torch, no Arrow."""

from __future__ import annotations

from seqloom.runtime.engine import OnnxEngine
from seqloom.runtime.model import RuntimeModel, load_graph

__all__ = ["OnnxEngine", "RuntimeModel", "load_graph"]
