"""A stepper that is no model: one table of next-token probabilities per sentence; and a beam search in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from seqloom.search import SearchConfig
from seqloom.text.special import BOS, EOS, PAD, UNK

State = tuple[Tensor, Tensor]
"""Each row's table, and the number of tokens it has read."""


@dataclass(frozen=True)
class TableStepper:
    """`tables[source[b, 0], position, previous, next]` are log-probabilities."""

    tables: Tensor  # [M, L, V, V]

    def start(self, source: Tensor, lengths: Tensor) -> State:
        return source[:, 0], torch.zeros_like(lengths)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State, Tensor | None]:
        number, position = state
        return self.tables[number, position, tokens], (number, position + 1), None

    def select(self, state: State, rows: Tensor, sentences: Tensor | None = None) -> State:
        del sentences
        return state[0][rows], state[1][rows]


def random_tables(count: int, size: int, seed: int, *, length: int = 30, spread: float = 2.0) -> Tensor:
    """Log-probabilities [count, length, size, size]. No two paths have the same sum, as each position has its own."""
    chance = torch.Generator().manual_seed(seed)
    return torch.log_softmax(torch.randn(count, length, size, size, generator=chance) * spread, -1)


def log_probs_of(table: Tensor, path: list[int]) -> list[float]:
    """What each step of a path, begin mark first, has in a table."""
    return [float(table[place, before, after]) for place, (before, after) in enumerate(pairwise(path))]


def first_tokens(numbers: list[int]) -> tuple[Tensor, Tensor]:
    """Sources of one token and the end mark, which name the tables to be used."""
    return torch.tensor([[number, EOS] for number in numbers]), torch.full((len(numbers),), 2)


def divisor(length: int, config: SearchConfig) -> float:
    """The length penalty, from the papers."""
    base = {"none": 1.0, "average": float(length), "gnmt": (5 + length) / 6}[config.length_penalty]
    return float(base**config.alpha)


def plain_beam(table: Tensor, config: SearchConfig) -> list[tuple[float, tuple[int, ...]]]:
    """What a beam search finds with one table: scores and ids, best first."""
    longest, rows = config.longest(0), table.double().tolist()
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished: list[tuple[float, tuple[int, ...]]] = []
    settled = 0  # places of the list that are full and stay as they are
    for length in range(1, longest + 2):
        grown = []
        for total, ids in live:
            for token, log_prob in enumerate(rows[len(ids)][ids[-1] if ids else BOS]):
                full, early = len(ids) == longest, len(ids) < config.min_length
                if (
                    token in ({PAD, BOS} if config.allow_unknown else {PAD, BOS, UNK})
                    or (token == EOS and early and not full)
                    or (token != EOS and full)
                ):
                    continue
                grown.append((total + log_prob, (*ids, token)))
        grown = sorted(grown, reverse=True)[: 2 * config.beam]
        ended = [(total / divisor(len(ids), config), ids[:-1]) for total, ids in grown[: config.beam] if ids[-1] == EOS]
        finished = finished[:settled] + sorted(
            finished[settled:] + [each for each in ended if not settled or each[0] <= finished[settled - 1][0]],
            reverse=True,
        )
        finished = finished[: config.beam]
        live = [(total, ids) for total, ids in grown if ids[-1] != EOS][: config.beam]
        if not live:
            break
        rival = live[0][0] / divisor(longest + 1 if config.exhaustive else length, config)
        while settled < len(finished) and finished[settled][0] >= rival:
            settled += 1
        if settled >= config.n_best:
            break
    return finished[: config.n_best]
