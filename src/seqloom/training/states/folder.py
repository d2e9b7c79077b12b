"""The output folder of a run: a model folder that also holds the log and, until the run is finished, its saved states.

OUTPUT/
├── manifest.json, model.safetensors, …   the best model so far (see seqloom.checkpoint.format)
├── log.jsonl                             the reports of the run (see seqloom.training.reporters.jsonl)
└── resume/                               needed to resume (see seqloom.training.states.state); removed at the end
    ├── record.json                       what the run was made with; written when it is first resumed
    ├── settings/                         settings as given and as resolved, codecs, precision, record, their hashes
    └── settings.copy/                    a copy, in case the first one is damaged
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
from seqloom.checkpoint.reading import read_codecs
from seqloom.checkpoint.seal import SEAL, check_seal, identity, sealed
from seqloom.checkpoint.store import codec_writers
from seqloom.codecs import CodecFiles
from seqloom.codecs.pair import CODEC_FILES
from seqloom.config import build, differences, read_toml, to_toml
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.nn.precision import Precision
from seqloom.plugins import options
from seqloom.training.config import RunConfig
from seqloom.training.group import Place
from seqloom.training.provenance.record import RECORD, Record, went_on
from seqloom.training.resume_settings import LENGTH, check_finished, continued, kept
from seqloom.training.setup import Earlier, Prepared
from seqloom.training.states.lock import LOCKS

LOG = "log.jsonl"
GIVEN = "given.toml"
PRECISION, CODECS = "precision.json", "codecs.json"
OURS = {LOG, "resume", "tensorboard", *LOCKS}
"""Files that a run that was stopped at its very beginning may leave behind."""
STATES = "states"


@dataclass(frozen=True)
class SavedSettings:
    """An undamaged copy of a run's settings; `problems` describes what is wrong with the other copy, if anything.

    `identity` is a hash of all files but the resolved configuration, parts of which may change when the run is resumed.
    """

    folder: Path
    identity: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFolder:
    """The output folder of one run."""

    output: Path

    @property
    def resume(self) -> Path:
        """The folder of the saved states."""
        return self.output / "resume"

    @property
    def log(self) -> Path:
        """The log file."""
        return self.output / LOG

    @property
    def begun(self) -> bool:
        """Whether the folder holds an unfinished run."""
        return any(copy.is_dir() for copy in self._copies) and not self.finished

    @property
    def finished(self) -> bool:
        """Whether the folder holds a finished run."""
        training = self.metrics().get("training")
        there = place_of(self.output, layout.MANIFEST).is_file()
        return there and isinstance(training, dict) and training.get("finished") is True

    def stated(self) -> dict[str, Any] | None:
        """Return the plain settings of the run in the folder, finished or not; None where there is none."""
        if self.finished:
            return read_toml(place_of(self.output, layout.CONFIG))
        for copy in self._copies:
            with suppress(ModelFolderError):
                check_seal(copy)
                return kept(read_toml(copy / GIVEN), read_toml(copy / layout.CONFIG))
        return None

    def metrics(self) -> dict[str, Any]:
        """Return the contents of metrics.json; empty where it is missing or unreadable."""
        return _json_object(place_of(self.output, layout.METRICS))

    def check_free(self) -> None:
        """Raise ConfigError where the folder holds something that a new run would overwrite."""
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
        """Raise ConfigError where the output folder is that of the model to start from."""
        if start and Path(start).resolve() == self.output.resolve():
            raise ConfigError(
                "training.start_from must be another folder than the output", where=start, hint="name a new --output"
            )

    @property
    def command(self) -> str:
        """How to go on with the run from the command line, with the plugins of this process."""
        return Place.here().command(f"train --output {shlex.quote(str(self.output))} --resume{options()}")

    def clear(self) -> None:
        """Remove an earlier run; files that are no part of a run stay."""
        names = (layout.MANIFEST, *layout.REQUIRED, layout.CARD, layout.PLUGINS, LOG)
        with disk_errors(self.output):
            for folder in (self.resume, self.output / STAGED, self.output / f"{STAGED}.tmp"):
                if folder.is_dir():
                    shutil.rmtree(folder)
            for name in (*names, *CODEC_FILES):
                (self.output / name).unlink(missing_ok=True)

    def begin(self, given: RunConfig, prepared: Prepared, record: Record) -> None:
        """Write what is fixed when the run starts: settings as given and as resolved, tokenizers, precision, record."""
        files = codec_writers(prepared.codecs)
        precision = {**asdict(prepared.precision), "dtype": str(prepared.precision.dtype).removeprefix("torch.")}
        texts = {
            GIVEN: to_toml(given),
            layout.CONFIG: to_toml(prepared.config),
            PRECISION: json.dumps(precision) + "\n",
            RECORD: json.dumps(record) + "\n",
            CODECS: json.dumps(prepared.codecs.files.to_values()) + "\n",
        }
        self._write_settings({**files, **{name: text_writer(text) for name, text in texts.items()}})

    def _write_settings(self, files: Mapping[str, Writer]) -> None:
        """Write both copies, one after the other, so that one of them is complete at any moment."""
        for copy in self._copies:
            with disk_errors(copy):
                shutil.rmtree(copy, ignore_errors=True)
            write_sibling(copy, sealed(files))

    def settings(self) -> SavedSettings:
        """Return an undamaged copy of the settings, and replace a missing or damaged other copy by it.

        Raises ModelFolderError where both are damaged.
        """
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
        return SavedSettings(good, identity(fixed), tuple(problems))

    @property
    def _copies(self) -> tuple[Path, Path]:
        return self.resume / "settings", self.resume / "settings.copy"

    def record(self, settings: SavedSettings) -> Record:
        """Return the record of the run in the folder."""
        return _json_object(self.resume / RECORD) or _json_object(settings.folder / RECORD)

    def go_on(self, prepared: Prepared) -> Record:
        """Note that the run is resumed now; returns its record, which says so.

        SavedSettings that have changed are written down, so that later resumptions have them, too.
        """
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

    def earlier(self, settings: SavedSettings) -> Earlier:
        """Return the tokenizers and the precision that the run in the folder had chosen."""
        path = settings.folder / PRECISION
        try:
            values = json.loads(path.read_bytes())
            precision = Precision(**{**values, "dtype": getattr(torch, values["dtype"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelFolderError(f"the run's precision cannot be read: {error}", where=str(path)) from None
        saved = any((self.resume / STATES).glob("[0-9]*"))
        config = read_toml(settings.folder / layout.CONFIG)
        return Earlier(read_codecs(settings.folder, _codec_files(settings.folder), config), precision, saved)

    def config(self, settings: SavedSettings, given: RunConfig | None) -> RunConfig:
        """Return the configuration of the run in the folder, with the settings taken from `given` that may change."""
        resolved = _read_config(settings.folder / layout.CONFIG)
        if given is None:
            return resolved
        return continued(_read_config(settings.folder / GIVEN), resolved, given, self.command)

    def check_finished(self, given: RunConfig | None) -> None:
        """Raise ConfigError for settings that would change the model of a finished run."""
        if given is not None:
            instead = self.metrics().get("record", {}).get("given", {})
            check_finished(_read_config(place_of(self.output, layout.CONFIG)), instead, given, str(self.output))

    def end(self) -> None:
        """Remove the saved states, which a finished run no longer needs."""
        shutil.rmtree(self.resume, ignore_errors=True)


def _codec_files(folder: Path) -> CodecFiles:
    """What a run's settings say of its codecs; those that an earlier version wrote say nothing."""
    path = folder / CODECS
    if not path.is_file():
        return CodecFiles.of_earlier({each.name for each in folder.iterdir()})
    return CodecFiles.from_values(_json_object(path), str(path))


def _read_config(path: Path) -> RunConfig:
    return build(RunConfig, read_toml(path), where=str(path))


def _json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty where it is missing or unreadable."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
