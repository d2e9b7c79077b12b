"""Model folders with an exported graph, traced in a process of its own: shapes are checked in this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from filelock import FileLock

import seqloom
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8, MANIFEST, FileRecord, Manifest
from seqloom.checkpoint.shortlist import add_shortlist
from seqloom.export.quantise import quantised
from toy import SETTINGS, copied

Pairs = list[tuple[str, str]]


def listed(folder: Path, names: Mapping[str, FileRecord | None]) -> None:
    """Put files into the manifest of a folder, or take them out."""
    manifest = Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"), str(folder))
    files = {name: record for name, record in {**manifest.files, **names}.items() if record is not None}
    (folder / MANIFEST).write_text(replace(manifest, files=files).to_json(), encoding="utf-8")


def made_once(
    factory: pytest.TempPathFactory,
    name: str,
    settings: dict[str, Any],
    train: Pairs,
    dev: Pairs,
    *,
    graphs: Sequence[str] = ("",),
    learned: Pairs | None = None,
) -> Path:
    """A folder trained and exported with each of the options; of several test processes the first makes it for all.

    From the pairs `learned` it gets a shortlist before it is exported.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, making = shared / name, shared / f"{name}.making"
    with FileLock(shared / f"{name}.lock"):
        if not folder.is_dir():
            shutil.rmtree(making, ignore_errors=True)
            seqloom.train(train, dev, making, settings={**SETTINGS, **settings})
            if learned is not None:
                shortlist = seqloom.load(making).with_shortlist(learned, candidates=3, frequent=5).shortlist
                assert shortlist is not None
                add_shortlist(making, shortlist)
            for option in graphs:
                command = [sys.executable, "-m", "seqloom", "export", str(making), *option.split()]
                subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def exported_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model's folder with its graph."""
    return made_once(tmp_path_factory, "exported", {}, copied(600), copied(40, seed=2))


@pytest.fixture(scope="session")
def blind_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without attention and without a cell that ONNX has a kernel for, hardly trained; it reads backwards.

    The maxima that its readout takes have no bound, so that 8 bits take their scale from each row.
    """
    cells = {"model.cell": "layer_norm_lstm", "model.encoder.cell": "rnn", "model.decoder.readout.hidden": "maxout"}
    settings = {**cells, "model.decoder.attend": "none", "data.reverse_source": True, "training.epochs": 1}
    return made_once(tmp_path_factory, "blind", settings, copied(200), copied(40, seed=2))


@pytest.fixture(scope="session")
def both_graphs(exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model's folder with its weights and both graphs."""
    folder = Path(shutil.copytree(exported_folder, tmp_path_factory.mktemp("both") / "model"))
    onnx.save(quantised(onnx.load(folder / GRAPH)), folder / GRAPH_INT8)
    listed(folder, {GRAPH_INT8: FileRecord.of(folder / GRAPH_INT8)})
    return folder
