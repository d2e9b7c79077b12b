"""The weights of an ensemble's members with which dev targets are likeliest.

With weights w that sum to 1 the negative log-likelihood of the dev targets under the geometric mean,

    L(w) = Σ_t [log Σ_v exp(Σ_i w_i s_i(t, v)) - Σ_i w_i s_i(t, y_t)],

is convex, since s_i(t, v), member i's log-probability of symbol v at step t, do not depend on w. So is that of labels,
with one step for each example, and with the binary cross-entropy where several are right at once; and that of tags,
with one step for each text, whose v are all the tags that it could have (`seqloom.ensembles.tag_loss`). It is minimised
by L-BFGS over the logits of w.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from seqloom.codecs import OF_PARTS
from seqloom.codecs.labels import FIRST
from seqloom.data import Source
from seqloom.data.batch import collate_ids
from seqloom.data.padding import padded_sources
from seqloom.ensembles.measuring import DevData
from seqloom.ensembles.members import Member, search_of
from seqloom.ensembles.tag_loss import TagLosses
from seqloom.errors import DataError
from seqloom.inference.engine import LabelEngine
from seqloom.inference.torch_engine import torch_engine
from seqloom.networks import writing
from seqloom.nn.shapes import length_mask
from seqloom.text.special import EOS, UNK
from seqloom.training.device import choose_device

MOST = 50_000_000
"""Scores that are held at a time: members times target tokens times symbols, 4 bytes each."""
ROWS = 32
SLIGHT = 0.02
"""A member whose tuned share is below this is left out."""
STEPS = 100


@dataclass(frozen=True)
class Least:
    """The weights of the least dev loss, and from how many of how many target tokens, or other `unit`, they are."""

    weights: tuple[float, ...]
    counted: int
    of: int
    unit: str


def least_loss(members: Sequence[Member], dev: DevData) -> Least:
    """The weights of members that fit together. Where there are more dev examples than fit into memory, some are left
    out evenly, and so are those with a label or tag that no model knows; a `DataError` says that none is left."""
    codecs = members[0].codecs
    if codecs.spoken is not None:
        return _of_sequences(members, dev)
    return _of_parts(members, dev) if codecs.answer in OF_PARTS else _of_labels(members, dev)


def minimised(members: int, loss: Callable[[Float[Tensor, " M"]], Tensor]) -> tuple[float, ...]:
    """The weights of so many members, which sum to 1, that have the least loss; slight ones are 0."""
    logits = torch.zeros(members, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(torch.softmax(logits, 0))
        value.backward()
        return value

    optimiser.step(closure)
    shares = torch.softmax(logits.detach(), 0)
    shares = torch.where(shares < SLIGHT, 0.0, shares)
    return tuple((shares / shares.sum()).tolist())


def _of_sequences(members: Sequence[Member], dev: DevData) -> Least:
    first, limit = members[0], search_of(members).max_source_length
    targets = first.codecs.target.encode([each.target for each in dev.examples])
    tokens = [len(ids) + 1 for ids in targets]
    chosen = range(0, len(targets), _apart(sum(tokens), len(members) * first.codecs.target.size))
    log_probs = torch.stack([torch.cat(list(_log_probs(each, limit, dev, targets, chosen))) for each in members])
    wanted = torch.cat([torch.tensor([*targets[place], EOS]) for place in chosen])
    weights = minimised(len(members), lambda shares: cross_entropy(torch.tensordot(shares, log_probs, 1), wanted))
    return Least(weights, len(wanted), sum(tokens), "target tokens")


def _of_labels(members: Sequence[Member], dev: DevData) -> Least:
    codec, several = members[0].codecs.target, members[0].codecs.answer == "labels"
    targets = codec.encode([each.target for each in dev.examples])
    chosen = [row for row, ids in enumerate(targets) if several or UNK not in ids]
    if not chosen:
        raise DataError("no dev pair has a label that the models know, by which weights could be tuned")
    sources = [Source(dev.examples[row].source, dev.examples[row].tags) for row in chosen]
    scores = torch.stack([_label_scores(each, search_of(members).max_source_length, sources) for each in members])
    given = torch.zeros(scores.shape[1:])
    for row, place in enumerate(chosen):
        given[row, [each - FIRST for each in targets[place] if each >= FIRST]] = 1.0
    cost = binary_cross_entropy_with_logits if several else cross_entropy
    weights = minimised(len(members), lambda shares: cost(torch.tensordot(shares, scores, 1), given))
    return Least(weights, len(chosen), len(targets), "examples")


def _of_parts(members: Sequence[Member], dev: DevData) -> Least:
    """Tags, frames and transductions; examples whose source is too long are left out, too."""
    codecs, limit = members[0].codecs, search_of(members).max_source_length
    read = codecs.source.read([each.source for each in dev.examples], [each.tags for each in dev.examples], limit)
    targets = codecs.target.encode_beside([each.ids for each in read], [each.target for each in dev.examples])
    known = [
        (source.ids, ids)
        for source, ids in zip(read, targets, strict=True)
        if source.ids and not source.cut and UNK not in ids
    ]
    if not known:
        noun = getattr(codecs.target, "noun", "answers")
        raise DataError(f"no dev pair has {noun} that the models know, by which weights could be tuned")
    apart = _apart(sum(len(ids) for _, ids in known), len(members) * codecs.target.size)
    chosen = sorted(known[::apart], key=lambda pair: len(pair[1]))
    parts = [chosen[start : start + ROWS] for start in range(0, len(chosen), ROWS)]
    batches = [collate_ids([ids for ids, _ in part], [ids for _, ids in part]) for part in parts]
    return Least(minimised(len(members), TagLosses(members, batches)), len(chosen), len(targets), "examples")


def _apart(tokens: int, each: int) -> int:
    """Of how many examples one is looked at, where so many scores of so many tokens would be held."""
    return max(1, -(-tokens // max(1, MOST // each)))


def _label_scores(member: Member, limit: int, sources: Sequence[Source]) -> Float[Tensor, "N C"]:
    """A member's scores of all labels of some sources, in their order."""
    device = choose_device(member.config.training.device)
    engine = cast("LabelEngine", torch_engine(member.network.to(device).eval(), device))
    read = member.codecs.source.read([each.text for each in sources], [each.tags for each in sources], limit)
    found = []
    for start in range(0, len(read), ROWS):
        ids, lengths = padded_sources([each.ids for each in read[start : start + ROWS]])
        found.append(torch.from_numpy(engine.labels(ids, lengths).scores))
    return torch.cat(found)


@torch.no_grad()
def _log_probs(
    member: Member, limit: int, dev: DevData, targets: Sequence[Sequence[int]], chosen: Sequence[int]
) -> Iterator[Float[Tensor, "N V"]]:
    """A member's log-probabilities of all symbols at each step of the targets `chosen`, in their order."""
    device = choose_device(member.config.training.device)
    network = writing(member.network, "a decoded target").to(device).eval()
    texts = [dev.examples[place].source for place in chosen]
    tags = [dev.examples[place].tags for place in chosen]
    sources = [each.ids for each in member.codecs.source.read(texts, tags, limit)]
    for start in range(0, len(chosen), ROWS):
        part = [targets[place] for place in chosen[start : start + ROWS]]
        batch = collate_ids(sources[start : start + ROWS], part).to(device)
        decoded = network.decode(batch.source, batch.source_lengths, batch.target_in)
        real = length_mask(batch.target_lengths, batch.target_out.size(1))
        scores = network.output.scores(decoded)[real.to(device)]
        yield torch.log_softmax(scores.float(), -1).cpu()
