"""Law 2: what comes out for a row depends neither on its neighbours, nor on padding, nor on the rows' order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from networks import ENCODERS, FAMILIES, SOURCE_SIZE, TARGET_SIZE, TRANSFORMERS, Case, Rows, gradients, rows
from torch import Tensor

from seqloom.model import ModelState, Seq2Seq, select
from seqloom.nn.tree import leaves, select_rows
from seqloom.search import ModelStepper, Shortlist, narrowed
from seqloom.search.shortlist import OpenWords, open_words

pytestmark = pytest.mark.usefixtures("unchecked_shapes")  # test_sequence_is_steps.py has the checks on
BATCH = rows()
ORDER = torch.tensor([2, 0, 1])


def row_loss(model: Seq2Seq, batch: Rows, index: int) -> Tensor:
    """The loss of one row of a batch."""
    logits, _ = model(*batch[:3])
    length = int(batch.target_lengths[index])
    return torch.nn.functional.cross_entropy(logits[index, :length], batch.target_out[index, :length], reduction="sum")


@pytest.mark.parametrize("case", FAMILIES + ENCODERS, ids=lambda case: case.name)
@torch.no_grad()
def test_values_do_not_depend_on_neighbours(case: Case) -> None:
    model = case.model()
    together, shuffled = model(*BATCH[:3]), model(*BATCH.shuffled(ORDER).widened()[:3])
    for place, index in enumerate(ORDER.tolist()):
        alone, looked = model(*BATCH.row(index)[:3])
        length, size = alone.size(1), int(BATCH.lengths[index])
        for row, (logits, weights) in ((index, together), (place, shuffled)):
            torch.testing.assert_close(logits[row, :length], alone[0], rtol=1e-4, atol=2e-5)
            if looked is not None:
                torch.testing.assert_close(weights[row, :length, :size], looked[0], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("case", FAMILIES + ENCODERS, ids=lambda case: case.name)
def test_gradients_do_not_depend_on_neighbours(case: Case) -> None:
    model = case.model()
    alone = gradients(model, row_loss(model, BATCH.row(2), 0))
    among = gradients(model, row_loss(model, BATCH.widened(), 2))
    for name, gradient in alone.items():
        assert torch.allclose(among[name], gradient, rtol=1e-3, atol=5e-5), name


@pytest.mark.parametrize("case", FAMILIES[::5] + ENCODERS[::5], ids=lambda case: case.name)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_batch_s_loss_is_the_sum_of_its_rows(case: Case, smoothing: float) -> None:
    model = case.model()
    sums = model.loss(*BATCH.widened(), smoothing)
    alone = [model.loss(*BATCH.row(index), smoothing) for index in range(3)]
    assert sums.tokens == sum(each.tokens for each in alone) == int(BATCH.target_lengths.sum())
    torch.testing.assert_close(sums.loss, torch.stack([each.loss for each in alone]).sum(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(sums.nll, torch.stack([each.nll for each in alone]).sum(), rtol=1e-4, atol=1e-4)
    plain = torch.stack([row_loss(model, BATCH, index) for index in range(3)]).sum()
    torch.testing.assert_close(sums.nll, plain.detach(), rtol=1e-4, atol=1e-4)


def walk(model: Seq2Seq, state: ModelState, tokens: Tensor) -> Tensor:
    """Logits [N, T, V] of given tokens [N, T], step by step."""
    found = []
    for token in tokens.unbind(1):
        logits, state, _ = model.step(token, state)
        found.append(logits)
    return torch.stack(found, 1)


@pytest.mark.parametrize("case", FAMILIES + TRANSFORMERS, ids=lambda case: case.name)
@torch.no_grad()
def test_beams_share_a_memory_and_nothing_else(case: Case) -> None:
    model, beam = case.model(), 2
    memory, decoder = model.start(BATCH.source, BATCH.lengths)
    tokens = torch.randint(1, 11, (3 * beam, 2), generator=torch.Generator().manual_seed(4))
    logits = walk(model, ModelState(memory, select_rows(decoder, torch.arange(3).repeat_interleave(beam))), tokens)
    source, lengths = BATCH.source.repeat_interleave(beam, 0), BATCH.lengths.repeat_interleave(beam)
    torch.testing.assert_close(logits, walk(model, model.start(source, lengths), tokens), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("case", FAMILIES + TRANSFORMERS, ids=lambda case: case.name)
@torch.no_grad()
def test_a_row_keeps_to_its_own_words_among_others(case: Case) -> None:
    """In the small vocabulary of a batch, whose words are those of all its rows."""
    model, (source, lengths) = case.model(), BATCH.widened()[:2]
    own = np.array([[0, 0]] + [[4 + (3 * word + k) % 7 for k in (0, 2)] for word in range(1, SOURCE_SIZE)], np.int32)
    shortlist = Shortlist(own, np.array([5], np.int32), TARGET_SIZE)

    def steps(source: Tensor, lengths: Tensor) -> tuple[OpenWords, Tensor]:
        few = open_words(shortlist, source.numpy(), lengths.numpy())
        stepper = narrowed(ModelStepper(model), *map(torch.from_numpy, few))
        state, found = stepper.start(source, lengths), []
        for word in (1, 5):
            log_probs, state, _ = stepper.step(torch.tensor(few.places([word] * len(source))), state)
            found.append(log_probs)
        return few, torch.stack(found, 1)

    together, among = steps(source, lengths)
    for index in range(3):
        few, alone = steps(*BATCH.row(index)[:2])
        mine, its = few.words[few.open[0]].tolist(), together.words[together.open[index]].tolist()
        assert mine == its
        torch.testing.assert_close(
            among[index][:, together.places(its)], alone[0][:, few.places(mine)], rtol=1e-4, atol=2e-5
        )
        torch.testing.assert_close(alone[0].exp().sum(-1), torch.ones(2))


@pytest.mark.parametrize("case", FAMILIES + TRANSFORMERS, ids=lambda case: case.name)
@torch.no_grad()
def test_selecting_rows_commutes_with_a_step(case: Case) -> None:
    model = case.model()
    _, state, _ = model.step(BATCH.target_in[:, 0], model.start(BATCH.source, BATCH.lengths))
    chosen, tokens = torch.tensor([2, 1, 2, 0]), torch.tensor([7, 5, 9])
    logits, after, weights = model.step(tokens, state)
    found, later, looked = model.step(tokens[chosen], select(state, chosen, chosen))
    torch.testing.assert_close(found, logits[chosen], rtol=1e-4, atol=2e-5)
    if weights is not None:
        torch.testing.assert_close(looked, weights[chosen], rtol=1e-4, atol=2e-5)
    wanted = select_rows(after.decoder, chosen)
    assert type(wanted) is type(later.decoder)
    for one, other in zip(leaves(later), leaves(select(after, chosen, chosen)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)
