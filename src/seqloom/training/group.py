"""The group of processes that train one model together, and how they communicate.

`torchrun` starts the processes, and restarts or ends them; here they only find each other by its environment variables.
A group of one process does not communicate. Python values (settings, figures, requests to stop) are exchanged over
gloo, which notices at once when a process is lost; gradients are summed over gloo, too, or over NCCL where the model is
on GPUs.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from threading import Thread
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from seqloom.data.batching import Share
from seqloom.errors import ConfigError, SeqloomError
from seqloom.training.memory import out_of_memory

T = TypeVar("T")
RESTARTS = "TORCHELASTIC_RESTART_COUNT"
LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
JOINING = timedelta(minutes=5)
"""How long the processes wait for each other at the start."""
PATIENCE = timedelta(days=1)
"""How long one process waits for another that is alive, for example while it prepares the data."""
_groups: list[str] = []
"""Names of the groups that this process has joined."""


class LostProcessError(SeqloomError):
    """Another process of the group is gone, so that the group cannot communicate any more."""


@dataclass(frozen=True)
class Place:
    """The rank of this process among `size` processes, from 0, and its rank among the `local_size` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @staticmethod
    def here() -> Place:
        """Return the place that the launcher gave to this process; without a launcher it is the only process."""

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
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def command(self, arguments: str) -> str:
        """Return the shell command that runs `seqloom` with these arguments in as many processes as this group has."""
        if self.size == 1:
            return f"seqloom {arguments}"
        return f"torchrun --nproc-per-node {self.local_size} {self._nodes}-m seqloom {arguments}"

    @property
    def _nodes(self) -> str:
        return "" if self.size == self.local_size else "… "


@dataclass(frozen=True)
class Group:
    """A process's place in its group, with the channels to the other processes.

    Except for the properties, every method must be called by all processes. `words` is the channel for Python values,
    `numbers` that for tensors, `channels` all those to close at the end.
    """

    place: Place = Place()
    words: Any = field(default=None, repr=False)
    numbers: Any = field(default=None, repr=False)
    channels: list[Any] = field(default_factory=list, repr=False, compare=False)

    @property
    def size(self) -> int:
        """The number of processes."""
        return self.place.size

    @property
    def rank(self) -> int:
        """The rank of this process, from 0."""
        return self.place.rank

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.place.first

    @property
    def share(self) -> Share:
        """This process's part of every batch."""
        return Share(self.rank, self.size)

    def on(self, device: torch.device) -> tuple[Group, torch.device]:
        """Return the group with a channel for tensors on this kind of device, and the device of this process.

        Raises ConfigError where the processes have different kinds of device, or fewer GPUs than processes.
        """
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
        self.channels.append(dist.new_group(backend="nccl"))
        return replace(self, numbers=self.channels[-1]), torch.device("cuda", here)

    def from_first(self, make: Callable[[], T]) -> T:
        """Return what `make` returns in the first process; the others receive a copy and wait for it."""
        if self.size == 1:
            return make()
        box = [make() if self.first else None]
        with _talk():
            dist.broadcast_object_list(box, src=0, group=self.words)
        return box[0]  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """Return the values of all processes, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        with _talk():
            dist.all_gather_object(values, value, group=self.words)
        return values

    def any(self, *here: bool) -> list[bool]:
        """For each flag, return whether it is true in at least one process."""
        if self.size == 1:
            return list(here)
        flags = torch.tensor(here, dtype=torch.int32)
        with _talk():
            dist.all_reduce(flags, dist.ReduceOp.MAX, group=self.words)
        return [bool(flag) for flag in flags]

    @contextlib.contextmanager
    def one_by_machine(self) -> Iterator[None]:
        """Let one process of each machine run the body of the context before the others on that machine do."""
        leads = self.place.local_rank == 0
        if not leads:
            self.any(False)
        yield
        if leads:
            self.any(False)

    def add_up(self, numbers: Tensor) -> None:
        """Replace each number, in place, by its sum over all processes."""
        if self.size > 1:
            with _talk():
                dist.all_reduce(numbers, group=self.numbers)

    def copy_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors by those of the first process."""
        if self.size > 1:
            self.any(False)  # wait for all first: NCCL, which is used here for the first time, waits ten minutes only
            for tensor in tensors:
                with _talk():
                    dist.broadcast(tensor, src=0, group=self.numbers)


