"""The laws over every pooling of words and every tagger: a row is alone, gradients reach all, words have marks."""

from __future__ import annotations

import tomllib
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor

from seqloom.config import build, to_toml
from seqloom.errors import ConfigError
from seqloom.export.quantise import quantised
from seqloom.export.tags import marked_sources, tag_graph
from seqloom.model import ModelConfig
from seqloom.nn.taggers import TAGGERS
from seqloom.nn.word_poolings import WORD_POOLINGS, build_word_pooling, word_numbers
from seqloom.tag_network import TagNetwork
from seqloom.testing.networks import BASE, RESERVED, SOURCE_SIZE, TARGET_SIZE, Rows
from seqloom.text.special import BOS, EOS

ENCODERS: dict[str, Any] = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru", "encoder": {"layers": 2, "bidirectional": "first"}},
    "transformer": {"encoder": {"kind": "transformer", "layers": 1, "heads": 2}},
}
CASES = [*product(WORD_POOLINGS, ENCODERS, TAGGERS)]
ORDER = torch.tensor([2, 0, 1])
WORDS = [[[8, 9], [10], [], [11, 12, 7]], [[9]], [[7], [8, 8]]]
"""The pieces of the words of each row; the third word of the first row has none."""
TAG = 5
"""The id of a source's tag, which stands before the words and belongs to none."""


def rows() -> Rows:
    """The rows of `WORDS`, the second with a tag before it, and a target with a tag for each word."""
    chance = torch.Generator().manual_seed(1)
    sources = [
        [*([TAG] if number == 1 else []), *(id for pieces in words for id in (BOS, *pieces)), EOS]  # noqa: A001
        for number, words in enumerate(WORDS)
    ]
    targets = [[*torch.randint(4, TARGET_SIZE, (len(each),), generator=chance).tolist(), EOS] for each in WORDS]

    def padded(ids: list[list[int]]) -> Tensor:
        return torch.nn.utils.rnn.pad_sequence([torch.tensor(each) for each in ids], batch_first=True)

    lengths, sizes = (torch.tensor([*map(len, each)]) for each in (sources, targets))
    return Rows(padded(sources), lengths, padded(targets), padded(targets), sizes)


def network(pooling: Any = "mean", encoder: str = "lstm", tagger: str = "crf", **settings: Any) -> TagNetwork:
    """A network that evaluates, with every weight away from its first value."""
    torch.manual_seed(0)
    parts = {"answer": "tags", "word_pooling": pooling, "tagger": tagger, **ENCODERS[encoder]}
    config = build(ModelConfig, {**BASE, **parts, **settings})
    model = TagNetwork(config, SOURCE_SIZE, TARGET_SIZE, reserved=RESERVED).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model


def test_words_begin_with_their_marks() -> None:
    batch = rows().widened()
    words, counts = word_numbers(batch.source, batch.lengths)
    assert counts.tolist() == [4, 1, 2]
    assert words[0, :11].tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, -1]
    assert words[1, :4].tolist() == [-1, 0, 0, -1]
    assert (words[1, 4:] == -1).all()


def pooled(kind: str, own: Tensor) -> Tensor:
    """The vector of a word from those of its positions."""
    if kind in ("first", "last"):
        return own[0 if kind == "first" else -1]
    return own.mean(0) if kind == "mean" else own.amax(0)


@pytest.mark.parametrize("kind", WORD_POOLINGS)
def test_poolings_are_of_each_word_alone(kind: str) -> None:
    batch = rows()
    words, _ = word_numbers(batch.source, batch.lengths)
    values = torch.randn(*batch.source.shape, 3)
    section, _ = WORD_POOLINGS[kind]
    found = build_word_pooling(section(kind=kind))(values, words, 5)
    for row in range(3):
        for word in range(5):
            own = values[row][words[row] == word]
            torch.testing.assert_close(found[row, word], pooled(kind, own) if len(own) else torch.zeros(3))


