"""The folder a run writes into: a model folder that also holds the run's log and, until it is finished, its states.

OUTPUT/
├── manifest.json, model.safetensors, …   the best model so far (see seqloom.checkpoint.format)
├── log.jsonl                             what the run reported (see seqloom.training.reporters.jsonl)
└── resume/                               what it takes to go on (see seqloom.training.states.state); gone when finished
    ├── record.json                       what went into the run; there once the run has gone on
    ├── settings/                         as given and as resolved, tokenizers, precision, record; with their hashes
    └── settings.copy/                    the same, should the first be damaged
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import (
    STAGED,
    Writer,
    bytes_writer,
    disk_errors,
    place_of,
    text_writer,
    write_file,
    write_sibling,
)
from seqloom.checkpoint.reading import read_tokenizers
from seqloom.checkpoint.seal import SEAL, check_seal, identity, sealed
from seqloom.checkpoint.store import tokenizer_writers
from seqloom.config import build, differences, read_toml, to_toml
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.nn.precision import Precision
from seqloom.plugins import options
from seqloom.training.config import RunConfig
from seqloom.training.continuing import LENGTH, check_finished, continued, kept
from seqloom.training.group import Place
from seqloom.training.provenance.record import RECORD, Record, went_on
from seqloom.training.setup import Earlier, Prepared
from seqloom.training.states.lock import LOCKS

LOG = "log.jsonl"
GIVEN = "given.toml"
PRECISION = "precision.json"
OURS = {LOG, "resume", "tensorboard", *LOCKS}
"""What a run that was cut short at its very beginning may leave behind."""
STATES = "states"


@dataclass(frozen=True)
class Settings:
    """A copy of a run's settings whose files are as they were written; `problems` is what is wrong with the other.

    `identity` stands for all of them but the resolved configuration, parts of which may change on the way.
    """

    folder: Path
    identity: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFolder:
    """Where one run lives."""

    output: Path

    @property
    def resume(self) -> Path:
        """The folder of the run's states."""
        return self.output / "resume"

    @property
    def log(self) -> Path:
        """The log."""
        return self.output / LOG

    @property
    def begun(self) -> bool:
        """Whether an unfinished run is here."""
        return any(copy.is_dir() for copy in self._copies) and not self.finished

    @property
    def finished(self) -> bool:
        """Whether a finished run is here."""
        training = self.metrics().get("training")
        there = place_of(self.output, layout.MANIFEST).is_file()
        return there and isinstance(training, dict) and training.get("finished") is True

    def stated(self) -> dict[str, Any] | None:
        """The plain settings of the run that is here, finished or not; None where there is none."""
        if self.finished:
            return read_toml(place_of(self.output, layout.CONFIG))
        for copy in self._copies:
            with suppress(ModelFolderError):
                check_seal(copy)
                return kept(read_toml(copy / GIVEN), read_toml(copy / layout.CONFIG))
        return None

    def metrics(self) -> dict[str, Any]:
        """What metrics.json says; nothing where it is missing or unreadable."""
        return _json_object(place_of(self.output, layout.METRICS))

    def check_free(self) -> None:
        """Refuse a folder that holds something a new run would overwrite."""
        if self.output.exists() and not self.output.is_dir():
            raise ConfigError("the output must be a folder, not a file", where=str(self.output))
        if self.begun:
            raise ConfigError(
                "the output folder holds a run that is not finished",
                where=str(self.output),
                hint=f"go on with it: {self.command}; or start again with --overwrite",
            )
        if place_of(self.output, layout.MANIFEST).exists():
            raise ConfigError(
                "the output folder holds a model already",
                where=str(self.output),
                hint="name another folder, or start again with --overwrite",
            )
        if self.output.is_dir() and any(path.name not in OURS for path in self.output.iterdir()):
            raise ConfigError(
                "the output folder is not empty", where=str(self.output), hint="name a new folder, or use --overwrite"
            )

    def check_other(self, start: str) -> None:
        """Refuse to replace the model that training starts from."""
        if start and Path(start).resolve() == self.output.resolve():
            raise ConfigError(
                "training.start_from must be another folder than the output", where=start, hint="name a new --output"
            )

    @property
    def command(self) -> str:
        """How to go on with the run from the command line, with the plugins of this process."""
        return Place.here().command(f"train --output {shlex.quote(str(self.output))} --resume{options()}")

    def clear(self) -> None:
        """Remove an earlier run; other people's files stay."""
        names = (layout.MANIFEST, *layout.REQUIRED, layout.CARD, layout.PLUGINS, LOG)
        with disk_errors(self.output):
            for folder in (self.resume, self.output / STAGED, self.output / f"{STAGED}.tmp"):
                if folder.is_dir():
                    shutil.rmtree(folder)
            for name in (*names, layout.TOKENIZER, layout.SOURCE_TOKENIZER, layout.TARGET_TOKENIZER):
                (self.output / name).unlink(missing_ok=True)

    def begin(self, given: RunConfig, prepared: Prepared, record: Record) -> None:
        """Write what stays the same all the time: settings as given and as resolved, tokenizers, precision, record."""
        files = tokenizer_writers(prepared.encoder.source, prepared.encoder.target)
        precision = {**asdict(prepared.precision), "dtype": str(prepared.precision.dtype).removeprefix("torch.")}
        texts = {
            GIVEN: to_toml(given),
            layout.CONFIG: to_toml(prepared.config),
            PRECISION: json.dumps(precision) + "\n",
            RECORD: json.dumps(record) + "\n",
        }
        self._write_settings({**files, **{name: text_writer(text) for name, text in texts.items()}})

    def _write_settings(self, files: Mapping[str, Writer]) -> None:
        """Both copies, one after the other: at any moment there is one."""
        for copy in self._copies:
            with disk_errors(copy):
                shutil.rmtree(copy, ignore_errors=True)
            write_sibling(copy, sealed(files))

    def settings(self) -> Settings:
        """A good copy of the settings; a missing or damaged one is made anew from the other."""
        found, problems = [], []
        for copy in self._copies:
            try:
                found.append((copy, check_seal(copy)))
            except ModelFolderError as error:
                problems.append(f"{error.where}: {error.message}")
        if not found:
            hint = "put the files back from a copy, or start again with --overwrite"
            raise ModelFolderError(f"the run's settings are damaged: {'; '.join(problems)}", hint=hint)
        good, records = found[0]
        if len(found) == 1:
            (bad,) = (copy for copy in self._copies if copy != good)
            with disk_errors(bad):
                shutil.rmtree(bad, ignore_errors=True)
            names = sorted((path.name for path in good.iterdir()), key=lambda name: name == SEAL)
            write_sibling(bad, {name: partial(shutil.copyfile, good / name) for name in names})
        fixed = {name: record for name, record in records.items() if name != layout.CONFIG}
        return Settings(good, identity(fixed), tuple(problems))

    @property
    def _copies(self) -> tuple[Path, Path]:
        return self.resume / "settings", self.resume / "settings.copy"

    def record(self, settings: Settings) -> Record:
        """The record of the run that is here."""
        return _json_object(self.resume / RECORD) or _json_object(settings.folder / RECORD)

    def go_on(self, prepared: Prepared) -> Record:
        """Go on here and now with these settings, in later resumptions, too; the record of the run, which says so."""
        settings = self.settings()
        changed = differences(_read_config(settings.folder / layout.CONFIG).model_dump(), prepared.config.model_dump())
        changes = {".".join(key): [old, new] for key, old, new in changed if key[1:] and key[1] in LENGTH}
        record = went_on(self.record(settings), prepared, changes)
        write_file(self.resume / RECORD, text_writer(json.dumps(record) + "\n"))
        if changed:
            same = {path.name: path.read_bytes() for path in settings.folder.iterdir() if path.name != SEAL}
            files = {**same, layout.CONFIG: to_toml(prepared.config).encode()}
            self._write_settings({name: bytes_writer(content) for name, content in files.items()})
        return record

    def earlier(self, settings: Settings) -> Earlier:
        """What the run that is here had chosen."""
        names = {name for name in (layout.TOKENIZER,) if (settings.folder / name).is_file()}
        path = settings.folder / PRECISION
        try:
            values = json.loads(path.read_bytes())
            precision = Precision(**{**values, "dtype": getattr(torch, values["dtype"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelFolderError(f"the run's precision cannot be read: {error}", where=str(path)) from None
        saved = any((self.resume / STATES).glob("[0-9]*"))
        return Earlier(read_tokenizers(settings.folder, names), precision, saved)

    def config(self, settings: Settings, given: RunConfig | None) -> RunConfig:
        """The configuration of the run that is here, with the settings of `given` that may change on the way."""
        resolved = _read_config(settings.folder / layout.CONFIG)
        if given is None:
            return resolved
        return continued(_read_config(settings.folder / GIVEN), resolved, given, self.command)

    def check_finished(self, given: RunConfig | None) -> None:
        """Refuse settings that a finished run can no longer heed."""
        if given is not None:
            instead = self.metrics().get("record", {}).get("given", {})
            check_finished(_read_config(place_of(self.output, layout.CONFIG)), instead, given, str(self.output))

    def end(self) -> None:
        """Remove what a finished run no longer needs."""
        shutil.rmtree(self.resume, ignore_errors=True)


def _read_config(path: Path) -> RunConfig:
    return build(RunConfig, read_toml(path), where=str(path))


def _json_object(path: Path) -> dict[str, Any]:
    """What a file says; nothing where it is missing or unreadable."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
