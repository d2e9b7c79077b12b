"""Trace a module with torch and convert it to ONNX; every axis longer than one may have any length in the graph."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import Tensor, nn

OPSET = 21
ANY = torch.export.Dim.AUTO
REGISTRY = "torch.onnx._internal.exporter._registration"
NOISE = {
    REGISTRY: "torchvision is not installed. Skipping ",
    "onnx_ir._convenience": "Attribute type is ambiguous because it is an empty sequence.",
}
"""Beginnings of messages, by their loggers, that every trace writes and that say nothing of the model."""

RECURRENT = (torch.ops.aten.lstm.input, torch.ops.aten.gru.input)
"""Operators that the tracer of torch 2.13 replaces by loops while it works."""

Axes = Collection[int]
"""Numbers of the axes of a tensor that may have any length in the graph, but for those of length one."""


@torch.no_grad()
def traced(
    module: nn.Module, arguments: Sequence[Any], open_axes: Axes | list[Axes | list[Axes]] = range(4)
) -> onnx.ModelProto:
    """The module on tensors and lists of tensors; its inputs are named `input_0`, `input_1`, … in their order.

    The axes `open_axes` of each tensor may have any length. Where arguments need axes of their own, it is a list with
    one entry an argument: axes for all its tensors, or a list with axes for each. Numbers stay numbers.
    """
    axes_of = open_axes if isinstance(open_axes, list) else [open_axes] * len(arguments)
    arguments = [  # one tensor given twice would be traced as one input
        [each.clone() for each in group] if isinstance(group, list) else group.clone() for group in arguments
    ]
    for operator in RECURRENT:  # each keeps what it was after the last trace, which unrolls it
        operator._dispatch_cache.clear()
    count = sum(len(group) if isinstance(group, list) else 1 for group in arguments)
    with warnings.catch_warnings(), _without_noise():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(arguments),
            dynamic_shapes=tuple(_opened(group, axes) for group, axes in zip(arguments, axes_of, strict=True)),
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
            input_names=[f"input_{number}" for number in range(count)],
        )
    assert program is not None
    return program.model_proto


@contextmanager
def _without_noise() -> Iterator[None]:
    """Leave out the messages of `NOISE`; all others are written."""

    def wanted(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(NOISE[record.name])

    loggers = [logging.getLogger(name) for name in NOISE]
    for logger in loggers:
        logger.addFilter(wanted)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(wanted)


def _opened(group: Any, axes: Any) -> Any:
    if isinstance(group, list):
        each_axes = axes if isinstance(axes, list) else [axes] * len(group)
        return [_opened(each, own) for each, own in zip(group, each_axes, strict=True)]
    assert isinstance(group, Tensor)
    return {axis: ANY for axis in axes if axis < group.dim() and group.size(axis) != 1} if group.dim() else None
