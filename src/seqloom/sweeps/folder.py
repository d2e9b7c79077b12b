"""The output folder of a sweep: which study it belongs to, and what lies where.

OUTPUT/
├── study.json          the study that it belongs to, and the worker that it is
├── study.db            the trials, unless another storage is named
├── trials/0003/        a trial's run: a model folder, or a run to go on with
├── trials/0003.lock    held by the process that works on the trial, until it ends, however it ends
├── sweep.lock          held while a trial is taken and while the folder is put in order
├── best.toml           the configuration of the best trial
└── trials.png          all trials

A folder is one worker of one study, however many processes work in it: trials carry its random id.
"""

from __future__ import annotations

import json
import secrets
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from seqloom.checkpoint.files import disk_errors, text_writer, write_file
from seqloom.errors import ConfigError

TRIALS, DATABASE, BEST, PICTURE, TIE, LOCK = "trials", "study.db", "best.toml", "trials.png", "study.json", "sweep.lock"
OTHER = "name another --output, or the [sweep] name and the --storage that it was begun with"


@dataclass(frozen=True)
class Tie:
    """What ties a folder to a study: the study's name and random id, and the worker that the folder is.

    `place` is the number of the folder of trials in the file system, which stays when it is moved and not when it is
    copied.
    """

    name: str
    study: str
    worker: str
    place: int


@dataclass(frozen=True)
class SweepFolder:
    """The folder of one worker."""

    output: Path

    @property
    def database(self) -> str:
        """The storage inside the folder."""
        return f"sqlite:///{self.output / DATABASE}"

    def trial(self, number: int) -> Path:
        """The folder of a trial's run."""
        return self.output / TRIALS / f"{number:04d}"

    def trial_lock(self, number: int) -> FileLock:
        """What the process that works on a trial holds; waiting for it is of no use."""
        return FileLock(self.trial(number).with_suffix(".lock"), timeout=0)

    def lock(self) -> FileLock:
        """What a process holds while it looks for a trial or puts the folder in order."""
        return FileLock(self.output / LOCK)

    def claim(self) -> None:
        """Make the folder; one that holds other things is refused."""
        output = self.output
        if output.exists() and not (output / TRIALS).is_dir() and (not output.is_dir() or any(output.iterdir())):
            raise ConfigError("the output must be a new folder or that of a sweep", where=str(output))
        with disk_errors(output):
            (output / TRIALS).mkdir(parents=True, exist_ok=True)

    def tie(self, name: str) -> Tie | None:
        """What the folder is tied to, if it is; anything but a study of that name is refused."""
        path = self.output / TIE
        if not path.exists():
            if self._numbers():
                raise ConfigError("the folder holds trials of an unknown study", where=str(self.output), hint=OTHER)
            return None
        try:
            tie = Tie(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"cannot be read: {error}", where=str(path), hint="name another --output") from None
        if tie.name != name:
            raise ConfigError(
                f"the folder belongs to the study {tie.name}, not {name}", where=str(self.output), hint=OTHER
            )
        return tie

    def tied(self, tie: Tie | None, name: str, study: str, *, count: int, shared: bool) -> Tie:
        """The folder tied to the study of that id, which has `count` trials; one tied to another is refused.

        In a study that is shared, a copy of a folder is a worker of its own: the trials at work are those of the
        original.
        """
        if tie is not None and tie.study != study:
            raise ConfigError(
                f"the folder belongs to another study of the name {name}", where=str(self.output), hint=OTHER
            )
        unknown = [number for number in self._numbers() if number >= count]
        if unknown:
            raise ConfigError(
                f"the folder holds trial {unknown[0]}, and the study has {count} only: it is an older copy of itself",
                where=str(self.output),
                hint="name another --output and another [sweep] name",
            )
        place = (self.output / TRIALS).stat().st_ino
        if tie is None or (shared and tie.place != place):
            worker = secrets.token_hex(8)
            tie = Tie(name, study, worker, place) if tie is None else replace(tie, worker=worker, place=place)
            write_file(self.output / TIE, text_writer(json.dumps(asdict(tie)) + "\n"))
        return tie

    def mark(self, tie: Tie) -> dict[str, str]:
        """What a trial carries of the worker that has it: its id, and for people where that is."""
        return {"id": tie.worker, "host": socket.gethostname(), "folder": str(self.output.resolve())}

    def _numbers(self) -> list[int]:
        folders = (self.output / TRIALS).iterdir()
        return sorted(int(path.name) for path in folders if path.name.isdecimal() and path.is_dir())
