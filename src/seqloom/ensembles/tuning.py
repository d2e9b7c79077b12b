"""The weights of an ensemble's members, tuned on dev data.

With weights w that sum to 1 the negative log-likelihood of the dev targets under the geometric mean,

    L(w) = Σ_t [log Σ_v exp(Σ_i w_i s_i(t, v)) - Σ_i w_i s_i(t, y_t)],

is convex, since s_i(t, v), member i's log-probability of symbol v at step t, do not depend on w; so is that of labels,
with one step for each example, and with the binary cross-entropy where several are right at once. It is minimised by
L-BFGS over the logits of w. Whether what it finds is better than equal weights is then decided by the main measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from seqloom.codecs.labels import FIRST
from seqloom.data import Source
from seqloom.data.batch import collate_ids
from seqloom.data.padding import padded_sources
from seqloom.ensemble_network import AnyEnsemble, ensemble_of
from seqloom.ensembles.measuring import DevData, Figures
from seqloom.ensembles.members import Member, search_of
from seqloom.errors import DataError
from seqloom.inference.engine import LabelEngine
from seqloom.inference.torch_engine import torch_engine
from seqloom.networks import writing
from seqloom.nn.shapes import length_mask
from seqloom.text.special import EOS, UNK
from seqloom.training.device import choose_device

MOST = 50_000_000
"""Log-probabilities that are held at a time: members times target tokens times symbols, 4 bytes each."""
ROWS = 32
SLIGHT = 0.02
"""A member whose tuned share is below this is left out."""
STEPS = 100


@dataclass(frozen=True)
class Choice:
    """The weight of each model, 0 for those that are left out, and what was measured to choose them.

    `measured` are entries of metrics.json: the ensemble's figures as `dev`, those of equal weights and of each model
    alone as `dev_without`, and `data` for the record. `notes` say it in sentences.
    """

    weights: tuple[float, ...]
    measured: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...]


def tuned(members: Sequence[Member], dev: DevData) -> Choice:
    """The weights of some models that fit together: equal ones, or those of the least dev loss where these are better
    by the main measure."""
    equal = (1.0,) * len(members)
    found = least_loss_of_labels if members[0].codecs.spoken is None else least_loss
    least, tokens, of = found(members, dev)
    unit = "examples" if members[0].codecs.spoken is None else "target tokens"
    candidates = {"equal weights": equal, "tuned weights": least}
    measured = {name: dev.measure(joined(members, weights), members) for name, weights in candidates.items()}
    alone = {each.name: dev.measure(each.network, [each]) for each in members}
    best = min(candidates, key=lambda name: (measured[name].cost, name))
    other = next(name for name in candidates if name != best)
    shown = ", ".join(f"{weight:.3g}" for weight in least)
    notes = [f"weights of the least dev loss: {shown}, from {tokens:,} of {of:,} {unit}"]
    notes += [f"dev: {measured[best].main} with {best}, which are taken, {measured[other].main} with {other}"]
    notes += gain(measured[best], alone)
    values = {
        **figures_with(measured[best], {other: measured[other], **alone}),
        "tuned": {"weights": list(least), "taken": best, "tokens": tokens, "of": of},
        "data": list(dev.records),
    }
    return Choice(candidates[best], values, tuple(notes))


def gain(best: Figures, alone: Mapping[str, Figures]) -> list[str]:
    """What the ensemble has won over the best single model, as a sentence; that it has won nothing, too."""
    name, single = min(alone.items(), key=lambda item: item[1].cost)
    verdict = "" if best.cost < single.cost else ": the ensemble is no better than it"
    return [f"dev: {single.main} with the best single model, {name}{verdict}"]


def figures_with(chosen: Figures, without: Mapping[str, Figures]) -> dict[str, Any]:
    """Entries of metrics.json: the figures of what was chosen, and of what was not."""
    return {"dev": dict(chosen.values), "dev_without": {name: dict(each.values) for name, each in without.items()}}


def joined(members: Sequence[Member], weights: Sequence[float]) -> AnyEnsemble:
    """The network of some models with these weights; those with the weight 0 are left out."""
    parts = [
        (share * weight, network)
        for member, weight in zip(members, weights, strict=True)
        if weight
        for share, network, _ in member.parts
    ]
    return ensemble_of([network for _, network in parts], [share for share, _ in parts]).eval()


def least_loss(members: Sequence[Member], dev: DevData) -> tuple[tuple[float, ...], int, int]:
    """The weights of the least dev loss, from how many target tokens they are, and how many there are.

    Where there are more than fit into memory, examples are left out evenly.
    """
    first, limit = members[0], search_of(members).max_source_length
    targets = first.codecs.target.encode([each.target for each in dev.examples])
    tokens = [len(ids) + 1 for ids in targets]
    room = max(1, MOST // (len(members) * first.codecs.target.size))
    apart = max(1, -(-sum(tokens) // room))
    chosen = list(range(0, len(dev.examples), apart))
    log_probs = torch.stack([torch.cat(list(_log_probs(each, limit, dev, targets, chosen))) for each in members])
    wanted = torch.cat([torch.tensor([*targets[place], EOS]) for place in chosen])
    return minimised(log_probs, lambda scores: cross_entropy(scores, wanted)), len(wanted), sum(tokens)


def minimised(scores: Float[Tensor, "M N V"], cost: Callable[[Tensor], Tensor]) -> tuple[float, ...]:
    """The weights of M members with which their mean scores [N, V] have the least cost; slight ones are 0."""
    logits = torch.zeros(scores.size(0), requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = cost(torch.tensordot(torch.softmax(logits, 0), scores, 1))
        value.backward()
        return value

    optimiser.step(loss)
    shares = torch.softmax(logits.detach(), 0)
    shares = torch.where(shares < SLIGHT, 0.0, shares)
    return tuple((shares / shares.sum()).tolist())


def least_loss_of_labels(members: Sequence[Member], dev: DevData) -> tuple[tuple[float, ...], int, int]:
    """The same where answers are labels; examples without a label that the models know are left out."""
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
    return minimised(scores, lambda mean: cost(mean, given)), len(chosen), len(targets)


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
