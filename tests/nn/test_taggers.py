"""Taggers against the enumeration of all tags of a row, in losses, gradients, answers and probabilities."""

from __future__ import annotations

from itertools import combinations_with_replacement, pairwise
from itertools import product as cartesian
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.nn.taggers import TAGGERS, Tagged, Tagger, build_tagger, joint_tagger
from seqloom.nn.taggers.crf import CRF
from seqloom.tag_scheme import Legal, legal

TAGS = ("B-X", "I-X", "O")
SIZES = (4, 1, 3)
COUNT, WORDS = len(TAGS), max(SIZES)
REAL = torch.arange(WORDS) < torch.tensor(SIZES)[:, None]
CASES = [*cartesian(TAGGERS, (None, legal(TAGS, "BIO")))]


def made(kind: str, rules: Legal | None = None) -> Tagger:
    """A tagger whose weights are away from 0."""
    section, _ = TAGGERS[kind]
    tagger = build_tagger(section(kind=kind), COUNT, rules)
    torch.manual_seed(2)
    with torch.no_grad():
        for weight in tagger.parameters():
            weight.normal_()
    return tagger


def drawn(seed: int = 1) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    scores = torch.randn(len(SIZES), WORDS, COUNT, generator=chance) * 2
    return scores, torch.randint(0, COUNT, (len(SIZES), WORDS), generator=chance)


def path_score(tagger: Tagger, scores: Tensor, path: Any) -> Tensor:
    """The score of one path of a row, as the paper's equation has it."""
    total = sum(scores[place, tag] for place, tag in enumerate(path))
    if isinstance(tagger, CRF):
        total = total + tagger.first[path[0]] + tagger.last[path[-1]]
        total = total + sum((tagger.transitions[one, two] for one, two in pairwise(path)), torch.zeros(()))
    return torch.as_tensor(total)


def paths(tagger: Tagger, scores: Tensor, rules: Legal | None = None) -> dict[tuple[int, ...], Tensor]:
    """The log-probability of each path of a row, among those that are legal."""
    every = [
        path
        for path in cartesian(range(COUNT), repeat=len(scores))
        if rules is None
        or not isinstance(tagger, CRF)
        or (rules.first[path[0]] and rules.last[path[-1]] and all(rules.follows[a][b] for a, b in pairwise(path)))
    ]
    found = torch.stack([path_score(tagger, scores, path) for path in every])
    return dict(zip(every, found - torch.logsumexp(found, 0), strict=True))