@contextlib.contextmanager
def joined() -> Iterator[Group]:
    """Join the group of processes that the launcher started, for as long as the context lasts.

    Where torch.distributed is already initialised, its processes are the group.
    """
    place = Place.here()
    if place.size == 1:
        yield Group()
        return
    own = not dist.is_initialized()
    # each group has its own name, so that it does not read what an earlier one left in the store
    _groups.append(f"seqloom/{os.environ.get(RESTARTS, '0')}/{len(_groups)}")
    if own:
        _meet(place, _groups[-1])
    words = dist.new_group(backend="gloo", timeout=PATIENCE)
    group, clean = Group(place, words, words, [words]), True
    try:
        yield group
    except BaseException:
        speaks()  # claim the error before closing the connections, which gives the other processes an error, too
        clean = False
        raise
    finally:
        if clean or not torch.cuda.is_available():  # after an error, NCCL would wait for processes that are gone
            for channel in reversed(group.channels):
                dist.destroy_process_group(channel)
            if own:
                dist.destroy_process_group()


def restartable() -> bool:
    """Whether a launcher restarts the processes when one of them is lost."""
    return RESTARTS in os.environ


def speaks() -> bool:
    """Whether this process should report an error: it is the first process of its group that met one."""
    return Place.here().size == 1 or _first_to_say(_groups[-1] if _groups else "seqloom")


@cache
def _first_to_say(group: str) -> bool:
    try:
        return int(_store(timedelta(seconds=10)).add(f"{group}/errors", 1)) == 1
    except (RuntimeError, ValueError):
        return True


def _meet(place: Place, name: str) -> None:
    try:
        store = dist.PrefixStore(name, _store(JOINING))  # type: ignore[attr-defined]
        dist.init_process_group("gloo", store=store, rank=place.rank, world_size=place.size, timeout=JOINING)
    except (RuntimeError, ValueError) as error:
        there = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise ConfigError(
            f"process {place.rank} of {place.size} must meet the others at {there}: {_said(error)}",
            hint=f"start all of them with torchrun; if this is to be the only one, unset {' '.join(LAUNCHED)}",
        ) from error


def _store(timeout: timedelta) -> Any:
    """Return the launcher's key-value store, by which its processes find each other.

    A separate thread waits for it, because this one must be able to handle signals.
    """
    found: Future[Any] = Future()

    def find() -> None:
        try:
            found.set_result(next(iter(dist.rendezvous("env://", timeout=timeout)))[0])  # type: ignore[attr-defined]
        except Exception as error:  # found.result() raises it in the waiting thread
            found.set_exception(error)

    Thread(target=find, daemon=True).start()
    return found.result()


@contextlib.contextmanager
def _talk() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if out_of_memory(error):
            raise
        raise LostProcessError(
            f"another process of this run was lost: {_said(error)}",
            hint="its error message or the launcher's says why; then use --resume to go on from the last saved state",
        ) from error


def _said(error: Exception) -> str:
    """Return the first sentence of a torch error, without the place in torch's source that may precede it."""
    line = re.sub(r"^\[\S*\] *", "", str(error).partition("\n")[0])
    return line.partition(". ")[0].rstrip(".")


@torch.no_grad()
def add_gradients(group: Group, model: nn.Module, nll: Tensor) -> Tensor:
    """Replace the gradients by their sums over the group, and return the sum of `nll` over the group.

    All gradients are copied into one flat buffer and summed at once; a process without rows contributes zeros. The sum
    has the same bits in every process, and so has all that follows from it: its norm, the clipping, the weights.
    """
    if group.size == 1:
        return nll
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parts = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    flat: Tensor = torch.cat([*(part.flatten() for part in parts), nll.to(parts[0].dtype).reshape(1)])
    group.add_up(flat)
    parts = list(flat[:-1].split([weight.numel() for weight in weights]))
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = part.view_as(weight)
    return flat[-1].to(nll.dtype)
