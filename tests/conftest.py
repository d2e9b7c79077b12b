"""One torch thread (many tiny kernels fight over few cores otherwise), and shapes that are checked at every call."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import pytest

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch

torch.set_num_threads(1)
jaxtyping.install_import_hook(["seqloom.nn", "seqloom.model", "seqloom.search"], "beartype.beartype")

pytest_plugins = [
    "samples",
    "toy",
    "exporting",
    "sweeping",
    "graphs",
    "tracing",
    "browsing",
    "plugging",
    "languages",
    "several",
    "labelling",
    "tagged",
    "framed",
    "transduced",
]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SEQLOOM_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}; set SEQLOOM_DATA to their folder")
    return folder


@pytest.fixture
def unchecked_shapes() -> Iterator[None]:
    """Shape checks off, which double the time of tiny networks, where other tests walk the same code."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
