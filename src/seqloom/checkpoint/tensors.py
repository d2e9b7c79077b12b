"""Reading and writing of a module's weights as a safetensors file, in which tied weights are stored once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seqloom.errors import ModelFolderError, suggestion


def distinct_tensors(module: nn.Module) -> dict[str, Tensor]:
    """All weights and persistent buffers of a module by name; tied weights appear once, under their first name."""
    seen: set[int] = set()
    result = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            result[name] = tensor.detach()
    return result


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write named tensors as safetensors; raises an `OSError` if the disk cannot be written to."""
    path.touch()
    mode = path.stat().st_mode  # the library would make the file readable by its owner only
    try:
        save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path, {"format": "pt"})
        path.chmod(mode)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        raise (OSError(int(number[1]), os.strerror(int(number[1]))) if number else OSError(str(error))) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file by name."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelFolderError(f"must be a safetensors file: {error}", where=str(path)) from None


@torch.no_grad()
def fill_tensors(own: Mapping[str, Tensor], stored: Mapping[str, Tensor], where: str) -> None:
    """Copy `stored` into `own`; both must have the same names and shapes, and all numbers must be finite."""
    for name in own.keys() - stored.keys():
        raise ModelFolderError(f"the tensor {name} is missing", where=where)
    for name in stored.keys() - own.keys():
        raise ModelFolderError(
            f"the tensor {name} does not belong to the configured model", where=where, hint=suggestion(name, own)
        )
    for name, tensor in own.items():
        if tensor.shape != stored[name].shape:
            raise ModelFolderError(
                f"the tensor {name} must have shape {tuple(tensor.shape)}, not {tuple(stored[name].shape)}", where=where
            )
        if not torch.isfinite(stored[name]).all():
            raise ModelFolderError(
                f"the tensor {name} must hold finite numbers, not infinities or NaN",
                where=where,
                hint="train again, with a lower training.optimiser.learning_rate if the run had diverged",
            )
        tensor.copy_(stored[name])
