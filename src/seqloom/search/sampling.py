"""Draw outputs at random from a model's distribution, token after token (ancestral sampling)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.tree import select_rows
from seqloom.search.beam import limits_of
from seqloom.search.config import SamplingConfig, SearchConfig
from seqloom.search.found import Hypothesis
from seqloom.search.rules import Limits, StepSettings, Written, allowed, settings_of
from seqloom.search.scores import penalty, word_costs
from seqloom.search.shrinking import staying
from seqloom.search.stepper import Stepper
from seqloom.text.special import BOS, EOS, FIRST, PAD


class Drawn(NamedTuple):
    """What was drawn so far: K outputs for each of B sentences, with room for R tokens."""

    tokens: Int[Tensor, "B K R"]
    """Padded with 0 after the end mark."""
    log_probs: Float[Tensor, "B K R"]
    """The model's own log-probabilities of the tokens, whatever the temperature."""
    weights: Float[Tensor, "B K R S"]
    """Attention weights; S = 0 if not requested."""


@torch.inference_mode()
def sample(
    stepper: Stepper,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " B"],
    config: SearchConfig,
    sampling: SamplingConfig,
    *,
    prefix: list[list[int]] | None = None,
    alignments: bool = False,
) -> list[list[Hypothesis]]:
    """Draw `sampling.count` outputs for each source, in the order in which they were drawn; some may be the same.

    The probability of an output is the product of the probabilities of its tokens, p(y | x) = Π p(yₜ | y₁ … yₜ₋₁, x)
    (Eikema & Aziz 2020), except for what the rules of `config` forbid: what remains is renormalised, and at the
    longest length only the end mark is left. The random numbers of a sentence follow from the seed and its source ids,
    so that neither neighbours in the batch nor the order of the inputs change what is drawn. The score of an output is
    the one a search would give it.
    """
    count, device = sampling.count, source.device
    limits, settings = limits_of(lengths, config, prefix), settings_of(config, device)
    room = int(limits.longest.max()) + 1
    chance = _numbers(source, lengths, limits, sampling)  # [B, K, R]
    shape = len(source), count, room
    ids = torch.full(shape, PAD, device=device)
    drawn = Drawn(ids, torch.zeros(shape, device=device), torch.zeros(*shape, 0, device=device))
    written = Written(ids, ids)
    numbers = torch.arange(len(source), device=device)
    state = stepper.select(stepper.start(source, lengths), numbers.repeat_interleave(count))
    token, ended = torch.full(shape[:2], BOS, device=device), torch.zeros(shape[:2], dtype=torch.bool, device=device)
    for step in range(room):
        log_probs, state, weights = stepper.step(token.flatten(), state)
        by_sentence, position = log_probs.unflatten(0, (-1, count)), torch.tensor(step + 1, device=device)
        open_words = _open(by_sentence, written, position, limits, settings)
        token = _draw(open_words, chance[numbers, :, step], sampling).masked_fill(ended, PAD)
        if alignments and weights is not None and step == 0:
            drawn = drawn._replace(weights=torch.zeros(*shape, weights.size(1), device=device))
        drawn.tokens[numbers, :, step] = token
        drawn.log_probs[numbers, :, step] = by_sentence.gather(2, token[..., None])[..., 0].masked_fill(ended, 0.0)
        if drawn.weights.size(3) and weights is not None:
            drawn.weights[numbers, :, step] = weights.unflatten(0, (-1, count))
        written, ended = written.after(token, position - 1), ended | (token == EOS)
        stay = staying(ended.all(1))
        if not len(stay):
            break
        rows = (stay[:, None] * count + torch.arange(count, device=device)).flatten()
        if len(stay) < len(numbers):
            state = stepper.select(state, rows, stay)
            numbers, token, ended = numbers[stay], token[stay], ended[stay]
            written, limits = select_rows(written, stay), select_rows(limits, stay)
    return [
        _hypotheses(Drawn(*(part[row] for part in drawn)), size, settings) for row, size in enumerate(lengths.tolist())
    ]


def _open(
    log_probs: Float[Tensor, "B K V"], written: Written, position: Tensor, limits: Limits, settings: StepSettings
) -> Float[Tensor, "B K V"]:
    """The log-probabilities with those of tokens that may not follow at -∞."""
    free = allowed(log_probs, written, position, limits, settings)
    never = torch.full((FIRST,), -torch.inf, device=log_probs.device)
    free = free + torch.cat([never, word_costs(log_probs, settings)])
    words = torch.arange(log_probs.size(2), device=log_probs.device)
    full = (position > limits.longest)[:, None, None] | (free.amax(2, keepdim=True) == -torch.inf)
    return torch.where(full, torch.where(words == EOS, 0.0, -torch.inf), free)


def _draw(
    log_probs: Float[Tensor, "B K V"], chance: Float[Tensor, "B K"], sampling: SamplingConfig
) -> Int[Tensor, "B K"]:
    """The token in whose part of the cumulated probabilities each number from 0 to 1 lies."""
    if 0 < sampling.top_k < log_probs.size(2):
        lowest = log_probs.topk(sampling.top_k, -1).values[..., -1:]
        log_probs = log_probs.masked_fill(log_probs < lowest, -torch.inf)
    shares = torch.softmax(log_probs.double() / sampling.temperature, -1)
    sums = shares.cumsum(-1)
    found = torch.searchsorted(sums, chance[..., None] * sums[..., -1:], right=True)[..., 0]
    last = (shares > 0).long().cumsum(-1).argmax(-1)  # rounding must not lead beyond the last open token
    return torch.minimum(found, last)


def _numbers(
    source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], limits: Limits, sampling: SamplingConfig
) -> Float[Tensor, "B K R"]:
    """Random numbers from 0 to 1 for each sentence, output and step."""
    room = int(limits.longest.max()) + 1
    numbers = torch.zeros(len(source), sampling.count, room, dtype=torch.float64)
    for row, (ids, length) in enumerate(zip(source.tolist(), lengths.tolist(), strict=True)):
        generator = torch.Generator().manual_seed(_seed(sampling.seed, ids[:length]))
        own = int(limits.longest[row]) + 1
        numbers[row, :, :own] = torch.rand(sampling.count, own, generator=generator, dtype=torch.float64)
    return numbers.to(source.device)


def _seed(seed: int, ids: Sequence[int]) -> int:
    digest = hashlib.sha256(f"{seed} {' '.join(map(str, ids))}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _hypotheses(drawn: Drawn, source_length: int, settings: StepSettings) -> list[Hypothesis]:
    """The outputs of one sentence."""
    found = []
    for tokens, log_probs, weights in zip(drawn.tokens.tolist(), drawn.log_probs, drawn.weights, strict=True):
        length = tokens.index(EOS) + 1
        own = log_probs[:length]
        score = float(own.sum() / penalty(torch.tensor(length, device=own.device), settings))
        seen = weights[: length - 1, :source_length].float().cpu().numpy() if weights.size(1) else None
        found.append(Hypothesis(tuple(tokens[: length - 1]), score, tuple(own.tolist()), seen))
    return found
