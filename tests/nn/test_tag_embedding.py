"""Embeddings of tags: the equation, what they reach, and which ids count as tags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.tag_embedding import TagEmbedding
from seqloom.testing.networks import RESERVED, network


def test_the_vector_is_the_projected_sum_of_the_tags_before_the_end_of_the_source() -> None:
    torch.manual_seed(1)
    embedding = TagEmbedding(count=3, end=7, size=4, width=6)
    table, weight = (each.detach().double().numpy() for each in embedding.parameters())
    source = torch.tensor([[4, 6, 9, 5], [8, 3, 9, 4], [5, 7, 3, 4]])  # 4, 5 and 6 are tags, 3 is an unknown one
    found = embedding(source, torch.tensor([3, 4, 2])).detach().numpy()
    wanted = [table[0] + table[2], table[0], table[1]]
    np.testing.assert_allclose(found, np.stack(wanted) @ weight.T, rtol=1e-5)


def test_a_source_without_tags_has_the_zero_vector() -> None:
    embedding = TagEmbedding(count=3, end=7, size=4, width=6)
    assert not embedding(torch.tensor([[3, 7, 8]]), torch.tensor([3])).any()


@pytest.mark.parametrize("attend", ["between", "after", "feed", "before", "none"])
def test_every_step_reads_the_tags(attend: str) -> None:
    """With one vector for all tags the sources differ in nothing; the decoder reads it even if its start does not."""
    settings: dict[str, Any] = {"cell": "gru", "tag_embedding": 3, "decoder": {"attend": attend}}
    model = network(settings)
    state = model.start(torch.tensor([[4, 8, 9]]), torch.tensor([3]))
    tag = state.decoder.tag
    changed = state._replace(decoder=state.decoder._replace(tag=tag + 1))
    first, after, _ = model.step(torch.tensor([1]), state)
    second, later, _ = model.step(torch.tensor([1]), changed)
    assert not torch.allclose(first, second)
    torch.testing.assert_close(after.decoder.tag, tag)  # it is the same at every step
    torch.testing.assert_close(later.decoder.tag, tag + 1)


def test_tags_are_needed() -> None:
    config = build(ModelConfig, {"embedding": 6, "hidden": 8, "tag_embedding": 3})
    with pytest.raises(ConfigError, match=r"model\.tag_embedding needs data with tags"):
        Seq2Seq(config, 13, 11)
    model = Seq2Seq(config, 13, 11, reserved=RESERVED)
    assert model.tag_embedding is not None
    assert model.tag_embedding.vectors.num_embeddings == RESERVED - 4
