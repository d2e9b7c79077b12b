"""The learning rate: values by hand, warm-up, the plateau's memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.training.updates.schedules import SCHEDULES, Plateau, ScheduleConfig, rate_factor


@pytest.mark.parametrize("kind", SCHEDULES)
def test_the_warm_up_is_a_straight_line(kind: str) -> None:
    config = build(ScheduleConfig, {"kind": kind, "warmup": 4})
    assert [rate_factor(step, config, 100) for step in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]


def test_cosine_falls_from_one_through_the_middle_to_the_floor() -> None:
    config = ScheduleConfig(kind="cosine", warmup=10, floor=0.2)
    assert rate_factor(10, config, 110) == 1.0
    assert rate_factor(60, config, 110) == pytest.approx(0.6)
    assert rate_factor(110, config, 110) == pytest.approx(0.2)
    assert rate_factor(500, config, 110) == pytest.approx(0.2)


def test_inverse_square_root_is_that_of_the_paper() -> None:
    config = ScheduleConfig(kind="inverse_sqrt", warmup=4000, floor=0)
    for step in (4001, 10_000, 100_000):
        noam = min(step**-0.5, step * 4000**-1.5)
        assert rate_factor(step, config, 0) == pytest.approx(noam * math.sqrt(4000))


@pytest.mark.parametrize("kind", SCHEDULES)
@given(step=st.integers(1, 10_000), warmup=st.integers(0, 500), total=st.integers(1, 5000))
def test_every_factor_is_above_zero_and_at_most_one(kind: str, step: int, warmup: int, total: int) -> None:
    config = build(ScheduleConfig, {"kind": kind, "warmup": warmup})
    assert 0 < rate_factor(step, config, total) <= 1


def test_a_plateau_halves_the_rate_after_its_patience_and_stops_at_the_floor() -> None:
    config = ScheduleConfig(kind="plateau", plateau_patience=1, plateau_factor=0.5, floor=0.2)
    memory, factors = Plateau(), []
    for better in (True, True, False, False, True, False, False, False, False):
        memory = memory.observe(better=better, config=config)
        factors.append(memory.factor)
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2]


@pytest.mark.parametrize("kind", sorted(set(SCHEDULES) - {"plateau"}))
def test_only_a_plateau_heeds_the_dev_score(kind: str) -> None:
    config = build(ScheduleConfig, {"kind": kind})
    assert Plateau().observe(better=False, config=config).observe(better=False, config=config).factor == 1


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="kind"):
        build(ScheduleConfig, {"kind": "linear"})
