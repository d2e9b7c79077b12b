"""Memory: recognise out-of-memory errors, cut batches that do not fit, and estimate how much memory is available."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.data.batch import Batch

GROUPS = Path("/sys/fs/cgroup")
SAID = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory", "alloc_failed")
"""Phrases in the messages of a RuntimeError by which torch's allocators say that memory is not enough."""


class TooLargeError(Exception):
    """A batch of a single pair does not fit into memory; `row` is its row in the corpus, `size` its number of
    tokens."""

    def __init__(self, row: int, size: int) -> None:
        self.row, self.size = row, size
        super().__init__(f"row {row}")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory was not enough: from torch on a GPU or a CPU, from Python or from NumPy."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in SAID)


def release() -> None:
    """Free the memory that a failed attempt still holds."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def pieces(batch: Batch, limit: int) -> Iterator[Batch]:
    """Yield the batch, or its halves, quarters and so on, each smaller than `limit` tokens or a single pair (0: no
    limit)."""
    if not limit or batch.size < limit or len(batch) == 1:
        yield batch
        return
    for half in batch.halves():
        yield from pieces(half, limit)


def available_memory() -> int:
    """Estimate how many bytes this process may still allocate.

    This is the smallest of what the machine has free, what its control groups leave, and what a limit on its address
    space leaves; 0 where none of these is known.
    """
    bounds = [bound for bound in (_machine(), *_groups(), _address_space()) if bound is not None]
    return max(0, min(bounds)) if bounds else 0


def rows_of(batches: list[Batch]) -> NDArray[np.int64]:
    """Return the corpus rows in some batches, including the parts that other processes train on."""
    return np.concatenate([batch.whole.indices for batch in batches])


def _machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # free memory is unknown: assume half
    return None


def _groups() -> Iterator[int]:
    """Yield the bytes left in each Linux control group (version 2) that holds this process; cached file pages count as
    free."""
    with suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
        own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
        group, root = GROUPS / own, GROUPS
        for folder in (group, *group.parents):
            with suppress(OSError, ValueError):
                most, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
                stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                yield most - used + int(stat["inactive_file"])
            if folder == root:
                break


def _address_space() -> int | None:
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            return most - pages * resource.getpagesize()
    return None
