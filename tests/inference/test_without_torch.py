"""Predicting where PyTorch is not: in a process that cannot import it, and in an environment that has never had it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.checkpoint.shortlist import add_shortlist
from seqloom.cli.main import app
from seqloom.errors import install_command
from seqloom.search import Shortlist

ROOT = Path(__file__).parents[2]
TRAINING = ("torch", "pyarrow", "onnx", "jaxtyping", "filelock", "sacrebleu", "rapidfuzz")
"""Packages that a runtime does not have."""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
HIDE = f"import sys\nfor name in {TRAINING!r}: sys.modules[name] = None\n"
COMMAND = f"{HIDE}from seqloom.cli.main import main\nmain()"
PREDICT = """
import json, sys
import seqloom
model = seqloom.load(sys.argv[1])
found = model.predict(["abcd", "", "ba"], n_best=2, alignments=True)
print(json.dumps([[p.text, p.alignment is None, len(p.alternatives)] for p in found]))
"""
LINES = "abc\n\ndd?\n" + "dcba" * 8 + "\n"


Done = subprocess.CompletedProcess[str]
OPTIONS = ("", "--beam=1", "--n-best=3", "--prefix=b", "--set=search.min_length=7", "--set=search.no_repeat_ngram=1")


def python(code: str, *arguments: object, text: str = "") -> Done:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, input=text, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=False, timeout=120
    )


def said(done: Done) -> str:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_process_without_pytorch_predicts(exported_folder: Path) -> None:
    found = json.loads(said(python(HIDE + PREDICT, exported_folder)))
    assert found == [["abcd", False, 1], ["", True, 0], ["ba", False, 1]]


@pytest.mark.parametrize("kind", ["tags", "frame"])
def test_a_process_without_pytorch_answers_by_an_ensemble(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(f"joined_{kind}_graphs")
    code = "import sys, seqloom\nprint(seqloom.load(sys.argv[1]).predict('ann met bob today')[0].text)"
    wanted = seqloom.load(folder, engine="torch").predict("ann met bob today")[0].text
    assert said(python(HIDE + code, folder)).strip() == wanted


def test_a_process_without_pytorch_makes_training_pairs(exported_folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.tsv"
    done = python(COMMAND, "augment", exported_folder, "-", "--output", made, "--as", "target", text="abcd\nba\n")
    assert done.returncode == 0, done.stderr
    assert made.read_text().splitlines() == ["source\ttarget", "abcd\tabcd", "ba\tba"]


def test_loading_a_graph_imports_no_package_of_training(exported_folder: Path) -> None:
    """Where they are installed they are not looked at, either."""
    code = f"""
