"""The saved states of a group of processes: the first process reads and writes them, the others receive copies."""

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
    """A `StateStore` for a group of processes; all of them must call each method, except `save`."""

    store: StateStore
    group: Group

    def save(self, learner: Learner, progress: Progress, *, interim: bool) -> Path:
        """Save a state in the first process; returns its folder, or in other processes the folder of all states."""
        return self.store.save(learner, progress, interim=interim) if self.group.first else self.store.states

    def restore(self, learner: Learner, progress: Progress) -> Restored:
        """Restore the newest good state, if there is one, in all processes."""
        restored = self.group.from_first(lambda: self.store.restore(learner, progress))
        _follow_first(self.group, learner, progress)
        return restored

    def drop_interim(self) -> int:
        """Remove interim states; returns the update after which the newest regular state was saved."""
        return self.group.from_first(self.store.drop_interim)

    def drop_latest(self) -> bool:
        """Remove the newest state, unless it is the only one; returns whether it was removed."""
        return self.group.from_first(self.store.drop_latest)

    def keep_weights(self, step: int, weights: Mapping[str, Tensor]) -> FileRecord:
        """Keep the weights of an evaluation in a file of their own."""
        return self.group.from_first(lambda: self.store.keep_weights(step, weights))

    def kept_weights(self, step: int, progress: Progress) -> Weights:
        """Read kept weights, after their file has been checked."""
        return self.group.from_first(lambda: self.store.kept_weights(step, progress))


def _follow_first(group: Group, learner: Learner, progress: Progress) -> None:
    """Copy weights, their average, the optimiser's state and the progress from the first process."""
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
    """Return the optimiser's state on the CPU, for a process that has another GPU."""
    values: dict[str, object] = tree_map_only(Tensor, Tensor.cpu, optimiser.state_dict())
    return values
