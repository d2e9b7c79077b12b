"""A run is planned for the time that is there, and the plan is kept where the run goes on."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest
import torch
from reversal import BASE, cut, reversed_pairs

import seqloom
from seqloom.config import build, merged
from seqloom.errors import ConfigError
from seqloom.training import Inputs, RunConfig, time_plan, train
from seqloom.training.reports import FinishReport, NoticeReport, Report, SetupReport
from seqloom.training.setup import prepare
from seqloom.training.time_plan import Speed, Trained

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
INPUTS = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))


def config(minutes: float, **training: object) -> RunConfig:
    timed = {"plan": {"minutes": minutes}, "training": {"epochs": "auto", **training}}
    return build(RunConfig, merged(BASE, timed))


def test_the_time_decides_on_the_number_of_updates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_plan, "measured_speed", lambda *_: Speed(update=0.5, evaluation=1.0))
    reports = list(_until_setup(config(1), tmp_path / "model"))
    (setup,) = [each for each in reports if isinstance(each, SetupReport)]
    assert setup.steps_total == int((60 * 0.95 - 11 * 1.0) / 0.5)
    said = [each.text for each in reports if isinstance(each, NoticeReport) and each.text.startswith("plan: ")]
    assert any("11 evaluations" in text and "of 1 minute from now on" in text for text in said)


def test_no_time_is_used_that_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_plan, "measured_speed", lambda *_: Speed(update=0.001, evaluation=0.001))
    reports = list(_until_setup(config(60), tmp_path / "model"))
    (setup,) = [each for each in reports if isinstance(each, SetupReport)]
    assert setup.steps_total == 6000  # twice what so few pairs want


def test_a_given_interval_and_a_run_without_dev_data_are_reckoned_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_plan, "measured_speed", lambda *_: Speed(update=0.5, evaluation=1.0))
    wanted = config(1, evaluate_every=10)
    for data, updates, evaluations in ((wanted.data, 95, 10), (wanted.data.replace(dev_count=0), 114, 0)):
        pairs = Inputs(reversed_pairs())
        prepared = prepare(wanted.replace(data=data), pairs)
        assert prepared.config.training.max_steps == updates
        assert any(f"{updates} updates and {evaluations} evaluations" in each for each in prepared.plan.notes)


def test_little_time_makes_batches_smaller_before_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def speed(config: RunConfig, *_: object) -> Speed:
        assert config.training.batch.tokens != "auto"
        return Speed(config.training.batch.tokens * config.model.hidden / 1e6, 1.0)

    monkeypatch.setattr(time_plan, "measured_speed", speed)
    inputs = Inputs(words(900), words(50, seed=2))
    for minutes, sizes in ((20, (1024, 256)), (6, (512, 256)), (4, (256, 256)), (2, (256, 192)), (0.1, (256, 128))):
        prepared = prepare(build(RunConfig, {"plan": {"minutes": minutes}}), inputs)
        assert (prepared.config.training.batch.tokens, prepared.config.model.hidden) == sizes
        said = [each for each in prepared.plan.notes if "smaller than usual" in each]
        assert len(said) == (minutes != 20)
        planned = prepared.plan.settings
        assert (planned["training.batch.tokens"], planned["model.hidden"]) == sizes, "what is said is what is trained"
        summary = next(prepared.plan.summary())
        assert f"hidden {sizes[1]}" in summary
        assert summary.count("hidden ") == 1
        assert planned["training.schedule.warmup"] == prepared.config.training.schedule.warmup
    given = {"plan": {"minutes": 0.1}, "training": {"batch": {"tokens": 900}}, "model": {"hidden": 64}}
    prepared = prepare(build(RunConfig, given), inputs)
    assert (prepared.config.training.batch.tokens, prepared.config.model.hidden) == (900, 64), "what is given stays"


def test_evaluations_do_not_take_the_time_of_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """With many dev pairs and little time fewer are decoded, the search is not tuned, and the advice is true."""

    def speed(config: RunConfig, _: object, pairs: Trained) -> Speed:
        decoding = 0.1 * min(len(pairs.dev), config.training.selection.limit)
        return Speed(0.2, 1 + decoding, decoding)

    monkeypatch.setattr(time_plan, "measured_speed", speed)
    inputs = Inputs(words(900), words(400, seed=2))
    prepared = prepare(build(RunConfig, {"plan": {"minutes": 2}}), inputs)
    assert len(prepared.dev_examples) == 50
    assert prepared.config.plan.tune_search is False
    assert prepared.updates.total() == 480, "(2 x 60 x 0.95 - 3 x 6) s of 0.2 s"
    (advice,) = [each for each in prepared.plan.notes if "fewer teach less" in each]
    assert "2,500 updates are wanted" in advice
    assert "10 minutes allow them (--minutes 10)" in advice, "(2,500 x 0.2 + 3 x 6) s and some to spare"
    assert not prepared.warnings
    given = {"plan": {"minutes": 2, "tune_search": True}, "training": {"selection": {"limit": 300}}}
    prepared = prepare(build(RunConfig, given), inputs)
    assert len(prepared.dev_examples) == 300
    assert prepared.config.plan.tune_search is True


def words(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Made-up words and their letters."""
    draw = random.Random(seed)
    made = ["".join(draw.choices("abcdefghij", k=draw.randint(3, 8))) for _ in range(count)]
    return [(word, " ".join(word.upper())) for word in made]


