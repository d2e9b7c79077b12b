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
"""How long the processes wait until all of them have met."""
PATIENCE = timedelta(days=1)
"""How long one process waits for another that is alive, say while it prepares the data."""
_groups: list[str] = []
"""What the groups are called that this process has joined."""


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
    """A place among processes, and the channels to the others; every method but the properties is called by all.

    `channels` are those to close at the end.
    """

    place: Place = Place()
    words: Any = field(default=None, repr=False)
    numbers: Any = field(default=None, repr=False)
    channels: list[Any] = field(default_factory=list, repr=False, compare=False)

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
        self.channels.append(dist.new_group(backend="nccl"))
        return replace(self, numbers=self.channels[-1]), torch.device("cuda", here)

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
            self.any(False)  # NCCL, which is used here first, waits ten minutes for who is late
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
    # a name of its own for each time, or what an earlier group left in the store would be taken for this one's
    _groups.append(f"seqloom/{os.environ.get(RESTARTS, '0')}/{len(_groups)}")
    if own:
        _meet(place, _groups[-1])
    words = dist.new_group(backend="gloo", timeout=PATIENCE)
    group, clean = Group(place, words, words, [words]), True
    try:
        yield group
    except BaseException:
        speaks()  # asked before the connections close, which the others will take for an error of their own
        clean = False
        raise
    finally:
        if clean or not torch.cuda.is_available():  # NCCL would wait here for processes that are gone
            for channel in reversed(group.channels):
                dist.destroy_process_group(channel)
            if own:
                dist.destroy_process_group()


def restartable() -> bool:
    """Whether a launcher is there that starts the processes anew where one of them is lost."""
    return RESTARTS in os.environ


def speaks() -> bool:
    """Whether this process is the one to tell of an error: the first of its group that met one."""
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
    """The launcher's small store of keys and values, by which its processes find each other.

    It is waited for in a thread of its own, since this one must hear signals.
    """
    found: Future[Any] = Future()

    def find() -> None:
        try:
            found.set_result(next(iter(dist.rendezvous("env://", timeout=timeout)))[0])  # type: ignore[attr-defined]
        except Exception as error:  # it is raised where the store is waited for
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
            hint="its own last words or the launcher's say why; then go on with --resume from the last saved state",
        ) from error


def _said(error: Exception) -> str:
    """The first sentence of an error of torch's, without the place in torch's source that may stand before it."""
    line = re.sub(r"^\[\S*\] *", "", str(error).partition("\n")[0])
    return line.partition(". ")[0].rstrip(".")


@torch.no_grad()
def add_gradients(group: Group, model: nn.Module, nll: Tensor) -> Tensor:
    """Replace the gradients by their sums over the group; returns the sum of `nll`.

    All lie in one flat buffer and are summed at once; a process that had no rows brings zeros. The sum has the same
    bits in every process, and so has all that follows from it: its norm, the clipping, the weights.
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
