"""The notebooks run from their first cell to their last, each in its own kernel, and are stored without outputs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="running notebooks needs nbclient and ipykernel")
nbformat = pytest.importorskip("nbformat", reason="running notebooks needs nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="running notebooks needs nbclient and ipykernel")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LONG = "minutes=2"
SHORT = 'epochs=6, settings={"model.hidden": 48, "model.embedding": 32, "plan.tune_search": False}'
"""What a notebook says of the length of training, and what stands there when it is tested."""
UNSEARCHED = ("labels", "tags")
"""Notebooks whose answers are not searched for: a setting of the search would make the model write sequences."""
KEPT = {"train.tsv": 500, "dev.tsv": 40, "test.tsv": 40}
"""How many lines of an example's files a test keeps."""
CUT = f"""for name, kept in {KEPT}.items():
    path = next(Path().glob(f"*/{{name}}"))
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:kept]), encoding="utf-8")
"""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def outputs(notebook: Any, kind: str) -> list[str]:
    """All outputs of one MIME type, as text."""
    found = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ()))
    return ["".join(data[kind]) for data in found if kind in data]


def test_there_is_a_notebook_for_each_example() -> None:
    from seqloom.examples import EXAMPLES  # noqa: PLC0415

    texts = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    for name in EXAMPLES:
        assert sum(f'examples.write(\\"{name}\\"' in text for text in texts) == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_as_they_were_written(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count]
    assert sum(LONG in cell.source for cell in code) == 1
    for cell in code:
        compile("\n".join(each for each in cell.source.splitlines() if not each.startswith("!")), str(path), "exec")
    commands = [each[1:] for cell in code for each in cell.source.splitlines() if each.startswith("!")]
    assert all(command.startswith("seqloom ") for command in commands)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = read(path)
    short = SHORT.replace(', "plan.tune_search": False', "") if path.stem in UNSEARCHED else SHORT
    for cell in notebook.cells:
        cell.source = cell.source.replace(LONG, short)
        if cell.source.startswith("from pathlib import Path"):
            cell.source += f"\n{CUT}"
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    html = outputs(notebook, "text/html")
    assert any("Seqloom model" in each for each in html)
    assert any("dev loss" in each for each in html), "the live table of training"
    assert any("worst" in each for each in html), "the evaluation"
    assert len(outputs(notebook, "image/png")) >= 2, "curves and attention"
    assert not [each for each in html if "<script" in each]
    said = "".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", ()) if output.get("name") == "stderr"
    )
    assert "Traceback" not in said
    assert (tmp_path / "model" / "model.onnx").exists()