import sys, seqloom
seqloom.load(sys.argv[1], engine="onnx").predict("ab")
print(sorted({set(TRAINING)} & set(sys.modules)))
"""
    assert said(python(code, exported_folder)).strip() == "[]"


def test_a_shortlist_is_read_without_pytorch(exported_folder: Path, tmp_path: Path) -> None:
    """And a graph that has no inputs for it is refused."""
    folder = Path(shutil.copytree(exported_folder, tmp_path / "m"))
    size = seqloom.load(folder, engine="torch").target_tokenizer.size
    add_shortlist(folder, Shortlist(np.zeros((size, 2), np.int32), np.array([4, 5], np.int32), size))
    assert said(python(COMMAND, "predict", folder, text="abc\n")) == "abc\n"
    done = python(COMMAND, "predict", folder, "--set", "search.shortlist=true", text="abc\n")
    assert done.returncode == 2
    assert "the graph has no inputs for search.shortlist" in done.stderr
    assert "after the list was learned and there are more than 1,024 target words" in " ".join(done.stderr.split())


@pytest.mark.parametrize("option", OPTIONS)
def test_the_command_prints_what_it_prints_with_pytorch(exported_folder: Path, option: str) -> None:
    command = ["predict", str(exported_folder), *option.split()]
    without, with_torch = (
        python(COMMAND, *command, text=LINES),
        CliRunner().invoke(app, [*command, "--engine=torch"], LINES),
    )
    assert (without.returncode, with_torch.exit_code) == (0, 0)
    assert (without.stdout, without.stderr) == (with_torch.stdout, with_torch.stderr)
    assert "unknown to the model, such as '?' (1 in all): input 3" in without.stderr
    assert len(without.stdout.splitlines()) >= 4


def test_the_command_prints_json_with_alignments(exported_folder: Path) -> None:
    lines = said(python(COMMAND, "predict", exported_folder, "--json", "--threads=2", text="abc\n")).splitlines()
    (answer,) = map(json.loads, lines)
    assert answer["text"] == "abc"
    assert [len(row) for row in answer["alignment"]] == [4, 4, 4]
    assert len(answer["token_log_probs"]) == 4


def test_what_needs_more_says_what_to_install(exported_folder: Path, toy_folder: Path, tmp_path: Path) -> None:
    hint = f"hint: {install_command('train')}"
    for arguments in (["calibrate", exported_folder, "x.tsv"], ["predict", exported_folder, "--engine=torch"]):
        done = python(COMMAND, *arguments)
        assert done.returncode == 2
        assert "needs the package" in done.stderr
        assert hint in done.stderr
        assert "Traceback" not in done.stderr
    done = python(f"{HIDE}import seqloom\ntry: seqloom.train\nexcept seqloom.DependencyError as error: print(error)")
    assert said(done).startswith("seqloom.train needs the package ")
    none = python(COMMAND, "predict", toy_folder, text="a\n")
    assert none.returncode == 2
    assert f"hint: where PyTorch is installed: seqloom export {toy_folder}" in none.stderr
    (tmp_path / "in.parquet").write_bytes(b"")
    table = python(COMMAND, "predict", exported_folder, tmp_path / "in.parquet")
    assert table.returncode == 2
    assert "reading Parquet and Arrow files needs the package pyarrow" in table.stderr


def test_a_folder_is_shown(exported_folder: Path) -> None:
    """Sizes, figures and settings are what they are with torch."""
    with_torch = json.loads(CliRunner().invoke(app, ["show", str(exported_folder), "--json"]).stdout)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "show", str(exported_folder), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    alone = json.loads(done.stdout)
    assert {name: alone[name] for name in ("sizes", "metrics", "confidence")} == {
        name: with_torch[name] for name in ("sizes", "metrics", "confidence")
    }
    assert alone["config"]["model"]["hidden"] == with_torch["config"]["model"]["hidden"]
    table = subprocess.run(
        [sys.executable, "-c", COMMAND, "show", str(exported_folder)], capture_output=True, text=True, check=True
    )
    assert table.stdout.startswith("Sizes")


def test_the_graph_is_timed_by_processes_that_import_no_torch(exported_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit(9)")
    command = ["-m", "seqloom", "bench", str(exported_folder), "--count=3", "--engine=onnx", "--json"]
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        encoding="utf-8",
        env={**ENVIRONMENT, "PYTHONPATH": paths},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [row["engine"] for row in json.loads(done.stdout)] == ["float32 graph"]
    alone = python(COMMAND, "bench", exported_folder, "--count=3", "--json")
    assert alone.returncode == 0, alone.stderr
    assert json.loads(alone.stdout)[0]["peak_mb"] < 200
    assert install_command("train") in alone.stderr


def test_tables_of_text_need_no_further_package(exported_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('source,target\nabc,x\n"d",\n', encoding="utf-8")
    (tmp_path / "in.jsonl").write_text('{"source": "ba"}\n', encoding="utf-8")
    done = python(COMMAND, "predict", exported_folder, tmp_path / "in.csv")
    assert (done.returncode, done.stdout) == (0, "abc\nd\n")
    header, columns = done.stderr.splitlines()
    assert "the first line names the columns ('source', 'target')" in header
    assert "source is column 1 ('source'); not read: column 2 ('target')" in columns
    assert said(python(COMMAND, "predict", exported_folder, tmp_path / "in.jsonl")) == "ba\n"


@pytest.mark.parametrize("window", [1, 3])
def test_answers_come_while_the_pipe_is_open(exported_folder: Path, window: int) -> None:
    """Each window is answered before the next line is written; a pipe that closes ends the last one."""
    command = [sys.executable, "-c", COMMAND, "predict", str(exported_folder), "--engine=onnx", f"--window={window}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8", env=ENVIRONMENT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("abc", "d", "cab"):
            process.stdin.write(f"{text}\n" * window)
            process.stdin.flush()
            assert [process.stdout.readline() for _ in range(window)] == [f"{text}\n"] * window
        process.stdin.write("bb\n")
        process.stdin.close()
        assert process.stdout.read() == "bb\n"
        assert process.wait() == 0


def test_a_long_stream_is_answered_before_it_ends(exported_folder: Path) -> None:
    """By default 1,024 lines at a time, whoever reads or writes."""
    command = [sys.executable, "-c", COMMAND, "predict", str(exported_folder), "--engine=onnx", "--beam=1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8", env=ENVIRONMENT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("ab\n" * 1024)
        process.stdin.flush()
        assert process.stdout.readline() == "ab\n"
        process.stdin.close()
        assert process.stdout.read() == "ab\n" * 1023


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_environment_without_pytorch_predicts(exported_folder: Path, tmp_path: Path) -> None:
    """`pip install seqloom` and nothing else."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    program = str(environment / "bin" / "python")
    install = [program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(install, check=True, cwd=tmp_path, env=clean)

    def here(*command: object, text: str = "") -> Done:
        return subprocess.run(
            [*map(str, command)],
            input=text,
            capture_output=True,
            encoding="utf-8",
            env=clean,
            cwd=tmp_path,
            check=False,
        )

    absent = here(program, "-c", "import torch")
    assert absent.returncode == 1
    assert "No module named 'torch'" in absent.stderr
    where = Path(said(here(program, "-c", "import seqloom; print(seqloom.__file__)")).strip())
    assert where.is_relative_to(environment)
    assert json.loads(said(here(program, "-c", PREDICT, exported_folder)))[0] == ["abcd", False, 1]
    command = environment / "bin" / "seqloom"
    wanted = [each.text for each in seqloom.load(exported_folder, engine="torch").stream(LINES.splitlines())]
    answered = here(command, "predict", exported_folder, text=LINES)
    assert answered.stdout.splitlines() == wanted
    assert "unknown to the model, such as '?' (1 in all): input 3" in answered.stderr
    assert "needs the package torch" in here(command, "train", "--train", "x.tsv").stderr
    for module in sorted((ROOT / "src" / "seqloom").rglob("*.py")):
        if module.parent.name == "cli":
            assert here(program, "-c", f"import seqloom.cli.{module.stem}").returncode == 0
