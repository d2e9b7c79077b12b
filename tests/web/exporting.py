"""Writes model.onnx into the model folders that are given: a process of its own, as shapes are not checked there."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import torch

import seqloom
from seqloom.export.trace import graph_of

torch.set_num_threads(1)
for folder in map(Path, sys.argv[1:]):
    model = seqloom.load(folder)
    onnx.save(graph_of(model.network.eval(), model.config.search), folder / "model.onnx")
