"""Several taggers as one: the weighted geometric mean of their distributions over the tags of a whole text.

A tagger's distribution is p_i(y | x) = exp s_i(x, y) / Z_i(x), where s_i sums scores of single tags and the weights of
the tagger, its potentials (`Tagger`). With shares w_i ≥ 0 that sum to 1,

    Π_i p_i(y | x)^w_i / Σ_y' Π_i p_i(y' | x)^w_i = exp Σ_i w_i s_i(x, y) / Σ_y' exp Σ_i w_i s_i(x, y')

so that it is the distribution of one tagger, whose scores and whose potentials are the means of theirs (Smith, Cohn,
Osborne 2005, "Logarithmic opinion pools for conditional random fields"). A softmax has no potentials, which is a
conditional random field with potentials of 0.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from seqloom.nn.shares import mean
from seqloom.nn.taggers.base import Tagger


def joint_tagger(taggers: Sequence[Tagger], shares: Sequence[float]) -> Tagger:
    """The tagger that takes the mean of the members' scores, with these shares, for their geometric mean.

    It is a random field where any of them is one, and then keeps to the scheme to which that one keeps.
    """
    made = copy.deepcopy(_with_most_potentials(taggers))
    with torch.no_grad():
        for name, values in potentials(taggers).items():
            made.get_parameter(name).copy_(mean(shares, values.unbind()))
    return made


def potentials(taggers: Sequence[Tagger]) -> Mapping[str, Tensor]:
    """The potentials of M taggers by name, each [M, …]; 0 where one has none."""
    named = [dict(each.named_parameters()) for each in taggers]
    like = dict(_with_most_potentials(taggers).named_parameters())
    return {
        name: torch.stack([each.get(name, torch.zeros_like(own)).detach() for each in named])
        for name, own in like.items()
    }


def _with_most_potentials(taggers: Sequence[Tagger]) -> Tagger:
    return max(taggers, key=lambda each: sum(1 for _ in each.parameters()))