def test_what_is_planned_is_a_configuration_that_trains(tmp_path: Path) -> None:
    pairs = reversed_pairs()
    settings = {"plan.minutes": 0.02, "model.hidden": 8, "model.embedding": 8}
    found = seqloom.plan(pairs, pairs[:10], settings=settings)
    again = build(RunConfig, tomllib.loads(found.to_toml()))
    assert again.plan.minutes == 0, "the length stands in updates"
    assert prepare(again, Inputs(pairs, pairs[:10])).updates.total() == found.updates
    assert any("of 0.02 minutes from now on" in each and "threads: " in each for each in found.plan.notes)
    assert (found.device, found.threads) == (found.to_json()["device"], torch.get_num_threads())


def test_a_run_that_goes_on_keeps_its_plan(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    timed = config(0.02, log_every=1)
    stream = train(timed, folder, inputs=INPUTS)
    cut(stream, 2)
    reports = list(train(timed, folder, inputs=INPUTS, resume=True))
    (setup,) = [each for each in reports if isinstance(each, SetupReport)]
    (finish,) = [each for each in reports if isinstance(each, FinishReport)]
    assert finish.step == setup.steps_total == seqloom.load(folder).config.training.max_steps
    again = list(train(timed, folder, inputs=INPUTS, resume=True))  # the command that began it finds it finished
    assert isinstance(again[-1], FinishReport)


@pytest.mark.parametrize("length", [{"epochs": 3}, {"max_steps": 7}])
def test_a_length_and_a_time_contradict_each_other(length: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plan\.minutes and training\.epochs"):
        list(train(config(1, **length), tmp_path / "model", inputs=INPUTS))


def test_measuring_leaves_no_trace_in_the_weights(tmp_path: Path) -> None:
    """The network is built anew, from the same seed, after others were measured."""
    pairs = reversed_pairs()
    settings = {"plan.effort": "none", "model.hidden": 8, "model.embedding": 8, "training.max_steps": 3}
    first = seqloom.train(pairs, pairs[:10], tmp_path / "first", settings=settings)
    found = seqloom.plan(pairs, pairs[:10], settings=settings)
    second = seqloom.train(pairs, pairs[:10], tmp_path / "second", settings=settings)
    assert found.updates == 3
    assert found.seconds > 0
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert one.equal(other)


def _until_setup(wanted: RunConfig, folder: Path) -> list[Report]:
    seen: list[Report] = []
    stream = train(wanted, folder, inputs=INPUTS)
    for report in stream:
        seen.append(report)
        if isinstance(report, SetupReport):
            break
    stream.close()
    return seen
