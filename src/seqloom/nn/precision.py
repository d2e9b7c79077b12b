"""The number format of matrix products: what is safe and fastest on this machine, found by trying.

Processors differ: some multiply bfloat16 four times as fast as float32, some, with the same instructions, at half the
speed; and PyTorch's default float32 path is the fast one on some processors and runs at half speed on others, where
oneDNN's is the fast one. So nothing is concluded from a processor's name: a few milliseconds of products decide.
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

bound_kernels()  # whoever computes chooses a precision first
compute_after_forks()

Wanted = Literal["auto", "float32", "float32-default", "float32-onednn", "bfloat16"]
GAIN = 1.3  # another path must be that much faster to be taken: well beyond what a busy machine can feign
TURNS = 8
FLOAT32_ERROR = 2e-5  # largest relative error of a product that still is float32 arithmetic; bfloat16 gives 3e-3


@contextmanager
def no_denormals() -> Iterator[None]:
    """Numbers below 1e-38 count as 0 inside, where the processor can do so (x86 and newer ARM).

    A sharp attention gives far positions weights and gradients of that size, and so does the optimiser the means of a
    rare word; a processor multiplies with them ten times as slowly.
    """
    before = bool(torch.tensor(1e-39) * 1.0 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@dataclass(frozen=True)
class Precision:
    """A number format for products, and the library path that computes float32 ones."""

    dtype: torch.dtype
    device: str
    onednn: bool = False
    reason: str = ""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Computes inside with this precision, and without denormals."""
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
        """One line for people."""
        name = "bfloat16 products" if self.dtype == torch.bfloat16 else "float32"
        path = " through oneDNN" if self.onednn else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{name}{path} on {self.device}{reason}"


def choose_precision(wanted: Wanted, device: str) -> Precision:
    """The format asked for, or, for `auto`, the fastest that is safe: bfloat16 only where it is truly faster."""
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
    """Seconds of one product of training's size on each path; infinite where it is not accurate float32.

    The paths take turns on one thread, whose own time is taken, so that other work on the machine does not decide.
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
                if turn:  # the first one warms up
                    best[name] = min(best[name], seconds)
                if name == "onednn" and (product - exact).abs().max() > FLOAT32_ERROR * exact.abs().max():
                    best[name] = float("inf")
    finally:
        torch.set_float32_matmul_precision(before)
        torch.set_num_threads(threads)
    return best
