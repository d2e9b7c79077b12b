"""The rules choose what was not given, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqloom
from seqloom.cli import tables
from seqloom.config import build, laid_over
from seqloom.errors import ConfigError
from seqloom.planning import Choice, Facts, Plan, listed, make_plan, shown_settings
from seqloom.planning.facts import TASKS
from seqloom.planning.rules import RULES
from seqloom.planning.updates import UPDATES
from seqloom.presets import PRESETS
from seqloom.training import RunConfig
from seqloom.training.forecast import Forecast
from seqloom.training.planned import planned

FACTS = st.builds(
    Facts,
    pairs=st.integers(1, 10**7),
    task=st.sampled_from(sorted(TASKS)),
    source_symbols=st.integers(1, 10**5),
    target_symbols=st.integers(1, 10**5),
    source_length=st.floats(1, 500),
    target_length=st.floats(1, 100),
    distinct_targets=st.integers(1, 10**6),
    tags=st.integers(0, 200),
    monotonic=st.floats(-1, 1),
    copied=st.floats(0, 1),
    shared=st.floats(0, 1),
    composed=st.booleans(),
)


def config(values: Mapping[str, Any]) -> RunConfig:
    return build(RunConfig, laid_over({}, values))


@given(FACTS)
def test_any_pairs_have_a_plan_that_makes_a_run(facts: Facts) -> None:
    chosen, plan = planned(config({}), facts)
    assert not plan.left_out
    assert plan.updates >= 1000
    assert all(_same(_value(chosen, name), value) for name, value in plan.settings.items())


@given(FACTS, st.sampled_from(sorted(PRESETS)))
def test_presets_stay_what_they_are(facts: Facts, preset: str) -> None:
    before = build(RunConfig, PRESETS[preset])
    after, _ = planned(before, facts)
    assert all(_value(after, name) == _value(before, name) for name in before.given)


@given(FACTS, st.sampled_from([rule for rule in RULES if rule.settings]))
def test_what_is_given_is_not_chosen(facts: Facts, rule: Any) -> None:
    name, value = next(iter(rule.settings.items()))
    plan = make_plan(facts, {name}, "normal", lambda settings: True)
    assert name not in plan.settings
    del value


@given(FACTS)
def test_without_effort_nothing_is_chosen(facts: Facts) -> None:
    before = config({"plan.effort": "none"})
    after, plan = planned(before, facts)
    assert not plan.choices
    assert after.replace(plan=before.plan) == before


@given(FACTS)
def test_a_model_to_start_from_has_its_settings(facts: Facts) -> None:
    before = config({"training.start_from": "model"})
    assert planned(before, facts)[0] == before


@given(FACTS)
def test_less_effort_makes_fewer_updates(facts: Facts) -> None:
    quick, normal = (make_plan(facts, (), effort, lambda settings: True).updates for effort in ("quick", "normal"))
    assert quick < normal


def test_every_rule_has_its_reason_and_its_measurement() -> None:
    assert all(rule.why and rule.measured and rule.settings for rule in RULES)
    assert set(UPDATES) == set(TASKS)


def test_the_search_is_tuned_unless_it_is_given() -> None:
    facts = Facts(1000, "sentences", 100, 100, 8.0, 8.0, 900, 0, 0.5, 0.1, 0.9, composed=False)
    assert planned(config({}), facts)[0].plan.tune_search is True
    assert planned(config({"search.beam": 5}), facts)[0].plan.tune_search is False
    assert planned(config({"search.beam": 5, "plan.tune_search": True}), facts)[0].plan.tune_search is True


@pytest.mark.parametrize("name", ["auto", "given"])
def test_auto_is_as_good_as_not_given(name: str) -> None:
    facts = Facts(3600, "words", 834, 60, 2.5, 6.0, 3500, 0, 0.8, 0.0, 0.1, composed=True)
    value = {"auto": "auto", "given": "after"}[name]
    plan = planned(config({"model.decoder.attend": value}), facts)[1]
    assert plan.facts == facts
    assert name == "auto" or "model.decoder.attend" not in plan.settings


def test_all_but_the_choices_of_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    choice = Choice({"model.hidden": 256}, "of a reason", "a measurement")
    plan = Plan(None, (choice,), left_out=("model.dropout = 0.5",), notes=("plan: 3 updates take a minute",))
    said = ("dev data: 3 pairs",), ("answers are short",), ("it goes badly",)
    tables.forecast(Forecast(RunConfig(), frozenset(), plan, *said, 1, 2, 3, 60.0, "cpu", 4))
    printed = " ".join(capsys.readouterr().out.split())
    for text in ("model.hidden = 256 as of a reason", "given: model.dropout = 0.5", "plan: 3 updates take a minute"):
        assert printed.count(text) == 1
    for text in ("answers are short", "warning: it goes badly"):
        assert text in printed
    assert "dev data: 3 pairs" in printed
    assert "1.0 minutes on this machine (cpu, 4 threads)" in printed


def test_a_plan_reads_well_in_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    choice = Choice({"model.hidden": 256, "model.attention": {"kind": "additive"}}, "of a reason " * 12, "a word " * 12)
    tables.forecast(Forecast(RunConfig(), frozenset(), Plan(None, (choice,)), (), (), (), 1, 2, 3, 60.0, "cpu", 4))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["model.hidden = 256", "model.attention.kind = additive"]
    assert lines[2].startswith("    as of a reason of a reason")
    assert all(len(line) <= 80 for line in lines[:-1])


def test_one_time_is_said_where_minutes_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    given = frozenset({"plan.minutes"})
    plan = Plan(notes=("plan: 2 updates and 3 evaluations take about 0.9 of 1 minute from now on: 1 ms",))
    tables.forecast(Forecast(RunConfig(), given, plan, (), (), (), 1, 2, 3, 60.0, "cpu", 4))
    assert capsys.readouterr().out.count("take about") == 1


def test_what_is_given_beside_a_configuration_is_taken_or_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="either a preset or a configuration"):
        seqloom.plan(RunConfig(), preset="small")
    with pytest.raises(ConfigError, match="either a preset or a configuration"):
        seqloom.train(RunConfig(), preset="small")
    for name in ("pairs", "dev"):
        (tmp_path / f"{name}.tsv").write_text("ab\tba\n" * 20, encoding="utf-8")
    train, dev = (str(tmp_path / f"{name}.tsv") for name in ("pairs", "dev"))
    configured = build(RunConfig, {"data": {"train": [train]}, "model": {"hidden": 8}, "training": {"max_steps": 2}})
    assert seqloom.plan(configured, dev).config.data.dev == (dev,)


def _value(section: Any, name: str) -> Any:
    for part in name.split("."):
        section = getattr(section, part)
    return section


def _same(found: Any, wanted: Any) -> bool:
    """Whether a setting has a value, or a section the values, that a rule names."""
    if isinstance(wanted, Mapping):
        return all(getattr(found, name) == value for name, value in wanted.items())
    return bool(found == wanted)


def test_settings_are_shown_as_the_command_line_takes_them() -> None:
    chosen = {"model.attention": {"kind": "dot", "heads": 2}, "text.shared": True, "model.dropout": 0.5}
    shown = list(shown_settings(chosen))
    assert shown[0] == ("model.attention.kind", "dot")
    assert shown[-2:] == [("text.shared", "true"), ("model.dropout", "0.5")]
    assert listed({"a.b": {"kind": "dot"}, "c": 1}) == "a.b.kind = dot, c = 1"
    read = build(RunConfig, laid_over({}, [f"{name}={value}" for name, value in shown]))
    assert read == build(RunConfig, laid_over({}, chosen))
