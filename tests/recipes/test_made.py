"""Files that a recipe makes: folds are a partition, phrases are those of the trees, and runs read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqloom.errors import DataError
from seqloom.recipes import load_recipe, run_recipe
from seqloom.recipes.made import Folds, Phrases, make, phrases_of
from toy import SETTINGS, copied, write_pairs

TREE = "(3 (2 a) (4 (3 fine) (2 film)))"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_every_line_is_tested_in_one_fold_and_learned_from_in_the_others(tmp_path: Path) -> None:
    rows = [f"{number}\tline {number}" for number in range(11)]
    (tmp_path / "all.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    make((Folds(file="all.tsv", count=3), None), tmp_path, tmp_path / "made")
    tested = []
    for fold in (1, 2, 3):
        test, train = (lines(tmp_path / "made" / f"fold-{fold}.{part}.tsv") for part in ("test", "train"))
        assert len(test) in (3, 4)
        assert sorted([*train, *test]) == sorted(rows)
        tested += test
    assert sorted(tested) == sorted(rows)
    assert tested != rows


def test_phrases_have_the_label_that_they_have_most_often(tmp_path: Path) -> None:
    assert {text: label for label, text in phrases_of(TREE)} == {
        "a": "2",
        "fine": "3",
        "film": "2",
        "fine film": "4",
        "a fine film": "3",
    }
    trees = [TREE, "(2 (1 fine) (2 film))", "(2 (1 fine) (2 show))"]
    (tmp_path / "trees.txt").write_text("\n".join(trees) + "\n", encoding="utf-8")
    make((None, Phrases(file="trees.txt", labels={"1": "bad", "3": "good", "4": "good"})), tmp_path, tmp_path)
    # "fine film" is 4 once and 2 once: the first counts
    assert sorted(lines(tmp_path / "phrases.tsv")) == ["bad\tfine", "good\ta fine film", "good\tfine film"]


@pytest.mark.parametrize("tree", ["(3 (2 a)", "(2 a))", "a film"])
def test_a_tree_that_is_not_closed_is_named(tree: str, tmp_path: Path) -> None:
    (tmp_path / "trees.txt").write_text(f"{TREE}\n{tree}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"trees\.txt:2"):
        Phrases(file="trees.txt", labels={"2": "2"}).made(tmp_path)


def test_a_recipe_of_folds_ends_in_their_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data" / "toys"
    folder.mkdir(parents=True)
    write_pairs(folder / "all.tsv", copied(60))
    text = """
    [recipe]
    title = "toys"
    folder = "toys"
    variants = ["1", "2"]
    folds = { file = "all.tsv", count = 2 }
    tests = { "{variant}" = "{made}/fold-{variant}.test.tsv" }
    published = [{ system = "paper", source = "its table", figures = { mean = { error_rate = 10.0 } } }]
    [run.data]
    train = ["{made}/fold-{variant}.train.tsv"]
    [run.evaluation]
    metrics = ["error_rate"]
    """
    (tmp_path / "toys.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SEQLOOM_DATA", str(tmp_path / "data"))
    settings = [f"{key}={str(value).lower()}" for key, value in SETTINGS.items() if key != "training.epochs"]
    run_recipe(load_recipe(str(tmp_path / "toys.toml")), tmp_path / "out", settings=[*settings, "training.epochs=1"])
    parts = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["parts"]
    mean = sum(part["tests"][part["name"]][0]["value"] for part in parts) / 2
    assert f"| mean of 2 | {mean:.2f} | 10.00 |" in (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert len(lines(tmp_path / "out" / "data" / "fold-1.train.tsv")) == 30