@pytest.mark.parametrize(("kind", "rules"), CASES)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_that_of_all_paths(kind: str, rules: Legal | None, smoothing: float) -> None:
    """Cross-entropy with tags that are each smoothed by itself, and its gradient; rules for answers change nothing."""
    tagger, (scores, tags) = made(kind, rules), drawn()
    scores.requires_grad_()
    wanted, plain = torch.zeros(()), torch.zeros(())
    for row, size in enumerate(SIZES):
        for path, log_prob in paths(tagger, scores[row, :size]).items():
            right = [tag == given for tag, given in zip(path, tags[row, :size].tolist(), strict=True)]
            shares = [(1 - smoothing) * each + smoothing / COUNT for each in right]
            wanted = wanted - torch.tensor(shares).prod() * log_prob
            plain = plain - log_prob * all(right)
    loss, nll = tagger.loss(scores, tags, REAL, smoothing)
    torch.testing.assert_close(loss, wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(nll, plain.detach(), rtol=1e-4, atol=1e-4)
    weights = [scores, *tagger.parameters()]
    found, enumerated = (torch.autograd.grad(each, weights) for each in (loss, wanted))
    for one, two in zip(found, enumerated, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("kind", "rules"), CASES)
def test_answers_are_the_best_of_all_paths(kind: str, rules: Legal | None) -> None:
    """Law 5: Viterbi finds what enumeration finds; probabilities are the marginals of the legal paths."""
    tagger = made(kind, rules)
    for seed in range(1, 8):
        scores, _ = drawn(seed)
        found = Tagged(*(each.detach() for each in tagger.decode(scores, REAL)))
        for row, size in enumerate(SIZES):
            every = paths(tagger, scores[row, :size], rules)
            best = max(every, key=lambda path: float(every[path].detach()))
            assert tuple(found.tags[row, :size].tolist()) == best
            torch.testing.assert_close(found.log_probs[row], every[best].detach(), rtol=1e-4, atol=1e-4)
            shares = torch.zeros(size, COUNT)
            for path, log_prob in every.items():
                for place, tag in enumerate(path):
                    shares[place, tag] += log_prob.detach().exp()
            torch.testing.assert_close(found.probabilities[row, :size], shares, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", TAGGERS)
def test_given_tags_follow_each_other(kind: str) -> None:
    """The chain rule: the log-probabilities of a row's tags sum to that of all together."""
    tagger, (scores, tags) = made(kind), drawn()
    found = tagger.given_log_probs(scores, tags, REAL)
    for row, size in enumerate(SIZES):
        whole = paths(tagger, scores[row, :size])[tuple(tags[row, :size].tolist())]
        torch.testing.assert_close(found[row].sum(), whole, rtol=1e-4, atol=1e-4)
        assert (found[row, size:] == 0).all()
        assert (found[row, :size] < 0).all()
    loss, nll = tagger.loss(scores, tags, REAL, 0.0)
    torch.testing.assert_close(-found.sum(), nll, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(loss.detach(), nll, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", TAGGERS)
def test_a_row_is_alone(kind: str) -> None:
    """Law 2: other rows, and what stands where no word is, change neither losses, gradients nor answers."""
    tagger, (scores, tags) = made(kind, legal(TAGS, "BIO")), drawn()
    apart = [
        tagger.loss(scores[[row], :size], tags[[row], :size], REAL[[row], :size], 0.1)[0]
        for row, size in enumerate(SIZES)
    ]
    litter = torch.where(REAL[:, :, None], scores, 50 * torch.randn_like(scores))
    wide = torch.cat([litter, 30 * torch.randn(len(SIZES), 2, COUNT)], 1)
    masks, ids = (torch.cat([each, torch.zeros_like(each[:, :2])], 1) for each in (REAL, tags))
    together, _ = tagger.loss(wide, ids, masks, 0.1)
    torch.testing.assert_close(together, torch.stack(apart).sum(), rtol=1e-4, atol=1e-4)
    weights = list(tagger.parameters())
    if weights:
        one = torch.autograd.grad(together, weights, retain_graph=True)
        two = torch.autograd.grad(torch.stack(apart).sum(), weights)
        for first, second in zip(one, two, strict=True):
            torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)
    found = tagger.decode(wide, masks)
    for row, size in enumerate(SIZES):
        alone = tagger.decode(scores[[row], :size], REAL[[row], :size])
        assert alone.tags[0].tolist() == found.tags[row, :size].tolist()
        torch.testing.assert_close(alone.probabilities[0], found.probabilities[row, :size], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(alone.log_probs[0], found.log_probs[row], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", TAGGERS)
def test_a_row_without_words_adds_nothing(kind: str) -> None:
    tagger = made(kind)
    scores = torch.randn(1, 3, COUNT, requires_grad=True)
    empty = torch.zeros(1, 3, dtype=torch.bool)
    loss, nll = tagger.loss(scores, torch.zeros(1, 3, dtype=torch.long), empty, 0.1)
    assert float(loss.detach()) == float(nll) == 0.0
    loss.backward()
    assert scores.grad is not None
    assert (scores.grad == 0).all()
    assert tagger.decode(scores.detach(), empty).probabilities.isfinite().all()


@pytest.mark.parametrize("kind", TAGGERS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3, 1e5])
def test_gradients_are_finite(kind: str, scale: float) -> None:
    """Also of scores and transitions that are far apart, and of rows of hundreds of words."""
    tagger = made(kind, legal(TAGS, "BIO"))
    with torch.no_grad():
        for weight in tagger.parameters():
            weight.mul_(scale)
    scores = (torch.randn(2, 300, COUNT) * scale).requires_grad_()
    tags, real = torch.randint(0, COUNT, (2, 300)), torch.arange(300) < torch.tensor([[300], [17]])
    loss, _ = tagger.loss(scores, tags, real, 0.1)
    for gradient in torch.autograd.grad(loss, [scores, *tagger.parameters()]):
        assert gradient.isfinite().all()
    found = tagger.decode(scores.detach(), real)
    assert found.probabilities.isfinite().all()
    torch.testing.assert_close(found.probabilities.sum(2), torch.ones(2, 300))


@torch.no_grad()
@pytest.mark.parametrize("rules", [None, legal(TAGS, "BIO")])
@pytest.mark.parametrize("kinds", [*combinations_with_replacement(TAGGERS, 2)], ids="+".join)
def test_a_joint_tagger_has_the_geometric_mean_of_all_paths(kinds: tuple[str, str], rules: Legal | None) -> None:
    """A softmax has a path of its own for each word; where a random field keeps to a scheme, the mean does, too."""
    taggers = [made(kind, rules) for kind in kinds]
    for weight in taggers[1].parameters():
        weight.mul_(-0.5)
    drawn_scores, shares = [drawn(seed)[0] for seed in (1, 2)], (0.75, 0.25)
    joint = joint_tagger(taggers, shares)
    scores = shares[0] * drawn_scores[0] + shares[1] * drawn_scores[1]
    found = joint.decode(scores, REAL)
    for row, size in enumerate(SIZES):
        apart = [paths(tagger, own[row, :size]) for tagger, own in zip(taggers, drawn_scores, strict=True)]
        kept = paths(joint, scores[row, :size], rules)
        product = {path: shares[0] * apart[0][path] + shares[1] * apart[1][path] for path in kept}
        total = torch.logsumexp(torch.stack([*product.values()]), 0)
        best = max(product, key=lambda path: float(product[path]))
        assert tuple(found.tags[row, :size].tolist()) == best
        torch.testing.assert_close(found.log_probs[row], product[best] - total)
        for place, tag in cartesian(range(size), range(COUNT)):
            own = [float((each - total).exp()) for path, each in product.items() if path[place] == tag]
            assert float(found.probabilities[row, place, tag]) == pytest.approx(sum(own), abs=1e-5)
