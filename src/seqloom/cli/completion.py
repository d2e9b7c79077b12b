"""What the shell completes: settings, presets, recipes, metrics and examples. Nothing here imports PyTorch.

The names of settings are in `settings.txt`, which `scripts/reference.py` writes: the sections of the settings stand
beside the networks that they are for, and to import these takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path


def settings() -> dict[str, list[str]]:
    """The dotted name of each setting, with its values where these are a few, or else with its default."""
    lines = files("seqloom.cli").joinpath("settings.txt").read_text(encoding="utf-8").splitlines()
    return {name: values for name, *values in (line.split("\t") for line in lines)}


def setting(incomplete: str) -> Iterator[str]:
    """Names of settings that begin so; of one that is whole, also its values."""
    known = settings()
    found = [name for name in known if name.startswith(incomplete.partition("=")[0])]
    if len(found) != 1 and "=" not in incomplete:
        yield from (f"{name}=" for name in found)
        return
    name = found[0] if len(found) == 1 else incomplete.partition("=")[0]
    yield from (f"{name}={value}" for value in known.get(name, ()) if f"{name}={value}".startswith(incomplete))


def preset_or_file(incomplete: str) -> Iterator[str]:
    """Names of presets and of files."""
    from seqloom.presets import PRESETS

    yield from (name for name in PRESETS if name.startswith(incomplete))
    yield from _paths(incomplete)


def recipe_or_file(incomplete: str) -> Iterator[str]:
    """Names of recipes."""
    names = sorted(each.name.removesuffix(".toml") for each in files("seqloom").joinpath("recipes").iterdir())
    yield from (name for name in names if name.startswith(incomplete) and not name.endswith(".py"))
    yield from _paths(incomplete, ".toml")


def metrics(incomplete: str) -> Iterator[str]:
    """Names of metrics; several are parted by commas."""
    from seqloom.metrics import METRICS

    head, comma, last = incomplete.rpartition(",")
    yield from (f"{head}{comma}{name}" for name in METRICS if name.startswith(last))


def example(incomplete: str) -> Iterator[str]:
    """Names of examples."""
    from seqloom.examples import EXAMPLES

    yield from (name for name in EXAMPLES if name.startswith(incomplete))


def _paths(incomplete: str, suffix: str = "") -> Iterator[str]:
    folder, _, begin = incomplete.rpartition("/")
    place = Path(f"{folder}/") if "/" in incomplete else Path()
    if not place.is_dir():
        return
    for path in sorted(place.iterdir()):
        if path.name.startswith(begin) and (begin or not path.name.startswith(".")):
            shown = f"{incomplete[: len(incomplete) - len(begin)]}{path.name}"
            if path.is_dir():
                yield f"{shown}/"
            elif path.name.endswith(suffix):
                yield shown
