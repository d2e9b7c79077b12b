"""Rules of the search: a token that is forbidden gets the log-probability -∞; all others keep the model's."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.config import SearchConfig
from seqloom.text.special import EOS, PAD, UNK


class Limits(NamedTuple):
    """The limits that differ between the sentences of a batch."""

    longest: Int[Tensor, " B"]
    """Largest number of tokens before the end mark."""
    prefix: Int[Tensor, "B P"]
    """Tokens that every output must begin with, padded with 0; at least one column."""
    prefix_lengths: Int[Tensor, " B"]


class StepSettings(NamedTuple):
    """The numbers of a `SearchConfig` as scalar tensors, because an exported graph takes them as inputs."""

    n_best: Int[Tensor, ""]
    offset: Float[Tensor, ""]
    """c of the length penalty ((c + length) / (c + 1))^α."""
    alpha: Float[Tensor, ""]
    min_length: Int[Tensor, ""]
    no_repeat_ngram: Int[Tensor, ""]
    exhaustive: Int[Tensor, ""]
    allow_unknown: Int[Tensor, ""]


def settings_of(config: SearchConfig, device: torch.device) -> StepSettings:
    """The numbers of a configuration as tensors on a device."""
    return StepSettings(**{name: torch.tensor(number, device=device) for name, number in config.numbers().items()})


class Written(NamedTuple):
    """The tokens of the unfinished hypotheses, which are only kept if some rule needs them."""

    tokens: Int[Tensor, "B K W"]
    """The tokens so far, without the begin mark, padded with 0."""
    matches: Int[Tensor, "B K W"]
    """For each position, how many tokens directly before it equal the hypothesis' last tokens, read from the right.

    If it is n - 1 or more, writing the token at this position again would repeat an n-gram."""

    def after(self, token: Int[Tensor, "B K"], position: Int[Tensor, ""]) -> Written:
        """The value after one more token was appended at `position`, counted from 0."""
        tokens = torch.where(
            torch.arange(self.tokens.size(2), device=token.device) == position, token[..., None], self.tokens
        )
        runs = (self.tokens == token[..., None]) * (self.matches + 1)
        return Written(tokens, torch.nn.functional.pad(runs, (1, -1)))


def allowed(
    log_probs: Float[Tensor, "B K V"],
    written: Written,
    position: Int[Tensor, ""],
    limits: Limits,
    settings: StepSettings,
) -> Float[Tensor, "B K V"]:
    """The log-probabilities of token number `position`, counted from 1, with forbidden tokens at -∞.

    Within its prefix a sentence must write the prefix's next token, whatever the other rules say. No n-gram is
    repeated. The end mark is forbidden below the shortest length, unless no other token is allowed or the longest
    length is reached. The unknown token is not excluded here but in `scores`, where continuations are chosen.
    """
    words = torch.arange(log_probs.size(2), device=log_probs.device)
    free = log_probs + repeated(written, settings.no_repeat_ngram, log_probs)
    known = (words > EOS) & ((words != UNK) | (settings.allow_unknown > 0))
    stuck = free.masked_fill(~known, -torch.inf).amax(2, keepdim=True) == -torch.inf
    early = ((position <= settings.min_length) & (position <= limits.longest))[:, None, None] & ~stuck
    free = free.masked_fill((words == EOS) & early, -torch.inf)
    place = (position - 1).clamp_max(limits.prefix.size(1) - 1)
    wanted = limits.prefix.index_select(1, place[None])[:, :, None]  # [B, 1, 1]
    forced = torch.where(words == wanted, log_probs, -torch.inf)
    return torch.where((position <= limits.prefix_lengths)[:, None, None], forced, free)


def repeated(written: Written, size: Int[Tensor, ""], log_probs: Float[Tensor, "B K V"]) -> Float[Tensor, "B K V"]:
    """-∞ where a token would repeat an n-gram of the hypothesis, 0 elsewhere (Paulus et al. 2018, §2.5)."""
    banned = (written.matches >= size - 1) & (written.tokens != PAD) & (size > 0)
    costs = torch.where(banned, -torch.inf, 0.0).to(log_probs.dtype)
    return torch.zeros_like(log_probs).scatter_add(2, written.tokens, costs)
