"""One update: accumulation, clipping, decay, the running means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reversal import reversed_pairs, run_config
from torch.nn.functional import pad
from torch.nn.utils import get_total_norm

from seqloom.config import build
from seqloom.data.batch import Batch, collate
from seqloom.data.config import DataConfig
from seqloom.errors import ConfigError
from seqloom.losses import perplexity
from seqloom.text.special import UNK
from seqloom.training.config import RunConfig
from seqloom.training.setup import Inputs, Prepared, prepare
from seqloom.training.updates.averaging import snapshot
from seqloom.training.updates.optim import build_optimiser, set_rate
from seqloom.training.updates.step import Objective, Window, gradients, update


@pytest.fixture
def prepared() -> Prepared:
    config = run_config()
    ready = prepare(config, Inputs(reversed_pairs(40)))
    ready.model.eval()  # without dropout, one batch and its parts see the same network
    return ready


def batch(prepared: Prepared, first: int, last: int) -> Batch:
    return collate(prepared.train, np.arange(first, last))


def updated(prepared: Prepared, batches: list[Batch], clip: float = 0.0) -> dict[str, torch.Tensor]:
    before = snapshot(prepared.model)
    optimiser = build_optimiser(prepared.model, prepared.config.training.optimiser)
    done = update(prepared.model, optimiser, batches, Objective(prepared.precision, 0.1, clip))
    assert done.tokens == sum(each.tokens for each in batches)
    gradients = {name: weight.grad for name, weight in prepared.model.named_parameters() if weight.grad is not None}
    with torch.no_grad():
        for name, weight in prepared.model.named_parameters():
            weight.copy_(before[name])
    return gradients


def test_accumulation_equals_one_big_batch(prepared: Prepared) -> None:
    whole = updated(prepared, [batch(prepared, 0, 24)])
    parts = updated(prepared, [batch(prepared, 0, 5), batch(prepared, 5, 20), batch(prepared, 20, 24)])
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, rtol=1e-4, atol=1e-6)


def test_padding_changes_no_gradient(prepared: Prepared) -> None:
    """So that lengths may lie on a grid."""
    narrow = batch(prepared, 0, 24)
    wide = replace(
        narrow,
        source=pad(narrow.source, (0, 2)),
        target_in=pad(narrow.target_in, (0, 4)),
        target_out=pad(narrow.target_out, (0, 4)),
    )
    exact = updated(prepared, [narrow])
    for name, gradient in updated(prepared, [wide]).items():
        torch.testing.assert_close(gradient, exact[name], rtol=1e-4, atol=1e-6)


def test_clipping_scales_the_gradient_down_to_the_norm(prepared: Prepared) -> None:
    free = updated(prepared, [batch(prepared, 0, 8)])
    clipped = updated(prepared, [batch(prepared, 0, 8)], clip=0.01)

    def norm(gradients: dict[str, torch.Tensor]) -> float:
        return float(torch.cat([gradient.flatten() for gradient in gradients.values()]).norm())

    assert norm(free) > 0.01
    assert norm(clipped) == pytest.approx(0.01, rel=1e-3)


def test_decay_spares_biases_and_embeddings(prepared: Prepared) -> None:
    model = prepared.model
    optimiser = build_optimiser(model, prepared.config.training.optimiser)
    decayed, spared = optimiser.param_groups
    assert decayed["weight_decay"] > 0
    assert spared["weight_decay"] == 0
    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    assert tables <= {id(weight) for weight in spared["params"]}
    assert all(weight.ndim > 1 for weight in decayed["params"])
    count = sum(1 for weight in model.parameters() if weight.requires_grad)
    assert len(decayed["params"]) + len(spared["params"]) == count
    set_rate(optimiser, 0.5)
    assert [group["lr"] for group in optimiser.param_groups] == [0.5, 0.5]


def test_the_window_sums_without_reading_the_device(prepared: Prepared) -> None:
    optimiser = build_optimiser(prepared.model, prepared.config.training.optimiser)
    window, losses, tokens = Window(), 0.0, 0
    for first in (0, 8, 16):
        done = update(prepared.model, optimiser, [batch(prepared, first, first + 8)], Objective(prepared.precision))
        window.add(done)
        window.spend(0.5, 0.1)
        losses, tokens = losses + float(done.nll), tokens + done.tokens
    assert window.loss == pytest.approx(losses / tokens)
    assert Window(**window.to_json()).loss == window.loss
    assert (window.steps, window.seconds) == (3, 1.5)


def test_perplexity_stays_a_number() -> None:
    assert perplexity(0.0) == 1.0
    assert perplexity(1e9) < float("inf")


def test_r_drop_teaches_the_mean_of_two_passes_and_reports_the_plain_likelihood(prepared: Prepared) -> None:
    """Without dropout both passes are the same, so that neither gradient nor likelihood change."""
    batches = [batch(prepared, 0, 8), batch(prepared, 8, 24)]
    tokens = sum(each.tokens for each in batches)
    found = []
    for alpha in (0.0, 5.0):
        nll, _ = gradients(prepared.model, batches, Objective(prepared.precision, 0.1, r_drop=alpha), tokens)
        norm = get_total_norm([weight.grad for weight in prepared.model.parameters() if weight.grad is not None])
        found.append((float(nll), float(norm)))
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_r_drop_without_any_dropout_is_refused() -> None:
    still = {"dropout": 0, "embedding_dropout": 0}
    with pytest.raises(ConfigError, match=r"training\.r_drop compares two passes.*raise model\.dropout"):
        build(RunConfig, {"model": still, "training": {"r_drop": 1}})
    build(RunConfig, {"model": {**still, "source_word_dropout": 0.1}, "training": {"r_drop": 1}})


def test_tags_are_spared_by_word_dropout(tmp_path: Path) -> None:
    file = tmp_path / "tagged.jsonl"
    file.write_text("".join(f'{{"source": "{s}", "target": "{t}", "tags": ["up"]}}\n' for s, t in reversed_pairs(60)))
    config = run_config().replace(data=DataConfig(train=(str(file),), tags="tags"))
    config = config.replace(model=config.model.replace(source_word_dropout=0.9))
    ready = prepare(config, Inputs())
    source = collate(ready.train, np.arange(40)).source
    tag = ready.codecs.source.tokenizer.tag_ids(["up"])[0]
    assert (source[:, 0] == tag).all()
    dropped = ready.model.train().source_word_dropout(source)
    assert (dropped[:, 0] == tag).all()
    assert (dropped == UNK).sum() > 0.5 * (source > tag).sum()
