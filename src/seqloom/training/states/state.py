"""The saved states of a run: everything that it needs to be resumed as if it had never stopped.

    OUTPUT/resume/
    ├── settings/, settings.copy/        fixed when the run starts (see seqloom.training.states.folder)
    ├── kept/00000200.safetensors        weights of the best dev evaluations
    └── states/00000250-00000200/        after update 250, last evaluated after update 200
        ├── weights.safetensors          ├── average.safetensors (with EMA)
        ├── optimiser.safetensors        ├── generators.safetensors
        ├── state.json                   counters, position in the data, selection, hashes of the kept weights it needs
        └── hashes.json                  sizes and hashes of all the others

A state appears as a whole, by renaming its folder; the first one is saved before the first update. If a state is
damaged, a notice names it and the one before it is used; the damaged one is removed only after a good one has been
found.

An interim state is one that the settings did not ask for: it was saved because the run was stopped or because of the
clock. A run is resumed from its newest state, interim or not. After too many skipped updates, however, it goes back
only to states that an uninterrupted run would have, too.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW

from seqloom.checkpoint.files import Writer, disk_errors, place_of, text_writer, write_file, write_sibling
from seqloom.checkpoint.format import WEIGHTS, FileRecord, read_json_object
from seqloom.checkpoint.reading import check_file
from seqloom.checkpoint.seal import check_seal, sealed
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors, read_tensors, write_tensors
from seqloom.errors import ModelFolderError
from seqloom.training.states.progress import Progress
from seqloom.training.updates.averaging import Weights
from seqloom.training.updates.randomness import generator_states, restore_generators

STATE_FORMAT = 4
"""Version of saved states: raised when the meaning of weights changes, with the version of model folders, or when data
are batched differently."""
STATE = "state.json"


@dataclass(frozen=True)
class Learner:
    """What is trained: the model, its optimiser, and the moving average of its weights (None: off)."""

    model: nn.Module
    optimiser: AdamW
    average: Weights | None = None


@dataclass(frozen=True)
class Identity:
    """What a state must belong to, as hashes: `run` of settings and tokenizers, `data` of the pairs."""

    run: str
    data: str


@dataclass(frozen=True)
class Restored:
    """The name of the restored state (empty: there was none), and notices about damaged states."""

    name: str
    notices: list[str] = field(default_factory=list)


class StateStore:
    """The saved states of one run, in the folder `resume` of its output."""

    def __init__(self, folder: Path, identity: Identity, keep: int) -> None:
        self.states, self.kept, self.output = folder / "states", folder / "kept", folder.parent
        self.identity, self.keep = identity, keep

    def save(self, learner: Learner, progress: Progress, *, interim: bool = False) -> Path:
        """Save a state, unless it is there already, then remove the oldest states and kept weights that no state needs.

        Of the regular states, the newest `keep` stay. The newest state stays in any case, also if it is an interim one.
        """
        folder = self.states / _name(progress.step, progress.evaluated)
        with disk_errors(folder):
            for cut_short in self.states.glob(".*.tmp"):
                shutil.rmtree(cut_short)
            if not folder.is_dir():
                write_sibling(folder, self._files(learner, progress, interim))
            regular = self._regular()[-self.keep :]
            for old in self._all()[:-1]:
                if old not in regular:
                    shutil.rmtree(old)
            self._drop_unneeded(progress)
        return folder

    def restore(self, learner: Learner, progress: Progress) -> Restored:
        """Restore the newest good state, and remove newer ones.

        Where every state needs kept weights that are damaged, the newest state is restored without them, unless they
        are the best ones. Raises `ModelFolderError` where there are states but none of them is good, or where the data
        have changed.
        """
        problems: list[str] = []
        incomplete: tuple[Path, dict[str, Any], set[int]] | None = None
        for folder in reversed(self._all()):
            try:
                values = self._checked(folder)
            except ModelFolderError as error:
                problems.append(f"{error.where}: {error.message}")
                continue
            self._check_data(folder, values)
            lost = self._lost(values, problems)
            if not lost:
                self._take(folder, values, learner, progress)
                return self._settled(folder, problems)
            best = values["progress"]["selection"]["kept"][0][0]
            if incomplete is None and best not in lost:
                incomplete = folder, values, lost
        if incomplete is not None:
            folder, values, lost = incomplete
            self._take(folder, values, learner, progress)
            progress.forget_kept(lost)
            numbers = ", ".join(map(str, sorted(lost)))
            problems.append(f"{folder}: the run goes on without the kept weights after update {numbers}")
            return self._settled(folder, problems)
        if problems:
            raise ModelFolderError(
                f"no saved state is good: {'; '.join(problems)}",
                where=str(self.states),
                hint="put the files back from a copy, or start again with --overwrite",
            )
        return Restored("")

    def drop_interim(self) -> int:
        """Remove interim states; returns the update after which the newest regular state was saved."""
        regular = self._regular() or self._all()
        for folder in self._all():
            if folder not in regular:
                shutil.rmtree(folder)
        return int(regular[-1].name.partition("-")[0])

    def drop_latest(self) -> bool:
        """Remove the newest state, unless it is the only one; returns whether it was removed."""
        *before, newest = self._all()
        if before:
            shutil.rmtree(newest)
        return bool(before)

    def keep_weights(self, step: int, weights: Mapping[str, Tensor]) -> FileRecord:
        """Keep the weights of an evaluation in a file of their own; returns its size and hash."""
        path = self.kept_path(step)
        write_file(path, partial(write_tensors, tensors=weights))
        return FileRecord.of(path)

    def kept_path(self, step: int) -> Path:
        """Return the file of the kept weights after update `step`."""
        return self.kept / f"{step:08d}.safetensors"

    def kept_weights(self, step: int, progress: Progress) -> Weights:
        """Read kept weights, after their file has been checked."""
        path = self.kept_path(step)
        check_file(path, progress.kept[step], path)
        return read_tensors(path)

    def _files(self, learner: Learner, progress: Progress, interim: bool) -> dict[str, Writer]:
        plain, generators = generator_states()
        tensors: dict[str, Mapping[str, Tensor]] = {
            "weights.safetensors": distinct_tensors(learner.model),
            "optimiser.safetensors": _moments(learner),
            "generators.safetensors": generators,
        }
        if learner.average is not None:
            tensors["average.safetensors"] = learner.average
        values = {
            "state_format": STATE_FORMAT,
            "run": self.identity.run,
            "data": self.identity.data,
            "interim": interim,
            "progress": progress.to_json(),
            "generators": plain,
        }
        writers: dict[str, Writer] = {name: partial(write_tensors, tensors=part) for name, part in tensors.items()}
        return sealed({**writers, STATE: text_writer(json.dumps(values) + "\n")})

    def _checked(self, folder: Path) -> dict[str, Any]:
        """Return the values of a state, after checking that its files are undamaged and that it belongs to this run."""
        path = folder / STATE
        check_seal(folder)
        values = read_json_object(path.read_text(encoding="utf-8"), str(path))
        if values.get("state_format") != STATE_FORMAT:
            found = values.get("state_format")
            raise ModelFolderError(
                f"must have state format {STATE_FORMAT}, not {found!r}: another version of seqloom saved it",
                where=str(path),
            )
        progress = values["progress"]
        if values["run"] != self.identity.run:
            raise ModelFolderError("the state belongs to another run", where=str(folder))
        if folder.name != _name(progress["step"], progress["evaluated"]):
            raise ModelFolderError(f"the state is the one after update {progress['step']}", where=str(folder))
        return values

    def _check_data(self, folder: Path, values: dict[str, Any]) -> None:
        if values["data"] != self.identity.data:
            raise ModelFolderError(
                "the training data are not those the run was started with",
                where=str(folder),
                hint="put the old files back, or start again with --overwrite",
            )

    def _lost(self, values: dict[str, Any], problems: list[str]) -> set[int]:
        """Return the updates whose kept weights are damaged; where the model in the output has the same weights, they
        are copied."""
        lost = set()
        for step, record in values["progress"]["kept"].items():
            path, wanted = self.kept_path(int(step)), FileRecord(**record)
            try:
                check_file(path, wanted, path)
            except (ModelFolderError, OSError) as error:
                said = f"{path}: {getattr(error, 'message', error)}"
                spare = place_of(self.output, WEIGHTS)
                with contextlib.suppress(OSError):
                    if FileRecord.of(spare) == wanted:
                        write_file(path, partial(shutil.copyfile, spare))
                        problems.append(f"{said}; taken from {spare}")
                        continue
                if said not in problems:
                    problems.append(said)
                lost.add(int(step))
        return lost

    def _take(self, folder: Path, values: dict[str, Any], learner: Learner, progress: Progress) -> None:
        weights = folder / "weights.safetensors"
        fill_tensors(distinct_tensors(learner.model), read_tensors(weights), str(weights))
        _restore_moments(learner, read_tensors(folder / "optimiser.safetensors"))
        if learner.average is not None:
            average = folder / "average.safetensors"
            fill_tensors(learner.average, read_tensors(average), str(average))
        progress.restore(values["progress"])
        restore_generators(values["generators"], read_tensors(folder / "generators.safetensors"))

    def _settled(self, chosen: Path, problems: list[str]) -> Restored:
        with disk_errors(self.states):
            for folder in self._all():
                if folder.name > chosen.name:
                    shutil.rmtree(folder)
        return Restored(chosen.name, [f"a saved state is damaged: {problem}" for problem in problems])

    def _all(self) -> list[Path]:
        """Return the folders of all saved states, oldest first."""
        return sorted(path for path in self.states.glob("[0-9]*") if path.is_dir())

    def _regular(self) -> list[Path]:
        """Return the folders of the states that are not interim, oldest first."""
        return [folder for folder in self._all() if not _values(folder).get("interim")]

    def _drop_unneeded(self, progress: Progress) -> None:
        needed = {self.kept_path(step) for step in progress.kept}
        for folder in self._all():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                needed |= {self.kept_path(int(step)) for step in _values(folder)["progress"]["kept"]}
        for path in self.kept.glob("*"):
            if path not in needed:
                path.unlink()


def _name(step: int, evaluated: int) -> str:
    return f"{step:08d}-{evaluated:08d}"


def _values(folder: Path) -> dict[str, Any]:
    """Return the contents of a state's state.json; empty where it is damaged, which is reported when the state is
    used."""
    try:
        values = json.loads((folder / STATE).read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _moments(learner: Learner) -> dict[str, Tensor]:
    """Return the optimiser's state of each weight under the name `weight name/quantity`."""
    result = {}
    for name, weight in learner.model.named_parameters():
        for quantity, value in learner.optimiser.state.get(weight, {}).items():
            result[f"{name}/{quantity}"] = value
    return result


def _restore_moments(learner: Learner, stored: Mapping[str, Tensor]) -> None:
    """Copy the optimiser's state, because what was read is a view of the file, which may be removed later."""
    weights = dict(learner.model.named_parameters())
    learner.optimiser.state.clear()
    for key, value in stored.items():
        name, _, quantity = key.rpartition("/")
        learner.optimiser.state[weights[name]][quantity] = value.to(weights[name].device, copy=True)
