"""Programs take turns, each answers every source each way, and answers keep the order of the sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from seqloom.bench import Program, Reply, Timings, take_turns
from seqloom.bench.interleaved import TRIALS
from seqloom.data import Source

SOURCES = [Source(f"line {number}") for number in range(20)]


class Recorder:
    """Answers with the width of the search, takes a second for each letter, and grows."""

    def __init__(self, name: str, log: list[tuple[str, int, int, list[str]]]) -> None:
        self.name, self.log = name, log

    def ask(self, sources: Sequence[Source], *, beam: int, batch: int) -> Reply:
        texts = [source.text for source in sources]
        self.log.append((self.name, beam, batch, texts))
        sizes = [float(len(text)) for text in texts]
        answers = [f"{text} by {beam}" for text in texts]
        return Reply(sizes if batch == 1 else [sum(sizes) + len(self.log)], answers, float(len(self.log)))


def test_two_programs_take_turns() -> None:
    log: list[tuple[str, int, int, list[str]]] = []
    first, second = take_turns([cast(Program, Recorder(name, log)) for name in "ab"], SOURCES, rounds=3)
    trials, timed = log[:6], log[6:]
    assert all(texts == [source.text for source in SOURCES[:TRIALS]] for *_, texts in trials)
    assert [name for name, *_ in timed] == ["a", "b"] * 9
    for name in "ab":
        own = [(beam, batch, texts) for who, beam, batch, texts in timed if who == name]
        for width in (1, 5):
            alone = [text for beam, batch, texts in own if (beam, batch) == (width, 1) for text in texts]
            assert sorted(alone) == sorted(source.text for source in SOURCES)
        assert [texts for beam, batch, texts in own if (beam, batch) == (5, 32)] == [
            [source.text for source in SOURCES]
        ] * 3
    for found in (first, second):
        assert found.greedy_answers == [f"{source.text} by 1" for source in SOURCES]
        assert found.beam_answers == [f"{source.text} by 5" for source in SOURCES]
        assert sorted(found.greedy) == sorted(found.beam) == sorted(float(len(source.text)) for source in SOURCES)
        assert len(found.batches) == 3
    assert (first.peak_mb, second.peak_mb) == (23.0, 24.0)  # as it was at the end


def test_one_slow_round_does_not_count() -> None:
    assert Timings(batches=[2.0, 90.0, 1.0]).seconds == 2.0


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_sources_than_rounds_are_answered_once(count: int) -> None:
    (found,) = take_turns([cast(Program, Recorder("a", []))], SOURCES[:count], rounds=3)
    assert len(found.greedy) == len(found.beam) == len(found.greedy_answers) == count
