"""The output folder of a sweep: the study that it belongs to, and the runs of its trials.

OUTPUT/
├── study.json          the study that the folder belongs to, and the id of the worker
├── study.db            the trials, unless another storage is named
├── trials/0003/        the run of a trial: a model folder, or an unfinished run
├── trials/0003.lock    locked by the process that works on the trial; the system releases it when the process ends
├── sweep.lock          locked while a process takes a trial or tidies the folder
├── best.toml           the configuration of the best trial
└── trials.png          a plot of all trials

A folder is one worker of one study, however many processes work in it: the trials of the worker carry its random id.
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
    """What study.json records: the name and the random id of the study, and the id of the worker that the folder is.

    `place` is the inode of the folder `trials`. It stays the same when the folder is moved, but not when it is copied.
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
        """The URL of the storage inside the folder."""
        return f"sqlite:///{self.output / DATABASE}"

    def trial(self, number: int) -> Path:
        """Return the folder of a trial's run."""
        return self.output / TRIALS / f"{number:04d}"

    def trial_lock(self, number: int) -> FileLock:
        """Return the lock that the process at work on a trial holds; acquiring it fails at once where it is held."""
        return FileLock(self.trial(number).with_suffix(".lock"), timeout=0)

    def lock(self) -> FileLock:
        """Return the lock that a process holds while it takes a trial or tidies the folder."""
        return FileLock(self.output / LOCK)

    def claim(self) -> None:
        """Make the folder; raises ConfigError where it holds anything but a sweep."""
        output = self.output
        if output.exists() and not (output / TRIALS).is_dir() and (not output.is_dir() or any(output.iterdir())):
            raise ConfigError("the output must be a new folder or that of a sweep", where=str(output))
        with disk_errors(output):
            (output / TRIALS).mkdir(parents=True, exist_ok=True)

    def tie(self, name: str) -> Tie | None:
        """Read study.json; None where the folder is new.

        Raises ConfigError where study.json cannot be read, names another study, or is missing although there are
        trials.
        """
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
        """Tie the folder to the study with the id `study`, which has `count` trials, and return the tie.

        Raises ConfigError where the folder is tied to another study, or has trials that the study lacks. In a shared
        study, a copy of a folder becomes a new worker: the running trials are those of the original.
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
        """Return what a trial records about its worker: its id, and host and folder for people to read."""
        return {"id": tie.worker, "host": socket.gethostname(), "folder": str(self.output.resolve())}

    def _numbers(self) -> list[int]:
        folders = (self.output / TRIALS).iterdir()
        return sorted(int(path.name) for path in folders if path.name.isdecimal() and path.is_dir())
