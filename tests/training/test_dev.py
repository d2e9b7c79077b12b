"""Dev evaluations: their figures are those that `evaluate` finds afterwards, and what they leave out is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import seqloom
from processor import needs_bfloat16_layers
from seqloom.data import Example
from seqloom.data.examples import Origin
from seqloom.errors import ConfigError, DataError
from seqloom.training import Inputs, train
from seqloom.training.reports import EvalReport, FinishReport, NoticeReport, Report
from seqloom.training.runs import run_config
from toy import SETTINGS, copied, write_pairs

QUICK = {**SETTINGS, "training.epochs": 3, "training.selection.limit": 500}


def tagged(pairs: Sequence[tuple[str, str]]) -> list[Example]:
    return [
        Example(
            source, target.upper() if number % 2 else target, Origin("pairs", number), ("UP" if number % 2 else "",)
        )
        for number, (source, target) in enumerate(pairs)
    ]


def said(reports: list[Report]) -> str:
    return "\n".join(report.text for report in reports if isinstance(report, NoticeReport))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"training.ema": 0.9},
        {"training.selection.average_best": 3},
        {"training.selection.on": "cer", "search.beam": 2},
        {"data.reverse_source": True, "data.group_by_source": True, "search.max_length_extra": 1},
        {"training.selection.metrics": ["chrf", "cer"]},
        {"evaluation.metrics": ["cer", "bleu"]},
        pytest.param({"training.precision": "bfloat16"}, marks=needs_bfloat16_layers),
    ],
)
def test_evaluate_repeats_the_figures_of_the_dev_data(settings: dict[str, Any], tmp_path: Path) -> None:
    dev = write_pairs(tmp_path / "dev.tsv", [*copied(40, seed=2), ("ab", "ba"), ("ab", "bb"), ("a" * 9, "a" * 9)])
    model = seqloom.train(copied(300), dev, tmp_path / "model", settings={**QUICK, **settings})
    recorded = model.metrics["dev"]
    measured = seqloom.load(tmp_path / "model").evaluate(dev)
    names = [name for name in recorded if name not in ("loss", "perplexity")]
    assert [score.name for score in measured.scores] == names
    assert {name: measured[name] for name in recorded} == recorded
    decoded = model.metrics["dev_decoded"]
    assert decoded == {"examples": measured.count, "of": measured.count, "beam": settings.get("search.beam", 5)}


def test_evaluate_repeats_the_figures_of_tagged_dev_data(tmp_path: Path) -> None:
    dev = tagged(copied(30, seed=2))
    model = seqloom.train(tagged(copied(300)), dev, tmp_path / "model", settings=QUICK)
    measured = model.evaluate(dev)
    assert {name: measured[name] for name in model.metrics["dev"]} == model.metrics["dev"]


def test_the_measures_are_those_of_the_training_targets_whatever_is_evaluated(tmp_path: Path) -> None:
    model = seqloom.train(copied(60), copied(20, seed=2), tmp_path / "model", settings={**QUICK, "training.epochs": 1})
    assert model.config.measures == ("exact_match", "cer")
    sentences = [("a b c d a b c d", "a b c d a b c d"), ("d c b a d c b a", "d c b a d c b a")]
    assert [score.name for score in model.evaluate(sentences).scores] == ["exact_match", "cer"]
    assert [score.name for score in model.evaluate(sentences, metrics=["bleu"]).scores] == ["bleu"]


def test_a_dev_evaluation_that_looks_at_less_says_so(tmp_path: Path) -> None:
    config = run_config(
        settings={**QUICK, "training.epochs": 1, "training.selection.limit": 7, "training.selection.beam": 1}
    )
    reports = list(train(config, tmp_path / "model", inputs=Inputs(copied(60), copied(20, seed=2))))
    assert "dev measures are taken of 7 of the 20 dev examples" in said(reports)
    assert "dev answers are found greedily (training.selection.beam)" in said(reports)
    (report,) = (each for each in reports if isinstance(each, EvalReport))
    assert (report.decoded, report.beam) == (7, 1)
    facts = json.loads((tmp_path / "model" / "metrics.json").read_text(encoding="utf-8"))
    assert facts["dev_decoded"] == {"examples": 7, "of": 20, "beam": 1}


def phrases(count: int) -> list[tuple[str, str]]:
    halves = zip(copied(count), copied(count, seed=4), strict=True)
    return [(f"{first} {second}", f"{first} {second}") for (first, _), (second, _) in halves]


def test_a_measure_that_gives_right_answers_nothing_is_no_measure_to_select_by(tmp_path: Path) -> None:
    settings = {**QUICK, "training.selection.on": "bleu"}
    with pytest.raises(ConfigError, match=r"selection\.on = bleu must tell .* 100 % of the training targets"):
        seqloom.train(phrases(100), settings=settings)
    config = run_config(settings={**QUICK, "training.epochs": 1, "training.selection.metrics": ["bleu"]})
    reports = list(train(config, tmp_path / "model", inputs=Inputs(phrases(100))))
    assert "bleu says nothing of 100 % of the targets" in said(reports)
    assert seqloom.load(tmp_path / "model").evaluate(phrases(5)).notes[-1].startswith("bleu says nothing of 100 %")


def test_a_score_that_stands_still_does_not_keep_the_first_weights(tmp_path: Path) -> None:
    selection = {"training.selection.on": "exact_match", "training.selection.patience": 1}
    config = run_config(settings={**QUICK, **selection, "training.optimiser.learning_rate": 1e-4})
    reports = list(train(config, tmp_path / "model", inputs=Inputs(phrases(100), phrases(20))))
    assert "measures: chrf, exact_match, chosen by what the targets look like" in said(reports)
    evaluations = [each for each in reports if isinstance(each, EvalReport)]
    assert [each.score for each in evaluations] == [0, 0, 0]
    best = min(evaluations, key=lambda each: each.loss)
    assert best.step != evaluations[0].step
    assert isinstance(reports[-1], FinishReport)
    assert reports[-1].chosen == f"the best weights, after update {best.step}"
    assert list(evaluations[0].metrics) == ["chrf", "exact_match"]


def test_dev_files_without_pairs_are_refused_rather_than_done_without(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"dev\.tsv: there must be at least one dev pair, not none\nhint: without dev"):
        seqloom.train(copied(60), tmp_path / "dev.tsv", tmp_path / "model", settings=QUICK)
