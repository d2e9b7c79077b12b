"""A recipe: a description, the data that it needs, published figures, and the configuration of its runs.

`{variant}` in a path or in the name of a test is replaced by each of the recipe's variants (usually languages) in turn,
with one model for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field

from seqloom.config import Section, build, override, read_toml
from seqloom.errors import ConfigError, DataError, suggestion
from seqloom.recipes.made import MADE, Folds, Phrases
from seqloom.training import RunConfig
from seqloom.training.config import with_plugins
from seqloom.training.fine_tuning import adopted
from seqloom.training.runs import use_listed

VARIANT = "{variant}"
"""The text that is replaced by the name of the variant."""
DEFAULT_DATA = "../shared/data"
"""The folder of the data sets where the environment variable SEQLOOM_DATA is not set."""


class Published(Section):
    """A published system and its figures."""

    system: str
    """Name of the system."""
    source: str
    """Where its figures were published, and how they were obtained."""
    figures: dict[str, dict[str, float]]
    """The value of each metric, for each test."""


class RecipeSection(Section):
    """The section `[recipe]` of a recipe's file."""

    title: str
    """The task in one line."""
    about: str = ""
    """Sizes of the data and conventions of the metrics."""
    folder: str
    """Folder of the recipe's files, below that of all data sets."""
    variants: tuple[str, ...] = ()
    """Names of the variants, each of which has a model of its own; empty for a single model."""
    folds: Folds | None = None
    """The folds of a cross-validation that are made before the runs, in `{made}`."""
    phrases: Phrases | None = None
    """The phrases of parsed sentences that are written to a file before the runs, in `{made}`."""
    tests: dict[str, str] = Field(min_length=1)
    """The data file of each test."""
    mean: bool = False
    """Whether the mean over all tests is shown; it always is where there are several variants."""
    published: tuple[Published, ...] = ()
    """Published systems to compare with."""


@dataclass(frozen=True)
class Part:
    """One model of a recipe: its name, its configuration, and its tests with their files."""

    name: str
    config: RunConfig
    tests: Mapping[str, str]


@dataclass(frozen=True)
class Places:
    """Where the files of a variant are: below the folder `data`, or in that of the files that were made."""

    variant: str
    data: Path
    made: Path

    def located(self, entry: str) -> str:
        """An entry of comma-separated data files with the path of each."""
        named = entry.replace(VARIANT, self.variant).replace(MADE, str(self.made))
        return ",".join(str(self.data / file) for file in named.split(","))


@dataclass(frozen=True)
class Recipe:
    """The contents of a recipe's file; `run` holds the plain settings of its runs."""

    name: str
    section: RecipeSection
    run: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The task in one line."""
        return self.section.title

    def parts(
        self, data: Path, only: Iterable[str] = (), settings: Iterable[str] = (), made: Path = Path()
    ) -> list[Part]:
        """Return the models to train on the files below `data`; `settings` (NAME=VALUE) change the recipe's settings.

        `made` is the folder of the files that the recipe makes itself (`seqloom.recipes.made`). `only` names the
        variants to train. Raises ConfigError for an unknown one.
        """
        variants, wanted = self.section.variants or ("",), tuple(only)
        for name in wanted:
            if name not in self.section.variants:
                hint = suggestion(name, self.section.variants) if self.section.variants else "it has one model only"
                raise ConfigError(f"the recipe {self.name} has no part {name!r}", hint=hint)
        assignments = list(settings)
        return [self._part(Places(variant, data, made.resolve()), assignments) for variant in wanted or variants]

    def _part(self, places: Places, settings: list[str]) -> Part:
        values = override(_filled(self.run, places), settings)
        variant = places.variant
        tests = {name.replace(VARIANT, variant): places.located(entry) for name, entry in self.section.tests.items()}
        use_listed(values)
        config = with_plugins(build(RunConfig, adopted(values), where=f"recipe {self.name}"))
        return Part(variant or self.name, config.replace(data=config.data.replace(test=tuple(tests.values()))), tests)

    def data_folder(self) -> Path:
        """Return the folder of the recipe's files, below SEQLOOM_DATA or else `../shared/data`; raises DataError if it
        is missing."""
        root = Path(os.environ.get("SEQLOOM_DATA") or DEFAULT_DATA)
        folder = root / self.section.folder
        if not folder.is_dir():
            raise DataError(
                f"the recipe {self.name} needs the data set {self.section.folder}, which is not there",
                where=str(folder),
                hint="set SEQLOOM_DATA to the folder that holds the data sets",
            )
        return folder


def recipe_names() -> list[str]:
    """Return the names of the recipes in the package."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in files("seqloom.recipes").iterdir() if entry.name.endswith(".toml")
    )


def recipe_path(name: str) -> Path:
    """Return the file of a recipe, given by its name or by its path."""
    if name.endswith(".toml"):
        return Path(name)
    if name not in recipe_names():
        raise ConfigError(f"{name!r} is not a known recipe", hint=suggestion(name, recipe_names()))
    return Path(str(files("seqloom.recipes") / f"{name}.toml"))


def recipe_text(name: str) -> str:
    """Return the text of a recipe's file, after checking that it is valid TOML."""
    path = recipe_path(name)
    read_toml(path)
    return path.read_text(encoding="utf-8")


def load_recipe(name: str) -> Recipe:
    """A recipe, checked; the plugins that it lists are run."""
    path = recipe_path(name)
    values = read_toml(path)
    for key in values:
        if key not in ("recipe", "run"):
            raise ConfigError(f"{key} is not a section of a recipe", where=str(path), hint="recipe, run")
    section = build(RecipeSection, values.get("recipe", {}), where=str(path))
    run = values.get("run", {})
    use_listed(run)
    build(RunConfig, run, where=str(path))
    return Recipe(path.stem, section, run)


def _filled(values: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return the settings of a run with the variant inserted and the data files located."""
    filled: dict[str, Any] = dict(values)
    section = dict(filled.get("data", {}))
    for part in ("train", "dev"):
        section[part] = [places.located(entry) for entry in section.get(part, ())]
    filled["data"] = section
    return filled
