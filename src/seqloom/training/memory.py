"""Memory: what it looks like when there is not enough of it, how a batch is cut, and how much is to be had."""

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


class TooLargeError(Exception):
    """One pair alone does not fit into memory; `row` is its place in the corpus, `size` its tokens."""

    def __init__(self, row: int, size: int) -> None:
        self.row, self.size = row, size
        super().__init__(f"row {row}")


def out_of_memory(error: BaseException) -> bool:
    """Whether an allocator gave up: torch's on a GPU, torch's on a processor, Python's or NumPy's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in SAID)


def release() -> None:
    """Give back what a failed attempt still holds."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def pieces(batch: Batch, limit: int) -> Iterator[Batch]:
    """The batch, or its halves, quarters …, so that none is as large as `limit` (0: any size) or is a single pair."""
    if not limit or batch.size < limit or len(batch) == 1:
        yield batch
        return
    for half in batch.halves():
        yield from pieces(half, limit)


def available_memory() -> int:
    """Bytes that this process may still take: what the machine has free, a control group and a limit allow."""
    bounds = [bound for bound in (_machine(), *_groups(), _address_space()) if bound is not None]
    return max(0, min(bounds)) if bounds else 0


def rows_of(batches: list[Batch]) -> NDArray[np.int64]:
    """The rows of the corpus that some batches hold, those that other processes took included."""
    return np.concatenate([batch.whole.indices for batch in batches])


def _machine() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # what is free is not known: half of all
    return None


def _groups() -> Iterator[int]:
    """What the Linux control groups leave that this process is in, version 2; file pages count as free."""
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
