"""Sentences that are done leave the batch of a graph: the network goes on with fewer rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime

from seqloom.checkpoint.format import GRAPH
from seqloom.text.special import EOS


def rows_of_steps(graph: Path, folder: Path, beam: int) -> tuple[list[int], list[int]]:
    """How many rows each step of the network had, and the length of each sentence's answer."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "trace")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(2)
    lengths = np.array([12, 9, 6, 4, 2, 2])
    source = np.where(np.arange(12) < lengths[:, None], chance.integers(4, 8, (6, 12)), 0)
    source[np.arange(6), lengths - 1] = EOS
    fed = {"source": source, "source_lengths": lengths, "beam": np.array(beam)}
    (answers,) = session.run(["lengths"], fed)
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    steps = [
        next(iter(event["args"]["input_type_shape"][0].values()))
        for event in sorted(events, key=lambda event: event["ts"])
        if event["name"].startswith("advance.") and event["args"].get("op_name") == "Gemm"
    ]
    return [shape[0] for shape in steps], answers[:, 0].tolist()


def test_sentences_leave_when_they_are_done(exported_folder: Path, tmp_path: Path) -> None:
    for beam in (1, 3):
        rows, answers = rows_of_steps(exported_folder / GRAPH, tmp_path, beam)
        assert len(set(answers)) > 1
        assert rows[0] == len(answers) * beam
        assert rows == sorted(rows, reverse=True)
        assert rows[-1] < rows[0]
        if beam == 1:
            products = len(rows) // max(answers)
            assert rows[::products] == [sum(length > step for length in answers) for step in range(max(answers))]
