"""The laws hold for ensembles of tags and of frames: of members of every kind of encoder, pooling and tagger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import test_frame_networks
import test_tag_networks
import torch
from onnxruntime import InferenceSession
from test_tag_networks import ORDER, rows

from seqloom.ensemble_network import AnyEnsemble, ensemble_of, own_weights, single_networks
from seqloom.export.quantise import quantised
from seqloom.export.tags import marked_sources, tag_graph
from seqloom.frame_network import FrameNetwork, FrameScorer
from seqloom.nn.taggers import TAGGERS
from seqloom.nn.taggers.crf import CRF
from seqloom.nn.word_poolings import WORD_POOLINGS
from seqloom.tag_ensemble import FrameEnsemble, TagEnsemble
from seqloom.tag_network import TagNetwork
from seqloom.testing.networks import SOURCE_SIZE

MEMBERS: dict[str, tuple[str, str, str]] = {
    "crf": ("mean", "lstm", "crf"),
    "other": ("last", "gru", "crf"),
    "transformer": ("max", "transformer", "crf"),
    "softmax": ("first", "lstm", "softmax"),
    "plain": ("mean", "gru", "softmax"),
}
"""Pooling of words, encoder and tagger."""
CASES = [("crf", "other"), ("softmax", "plain"), ("crf", "softmax"), ("plain", "transformer", "other")]
SHARES = (1.0, 3.0, 2.0)


def member(kind: str, *, framed: bool) -> TagNetwork:
    """A network, with weights that no other kind has."""
    pooling, encoder, tagger = MEMBERS[kind]
    if framed:
        settings: dict[str, Any] = {"word_pooling": pooling}
        model: TagNetwork = test_frame_networks.network("mean", encoder, tagger, **settings)
    else:
        model = test_tag_networks.network(pooling, encoder, tagger)
    torch.manual_seed(list(MEMBERS).index(kind))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.2)
    return model


def ensemble(kinds: Sequence[str], *, framed: bool) -> TagEnsemble:
    made = ensemble_of([member(kind, framed=framed) for kind in kinds], SHARES[: len(kinds)])
    assert isinstance(made, FrameEnsemble if framed else TagEnsemble)
    return made.eval()


def test_the_members_cover_the_families() -> None:
    poolings, encoders, taggers = (set(each) for each in zip(*MEMBERS.values(), strict=True))
    assert poolings == set(WORD_POOLINGS)
    assert taggers == set(TAGGERS)
    assert encoders == set(test_tag_networks.ENCODERS)


@torch.no_grad()
@pytest.mark.parametrize("framed", [False, True], ids=["tags", "frames"])
@pytest.mark.parametrize("kinds", CASES, ids="+".join)
def test_a_row_is_alone(kinds: tuple[str, ...], framed: bool) -> None:
    """Law 2, for scores and answers."""
    model, batch = ensemble(kinds, framed=framed), rows()
    scores, counts = model(batch.source, batch.lengths, 4)
    other = batch.shuffled(ORDER).widened()
    elsewhere, _ = model(other.source, other.lengths, 6)
    real = torch.arange(4) < counts[:, None]
    together = model.tagger.decode(scores, real)
    for row, count in enumerate(counts.tolist()):
        one, place = batch.row(row), ORDER.tolist().index(row)
        alone, _ = model(one.source, one.lengths, count)
        torch.testing.assert_close(alone[0], scores[row, :count], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(alone[0], elsewhere[place, :count], rtol=1e-4, atol=1e-5)
        answer = model.tagger.decode(alone, torch.ones(1, count, dtype=torch.bool))
        assert answer.tags[0].tolist() == together.tags[row, :count].tolist()
        torch.testing.assert_close(answer.probabilities[0], together.probabilities[row, :count], rtol=1e-4, atol=1e-5)
        if isinstance(model, FrameScorer):
            own, labels = (model.scores(each.source, each.lengths, 4).labels for each in (one, batch))
            torch.testing.assert_close(own[0], labels[row], rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kinds", CASES, ids="+".join)
def test_given_tags_have_the_geometric_mean_of_the_members(kinds: tuple[str, ...]) -> None:
    """Up to one normaliser of each text, which is the same for all its tags; law 5 of answers is in tests/nn."""
    model, batch, chance = ensemble(kinds, framed=False), rows(), torch.Generator().manual_seed(1)
    scores, counts = model(batch.source, batch.lengths, 4)
    real = torch.arange(4) < counts[:, None]
    members = zip(model.shares, model.networks, strict=True)
    parts = [(share, each, each(batch.source, batch.lengths, 4)[0]) for share, each in members]
    apart = []
    for _ in range(4):
        tags = torch.randint(scores.size(2), real.shape, generator=chance)
        joint = model.tagger.given_log_probs(scores, tags, real).sum(1)
        own = [share * each.tagger.given_log_probs(said, tags, real).sum(1) for share, each, said in parts]
        apart.append(joint - torch.stack(own).sum(0))
    for each in apart[1:]:
        torch.testing.assert_close(each, apart[0], rtol=1e-4, atol=1e-4)
    assert (apart[0] >= -1e-5).all(), "a product of probabilities sums to at most 1 before it is normalised"


@torch.no_grad()
def test_the_label_of_a_frame_has_the_geometric_mean() -> None:
    model, batch = ensemble(("crf", "softmax"), framed=True), rows()
    assert isinstance(model, FrameEnsemble)
    one, two = (torch.softmax(each.scores(batch.source, batch.lengths, 4).labels, 1) for each in model.networks)
    product = one**0.25 * two**0.75
    found = torch.softmax(model.scores(batch.source, batch.lengths, 4).labels, 1)
    torch.testing.assert_close(found, product / product.sum(1, keepdim=True))


@torch.no_grad()
@pytest.mark.parametrize("framed", [False, True], ids=["tags", "frames"])
@pytest.mark.parametrize("kind", MEMBERS)
def test_one_member_alone_is_that_member_bit_for_bit(kind: str, framed: bool) -> None:
    single, batch = member(kind, framed=framed), rows()
    alone = ensemble_of([single], [7.0]).eval()
    assert isinstance(alone, TagEnsemble)
    assert alone.shares == (1.0,)
    (scores, counts), (wanted, _) = alone(batch.source, batch.lengths, 4), single(batch.source, batch.lengths, 4)
    assert torch.equal(scores, wanted)
    real = torch.arange(4) < counts[:, None]
    for found, own in zip(alone.tagger.decode(scores, real), single.tagger.decode(wanted, real), strict=True):
        assert torch.equal(found, own)


def test_the_weights_are_those_of_the_members() -> None:
    model = ensemble(("softmax", "crf"), framed=True)
    assert isinstance(model.tagger, CRF)
    held = dict(own_weights(model).named_parameters())
    assert all(name.startswith("members.") for name in held)
    assert list(single_networks(model)) == list(model.networks)
    transitions = held["members.1.tagger.transitions"]
    torch.testing.assert_close(model.tagger.transitions, 0.75 * transitions)  # a softmax has none, which is 0


@pytest.mark.parametrize("shares", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_what_makes_no_sense_is_refused(shares: list[float]) -> None:
    parts = [member(kind, framed=True) for kind in ("crf", "plain")]
    assert all(isinstance(each, FrameNetwork) for each in parts)
    with pytest.raises(ValueError, match="share"):
        ensemble_of(parts, shares)
    with pytest.raises(ValueError, match="same vocabularies"):
        TagEnsemble([*parts, member("crf", framed=False)])


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("framed", [False, True], ids=["tags", "frames"])
@pytest.mark.parametrize("kinds", CASES, ids="+".join)
def test_a_graph_answers_as_the_ensemble(kinds: tuple[str, ...], framed: bool) -> None:
    """Laws 2 and 4, in float32 and with weights of 8 bits; the graph has one tagger."""
    model: AnyEnsemble = ensemble(kinds, framed=framed)
    assert isinstance(model, TagEnsemble)
    tag_graph(model)  # compares it
    graph = quantised(tag_graph(model, fused=False))
    names = [each.name for each in graph.graph.initializer]
    assert not [name for name in names if "members" in name and "tagger" in name]
    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    source, lengths = marked_sources(SOURCE_SIZE, (6, 1, 3))
    outputs = ["tags", "probabilities", *(["label_scores"] if framed else [])]
    tags, shares, *labels = session.run(outputs, {"source": source.numpy(), "source_lengths": lengths.numpy()})
    scores, counts = model(source, lengths, 6)
    wanted = model.tagger.decode(scores, torch.arange(6) < counts[:, None]).probabilities.detach().numpy()
    for row, count in enumerate(counts.tolist()):
        assert np.abs(shares[row, :count] - wanted[row, :count]).max() < 0.1
        feed = {"source": source[[row], : lengths[row]].numpy(), "source_lengths": lengths[[row]].numpy()}
        own, sure, *label = session.run(outputs, feed)
        assert own[0].tolist() == tags[row, :count].tolist()
        assert np.allclose(sure[0], shares[row, :count], atol=1e-5)
        assert all(np.allclose(one[0], two[row], atol=1e-5) for one, two in zip(label, labels, strict=True))
