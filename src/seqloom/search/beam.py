"""Beam search over a batch of sentences; with a beam of one it is greedy search.

The only loop in Python runs over steps; sentences, hypotheses and words are handled by tensor operations.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from seqloom.nn.tree import select_rows
from seqloom.search.config import SearchConfig
from seqloom.search.found import Hypothesis
from seqloom.search.history import History, as_found, empty_history, outputs
from seqloom.search.rules import Limits, settings_of
from seqloom.search.shrinking import SHARE, kept, staying, waiting
from seqloom.search.step import beam_step, first_live, greedy_step, none_finished
from seqloom.search.stepper import Stepper
from seqloom.text.special import PAD


@torch.inference_mode()
def search(
    stepper: Stepper,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " B"],
    config: SearchConfig,
    *,
    prefix: list[list[int]] | None = None,
    alignments: bool = False,
) -> list[list[Hypothesis]]:
    """Find the `n_best` best outputs for each source and return them, best first.

    `prefix` gives, for each source, the ids with which its outputs must begin. With `alignments`, hypotheses hold their
    attention weights. Sentences that are done are removed from the batch, so that no time is spent on them while longer
    ones are still searched.
    """
    sentences, beam, device = source.size(0), config.beam, source.device
    limits, settings = limits_of(lengths, config, prefix), settings_of(config, device)
    room = int(limits.longest.max()) + 1  # one more for the end mark
    rules = bool(config.no_repeat_ngram or config.min_length or prefix)
    step = greedy_step if beam == 1 and not rules and not config.exhaustive else beam_step
    live = first_live(sentences, beam, room, device, rules=rules)
    finished = none_finished(sentences, beam, room, device)
    numbers = torch.arange(sentences, device=device)  # rows in `source` of the sentences that are still searched
    state = stepper.start(source, lengths)
    if beam > 1:
        state = stepper.select(state, numbers.repeat_interleave(beam))
    record = empty_history(room, sentences, beam, 0, device)
    answers = finished
    for number_of_step in range(room):
        position = torch.tensor(number_of_step + 1, device=device)
        log_probs, state, weights = stepper.step(live.token.flatten(), state)
        by_beam = log_probs.unflatten(0, (-1, beam))
        live, finished, places, done = step(by_beam, position, live, finished, limits, settings)
        rows = places + torch.arange(len(numbers), device=device)[:, None] * beam
        seen = record.weights[number_of_step]
        if alignments and weights is not None:
            if number_of_step == 0:
                record = empty_history(room, sentences, beam, weights.size(1), device)
            seen = weights.unflatten(0, (-1, beam))
        record.write(number_of_step, numbers, (live.token, live.scores, seen))
        stay = staying(done)
        if (len(numbers) - len(stay)) * SHARE < len(numbers):
            if len(stay) < len(numbers):
                live = waiting(live, done)
            if beam > 1:
                state = stepper.select(state, rows.flatten())
            continue
        if not len(stay):
            break
        answers = kept(answers, numbers, finished)
        live, finished, limits = select_rows(live, stay), select_rows(finished, stay), select_rows(limits, stay)
        numbers, state = numbers[stay], stepper.select(state, rows[stay].flatten(), stay)
    answers, wanted = kept(answers, numbers, finished), torch.arange(config.n_best, device=device)
    record = History(*(part[: number_of_step + 1] for part in record))
    found = as_found(outputs(record, torch.arange(sentences, device=device), answers, wanted))
    return [found.hypotheses(row, length) for row, length in enumerate(lengths.tolist())]


def limits_of(lengths: Tensor, config: SearchConfig, prefix: list[list[int]] | None) -> Limits:
    """The longest output of each source and what it must begin with."""
    prefixes = prefix or [[] for _ in range(len(lengths))]
    sizes = torch.tensor([len(ids) for ids in prefixes], device=lengths.device)
    padded = torch.full((len(prefixes), max(1, *map(len, prefixes))), PAD, device=lengths.device)
    for row, ids in enumerate(prefixes):
        padded[row, : len(ids)] = torch.tensor(ids, dtype=torch.long)
    longest = [config.longest(size, len(ids)) for size, ids in zip(lengths.tolist(), prefixes, strict=True)]
    return Limits(torch.tensor(longest, device=lengths.device), padded, sizes)
