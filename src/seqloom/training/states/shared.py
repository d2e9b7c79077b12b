"""The states of a group of processes: the first one reads and writes them, and the others take over what it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.optim import AdamW
from torch.utils._pytree import tree_map_only

from seqloom.checkpoint.format import FileRecord
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.training.group import Group
from seqloom.training.states.progress import Progress
from seqloom.training.states.state import Learner, Restored, StateStore
from seqloom.training.updates.averaging import Weights


@dataclass(frozen=True)
class SharedStates:
    """A `StateStore` for all processes; every method but `save` is called by all of them."""

    store: StateStore
    group: Group

    def save(self, learner: Learner, progress: Progress, *, interim: bool) -> Path:
        """Save a state, which is alike everywhere; returns its place, or on other processes that of all states."""
        return self.store.save(learner, progress, interim=interim) if self.group.first else self.store.states

    def restore(self, learner: Learner, progress: Progress) -> Restored:
        """Go back to the newest good state, if there is one."""
        restored = self.group.from_first(lambda: self.store.restore(learner, progress))
        _follow_first(self.group, learner, progress)
        return restored

    def drop_interim(self) -> int:
        """Remove interim states; the update after which the newest of the others was saved."""
        return self.group.from_first(self.store.drop_interim)

    def drop_latest(self) -> bool:
        """Remove the newest state, unless it is the only one."""
        return self.group.from_first(self.store.drop_latest)

    def keep_weights(self, step: int, weights: Mapping[str, Tensor]) -> FileRecord:
        """Put the weights of a good evaluation aside."""
        return self.group.from_first(lambda: self.store.keep_weights(step, weights))

    def kept_weights(self, step: int, progress: Progress) -> Weights:
        """Kept weights, checked."""
        return self.group.from_first(lambda: self.store.kept_weights(step, progress))


def _follow_first(group: Group, learner: Learner, progress: Progress) -> None:
    """Take over weights, their average, the optimiser's memory and the progress of the first process."""
    if group.size == 1:
        return
    group.copy_first(list(distinct_tensors(learner.model).values()))
    if learner.average is not None:
        group.copy_first(list(learner.average.values()))
    moments = group.from_first(lambda: _on_cpu(learner.optimiser))
    values = group.from_first(progress.to_json)
    if not group.first:
        learner.optimiser.load_state_dict(moments)
        progress.restore(values)


def _on_cpu(optimiser: AdamW) -> dict[str, object]:
    """The optimiser's memory, for a process whose GPU is another one."""
    values: dict[str, object] = tree_map_only(Tensor, Tensor.cpu, optimiser.state_dict())
    return values
