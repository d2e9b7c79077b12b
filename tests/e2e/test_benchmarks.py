"""Benchmarks run from end to end on little data."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_big_data_runs_with_few_pairs(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "big_data.py"), "--pairs", "1500", "--batches", "5", "--updates", "20"]
    threads = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)], check=False, capture_output=True, text=True, env=threads
    )
    assert done.returncode == 0, done.stderr
    for stage in ("prepare", "again", "batches", "train"):
        assert f"\n{stage}: " in done.stdout
    assert re.search(r"'target tokens a second': [1-9]\d+}\nbatches are made \d+ times as fast", done.stdout)
    assert re.search(r"cache: \d+ MB", done.stdout)
    assert not (tmp_path / "run").exists()
