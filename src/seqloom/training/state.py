"""Everything a run needs to go on as if it had never stopped, and the folder it lies in.

    OUTPUT/resume/
    ├── given.toml, config.toml          the settings as given and as resolved
    ├── tokenizer*.json, precision.json  fixed when the run starts
    ├── kept/00000200.safetensors        weights of the best dev evaluations
    └── states/00000250-00000200/        after update 250, with evaluation 200 the latest
        ├── weights.safetensors          ├── average.safetensors (with EMA)
        ├── optimiser.safetensors        ├── generators.safetensors
        └── state.json                   counters, position in the data, selection, hashes of all the files it needs

A state appears whole by one rename. A damaged one is named and the one before is used.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW

from seqloom.checkpoint.files import Writer, disk_errors, sync, text_writer, write_sibling
from seqloom.checkpoint.format import FileRecord, read_json_object
from seqloom.checkpoint.store import check_file
from seqloom.checkpoint.tensors import distinct_tensors, fill_tensors, read_tensors, write_tensors
from seqloom.data.batching import Position
from seqloom.errors import ModelFolderError
from seqloom.training.averaging import Weights
from seqloom.training.randomness import generator_states, restore_generators
from seqloom.training.schedules import Plateau
from seqloom.training.step import Window
from seqloom.training.stopping import Selection

STATE_FORMAT = 1
STATE = "state.json"


@dataclass
class Progress:
    """How far a run has come.

    `position` is the next batch; `evaluated` the update after which the dev data were last looked at; `tokens` and
    `seconds` count what was trained on and for how long; `kept` vouches for the files of kept weights, by step;
    `figures` are the dev figures of the best ones.
    """

    selection: Selection
    step: int = 0
    position: Position = field(default_factory=Position)
    evaluated: int = 0
    tokens: int = 0
    seconds: float = 0.0
    window: Window = field(default_factory=Window)
    plateau: Plateau = field(default_factory=Plateau)
    kept: dict[int, FileRecord] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "step": self.step,
            "position": asdict(self.position),
            "evaluated": self.evaluated,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "window": self.window.to_json(),
            "selection": self.selection.to_json(),
            "plateau": list(self.plateau),
            "figures": self.figures,
            "kept": {str(step): asdict(record) for step, record in self.kept.items()},
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Take over what `to_json` wrote."""
        self.selection = self.selection.restored(values["selection"])
        self.step, self.evaluated = int(values["step"]), int(values["evaluated"])
        self.position = Position(**values["position"])
        self.tokens, self.seconds = int(values["tokens"]), float(values["seconds"])
        self.window = Window(**values["window"])
        self.plateau = Plateau(*values["plateau"])
        self.figures = dict(values["figures"])
        self.kept = {int(step): FileRecord(**record) for step, record in values["kept"].items()}


@dataclass(frozen=True)
class Learner:
    """What learns: the model, its optimiser, the moving average of its weights (None: off)."""

    model: nn.Module
    optimiser: AdamW
    average: Weights | None = None


