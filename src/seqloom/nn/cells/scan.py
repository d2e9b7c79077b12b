"""Export a recurrence as one ONNX `Scan` operator, so that the number of steps stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from seqloom.nn.tree import leaves, rebuild


def scanned(step: Callable[..., tuple[Any, Tensor]], state: Any, *inputs: Tensor | None) -> tuple[Tensor, Any]:
    """Apply `step(state, *inputs[:, t]) → state, output` for all t; returns the outputs [B, S, ..] and the last state.

    Tensors are cloned because the operator allows no aliases: two parts of a state may be the same tensor, and an
    output may be part of the state.
    """
    from torch._higher_order_ops.scan import scan  # noqa: PLC0415 - not public: only a trace depends on it

    def combine(carried: tuple[Tensor, ...], now: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
        after, output = step(rebuild(state, carried), *now)
        return tuple(leaves(after)), output.clone()

    over_time = tuple(part.transpose(0, 1) for part in inputs if part is not None)
    last, outputs = scan(combine, tuple(leaf.clone() for leaf in leaves(state)), over_time)
    return outputs.transpose(0, 1), rebuild(state, last)
