"""A process that is asked: its answers, its errors, its end, and its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.api import Model
from seqloom.bench import Program
from seqloom.bench.__main__ import answered, peak_memory
from seqloom.bench.engines import KNOWN
from seqloom.bench.measure import pinned, worker
from seqloom.data import Source
from seqloom.errors import SeqloomError

SOURCES = [Source("abc"), Source("d"), Source("ba", ("tag",))]
ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    answers = [f"{text} {len(tags)} {asked['beam']} {asked['batch']}" for text, tags in asked["sources"]]
    print(json.dumps({"seconds": [0.5], "answers": answers, "peak_mb": None}), flush=True)
"""


def python(code: str, name: str = "it") -> Program:
    return Program(name, [sys.executable, "-c", code], os.environ)


def test_a_process_is_asked_again_and_again_and_ends_with_the_context() -> None:
    with python(ECHO) as program:
        assert program.ask(SOURCES, beam=5, batch=32).answers == ["abc 0 5 32", "d 0 5 32", "ba 1 5 32"]
        reply = program.ask(SOURCES[:1], beam=1, batch=1)
        assert (reply.answers, reply.seconds, reply.peak_mb) == (["abc 0 1 1"], [0.5], None)
        process = program._process
    assert process.poll() is not None


@pytest.mark.timeout(60)
def test_a_process_at_work_does_not_outlive_the_context() -> None:
    with python("import time; time.sleep(600)") as program:
        process = program._process
        assert process.poll() is None
    assert process.poll() is not None


def test_a_process_that_dies_is_named_with_its_code() -> None:
    died = "the process of PyTorch has ended with code 7"
    code = "import sys; sys.stdin.readline(); sys.exit(7)"
    with python(code, "PyTorch") as program, pytest.raises(SeqloomError, match=died):
        program.ask(SOURCES, beam=1, batch=1)
    with python("", "PyTorch") as program:
        program._process.wait()
        with pytest.raises(SeqloomError, match="ended with code 0"):
            program.ask(SOURCES, beam=1, batch=1)


def test_an_error_of_the_engine_is_ours(both_graphs: Path, tmp_path: Path) -> None:
    command = worker(tmp_path / "none", KNOWN[1])
    absent = "the model folder does not exist"
    with Program("graph", command, pinned(1)) as program, pytest.raises(SeqloomError, match=absent) as caught:
        program.ask(SOURCES, beam=1, batch=1)
    assert caught.value.where == str(tmp_path / "none")


def test_an_input_a_call_has_times_of_its_own(toy_model: Model) -> None:
    for beam in (1, 4):
        wanted = [each.text for each in toy_model.predict(SOURCES, beam=beam)]
        alone, together = (answered(toy_model, SOURCES, beam, batch) for batch in (1, 2))
        assert alone.answers == together.answers == wanted
        assert (len(alone.seconds), len(together.seconds)) == (3, 1)
        assert all(value > 0 for value in (*alone.seconds, *together.seconds))


def test_peak_memory_is_of_the_process_itself() -> None:
    """Not of the one that started it, whose figure `getrusage` hands on; and it counts what is given back."""
    code = "from seqloom.bench.__main__ import peak_memory as p; a = p(); b = b'x' * 10**8; del b; print([a, p()])"
    block = b"x" * 5 * 10**8
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=pinned(1))
    del block
    before, after = json.loads(done.stdout)
    own = peak_memory()
    assert own is not None
    assert own > 500
    assert 10 < before < 400
    assert 90 < after - before < 130
