"""The grid of batch shapes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqloom.data.padding import widened
from seqloom.data.shape_grid import odd, padded_length, padded_lengths, whole_rows
from seqloom.text.special import PAD

GRID = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160]


def test_the_first_numbers_of_the_grid() -> None:
    assert sorted({padded_length(length) for length in range(1, 161)}) == GRID
    assert sorted({whole_rows(rows) for rows in range(1, 161)}) == GRID
    assert padded_lengths(np.array([1, 9, 17, 33, 160], np.int32)).tolist() == [1, 10, 20, 40, 160]


def test_every_second_number_of_the_grid_is_odd() -> None:
    assert odd(np.array(GRID)).tolist() == [index % 2 == 0 for index in range(len(GRID))]


@given(st.integers(1, 2**30))
def test_up_and_down_are_close_and_stay_there(number: int) -> None:
    up, down = padded_length(number), whole_rows(number)
    assert down <= number <= up
    assert 4 * up <= 5 * number
    assert 5 * down >= 4 * number
    assert padded_length(up) == up == whole_rows(up)
    assert whole_rows(down) == down == padded_length(down)
    assert padded_lengths(np.array([number, up, down])).tolist() == [up, up, down]


def test_padded_ids_are_padded_on() -> None:
    ids = np.arange(1, 19).reshape(2, 9)
    wide = widened(ids)
    assert wide.shape == (2, 10)
    assert wide[:, :9].tolist() == ids.tolist()
    assert wide[:, 9].tolist() == [PAD, PAD]
    assert widened(wide).tolist() == wide.tolist()
