"""A recipe: what it is about, which data it needs, what others have published, and the configuration of its runs.

`{variant}` in a path or in the name of a test stands for each of the variants in turn (languages, as a rule), one
model each.
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
from seqloom.training import RunConfig
from seqloom.training.config import with_plugins
from seqloom.training.runs import use_listed
from seqloom.training.start import adopted

VARIANT = "{variant}"
DEFAULT_DATA = "../shared/data"


class Published(Section):
    """A system of the literature."""

    system: str
    """Its name."""
    source: str
    """Where its figures were read, and how they came about."""
    figures: dict[str, dict[str, float]]
    """For each test, the value of each measure."""


class RecipeSection(Section):
    """The section `recipe` of a recipe's file."""

    title: str
    """The task in one line."""
    about: str = ""
    """Sizes of the data and conventions of the measures."""
    folder: str
    """The folder of its files among the data sets."""
    variants: tuple[str, ...] = ()
    """What there is one model for each of; empty for a single model."""
    tests: dict[str, str] = Field(min_length=1)
    """The file of each test."""
    published: tuple[Published, ...] = ()
    """Figures to compare with."""


@dataclass(frozen=True)
class Part:
    """One model of a recipe: its name, its configuration, and the tests it is measured on."""

    name: str
    config: RunConfig
    tests: Mapping[str, str]


@dataclass(frozen=True)
class Recipe:
    """A recipe as it stands in its file; `run` holds the plain values of a run's configuration."""

    name: str
    section: RecipeSection
    run: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The task in one line."""
        return self.section.title

    def parts(self, data: Path, only: Iterable[str] = (), settings: Iterable[str] = ()) -> list[Part]:
        """The models to train, on the files below `data`, with settings laid over the recipe's."""
        variants, wanted = self.section.variants or ("",), tuple(only)
        for name in wanted:
            if name not in self.section.variants:
                hint = suggestion(name, self.section.variants) if self.section.variants else "it has one model only"
                raise ConfigError(f"the recipe {self.name} has no part {name!r}", hint=hint)
        assignments = list(settings)
        return [self._part(variant, data, assignments) for variant in wanted or variants]

    def _part(self, variant: str, data: Path, settings: list[str]) -> Part:
        values = override(_filled(self.run, variant, data), settings)
        tests = {
            name.replace(VARIANT, variant): located(entry.replace(VARIANT, variant), data)
            for name, entry in self.section.tests.items()
        }
        use_listed(values)
        config = with_plugins(build(RunConfig, adopted(values), where=f"recipe {self.name}"))
        return Part(variant or self.name, config.replace(data=config.data.replace(test=tuple(tests.values()))), tests)

    def data_folder(self) -> Path:
        """Where its files are: below SEQLOOM_DATA, or else below `../shared/data`."""
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
    """The recipes that come with the package."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in files("seqloom.recipes").iterdir() if entry.name.endswith(".toml")
    )


def recipe_path(name: str) -> Path:
    """The file of a recipe, known by its name or by its path."""
    if name.endswith(".toml"):
        return Path(name)
    if name not in recipe_names():
        raise ConfigError(f"{name!r} is not a known recipe", hint=suggestion(name, recipe_names()))
    return Path(str(files("seqloom.recipes") / f"{name}.toml"))


def recipe_text(name: str) -> str:
    """A recipe's file as it stands."""
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


def located(entry: str, data: Path) -> str:
    """An entry of data files with each path below the folder."""
    return ",".join(str(data / file) for file in entry.split(","))


def _filled(values: Mapping[str, Any], variant: str, data: Path) -> dict[str, Any]:
    """The run's values with the variant put in and the data files located."""
    filled: dict[str, Any] = dict(values)
    section = dict(filled.get("data", {}))
    for part in ("train", "dev"):
        section[part] = [located(entry.replace(VARIANT, variant), data) for entry in section.get(part, ())]
    filled["data"] = section
    return filled
