"""Pairs from unpaired text: what is made, what is left out and said, and that training takes the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import seqloom
from seqloom.api import Model
from seqloom.cli.main import app
from seqloom.data import DataConfig, Example, Origin, ReadReport, Source, read_examples
from seqloom.errors import ConfigError, DataError
from seqloom.prediction import Prediction
from seqloom.synthetic.augment import augment
from seqloom.synthetic.filters import AT_LIMIT, COPIES, CUT, EMPTY, NOTHING, REPEATED, UNLIKE, UNLIKELY, Filters
from toy import SETTINGS, copied, write_pairs


class Reverser:
    """Answers with the reversed text, the more likely the longer it is; a text of digits is answered oddly."""

    class config:
        data = DataConfig()

    def stream(self, sources: Any) -> Iterator[Prediction]:
        for each in sources:
            text = each.text
            yield Prediction(
                "" if text == "0" else text[::-1],
                len(text) - 100.0,
                cut=text == "1",
                at_limit=text == "2",
                unknown=("3",) if text == "3" else (),
            )


REVERSER: Any = Reverser()


def pairs_in(path: Path, **config: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    read = read_examples([str(path)], DataConfig(**config), ReadReport())
    return [(each.source, each.target, each.tags) for each in read]


@pytest.mark.parametrize("suffix", ["tsv", "jsonl"])
def test_each_direction(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"made.{suffix}"
    augment(REVERSER, ["ab", "cd"], path)
    assert pairs_in(path) == [("ab", "ba", ()), ("cd", "dc", ())]
    augment(REVERSER, ["ab", "cd"], path, side="target", mark="bt", genuine=[Example("x", "y", Origin("f", 1))])
    assert pairs_in(path, tags="tags") == [("x", "y", ()), ("ba", "ab", ("bt",)), ("dc", "cd", ("bt",))]


def test_tags_of_the_inputs_stay_with_sources(tmp_path: Path) -> None:
    model: Any = Reverser()
    model.config = type("Tagged", (), {"data": DataConfig(tags="tags")})
    augment(model, [Source("ab", ("en", "v"))], tmp_path / "made.tsv", mark="new")
    assert pairs_in(tmp_path / "made.tsv", tags="tags") == [("ab", "ba", ("new", "en", "v"))]


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    texts = ["ab", "", "ab", "0", "1", "2", "aa", "abcdefghijklm", "3", "c\td"]
    filters = Filters(drop_copies=True, min_score=-99.0)
    done = augment(REVERSER, texts, tmp_path / "made.tsv", filters=filters)
    assert pairs_in(tmp_path / "made.tsv") == [
        ("ab", "ba", ()),
        ("abcdefghijklm", "mlkjihgfedcba", ()),
        ("c d", "d c", ()),
    ]
    reasons = {EMPTY: 1, REPEATED: 1, NOTHING: 1, CUT: 1, AT_LIMIT: 1, COPIES: 2}
    assert done.to_json() == {
        "read": 10,
        "kept": 3,
        "left_out": reasons,
        "genuine": 0,
        "changed": 1,
        "remarks": done.remarks.to_json(),
    }
    said = done.sentences()
    assert f"left out: 1 {EMPTY}" in said
    assert any("unknown to the model, such as '3' (1 in all): input 9" in each for each in said)
    assert any(each.startswith("1 pairs had a tab") for each in said)


def test_lengths_and_scores_are_filtered() -> None:
    assert Filters(max_ratio=2).reason("ab", Prediction("abcd", 0.0)) == ""
    assert Filters(max_ratio=2).reason("ab", Prediction("abcde", 0.0)) == UNLIKE
    assert Filters(max_ratio=2).reason("abcde", Prediction("ab", 0.0)) == UNLIKE
    assert Filters(min_score=-1).reason("ab", Prediction("ab", -1.5)) == UNLIKELY
    for best, ratio in ((0.0, 0.0), (1.1, 0.0), (1.0, 0.5)):
        with pytest.raises(ConfigError):
            Filters(best=best, max_ratio=ratio)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20, unique=True), st.floats(0.01, 1))
@settings(max_examples=20, deadline=None)
def test_the_best_share_is_kept_in_order(lengths: list[int], share: float) -> None:
    texts = ["a" * length for length in lengths]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.jsonl"
        done = augment(REVERSER, texts, path, filters=Filters(best=share))
        kept = [source for source, _, _ in pairs_in(path)]
        count = max(1, round(share * len(texts)))
        assert kept == [text for text in texts if text in sorted(texts, key=len)[-count:]]
        assert done.tally.kept == count
        assert done.tally.left_out[UNLIKELY] == len(texts) - count


def test_known_answers_have_no_score_to_be_filtered_by(tmp_path: Path) -> None:
    class Knowing(Reverser):
        """Knows the answer to texts of one letter."""

        def stream(self, sources: Any) -> Iterator[Prediction]:
            for each in super().stream(sources):
                yield replace(each, score=0.0, origin="exception") if len(each.text) == 1 else each

    model: Any = Knowing()
    path = tmp_path / "made.jsonl"
    done = augment(model, ["a", "bb", "ccc", "d", "eeee", "fffff"], path, filters=Filters(best=0.5))
    assert [pair[0] for pair in pairs_in(path)] == ["a", "d", "eeee", "fffff"]
    assert done.tally.to_json() == {"read": 6, "kept": 4, "left_out": {UNLIKELY: 2}}
    assert "score" not in json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    shares = Prediction("x", -2.0, origin="exception")  # a logarithm of a share among several answers
    assert not Filters(min_score=-1.0).reason("a", shares)
    assert Filters(min_score=-1.0).reason("a", Prediction("x", -2.0)) == UNLIKELY


def test_nothing_to_read_leaves_a_file_of_no_pairs(tmp_path: Path) -> None:
    done = augment(REVERSER, [], tmp_path / "made.tsv", filters=Filters(best=0.5))
    assert (done.tally.read, done.tally.kept) == (0, 0)
    assert (tmp_path / "made.tsv").read_text() == "source\ttarget\n"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("made.csv", {}, r"written as \.tsv or \.jsonl, not \.csv"),
        ("made.tsv", {"mark": "a;b"}, "a tag must be a word"),
        ("made.tsv", {"side": "both"}, "the source or the target"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        augment(REVERSER, ["a"], tmp_path / name, **options)
    assert not (tmp_path / name).exists()


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "made.tsv").write_text("old")

    def broken() -> Iterator[str]:
        yield "ab"
        raise DataError("no more")

    with pytest.raises(DataError, match="no more"):
        augment(REVERSER, broken(), tmp_path / "made.tsv")
    assert (tmp_path / "made.tsv").read_text() == "old"


def test_a_model_answers_as_it_predicts(toy_model: Model, tmp_path: Path) -> None:
    texts = [source for source, _ in copied(30, seed=7)]
    seqloom.augment(toy_model, iter(texts), tmp_path / "made.tsv")
    wanted = dict.fromkeys((text, answer.text) for text, answer in zip(texts, toy_model.predict(texts), strict=True))
    assert [pair[:2] for pair in pairs_in(tmp_path / "made.tsv")] == list(wanted)


def test_the_command_makes_a_file_that_training_takes(toy_folder: Path, tmp_path: Path) -> None:
    given = write_pairs(tmp_path / "pairs.tsv", copied(60, seed=3))
    (tmp_path / "more.txt").write_text("".join(f"{source}\n" for source, _ in copied(40, seed=8)))
    asked = ["augment", toy_folder, tmp_path / "more.txt", "--output", tmp_path / "made.tsv", "--as", "target"]
    options = ["--mark", "bt", "--best", "0.8", "--json"]
    done = CliRunner().invoke(app, [*map(str, asked), *options])
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)
    assert values["read"] == 40
    assert values["kept"] == len(pairs_in(tmp_path / "made.tsv", tags="tags")) > 10
    assert f"seqloom train pairs.tsv {tmp_path / 'made.tsv'} --set data.tags=tags" in done.stderr
    mixed = {**SETTINGS, "training.epochs": 1, "data.tags": "tags", "data.untagged": "accept"}
    model = seqloom.train([str(given), str(tmp_path / "made.tsv")], output=tmp_path / "model", settings=mixed)
    assert model.source_tokenizer.tags == ("bt",)
    assert isinstance(model.predict("ab")[0].text, str)
    refused = CliRunner().invoke(app, ["train", "--train", str(given), "--set", "data.tags=tags", "--output", "x"])
    assert refused.exit_code == 2
    assert "there is no column 'tags'" in refused.output
