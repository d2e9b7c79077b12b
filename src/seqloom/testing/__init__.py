"""The laws of Seqloom, for whoever writes a member of a family: an attention, a cell, an encoder, a metric, a reader.

    import seqloom

    seqloom.plugins.use("mine.py")
    seqloom.testing.check_attention(MineConfig())

Each check builds tiny networks (or reads a small file, or measures a small corpus) with the member and tries every law
that Seqloom's own members are tested by, with the same code. A law that is broken raises an `AssertionError` whose
sentence says which law it is, and where. What cannot be tried because an optional package is missing is said in an
`UncheckedWarning`. The checks take seconds; those of the exported graph a minute.
"""

from __future__ import annotations

from seqloom.testing.exporting import UncheckedWarning, eight_bits_answer_nearly_alike, export_answers_alike
from seqloom.testing.laws import (
    a_batch_loss_is_the_sum_of_its_rows,
    a_row_is_alone,
    a_row_is_alone_in_its_gradients,
    a_sentence_is_searched_alone,
    a_sequence_is_its_steps,
    beams_share_a_memory,
    cell_sequence_is_its_steps,
    found_outputs_have_their_own_scores,
    selecting_rows_commutes,
    the_gradient_reaches_every_weight,
    weights_are_a_distribution,
)
from seqloom.testing.measuring import check_metric
from seqloom.testing.members import check_attention, check_cell, check_encoder, check_network
from seqloom.testing.networks import Rows, network, rows
from seqloom.testing.reading import check_reader
from seqloom.testing.settings import comes_back

__all__ = [
    "Rows",
    "UncheckedWarning",
    "a_batch_loss_is_the_sum_of_its_rows",
    "a_row_is_alone",
    "a_row_is_alone_in_its_gradients",
    "a_sentence_is_searched_alone",
    "a_sequence_is_its_steps",
    "beams_share_a_memory",
    "cell_sequence_is_its_steps",
    "check_attention",
    "check_cell",
    "check_encoder",
    "check_metric",
    "check_network",
    "check_reader",
    "comes_back",
    "eight_bits_answer_nearly_alike",
    "export_answers_alike",
    "found_outputs_have_their_own_scores",
    "network",
    "rows",
    "selecting_rows_commutes",
    "the_gradient_reaches_every_weight",
    "weights_are_a_distribution",
]