class StateStore:
    """The saved states of one run; `fingerprint` stands for the training data, which must not change on the way."""

    def __init__(self, folder: Path, fingerprint: str, keep: int) -> None:
        self.states, self.kept = folder / "states", folder / "kept"
        self.fingerprint, self.keep = fingerprint, keep

    def save(self, learner: Learner, progress: Progress) -> Path:
        """Save a state (unless the same one is there), then drop the oldest ones and kept weights nobody needs."""
        folder = self.states / f"{progress.step:08d}-{progress.evaluated:08d}"
        if not folder.is_dir():
            write_sibling(folder, self._files(learner, progress))
        for old in (*self._all()[: -self.keep], *self.states.glob(".*.tmp")):
            shutil.rmtree(old)
        self._drop_unneeded(progress)
        return folder

    def restore(self, learner: Learner, progress: Progress) -> list[str]:
        """Go back to the newest good state; returns what was wrong with newer ones, which are removed.

        Raises `ModelFolderError` where there are states and none of them is good, or the data have changed.
        """
        problems: list[str] = []
        for folder in reversed(self._all()):
            try:
                values = self._checked(folder)
            except ModelFolderError as error:
                problems.append(f"{error.where}: {error.message}")
                shutil.rmtree(folder)
                continue
            if values["fingerprint"] != self.fingerprint:
                raise ModelFolderError(
                    "the training data are not those the run was started with",
                    where=str(folder),
                    hint="put the old files back, or start again with --overwrite",
                )
            self._take(folder, values, learner, progress)
            break
        else:
            if problems:
                raise ModelFolderError(
                    f"no saved state is good: {'; '.join(problems)}",
                    where=str(self.states),
                    hint="start again with --overwrite",
                )
        return problems

    def keep_weights(self, step: int, weights: Mapping[str, Tensor]) -> FileRecord:
        """Put the weights of a good evaluation aside."""
        path = self.kept_path(step)
        temporary = path.with_suffix(".tmp")
        with disk_errors(path):
            self.kept.mkdir(parents=True, exist_ok=True)
            write_tensors(temporary, weights)
            sync(temporary)
            temporary.replace(path)
        return FileRecord.of(path)

    def kept_path(self, step: int) -> Path:
        """Where the weights after `step` are kept."""
        return self.kept / f"{step:08d}.safetensors"

    def kept_weights(self, step: int, progress: Progress) -> Weights:
        """Kept weights, checked."""
        path = self.kept_path(step)
        check_file(path, progress.kept[step], path)
        return read_tensors(path)

    def _files(self, learner: Learner, progress: Progress) -> dict[str, Writer]:
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
            "fingerprint": self.fingerprint,
            "progress": progress.to_json(),
            "generators": plain,
        }

        def write_state(path: Path) -> None:
            files = {name: asdict(FileRecord.of(path.with_name(name))) for name in tensors}
            text_writer(json.dumps({**values, "files": files}) + "\n")(path)

        writers: dict[str, Writer] = {name: partial(write_tensors, tensors=part) for name, part in tensors.items()}
        return {**writers, STATE: write_state}

    def _checked(self, folder: Path) -> dict[str, Any]:
        """The values of a state whose files are all as they were written."""
        path = folder / STATE
        try:
            values = read_json_object(path.read_text(encoding="utf-8"), str(path))
            records = {name: FileRecord(**record) for name, record in values["files"].items()}
            kept = {int(step): FileRecord(**record) for step, record in values["progress"]["kept"].items()}
            version = values["state_format"]
        except (OSError, UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, ModelFolderError):
                raise
            raise ModelFolderError(f"must be a saved state: {error}", where=str(path)) from None
        if version != STATE_FORMAT:
            raise ModelFolderError(f"must have state format {STATE_FORMAT}, not {version!r}", where=str(path))
        for name, record in records.items():
            check_file(folder / name, record, folder / name)
        for step, record in kept.items():
            check_file(self.kept_path(step), record, self.kept_path(step))
        return values

    def _take(self, folder: Path, values: dict[str, Any], learner: Learner, progress: Progress) -> None:
        weights = folder / "weights.safetensors"
        fill_tensors(distinct_tensors(learner.model), read_tensors(weights), str(weights))
        _restore_moments(learner, read_tensors(folder / "optimiser.safetensors"))
        if learner.average is not None:
            average = folder / "average.safetensors"
            fill_tensors(learner.average, read_tensors(average), str(average))
        progress.restore(values["progress"])
        restore_generators(values["generators"], read_tensors(folder / "generators.safetensors"))

    def _all(self) -> list[Path]:
        """The saved states, oldest first."""
        return sorted(path for path in self.states.glob("[0-9]*") if path.is_dir())

    def _drop_unneeded(self, progress: Progress) -> None:
        needed = {self.kept_path(step) for step in progress.kept}
        for folder in self._all():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # damaged: found out when it is needed
                values = json.loads((folder / STATE).read_bytes())
                needed |= {self.kept_path(int(step)) for step in values["progress"]["kept"]}
        for path in self.kept.glob("*"):
            if path not in needed:
                path.unlink()


def _moments(learner: Learner) -> dict[str, Tensor]:
    """The optimiser's memory of each weight under `weight name/quantity`."""
    result = {}
    for name, weight in learner.model.named_parameters():
        for quantity, value in learner.optimiser.state.get(weight, {}).items():
            result[f"{name}/{quantity}"] = value
    return result


def _restore_moments(learner: Learner, stored: Mapping[str, Tensor]) -> None:
    weights = dict(learner.model.named_parameters())
    for key, value in stored.items():
        name, _, quantity = key.rpartition("/")
        learner.optimiser.state[weights[name]][quantity] = value.to(weights[name].device)
