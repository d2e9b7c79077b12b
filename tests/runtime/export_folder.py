"""`python export_folder.py FOLDER` writes the graph of a folder's model into it."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx

from exporting import listed
from seqloom.checkpoint import load_model
from seqloom.checkpoint.format import GRAPH, FileRecord
from seqloom.config import build
from seqloom.export.trace import graph_of
from seqloom.search import SearchConfig

folder = Path(sys.argv[1])
loaded = load_model(folder)
onnx.save(graph_of(loaded.model, build(SearchConfig, loaded.config["search"])), folder / GRAPH)
listed(folder, {GRAPH: FileRecord.of(folder / GRAPH)})
