"""The folder a run writes into: a model folder that also holds the run's log and, until it is finished, its states.

OUTPUT/
├── manifest.json, model.safetensors, …   the best model so far (see seqloom.checkpoint.format)
├── log.jsonl                             what the run reported (see seqloom.training.reporters.jsonl)
└── resume/                               what it takes to go on (see seqloom.training.state); gone when finished
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import STAGED, place_of, text_writer, write_folder
from seqloom.checkpoint.store import read_tokenizers, tokenizer_writers
from seqloom.config import build, read_toml, to_toml
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.nn.precision import Precision
from seqloom.training.config import RunConfig
from seqloom.training.setup import Earlier, Prepared

LOG = "log.jsonl"
GIVEN = "given.toml"
PRECISION = "precision.json"
FREE: dict[str, tuple[str, ...] | None] = {
    "training": ("epochs", "max_steps", "log_every", "checkpoint_every", "keep_states", "device"),
    "data": ("test", "cache", "cache_above_mb"),
    "search": None,
    "evaluation": None,
}
"""Settings that may change when a run goes on; None: the whole section."""


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
        return place_of(self.resume, layout.CONFIG).is_file() and not self.finished

    @property
    def finished(self) -> bool:
        """Whether a finished run is here."""
        training = self.metrics().get("training")
        return isinstance(training, dict) and training.get("finished") is True

    def metrics(self) -> dict[str, Any]:
        """What metrics.json says; nothing where it is missing or unreadable."""
        try:
            values = json.loads(place_of(self.output, layout.METRICS).read_bytes())
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

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
        if self.output.is_dir() and any(path.name not in {LOG, "resume"} for path in self.output.iterdir()):
            raise ConfigError(
                "the output folder is not empty", where=str(self.output), hint="name a new folder, or use --overwrite"
            )

    @property
    def command(self) -> str:
        """How to go on with the run from the command line."""
        return f"seqloom train --output {self.output} --resume"

    def clear(self) -> None:
        """Remove an earlier run; other people's files stay."""
        shutil.rmtree(self.resume, ignore_errors=True)
        shutil.rmtree(self.output / STAGED, ignore_errors=True)
        names = (layout.MANIFEST, *layout.REQUIRED, layout.CARD, LOG)
        for name in (*names, layout.TOKENIZER, layout.SOURCE_TOKENIZER, layout.TARGET_TOKENIZER):
            (self.output / name).unlink(missing_ok=True)

    def begin(self, given: RunConfig, prepared: Prepared) -> None:
        """Write what stays the same all the time: settings, as given and as resolved, tokenizers, precision."""
        files = tokenizer_writers(prepared.encoder.source, prepared.encoder.target)
        precision = {**asdict(prepared.precision), "dtype": str(prepared.precision.dtype).removeprefix("torch.")}
        texts = {
            GIVEN: to_toml(given),
            layout.CONFIG: to_toml(prepared.config),
            PRECISION: json.dumps(precision) + "\n",
        }
        write_folder(self.resume, {**files, **{name: text_writer(text) for name, text in texts.items()}})

    def earlier(self) -> Earlier:
        """What the run that is here had chosen."""
        names = {name for name in (layout.TOKENIZER,) if place_of(self.resume, name).is_file()}
        path = place_of(self.resume, PRECISION)
        try:
            values = json.loads(path.read_bytes())
            precision = Precision(**{**values, "dtype": getattr(torch, values["dtype"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelFolderError(f"the run's precision cannot be read: {error}", where=str(path)) from None
        return Earlier(read_tokenizers(self.resume, names), precision)

    def config(self, given: RunConfig | None) -> RunConfig:
        """The configuration of the run that is here, with the settings of `given` that may change on the way."""
        resolved = self._read_config(layout.CONFIG)
        if given is None:
            return resolved
        for key, old, new in _differences(self._read_config(GIVEN).model_dump(), given.model_dump()):
            free = FREE.get(key[0], ())
            if free is not None and key[1] not in free:
                raise ConfigError(
                    f"{'.'.join(key)} must stay {old!r} when the run goes on, not {new!r}",
                    hint="leave it as it was, or start again with --overwrite",
                )
        changes = {}
        for section, names in FREE.items():
            old, new = getattr(resolved, section), getattr(given, section)
            changes[section] = new if names is None else old.replace(**{name: getattr(new, name) for name in names})
        return resolved.replace(**changes)

    def _read_config(self, name: str) -> RunConfig:
        path = place_of(self.resume, name)
        return build(RunConfig, read_toml(path), where=str(path))

    def end(self) -> None:
        """Remove what a finished run no longer needs."""
        shutil.rmtree(self.resume, ignore_errors=True)


def _differences(saved: Any, given: Any, key: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(saved, dict) and isinstance(given, dict):
        names = [*saved, *(name for name in given if name not in saved)]
        return [each for name in names for each in _differences(saved.get(name), given.get(name), (*key, name))]
    return [] if saved == given else [(key, saved, given)]
