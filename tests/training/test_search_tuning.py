"""Beam and length penalty are chosen on the dev data at the end, where they were not given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reversal import BASE, reversed_pairs

import seqloom
from seqloom.config import build, merged
from seqloom.search import SearchConfig
from seqloom.training import Inputs, RunConfig, search_tuning, train
from seqloom.training.reports import EvalReport, FinishReport, NoticeReport, StageReport

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
INPUTS = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))


def run(folder: Path, *, resume: bool = False, **search: Any) -> list[Any]:
    wanted = {"plan": {"tune_search": True}, "search": search, "training": {"selection": {"metrics": ["error_rate"]}}}
    return list(train(build(RunConfig, merged(BASE, wanted)), folder, inputs=INPUTS, resume=resume))


def test_the_best_search_is_taken_said_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worth = 100 / len(_examples())

    def measured(_: object, search: SearchConfig) -> float:
        return 500.0 - 3 * worth * (search.alpha == 0.6) - 3 * worth * (search.beam == 3) + 0.1 * search.beam

    monkeypatch.setattr(search_tuning._Trials, "_measured", measured)
    reports = run(tmp_path / "model")
    model = seqloom.load(tmp_path / "model")
    assert (model.config.search.beam, model.config.search.alpha) == (3, 0.6)
    (said,) = [each.text for each in reports if isinstance(each, NoticeReport) and each.text.startswith("search: ")]
    assert said.startswith("search: beam 3 and alpha 0.6 instead of beam 5 and alpha 1: error_rate on the dev")
    assert said.endswith("; 7 were tried")
    stages = [each for each in reports if isinstance(each, StageReport) and each.total == 7]
    assert [each.done for each in stages] == list(range(7))
    assert model.metrics["search"]["beam"] == 3
    assert len(model.metrics["search"]["tried"]) == 7
    last = [each for each in reports if isinstance(each, EvalReport)][-1]
    (finish,) = [each for each in reports if isinstance(each, FinishReport)]
    assert last.beam == 3
    assert finish.metrics["loss"] == last.loss
    (again,) = run(tmp_path / "model", resume=True)  # what was given is what was given before
    assert isinstance(again, FinishReport)


def test_a_gain_by_chance_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_tuning._Trials, "_measured", lambda _, search: 50.0 - 0.1 * (search.beam == 10))
    run(tmp_path / "model")
    search = seqloom.load(tmp_path / "model").config.search
    assert (search.beam, search.alpha) == (5, 1.0)


def test_a_gain_of_one_answer_among_few_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worth = 100 / len(_examples())
    monkeypatch.setattr(search_tuning._Trials, "_measured", lambda _, search: 50.0 - worth * (search.beam == 10))
    reports = run(tmp_path / "model")
    model = seqloom.load(tmp_path / "model")
    assert (model.config.search.beam, model.metrics["search"]["needed"]) == (5, 2 * worth)
    assert any(f"none of the 7 tried gains the {2 * worth:.2g} needed" in getattr(each, "text", "") for each in reports)


def test_settings_that_are_all_alike_are_not_listed() -> None:
    tried = tuple((SearchConfig(beam=beam), 50.0) for beam in (1, 3, 5))
    said = search_tuning.Tuned(SearchConfig(), SearchConfig(), "chrf", tried).sentence()
    assert said.startswith("search: beam 5 and alpha 1, as before: chrf on the dev examples is 50.00, the same")
    assert said.endswith("with all 3 settings that were tried")


def test_without_dev_data_it_is_said_that_nothing_was_tuned(tmp_path: Path) -> None:
    wanted = {"plan": {"tune_search": True}, "data": {"dev_count": 0}}
    reports = list(train(build(RunConfig, merged(BASE, wanted)), tmp_path / "model", inputs=Inputs(reversed_pairs())))
    assert any(isinstance(each, NoticeReport) and "as they were" in each.text for each in reports)
    assert "search" not in seqloom.load(tmp_path / "model").metrics


def test_figures_of_tuning_are_those_of_evaluation(tmp_path: Path) -> None:
    run(tmp_path / "model")
    model = seqloom.load(tmp_path / "model")
    for tried in model.metrics["search"]["tried"]:
        search = {"search.beam": tried["beam"], "search.alpha": tried["alpha"]}
        answers = model.with_settings(search).predict([each.source for each in _examples()])
        wrong = sum(answer.text != example.target for answer, example in zip(answers, _examples(), strict=True))
        assert tried["error_rate"] == pytest.approx(100 * wrong / len(_examples()))


def _examples() -> list[Any]:
    from seqloom.data import Example, Origin  # noqa: PLC0415

    pairs = reversed_pairs(30, seed=2)
    limit = BASE["training"]["selection"]["limit"]
    rows = [index * len(pairs) // limit for index in range(limit)]
    return [Example(pairs[row][0], pairs[row][1], Origin("dev pairs", row + 1)) for row in rows]
