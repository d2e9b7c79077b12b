"""The measurements behind the defaults: the whole way on a toy, and the shipped variants are legal settings."""

from __future__ import annotations

import json
from pathlib import Path

import defaults
import defaults_corpora
import pytest
import tfidf
from defaults_corpora import CORPORA, Corpus

from seqloom.config import build, laid_over
from seqloom.data import Example, Origin
from seqloom.training import RunConfig
from toy import SETTINGS, copied

LETTERS = """
[shared]
{shared}

[copying]
corpora = ["absent", "toy"]
measures = ["exact_match", "cer"]
[copying.base]
"model.hidden" = 24
[copying.variants.after]
"model.decoder.attend" = "after"
[copying.variants."before, GRU"]
"model.decoder.attend" = "before"
"model.cell.kind" = "gru"
"""


def toy() -> Corpus:
    pairs = [Example(source, target, Origin("toy", 1)) for source, target in copied(60)]
    return Corpus(pairs[:40], pairs[40:50], pairs[50:])


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of variants with a corpus that is there and one that is not."""
    monkeypatch.setattr(defaults_corpora, "DATA", tmp_path)
    monkeypatch.setitem(CORPORA, "toy", toy)
    monkeypatch.setitem(CORPORA, "absent", CORPORA["sst2"])
    shared = "\n".join(f'"{name}" = {json.dumps(value)}' for name, value in SETTINGS.items())
    path = tmp_path / "letters.toml"
    path.write_text(LETTERS.format(shared=shared), encoding="utf-8")
    return path


def test_each_variant_is_a_row_and_absent_data_are_told_of(letters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = letters.with_name("rows.json")
    defaults.main(["--studies", str(letters), "--updates", "2", "--json", str(out)])
    shown = capsys.readouterr()
    assert "copying: absent is skipped" in shown.err
    assert "sst2.train.tsv is not there" in shown.err
    table = shown.out.strip().splitlines()
    assert "\n".join(table[:2]) == defaults.HEADER
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert [row["variant"] for row in rows] == ["after", "before, GRU"]
    for line, row in zip(table[2:], rows, strict=True):
        assert line.startswith(f"| copying | toy | {row['variant']} | 2 |")
        assert set(row["figures"]) == {"exact_match", "cer"}
        assert 0 <= row["figures"]["exact_match"] <= 100
    assert rows[1]["settings"]["model.cell.kind"] == "gru"
    assert rows[1]["settings"]["model.hidden"] == 24
    assert rows[0]["settings"]["training.selection.on"] == "exact_match"


def test_rules_and_corpora_are_known_by_name(letters: Path) -> None:
    with pytest.raises(SystemExit, match="no rule coping; there are copying"):
        defaults.main(["--studies", str(letters), "--only", "coping"])
    with pytest.raises(SystemExit, match="no corpus joy; there are"):
        defaults.main(["--studies", str(letters), "--corpora", "joy"])


def test_shipped_variants_are_legal_and_differ() -> None:
    for study in defaults.read_studies():
        assert set(study.corpora) <= set(CORPORA)
        configs = [
            build(RunConfig, laid_over({}, {**study.base, **changes}), where=name)
            for name, changes in study.variants.items()
        ]
        assert len({config.model_dump_json() for config in configs}) == len(configs) > 1


def test_words_are_parted_without_overlap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "sigmorphon2021_g2p" / "medium"
    folder.mkdir(parents=True)
    for part, first, last in (("train", 0, 8000), ("dev", 8000, 9000)):
        lines = "".join(f"w{number}\tw {number}\n" for number in range(first, last))
        (folder / f"dut_{part}.tsv").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(defaults_corpora, "DATA", tmp_path)
    small, large = (CORPORA[name]() for name in ("dutch-800", "dutch-3600"))
    parts = [{each.source for each in part} for part in (large.train, large.select, large.measure)]
    assert [len(part) for part in parts] == [3600, defaults_corpora.SELECT, defaults_corpora.MEASURE]
    assert len(set.union(*parts)) == sum(map(len, parts))
    assert small.train == large.train[:800]
    assert small.measure == large.measure


def test_best_baseline_is_the_simplest_of_equals(tmp_path: Path) -> None:
    tried = [tfidf.Tried("a", 30, 80.0), tfidf.Tried("b", 1, 80.0), tfidf.Tried("a", 3, 79.0)]
    assert tfidf.best(tried) == tfidf.Tried("b", 1, 80.0)
    path = tmp_path / "pairs.tsv"
    path.write_text("good\tfine film\nbad\tdull\n", encoding="utf-8")
    assert tfidf.read(path, 2, 1) == (["fine film", "dull"], ["good", "bad"])
