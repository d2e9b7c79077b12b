"""Law 2: what comes out for a row depends neither on its neighbours, nor on padding, nor on the rows' order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from networks import ENCODERS, FAMILIES, SOURCE_SIZE, TARGET_SIZE, TRANSFORMERS, Case, rows
from torch import Tensor

from seqloom.search import ModelStepper, Shortlist, narrowed
from seqloom.search.shortlist import OpenWords, open_words
from seqloom.testing import (
    a_batch_loss_is_the_sum_of_its_rows,
    a_row_is_alone,
    a_row_is_alone_in_its_gradients,
    beams_share_a_memory,
    selecting_rows_commutes,
)

pytestmark = pytest.mark.usefixtures("unchecked_shapes")  # test_sequence_is_steps.py has the checks on
BATCH = rows()


@pytest.mark.parametrize("case", FAMILIES + ENCODERS, ids=lambda case: case.name)
def test_values_do_not_depend_on_neighbours(case: Case) -> None:
    a_row_is_alone(case.model(), case.name)


@pytest.mark.parametrize("case", FAMILIES + ENCODERS, ids=lambda case: case.name)
def test_gradients_do_not_depend_on_neighbours(case: Case) -> None:
    a_row_is_alone_in_its_gradients(case.model(), case.name)


@pytest.mark.parametrize("case", FAMILIES[::5] + ENCODERS[::5], ids=lambda case: case.name)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_batch_s_loss_is_the_sum_of_its_rows(case: Case, smoothing: float) -> None:
    a_batch_loss_is_the_sum_of_its_rows(case.model(), smoothing, case.name)


@pytest.mark.parametrize("case", FAMILIES + TRANSFORMERS, ids=lambda case: case.name)
def test_beams_share_a_memory_and_nothing_else(case: Case) -> None:
    beams_share_a_memory(case.model(), case.name)


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
def test_selecting_rows_commutes_with_a_step(case: Case) -> None:
    selecting_rows_commutes(case.model(), case.name)
