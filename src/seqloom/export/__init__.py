"""Export of a model folder to one ONNX graph that holds the network and the whole search.

Exporting needs torch, onnx and onnxscript.
"""

from __future__ import annotations

from seqloom.export.folder import export_model

__all__ = ["export_model"]
