"""The laws of Seqloom, tried on the plugin: run `pytest` in the folder of the plugin."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import seqloom
from seqloom.nn.attention import ATTENTIONS
from seqloom.testing import check_attention, check_metric

HERE = Path(__file__).parents[1]
EXPORT = os.environ.get("WITHOUT_EXPORT") is None
"""Graphs take a minute or two; `WITHOUT_EXPORT=1 pytest` leaves them out."""


@pytest.fixture(scope="session", autouse=True)
def plugin() -> None:
    """Put the file to use, unless its package is installed."""
    if "cosine" not in ATTENTIONS:
        seqloom.plugins.use(str(HERE / "seqloom_cosine.py"))


@pytest.mark.parametrize("heads", [1, 2])
def test_the_attention_obeys_the_laws(heads: int) -> None:
    """Steps, rows, masks, search and, with one head, the exported graphs."""
    config = ATTENTIONS["cosine"][0](kind="cosine", heads=heads)
    check_attention(config, export=EXPORT and heads == 1)


def test_the_metric_obeys_the_laws() -> None:
    """Statistics that add up, bounds, refusals."""
    check_metric("first_symbol")
