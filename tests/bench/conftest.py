"""Folders with one graph and with two."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exporting import listed
from seqloom.checkpoint.format import WEIGHTS


@pytest.fixture
def graph_alone(exported_folder: Path, tmp_path: Path) -> Path:
    """A folder of the float32 graph and no weights."""
    folder = Path(shutil.copytree(exported_folder, tmp_path / "alone"))
    (folder / WEIGHTS).unlink()
    listed(folder, {WEIGHTS: None})
    return folder