@pytest.mark.parametrize(("pooling", "encoder", "tagger"), CASES)
def test_a_row_is_alone(pooling: str, encoder: str, tagger: str) -> None:
    """Law 2: neighbours, order, padding and what lies on it change neither scores, losses nor gradients."""
    model, batch = network(pooling, encoder, tagger), rows()
    scores, counts = model(batch.source, batch.lengths, 4)
    other = batch.shuffled(ORDER).widened()
    elsewhere, _ = model(other.source, other.lengths, 6)
    for row in range(3):
        alone, own = model(batch.row(row).source, batch.row(row).lengths, int(counts[row]))
        assert own.tolist() == [counts[row]]
        torch.testing.assert_close(alone[0], scores[row, : counts[row]], rtol=1e-4, atol=1e-5)
        place = ORDER.tolist().index(row)
        torch.testing.assert_close(alone[0], elsewhere[place, : counts[row]], rtol=1e-4, atol=1e-5)
    together, apart = model.loss(*batch.widened(), 0.1), [model.loss(*batch.row(row), 0.1) for row in range(3)]
    assert together.tokens == sum(each.tokens for each in apart) == model.predictions(3, 10) == 7
    for name in ("loss", "nll"):
        torch.testing.assert_close(getattr(together, name), torch.stack([getattr(each, name) for each in apart]).sum())
    parameters = list(model.parameters())
    one = torch.autograd.grad(together.loss, parameters)
    two = torch.autograd.grad(torch.stack([each.loss for each in apart]).sum(), parameters)
    for name, first, second in zip(dict(model.named_parameters()), one, two, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize(("pooling", "tagger"), [*product(WORD_POOLINGS, TAGGERS)])
def test_the_gradient_reaches_every_weight(pooling: str, tagger: str) -> None:
    model = network(pooling, tagger=tagger).train()
    model.loss(*rows(), 0.1).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    "settings", [{"decoder": {"layers": 3}}, {"attention": "additive"}, {"share_embeddings": True}]
)
def test_settings_of_other_answers_are_refused_by_name(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=rf"model\.{name} is of networks that write a sequence"):
        build(ModelConfig, {"answer": "tags", **settings})
    with pytest.raises(ConfigError, match=r"model\.pooling is of networks that answer with labels"):
        build(ModelConfig, {"answer": "tags", "pooling": "mean"})
    for part in ({"tagger": "crf"}, {"word_pooling": "mean"}):
        (name,) = part
        with pytest.raises(ConfigError, match=rf"model\.{name} is of networks that answer with tags"):
            build(ModelConfig, {"answer": "label", **part})


def test_settings_that_mean_nothing_are_not_written() -> None:
    config = build(ModelConfig, {"answer": "tags"})
    assert not config.attends
    written = to_toml(config)
    assert "[tagger]" in written
    assert "decoder" not in written
    assert "attention" not in written
    assert build(ModelConfig, tomllib.loads(written)) == config


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(("pooling", "encoder", "tagger"), CASES)
def test_a_graph_answers_as_the_network(pooling: str, encoder: str, tagger: str) -> None:
    """Laws 2 and 4, in float32 and with weights of 8 bits."""
    model = network(pooling, encoder, tagger)
    tag_graph(model)  # compares it
    exact = tag_graph(model, fused=False)
    session = InferenceSession(quantised(exact).SerializeToString(), providers=["CPUExecutionProvider"])
    source, lengths = marked_sources(SOURCE_SIZE, (6, 1, 3))
    feed = {"source": source.numpy(), "source_lengths": lengths.numpy()}
    tags, shares, _ = session.run(["tags", "probabilities", "log_probs"], feed)
    scores, counts = model(source, lengths, 6)
    wanted = model.tagger.decode(scores, torch.arange(6) < counts[:, None]).probabilities.detach().numpy()
    for row, count in enumerate(counts.tolist()):
        assert np.abs(shares[row, :count] - wanted[row, :count]).max() < 0.1
        alone = {"source": feed["source"][[row], : lengths[row]], "source_lengths": feed["source_lengths"][[row]]}
        own, sure, _ = session.run(["tags", "probabilities", "log_probs"], alone)
        assert own[0].tolist() == tags[row, :count].tolist()
        assert np.allclose(sure[0], shares[row, :count], atol=1e-5)
