"""Choice of the number format of matrix products (mixed precision): the fastest that is safe on this machine.

Processors differ. Some multiply bfloat16 four times as fast as float32; others have the same instructions, but need
twice the time of float32. PyTorch's default path for float32 is the fast one on some processors; on others it has half
the speed of oneDNN's path. The choice therefore does not depend on the processor's name, but on measured times of a few
products, which takes some milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from seqloom.nn.forking import compute_after_forks
from seqloom.nn.kernels import bound_kernels

bound_kernels()  # done here because a precision is always chosen before anything is computed
compute_after_forks()

Wanted = Literal["auto", "float32", "float32-default", "float32-onednn", "bfloat16"]
GAIN = 1.3  # another path must be faster by this factor to be chosen; the noise of a busy machine is smaller
TURNS = 8  # measurements of each path, the first of which is a warm-up
FLOAT32_ERROR = 2e-5  # largest relative error that counts as float32 arithmetic; bfloat16 has 3e-3


@contextmanager
def no_denormals() -> Iterator[None]:
    """Treat denormal numbers (below about 1e-38) as 0 inside, if the processor supports it (x86 and newer ARM).

    Arithmetic with denormal numbers is ten times as slow. They occur as weights and gradients of positions that a sharp
    attention ignores, and as the optimiser's running means for rare words.
    """
    before = bool(torch.tensor(1e-39) * 1.0 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@dataclass(frozen=True)
class Precision:
    """A number format for matrix products on a device, and whether float32 products use oneDNN's path.

    `reason` says in a few words why it was chosen.
    """

    dtype: torch.dtype
    device: str
    onednn: bool = False
    reason: str = ""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Compute with this precision, and without denormal numbers, inside the context."""
        before, recurrent = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        torch.set_float32_matmul_precision("medium" if self.onednn else "highest")
        torch.backends.cudnn.allow_tf32 = False
        try:
            with no_denormals(), torch.autocast(self.device, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
                yield
        finally:
            torch.set_float32_matmul_precision(before)
            torch.backends.cudnn.allow_tf32 = recurrent

    @property
    def setting(self) -> Wanted:
        """The value of `training.precision` that gives this precision without measuring."""
        if self.dtype == torch.bfloat16:
            return "bfloat16"
        return "float32-onednn" if self.onednn else "float32-default"

    def describe(self) -> str:
        """A description in one line, for the log."""
        name = "bfloat16 products" if self.dtype == torch.bfloat16 else "float32"
        path = " through oneDNN" if self.onednn else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{name}{path} on {self.device}{reason}"


def choose_precision(wanted: Wanted, device: str) -> Precision:
    """The precision for a device.

    On a CPU, `float32` takes the faster float32 path and `auto` the fastest path of all, as measured; other values of
    `wanted` name a path. On a CUDA GPU, `auto` takes bfloat16 if the GPU supports it. Other devices get float32.
    """
    if device.startswith("cuda"):
        bfloat16 = wanted == "bfloat16" or (
            wanted == "auto" and torch.cuda.is_bf16_supported(including_emulation=False)
        )
        return Precision(torch.bfloat16 if bfloat16 else torch.float32, "cuda", reason="as the GPU offers")
    if device != "cpu":
        return Precision(torch.float32, device)
    if wanted not in ("auto", "float32"):
        dtype = torch.bfloat16 if wanted == "bfloat16" else torch.float32
        return Precision(dtype, "cpu", onednn=wanted == "float32-onednn", reason="as asked")
    seconds = _measured()
    best, onednn = seconds["float32"], False
    if seconds["onednn"] * GAIN < best:
        best, onednn = seconds["onednn"], True
    if wanted == "auto" and seconds["bfloat16"] * GAIN < best:
        return Precision(torch.bfloat16, "cpu", reason=f"measured {best / seconds['bfloat16']:.1f}× as fast as float32")
    if onednn:
        reason = f"measured {seconds['float32'] / best:.1f}× as fast as the default path, same accuracy"
        return Precision(torch.float32, "cpu", onednn=True, reason=reason)
    reason = "as asked" if wanted == "float32" else "measured fastest here"
    return Precision(torch.float32, "cpu", reason=reason)


@cache
def _measured() -> dict[str, float]:
    """The time of one matrix product on each path, in seconds; infinite for a float32 path that is not accurate.

    The paths take turns on one thread, and this thread's CPU time is measured, so that other programs on the machine
    do not influence the choice.
    """
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randn(size, 512, generator=generator) for size in (256, 2048))
    exact = x.double() @ w.double().t()
    xb, wb = x.bfloat16(), w.bfloat16()
    paths: dict[str, tuple[str, Tensor, Tensor]] = {
        "float32": ("highest", x, w),
        "onednn": ("medium", x, w),
        "bfloat16": ("highest", xb, wb),
    }
    best = dict.fromkeys(paths, float("inf"))
    before, threads = torch.get_float32_matmul_precision(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for turn in range(TURNS):
            for name, (setting, left, right) in paths.items():
                torch.set_float32_matmul_precision(setting)
                start = time.thread_time()
                product = F.linear(left, right)
                seconds = time.thread_time() - start
                if turn:  # the first turn is a warm-up
                    best[name] = min(best[name], seconds)
                if name == "onednn" and (product - exact).abs().max() > FLOAT32_ERROR * exact.abs().max():
                    best[name] = float("inf")
    finally:
        torch.set_float32_matmul_precision(before)
        torch.set_num_threads(threads)
    return best
