"""Who is who among processes, and what a group refuses; what groups do together is in test_processes.py."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import reversed_pairs, run_config

from seqloom.checkpoint import load_model
from seqloom.errors import ConfigError, DataError, ModelFolderError
from seqloom.training import Inputs, train
from seqloom.training import group as groups
from seqloom.training.group import Group, LostProcessError, Place, add_gradients, joined
from seqloom.training.setup import prepare
from seqloom.training.states.folder import RunFolder
from seqloom.training.updates.randomness import seed_update

LAUNCHED = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}


class Pair(Group):
    """Two processes that always say the same; `add_up` adds the other's numbers."""

    def gather(self, value: Any) -> list[Any]:
        return [value, value]

    def add_up(self, numbers: torch.Tensor) -> None:
        numbers.mul_(2)


def test_the_launcher_says_who_is_who(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name in LAUNCHED]:
        monkeypatch.delenv(name)
    assert Place.here() == Place(0, 1, 0, 1)
    for name, value in LAUNCHED.items():
        monkeypatch.setenv(name, value)
    assert Place.here() == Place()  # nobody says where the others are
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "1")
    place = Place.here()
    assert place == Place(3, 4, 1, 2)
    assert not place.first
    assert place.command("train") == "torchrun --nproc-per-node 2 … -m seqloom train"
    assert Place(0, 2, 0, 2).command("train") == "torchrun --nproc-per-node 2 -m seqloom train"
    assert Place().command("train") == "seqloom train"


def test_a_suggested_command_can_be_typed_as_it_is(tmp_path: Path) -> None:
    output = tmp_path / "my model"
    assert RunFolder(output).command == f"seqloom train --output '{output}' --resume"
    (output / "resume").mkdir(parents=True)
    with pytest.raises(ModelFolderError) as caught:
        load_model(output)
    assert f"seqloom train --output '{output}' --resume" in caught.value.hint


def test_a_group_of_one_says_nothing() -> None:
    with joined() as group:
        assert group == Group()
    assert group.from_first(lambda: 7) == 7
    assert group.gather("a") == ["a"]
    assert group.any(True, False) == [True, False]
    numbers = torch.ones(3)
    group.add_up(numbers)
    group.copy_first([numbers])
    assert numbers.tolist() == [1, 1, 1]
    assert group.on(torch.device("cpu")) == (group, torch.device("cpu"))


def test_devices_that_do_not_serve_a_group_are_refused() -> None:
    pair = Pair(Place(0, 2, 0, 2))
    assert pair.on(torch.device("cpu"))[0] is pair
    with pytest.raises(ConfigError, match="not on mps"):
        pair.on(torch.device("mps"))
    if torch.cuda.device_count() == 0:
        with pytest.raises(ConfigError, match="a GPU of its own, and there are 0 for 2"):
            pair.on(torch.device("cuda"))


