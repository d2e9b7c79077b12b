"""The processes that train one model together: who is who, and the few things they say to each other.

`torchrun` starts the processes and restarts or ends them; here they only find each other by its environment variables.
A group of one says nothing. Words (settings, figures, requests to stop) go over gloo, which notices at once when a
process is lost; sums of gradients go over gloo, too, or over NCCL where the model is on GPUs.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from seqloom.data.batching import Share
from seqloom.errors import ConfigError, SeqloomError

T = TypeVar("T")
LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = timedelta(days=1)
"""How long one process waits for another that is alive, say while it prepares the data."""
_joined = count()


class LostProcessError(SeqloomError):
    """Another process of the group is gone: nothing can be said to it any more."""


@dataclass(frozen=True)
class Place:
    """Which of `size` processes this one is, from 0, and which of `local_size` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @staticmethod
    def here() -> Place:
        """The place that the launcher gave to this process; the only one where there was no launcher."""

        def number(name: str, otherwise: int) -> int:
            return int(os.environ.get(name, otherwise))

        if dist.is_available() and dist.is_initialized():
            rank, size = dist.get_rank(), dist.get_world_size()
        elif all(name in os.environ for name in LAUNCHED):
            rank, size = number("RANK", 0), number("WORLD_SIZE", 1)
        else:
            return Place()
        return Place(rank, size, number("LOCAL_RANK", rank), number("LOCAL_WORLD_SIZE", size))

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and shows."""
        return self.rank == 0

    def command(self, arguments: str) -> str:
        """What to type to run `seqloom` with these arguments as this group was run."""
        if self.size == 1:
            return f"seqloom {arguments}"
        return f"torchrun --nproc-per-node {self.local_size} {self._nodes}-m seqloom {arguments}"

    @property
    def _nodes(self) -> str:
        return "" if self.size == self.local_size else "… "


@dataclass(frozen=True)
class Group:
    """A place among processes, and the channels to the others; every method but the properties is called by all."""

    place: Place = Place()
    words: Any = field(default=None, repr=False)
    numbers: Any = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """How many processes there are."""
        return self.place.size

    @property
    def rank(self) -> int:
        """Which of them this one is, from 0."""
        return self.place.rank

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and shows."""
        return self.place.first

    @property
    def share(self) -> Share:
        """This process's part of every batch."""
        return Share(self.rank, self.size)

    def on(self, device: torch.device) -> tuple[Group, torch.device]:
        """The group with a channel for numbers on this kind of device, and this process's device of that kind."""
        if self.size == 1:
            return self, device
        kinds = self.gather(device.type)
        if len(set(kinds)) > 1:
            hint = "name one with training.device"
            raise ConfigError(f"all processes must compute on one kind of device, not on {', '.join(kinds)}", hint=hint)
        if device.type == "cpu":
            return self, device
        if device.type != "cuda":
            hint = "set training.device=cpu, or start one process"
            raise ConfigError(f"several processes compute on cpu or cuda, not on {device.type}", hint=hint)
        here, gpus = self.place.local_rank, torch.cuda.device_count()
        if any(self.gather(here >= gpus)):
            raise ConfigError(
                f"each process needs a GPU of its own, and there are {gpus} for {self.place.local_size} processes",
                hint="start as many processes on a machine as it has GPUs: torchrun --nproc-per-node",
            )
        torch.cuda.set_device(here)
        return replace(self, numbers=dist.new_group(backend="nccl")), torch.device("cuda", here)

    def from_first(self, make: Callable[[], T]) -> T:
        """What the first process makes, handed to all; the others wait for it."""
        if self.size == 1:
            return make()
        box = [make() if self.first else None]
        with _talk():
            dist.broadcast_object_list(box, src=0, group=self.words)
        return box[0]  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """Every process's value, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        with _talk():
            dist.all_gather_object(values, value, group=self.words)
        return values

    def any(self, *here: bool) -> list[bool]:
        """Of each of some facts, whether it is so in some process."""
        if self.size == 1:
            return list(here)
        flags = torch.tensor(here, dtype=torch.int32)
        with _talk():
            dist.all_reduce(flags, dist.ReduceOp.MAX, group=self.words)
        return [bool(flag) for flag in flags]

    @contextlib.contextmanager
    def one_by_machine(self) -> Iterator[None]:
        """One process of each machine goes through the body before its neighbours do."""
        leads = self.place.local_rank == 0
        if not leads:
            self.any(False)
        yield
        if leads:
            self.any(False)

    def add_up(self, numbers: Tensor) -> None:
        """Replace each number by its sum over all processes."""
        if self.size > 1:
            with _talk():
                dist.all_reduce(numbers, group=self.numbers)

    def copy_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors by those of the first process."""
        if self.size > 1:
            for tensor in tensors:
                with _talk():
                    dist.broadcast(tensor, src=0, group=self.numbers)


@contextlib.contextmanager
def joined() -> Iterator[Group]:
    """The group that the launcher put this process into, for a while; where torch.distributed is set up, that one."""
    place = Place.here()
    if place.size == 1:
        yield Group()
        return
    own = not dist.is_initialized()
    if own:
        store = _store()
        # a name of its own for each time, or what an earlier group left in the store would be taken for this one's
        store = dist.PrefixStore(f"seqloom/{_attempt()}/{next(_joined)}", store)  # type: ignore[attr-defined]
        dist.init_process_group("gloo", store=store, rank=place.rank, world_size=place.size, timeout=PATIENCE)
    words = dist.group.WORLD if own else dist.new_group(backend="gloo", timeout=PATIENCE)
    clean = True
    try:
        yield Group(place, words, words)
    except Exception:
        speaks()  # asked before the connections close, which the others will take for an error of their own
        clean = False
        raise
    finally:
        if clean or not torch.cuda.is_available():  # NCCL would wait here for processes that are gone
            dist.destroy_process_group(words)


@cache
def speaks() -> bool:
    """Whether this process is the one to tell of an error: the first of its group that met one."""
    if Place.here().size == 1:
        return True
    try:
        return int(_store(timeout=timedelta(seconds=10)).add(f"seqloom/{_attempt()}/errors", 1)) == 1
    except (RuntimeError, ValueError):
        return True


def _store(**settings: Any) -> Any:
    """The launcher's small store of keys and values, by which its processes find each other."""
    store, _, _ = next(iter(dist.rendezvous("env://", **settings)))  # type: ignore[attr-defined]
    return store


def _attempt() -> str:
    """How often the launcher has started the group anew."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")


@contextlib.contextmanager
def _talk() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        said = re.sub(r"^\[\S*\] *", "", str(error).partition("\n")[0]).partition(". ")[
            0
        ]  # without its own source file
        raise LostProcessError(
            f"another process of this run was lost: {said}",
            hint="its own last words or the launcher's say why; then go on with --resume from the last saved state",
        ) from error
