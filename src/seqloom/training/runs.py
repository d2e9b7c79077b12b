"""What commands, sweeps and Python share to start a run: putting its configuration together, showing and logging its
reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.seal import SEAL
from seqloom.config import Settings, build, laid_over, merged, read_toml
from seqloom.errors import ConfigError, suggestion
from seqloom.plugins import use_all
from seqloom.presets import PRESETS
from seqloom.training.config import RunConfig, with_plugins
from seqloom.training.fine_tuning import adopted
from seqloom.training.group import Place
from seqloom.training.reporters import Reporter, follow, standard_reporters
from seqloom.training.reports import InterruptReport, Report
from seqloom.training.states.folder import RunFolder


def follow_run(
    stream: Iterable[Report],
    output: Path | str,
    *,
    progress: TextIO | None = None,
    reporters: Sequence[Reporter] = (),
    tensorboard: bool = False,
) -> None:
    """Show the reports of a run and write them to its log; of several processes only the first one does.

    Raises KeyboardInterrupt, with the command that resumes the run as its text, when the run was stopped and saved.
    """
    listeners: list[Reporter] = []
    if Place.here().first:
        listeners = [*standard_reporters(output, progress, tensorboard=tensorboard), *reporters]
    last = follow(stream, listeners)
    if isinstance(last, InterruptReport):
        raise KeyboardInterrupt(f"stopped after update {last.step:,}, which is saved; go on with: {last.hint}")


def run_config(
    name: str | None = None,
    *,
    files: tuple[Sequence[str], Sequence[str]] = ((), ()),
    settings: Settings = (),
    going_on: Path | None = None,
) -> RunConfig:
    """Build a configuration from a preset or TOML file (`name`), then training and dev `files`, then single `settings`.

    To resume the run in the folder `going_on`, its own settings are the base where no preset or TOML file is named. A
    run that was fine-tuned from a model takes the settings of that model from its own saved settings in either case.

    Plugins that the settings or a TOML file of the user's own name are loaded, which runs their code. Plugins that a
    model folder or a run has saved must be in use already.
    """
    begun = None if going_on is None else RunFolder(going_on).stated()
    values: dict[str, Any] = {} if begun is None else begun
    where = ""
    if name is not None and name in PRESETS:
        values = merged({}, PRESETS[name])
    elif name is not None:
        if not name.endswith(".toml") and not Path(name).exists():
            raise ConfigError(f"{name!r} is neither a TOML file nor a preset", hint=suggestion(name, PRESETS))
        values, where = read_toml(name), name
    for part, entries in zip(("train", "dev"), files, strict=True):
        if entries:
            values = merged(values, {"data": {part: list(entries)}})
    saved = is_saved(Path(where)) if where else begun is not None and name is None
    held = values.get("plugins") if saved else None
    values = laid_over(values, settings)
    if values.get("plugins") != held:  # those of the user's own file or settings
        use_listed(values)
    return with_plugins(build(RunConfig, adopted(values, begun), where=where))


def use_listed(values: Mapping[str, Any]) -> None:
    """Put the plugins to use that plain values of the user's own list; those that a folder has saved wait for him."""
    listed = values.get("plugins", ())
    if isinstance(listed, list | tuple):  # what else there is, checking the values refuses
        use_all(each for each in listed if isinstance(each, str))


def is_saved(path: Path) -> bool:
    """Whether a configuration is a part of a model folder or of the states of a run: data, which runs no code."""
    return any((path.parent / name).exists() for name in (layout.MANIFEST, SEAL))
