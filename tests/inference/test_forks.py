"""Models in processes that were forked, and in pools that pickle, as servers and batch jobs use them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import seqloom
from seqloom.runtime_model import RuntimeModel

LINES = ["abc", "ddd", "abcdabcd", "", "b"]
FORKING = """
import multiprocessing, sys
import seqloom

def texts(model):
    return [each.text for each in model.predict({lines!r})]

def answer(_):
    return texts(seqloom.load(sys.argv[1], engine=sys.argv[2]) if sys.argv[3] == "load" else model)

model = seqloom.load(sys.argv[1], engine=sys.argv[2])
wanted = texts(model)
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map_async(answer, range(4)).get(timeout=60)
raise SystemExit(found != [wanted] * 4)
"""


def texts(model: seqloom.Model | RuntimeModel) -> list[str]:
    return [each.text for each in model.predict(LINES)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("how", ["inherit", "load"])
@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_forked_processes_answer(engine: str, how: str, exported_folder: Path) -> None:
    """The parent has computed on several threads; the children compute with its model, or with one of their own."""
    command = [sys.executable, "-c", FORKING.format(lines=LINES), str(exported_folder), engine, how]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_pools_that_pickle_answer(engine: str, exported_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(exported_folder.parent)  # the other process may work elsewhere than where the path was given
    model = seqloom.load(exported_folder.name, engine=engine)
    wanted = texts(model)
    monkeypatch.chdir("/")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(texts, model).result(timeout=120) == wanted


def test_a_pickled_graph_is_the_same_or_is_refused(exported_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(exported_folder, folder)
    pickled = pickle.dumps(seqloom.load(folder, engine="onnx"))
    assert texts(pickle.loads(pickled)) == texts(seqloom.load(folder, engine="onnx"))
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes()[::-1])
    with pytest.raises(seqloom.ModelFolderError, match=r"model\.onnx: the file is damaged"):
        pickle.loads(pickled)
    graph.unlink()
    with pytest.raises(seqloom.ModelFolderError, match=r"model\.onnx: the file is missing"):
        pickle.loads(pickled)
