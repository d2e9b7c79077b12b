"""Pairs that the rest of the data contradicts: checks without a model, folds, ranking, a run that is gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from seqloom.cli.main import app
from seqloom.data import Example, Origin
from seqloom.errors import ConfigError, DataError
from seqloom.suspects import Suspects, find_suspects, findings
from seqloom.suspects import cross_validation as room
from seqloom.suspects.folds import folds_of
from seqloom.suspects.judging import judged
from seqloom.suspects.ranking import Judgement, ranked, standardised, surprises
from seqloom.suspects.settings import QUICK, quick_config, with_length
from toy import SETTINGS, copied, write_pairs


def examples(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(*pair, Origin("d.tsv", line)) for line, pair in enumerate(pairs, start=1)]


def spelled(count: int) -> list[tuple[str, str]]:
    """Words and their letters as phones: two alphabets that share nothing."""
    return [(word, " ".join(word.upper())) for word, _ in copied(count)]


def kinds(pairs: list[tuple[str, str]]) -> list[set[str]]:
    return [{each.kind for each in found} for found in findings(examples(pairs))]


def test_swapped_sides_are_seen_by_their_characters() -> None:
    pairs = [pair for pair in spelled(300) if len(pair[0]) > 2]
    wrong = {7, 20, 21}
    mixed = [pair[::-1] if number in wrong else pair for number, pair in enumerate(pairs)]
    assert {number for number, found in enumerate(kinds(mixed)) if "swapped" in found} == wrong
    assert not any("swapped" in found for found in kinds(pairs))


def test_sides_with_one_alphabet_are_not_called_swapped() -> None:
    assert not any("swapped" in found for found in kinds([(source, source[::-1]) for source, _ in copied(300)]))


def test_symbols_that_occur_once_are_found() -> None:
    pairs = [*spelled(200), ("abé", "A B É"), ("ab", "A Bx"), ("éé", "A B")]
    found = [each for each in findings(examples(pairs)) if any(finding.kind == "symbols" for finding in each)]
    reasons = [finding.reason for each in found for finding in each if finding.kind == "symbols"]
    assert reasons == ["no other pair has 'É' in the target", "no other pair has 'Bx' in the target"]


def test_the_rarer_of_two_targets_is_the_stronger_contradiction() -> None:
    found = findings(examples([("a", "A"), ("a", "A"), ("a", "B"), ("b", "B")]))
    assert [[each.strength for each in of if each.kind == "contradiction"] for of in found] == [
        [pytest.approx(1 / 3)],
        [pytest.approx(1 / 3)],
        [pytest.approx(2 / 3)],
        [],
    ]
    assert found[2][0].reason == "the same source has the target 'A' at d.tsv:1 and 1 other lines"
    tagged = [Example("a", target, Origin("d", 1), (target.lower(),)) for target in "ABAB"]
    assert findings(tagged) == [(), (), (), ()]


@settings(deadline=None)
@given(
    sources=st.lists(st.text(min_size=1, max_size=3), min_size=3, max_size=40).filter(lambda them: len(set(them)) >= 3),
    folds=st.integers(2, 3),
)
def test_folds_keep_sources_together_and_are_even(sources: list[str], folds: int) -> None:
    pairs = examples([(source, str(number)) for number, source in enumerate(sources)])
    dealt = folds_of(pairs, folds)
    of_source: dict[str, set[int]] = {}
    for pair, fold in zip(pairs, dealt, strict=True):
        of_source.setdefault(pair.source, set()).add(fold)
    assert all(len(each) == 1 for each in of_source.values())
    sizes = Counter(fold for (fold,) in of_source.values())
    assert set(sizes) == set(range(folds))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert folds_of(pairs[::-1], folds) == dealt[::-1]


def test_impossible_folds_are_refused() -> None:
    with pytest.raises(DataError, match="at least as many different sources as folds, 3, not 2"):
        folds_of(examples([("a", "A"), ("a", "B"), ("b", "B")]), 3)
    with pytest.raises(ConfigError, match="at least 2"):
        folds_of(examples(spelled(9)), 1)
    with pytest.raises(DataError, match="at least one pair"):
        find_suspects([])


def judgement(given: float, tokens: int, expected: str, best: float = -0.2, best_tokens: int = 2) -> Judgement:
    return Judgement(given, tokens, given / tokens, expected, best, best_tokens)


def test_a_pair_is_as_surprising_as_its_target_is_less_likely_per_token() -> None:
    assert surprises([judgement(-6.0, 3, "x"), judgement(-0.2, 2, "y")]).tolist() == pytest.approx([1.9, 0.0])


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 50), st.integers(0, 2)), min_size=1, max_size=30))
def test_scores_of_a_fold_have_mean_0_and_deviation_1(rows: list[tuple[float, int]]) -> None:
    values, folds = np.array([value for value, _ in rows]), [fold for _, fold in rows]
    scores = standardised(values, folds)
    for fold in set(folds):
        own = np.array(folds) == fold
        assert abs(scores[own].mean()) < 1e-6
        if values[own].std() > 1e-3:
            assert scores[own].std() == pytest.approx(1)


def test_the_ranking_has_swapped_pairs_first_then_the_most_surprising() -> None:
    pairs = spelled(60)
    pairs[5] = pairs[5][::-1] if len(pairs[5][0]) > 2 else ("D C B A", "dcba")
    judgements = [judgement(-0.2, 2, target) for _, target in pairs]
    judgements[9] = judgement(-40.0, 2, "not that")
    judgements[30] = judgement(-10.0, 2, "nor that")
    made = Suspects(ranked(examples(pairs), findings(examples(pairs)), judgements, [0] * 60), 2, above=1.0)
    assert [each.pair.origin.line for each in made.listed] == [6, 10, 31]
    assert (
        "answers 'not that': log-probability a token -0.10, and -20.00 for the given target"
        in made.listed[1].reasons[-1]
    )
    assert made.ranking[-1].reasons == ()
    values = json.loads(json.dumps(made.to_json()))
    assert [each["line"] for each in values["suspects"]] == [6, 10, 31]
    assert any("3 pairs are listed" in note for note in values["notes"])


TINY = {**SETTINGS, "search.beam": 1, "training.epochs": 0, "training.max_steps": 120}


def test_damaged_pairs_are_found_and_a_killed_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unchecked_shapes: None
) -> None:
    pairs = [(word, word) for word in dict.fromkeys(word for word, _ in copied(400)) if len(word) > 2]
    damage = {3: "a" * 5, 50: "dddd", 90: "abcdabcd"}
    given = examples([(source, damage.get(number, target)) for number, (source, target) in enumerate(pairs)])
    work, said = tmp_path / "work", list[str]()
    options: dict[str, Any] = {"folds": 2, "config": quick_config(TINY), "work": work}

    def killed(model: Any, held_out: Any) -> Any:
        if (work / "fold-1.json").exists():
            raise KeyboardInterrupt
        return judged(model, held_out)

    monkeypatch.setattr("seqloom.suspects.cross_validation.judged", killed)
    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        find_suspects(given, **options)
    assert (work / "fold-1.json").is_file()
    assert (work / "fold-2").is_dir()
    monkeypatch.setattr("seqloom.suspects.cross_validation.judged", judged)
    found = find_suspects(given, **options, say=said.append)
    assert said[0].startswith("2 models are trained for 120 updates each")
    assert said[1].startswith("fold 1 of 2: ")
    assert said[1].endswith("were judged before")
    assert not work.exists()
    assert set(damage) <= {each.pair.origin.line - 1 for each in found.ranking[:8]}
    assert all(each.disagrees for each in found.ranking[:8])


def test_minutes_are_shared_by_the_models(tmp_path: Path, unchecked_shapes: None) -> None:
    config = quick_config({**SETTINGS, "training.epochs": "auto"})
    given = examples(copied(60))
    judgements = room.judged_in_folds(given, folds_of(given, 2), config, minutes=0.02, work=tmp_path / "work")
    assert len(judgements) == 60
    assert with_length(config, 60, 4, 6.0).plan.minutes == 1.5


def test_settings_of_the_models() -> None:
    assert quick_config().model.hidden == QUICK["model"]["hidden"]
    assert quick_config().plan.effort == "none"
    assert quick_config(["model.hidden=32"]).model.hidden == 32
    assert with_length(quick_config(), 100, 5).training.epochs == 40
    assert with_length(quick_config(), 10**6, 5).training.epochs == 2
    assert with_length(quick_config(["training.epochs=3"]), 100, 5).training.epochs == 3
    assert with_length(quick_config(["training.max_steps=70"]), 100, 5).training.max_steps == 70
    with pytest.raises(ConfigError, match="both say how long"):
        with_length(quick_config(["training.epochs=3"]), 100, 5, minutes=1)
    with pytest.raises(ConfigError, match="above 0"):
        with_length(quick_config(), 100, 5, minutes=0)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_without_a_model(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "p.tsv", [*spelled(100), ("q", "Q"), ("A B", "ab"), ("abcd", "A\u00a0B")])
    done = run("data", "suspects", file, "--folds", 0, "--output", tmp_path / "out.tsv")
    assert done.exit_code == 0, done.output
    header, *rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()]
    assert header == ["score", "file", "line", "source", "target", "tags", "expected", "reasons"]
    assert rows[0][:5] == ["", str(file), "102", "A B", "ab"]
    assert ["", str(file), "101", "q", "Q", "", "", "no other pair has 'q' in the source and 'Q' in the target"] in rows
    assert "no model was trained" in done.stderr
    as_json = json.loads(run("data", "suspects", file, "--folds", 0, "--json").stdout)
    assert len(as_json["suspects"]) == len(rows)


def test_the_command_with_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def judged_in_folds(pairs: Any, folds: Any, config: Any, **options: Any) -> list[Judgement]:
        asked.update(options, folds=max(folds) + 1, hidden=config.model.hidden)
        return [judgement(-30.0 if pair.target == "X" else -0.2, 2, pair.source) for pair in pairs]

    monkeypatch.setattr(room, "judged_in_folds", judged_in_folds)
    file = write_pairs(tmp_path / "p.tsv", [*copied(100), ("ab", "X")])
    done = run("data", "suspects", file, "--folds", 3, "--minutes", 2, "--set", "model.hidden=16")
    assert done.exit_code == 0, done.output
    assert (asked["folds"], asked["minutes"], asked["hidden"]) == (3, 2.0, 16)
    _, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[2], row[3], row[4], row[6]) for row in rows] == [("101", "ab", "X", "ab")]
    assert "1 of 101 targets are not what a model of the other pairs answers" in done.stderr


def test_checks_need_no_pytorch(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "p.tsv", [*spelled(50), ("A B", "ab")])
    hidden = "import sys\nfor name in ('torch', 'pyarrow', 'jaxtyping', 'filelock'): sys.modules[name] = None\n"
    code = f"{hidden}from seqloom.cli.main import main\nmain()"
    command = [sys.executable, "-c", code, "data", "suspects", str(file), "--folds", "0"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "may be swapped" in done.stdout
