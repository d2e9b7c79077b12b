"""Sentences that are done leave the batch of a graph: the network goes on with fewer rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import seqloom
from seqloom.checkpoint.format import GRAPH
from seqloom.networks import writing
from seqloom.search import ModelStepper, SearchConfig, search
from seqloom.search.found import Found
from seqloom.text.special import EOS


def sources() -> tuple[np.ndarray, np.ndarray]:
    """Six made-up ones, and their lengths."""
    chance = np.random.default_rng(2)
    lengths = np.array([12, 9, 6, 4, 2, 2])
    source = np.where(np.arange(12) < lengths[:, None], chance.integers(4, 8, (6, 12)), 0)
    source[np.arange(6), lengths - 1] = EOS
    return source, lengths


def rows_of_steps(graph: Path, folder: Path, beam: int) -> tuple[list[int], list[int]]:
    """How many rows each step of the network had, and the length of each sentence's answer."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "trace")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    source, lengths = sources()
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


def found_by(graph: Path, fed: dict[str, np.ndarray], count: int) -> list[list[tuple[int, ...]]]:
    """The ids of the answers that a graph gives."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    wanted = ["scores", "lengths", "tokens", "log_probs"]
    arrays = session.run(wanted, {**fed, "n_best": np.array(count)})
    found = Found(**{"alignments": None, **dict(zip(wanted, arrays, strict=True))})
    return [[each.ids for each in found.hypotheses(row, 0)] for row in range(len(fed["source"]))]


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("most", [1, 9])
def test_each_sentence_keeps_its_prefix_while_others_leave(exported_folder: Path, beam: int, most: int) -> None:
    """With room for one word a sentence is done soon after its prefix is written."""
    source, lengths = sources()
    prefixes = [[], [4, 5], [6], [], [7, 7, 7, 4], [5]]
    config = SearchConfig(beam=beam, n_best=beam, max_length_ratio=0, max_length_extra=most)
    network = writing(seqloom.load(exported_folder, engine="torch").network, "a test")
    given = torch.from_numpy(source), torch.from_numpy(lengths)
    wanted = search(ModelStepper(network), *given, config, prefix=prefixes)
    padded = np.array([ids + [0] * (4 - len(ids)) for ids in prefixes])
    fed = {"source": source, "source_lengths": lengths, "beam": np.array(beam), "prefix": padded}
    fed |= {"prefix_lengths": np.array([len(ids) for ids in prefixes])}
    fed |= {"max_length_ratio": np.array(0, np.float32), "max_length_extra": np.array(most)}
    found = found_by(exported_folder / GRAPH, fed, beam)
    assert found == [[each.ids for each in best] for best in wanted]
    for best, prefix in zip(found, prefixes, strict=True):
        assert {ids[: len(prefix)] for ids in best} == {tuple(prefix)}
