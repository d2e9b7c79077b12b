"""Recipes: every file is whole, its data are where it says, and a run ends in a table beside the published figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqloom.config import build
from seqloom.data import ReadReport, read_examples
from seqloom.data.readers import files_of
from seqloom.errors import ConfigError, DataError
from seqloom.metrics import metric
from seqloom.recipes import Recipe, load_recipe, recipe_names, run_recipe
from seqloom.recipes.made import make
from seqloom.recipes.results import MEAN
from seqloom.training import RunConfig
from toy import SETTINGS, copied, write_pairs

NAMES = [
    "aeslc",
    "cmudict-g2p",
    "multi30k-en-de",
    "rotten-tomatoes",
    "scan",
    "sigmorphon2020-g2p",
    "sigmorphon2020-g2p-multilingual",
    "snips",
    "sst2",
    "sst5",
    "trec",
]


def test_the_recipes_are_all_there() -> None:
    assert recipe_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_measures_what_others_have_published(name: str) -> None:
    recipe = load_recipe(name)
    config = build(RunConfig, recipe.run)
    parts = recipe.section.variants or [""]
    tests = {test.replace("{variant}", part) for test in recipe.section.tests for part in parts} | {MEAN}
    assert recipe.section.published
    for system in recipe.section.published:
        assert set(system.figures) <= tests
        for figures in system.figures.values():
            assert set(figures) <= set(config.evaluation.metrics)
            assert all(metric(measure) for measure in figures)


@pytest.mark.parametrize("name", NAMES)
def test_its_data_are_where_it_says(
    name: str, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQLOOM_DATA", str(data_folder))
    recipe = load_recipe(name)
    folder = recipe.data_folder()
    make((recipe.section.folds, recipe.section.phrases), folder, tmp_path)
    for part in recipe.parts(folder, made=tmp_path):
        data = part.config.data
        for entry in (*data.train, *data.dev, *data.test):
            assert all(Path(file).is_file() for file in files_of(entry, data))
            assert next(read_examples([entry], data, ReadReport())).source


@pytest.fixture
def two_languages(tmp_path: Path) -> Recipe:
    """A recipe of two toy languages, and its data."""
    folder = tmp_path / "data" / "toys"
    folder.mkdir(parents=True)
    for number, language in enumerate(("aa", "bb")):
        for split, size in (("train", 60), ("dev", 10), ("test", 10)):
            write_pairs(folder / f"{language}.{split}.tsv", copied(size, seed=number))
    text = """
    [recipe]
    title = "toys"
    folder = "toys"
    variants = ["aa", "bb"]
    [recipe.tests]
    "{variant}" = "{variant}.test.tsv"
    [[recipe.published]]
    system = "paper"
    source = "its table"
    figures = { aa = { error_rate = 10.0 }, bb = { error_rate = 20.0 } }
    [run.data]
    train = ["{variant}.train.tsv"]
    dev = ["{variant}.dev.tsv"]
    [run.evaluation]
    metrics = ["error_rate", "cer"]
    """
    (tmp_path / "toys.toml").write_text(text, encoding="utf-8")
    return load_recipe(str(tmp_path / "toys.toml"))


def test_a_run_ends_in_a_table(two_languages: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_DATA", str(tmp_path / "data"))
    settings = [f"{key}={str(value).lower()}" for key, value in SETTINGS.items() if key != "training.epochs"]
    settings.append("training.epochs=1")
    results = run_recipe(two_languages, tmp_path / "out", settings=settings)
    values = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    table = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert table == results.to_markdown()
    assert [part["name"] for part in values["parts"]] == ["aa", "bb"]
    ours = [part["tests"][part["name"]][0]["value"] for part in values["parts"]]
    assert f"| aa | {ours[0]:.2f} | 10.00 |" in table
    assert f"| mean of 2 | {sum(ours) / 2:.2f} | 15.00 |" in table
    assert f"| aa | {values['parts'][0]['weights']:,} |" in table
    trained = (tmp_path / "out" / "aa" / "model.safetensors").stat().st_mtime_ns
    again = run_recipe(two_languages, tmp_path / "out", only=["aa"], settings=settings)
    assert len(again.parts) == 1
    assert (tmp_path / "out" / "aa" / "model.safetensors").stat().st_mtime_ns == trained
    with pytest.raises(ConfigError, match="other settings"):
        run_recipe(two_languages, tmp_path / "out", settings=[*settings, "model.hidden=8"])
    with pytest.raises(ConfigError, match="did you mean bb"):
        run_recipe(two_languages, tmp_path / "out", only=["b"])


def test_missing_data_are_named(two_languages: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match=r"elsewhere.toys.*\n?.*SEQLOOM_DATA"):
        run_recipe(two_languages, tmp_path / "out")


def test_several_processes_are_refused(two_languages: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="runs in one process"):
        run_recipe(two_languages, tmp_path / "out")


def test_a_recipe_with_another_section_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(
        '[recipe]\ntitle = ""\nfolder = ""\ntests = {a = "b"}\n[model]\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="model is not a section of a recipe"):
        load_recipe(str(tmp_path / "odd.toml"))