class Wires:
    """Stands for torch.distributed; remembers what was asked of it, and fails with `error`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.error: BaseException | None = None
        for name in ("new_group", "destroy_process_group", "all_reduce", "broadcast"):
            patch.setattr(torch.distributed, name, partial(self.ask, name))
        patch.setattr(Group, "gather", lambda group, value: [value, value])
        patch.setattr(Place, "here", lambda: Place(0, 2, 0, 2))
        patch.setattr(groups, "_meet", lambda place, name: self.ask("meet", "world"))
        patch.setattr(torch.cuda, "device_count", lambda: 2)
        patch.setattr(torch.cuda, "set_device", lambda device: None)
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(groups, "speaks", lambda: self.ask("speaks", None))

    def ask(self, name: str, *arguments: Any, backend: str = "", group: Any = None, **_: Any) -> str:
        self.asked.append((name, backend or group or (arguments[0] if arguments else "world")))
        if self.error is not None:
            raise self.error
        return backend


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    return Wires(monkeypatch)


@pytest.mark.parametrize("own", [True, False])
def test_all_channels_are_closed(own: bool, wires: Wires, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: not own)
    with joined() as words:
        group, device = words.on(torch.device("cuda"))
        assert (group.numbers, device) == ("nccl", torch.device("cuda", 0))
    met, left = [("meet", "world")], [("destroy_process_group", "world")]
    closed = [("destroy_process_group", "nccl"), ("destroy_process_group", "gloo")]
    assert wires.asked == [*met * own, ("new_group", "gloo"), ("new_group", "nccl"), *closed, *left * own]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_whoever_leaves_early_speaks_first_and_waits_for_nobody(error: type[BaseException], wires: Wires) -> None:
    with pytest.raises(error), joined():
        raise error
    assert wires.asked[2:] == [("speaks", None)]


def test_processes_wait_for_each_other_in_words_before_numbers_are_first_exchanged(wires: Wires) -> None:
    Group(Place(0, 2), "gloo", "nccl").copy_first([torch.ones(1), torch.ones(1)])
    assert wires.asked == [("all_reduce", "gloo"), ("broadcast", "nccl"), ("broadcast", "nccl")]


def test_too_little_memory_is_not_taken_for_a_lost_process(wires: Wires) -> None:
    group = Group(Place(0, 2), "gloo", "nccl")
    for error, seen in (
        (torch.OutOfMemoryError("CUDA out of memory"), torch.OutOfMemoryError),
        (RuntimeError("[gloo/transport/tcp/pair.cc:12] Connection closed by peer. More"), LostProcessError),
    ):
        wires.error = error
        with pytest.raises(seen) as caught:
            group.add_up(torch.ones(1))
    assert isinstance(caught.value, LostProcessError)
    assert caught.value.message == "another process of this run was lost: Connection closed by peer"


@pytest.mark.parametrize("rank", [0, 1])
def test_variables_of_a_launcher_that_is_gone_are_named(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    left = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(groups, "JOINING", timedelta(seconds=1))
    with pytest.raises(ConfigError, match=f"process {rank} of 2 must meet the others at localhost:{port}") as caught:
        list(train(run_config(), "nowhere"))
    assert "unset RANK WORLD_SIZE MASTER_ADDR MASTER_PORT" in caught.value.hint


def test_gradients_are_added_up_and_missing_ones_are_zero() -> None:
    model = torch.nn.Linear(3, 2)
    model.weight.grad = torch.arange(6.0).view(2, 3)
    total = add_gradients(Pair(Place(0, 2)), model, torch.tensor(4.0, dtype=torch.float64))
    assert model.weight.grad.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert model.bias.grad is not None
    assert model.bias.grad.tolist() == [0, 0]
    assert (float(total), total.dtype) == (8, torch.float64)


def test_every_process_and_update_has_a_seed_of_its_own() -> None:
    def drawn(seed: int, rank: int, step: int) -> tuple[float, ...]:
        seed_update(seed, rank, step)
        return tuple(torch.rand(3).tolist())

    cases = [(1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0)]
    assert len({drawn(*case) for case in cases}) == len(cases)
    assert drawn(1, 1, 5) == drawn(1, 1, 5)


class Strangers(Pair):
    """Two processes of which the other one says something else to the question number `asked`."""

    asked = 0

    def gather(self, value: Any) -> list[Any]:
        Strangers.asked -= 1
        return [value, "other" if not Strangers.asked else value]

    def from_first(self, make: Any) -> Any:
        return make()

    def copy_first(self, tensors: Any) -> None:
        pass


@pytest.mark.parametrize(("asked", "said"), [(1, "one kind of device, not on cpu, other"), (2, "read the same pairs")])
def test_processes_with_other_devices_or_other_pairs_are_refused(asked: int, said: str) -> None:
    Strangers.asked = asked
    with pytest.raises((ConfigError, DataError), match=said):
        prepare(run_config(), Inputs(reversed_pairs(40)), group=Strangers(Place(0, 2)))
