"""What the arguments of `seqloom train` are: files of pairs, or a configuration."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from seqloom.errors import ConfigError
from seqloom.presets import PRESETS

Given = tuple[str | None, list[str]]
"""A configuration, if there is one, and entries of training pairs."""


def told_apart(arguments: Sequence[str]) -> Given:
    """The configuration and the files of pairs among arguments.

    A TOML file or the name of a preset is the configuration; files, parallel files such as a.en,a.de, and patterns
    are pairs. Raises a `ConfigError` for two configurations, and for what is none of these.
    """
    configs = [each for each in arguments if each in PRESETS or each.endswith(".toml")]
    if len(configs) > 1:
        raise ConfigError(
            f"{configs[0]} and {configs[1]} are configurations, and a run has one",
            hint="put all settings into one file, or change single ones with --set",
        )
    files = [each for each in arguments if each not in configs]
    for each in files:
        _check(each)
    return (configs[0] if configs else None), files


def _check(entry: str) -> None:
    """Refuse what can be no file of pairs."""
    path = Path(entry)
    if path.is_dir():
        model = (path / "config.toml").exists()
        hint = f"to train on from this model: --set training.start_from={entry}" if model else f'"{entry}/*.tsv"'
        raise ConfigError(f"{entry} is a folder, and pairs are in files", hint=hint)
    if path.exists() or "," in entry or glob.has_magic(entry) or entry == "-":
        return
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, beside, n=1) or get_close_matches(entry, PRESETS, n=1)
    if close and close[0] in beside:
        close = [str(path.with_name(close[0]))]
    hint = f"did you mean {close[0]}?" if close else f"presets: {', '.join(PRESETS)}"
    if not close and path.suffix:
        folder = path.parent.resolve()
        hint = f"it was looked for in {folder}" if folder.is_dir() else f"there is no folder {path.parent}"
        raise ConfigError("the file does not exist", where=entry, hint=hint)
    raise ConfigError(f"{entry!r} is neither a file nor a preset", hint=hint)
